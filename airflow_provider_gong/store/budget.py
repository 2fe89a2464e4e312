"""The company's request budget, shared by everything that uses the store."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong.client.pacing import Pace, Share, Slot, SlotRefused
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import budget_table, db_now, new_row


class SharedBudget:
    """
    Paces all requests of one company, whichever process or host sends them.

    A reservation is a short transaction on one row: no caller waits for its slot while the row is locked, and none
    reserves twice. Times come from the database, so the hosts' clocks do not matter.

    :param store: the database that all callers share
    :param company: name of the company
    :param share: what this caller may use of the company's limits
    :param clock: seconds since 1970, as an expression of SQL; for tests
    :param timer: seconds that only go forward; for tests
    """

    def __init__(
        self,
        store: Store,
        company: str,
        share: Share | None = None,
        *,
        clock: Callable[[], Any] = db_now,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store.quick
        self._company = company
        self._share = share or Share()
        self._clock = clock
        self._timer = timer
        self._is_warm = False
        self._has_booked = False
        is_ours = budget_table.c.company == company
        self._row = select(budget_table).where(is_ours)
        # Selected from the locked row, so the clock is read only while the lock is held.
        self._locked_row = self._row.with_for_update().cte("locked")
        self._epoch = select(budget_table.c.epoch).where(is_ours)
        self._change = update(budget_table).where(is_ours)

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """
        Reserve the next free slot, unless it is more than ``max_wait`` seconds away.

        :raises GongStoreError: if the store cannot be reached
        """
        if not self._is_warm:
            self._warm_up()
        with self._store.begin() as connection:
            now, pace = self._read(connection)
            read_at = self._timer()
            outcome = pace.reserve(self._share, now, max_wait, cold=not self._has_booked)
            if isinstance(outcome, SlotRefused):
                return outcome
            connection.execute(self._change, _as_row(pace))
            self._has_booked = True
        # Without what the commit took, since a slow disk would make requests late at random.
        return dataclasses.replace(outcome, delay=max(outcome.delay - (self._timer() - read_at), 0.0))

    def confirm(self, slot: Slot) -> bool:
        """
        Return whether no gate has closed since the slot was reserved.

        :raises GongStoreError: if the store cannot be reached
        """
        return [found.epoch for found in self._store.fetch(self._epoch)] == [slot.epoch]

    def close(self, retry_after: float, foreign: bool = False, /) -> None:
        """
        Close the gate for all callers for ``retry_after`` seconds, or less if this did not come from Gong.

        :raises GongStoreError: if the store cannot be reached
        """
        with self._store.begin() as connection:
            now, pace = self._read(connection)
            pace.close(now, retry_after, foreign=foreign)
            connection.execute(self._change, _as_row(pace))

    def look(self) -> tuple[float, Pace]:
        """Return the database's time and the state of the budget, without reserving anything."""
        found = self._store.fetch(self._row.add_columns(self._clock().label("now")))
        return (found[0].now, _as_pace(found[0])) if found else (0.0, Pace())

    def reset(self) -> None:
        """Reset the gate, the daily count and the spacing at an administrator's request."""
        with self._store.begin() as connection:
            now, pace = self._read(connection)
            connection.execute(self._change, _as_row(Pace(seen_at=now, next_slot=now, epoch=pace.epoch + 1)))

    def _warm_up(self) -> None:
        """Make a reservation without effect, so loading on first use does not delay a reserved request."""
        with self._store.begin() as connection:
            _, pace = self._read(connection)
            connection.execute(self._change, _as_row(pace))
        self._is_warm = True

    def _read(self, connection: Connection) -> tuple[float, Pace]:
        """Lock the company's row and return the database's time and the row's content."""
        query = select(self._locked_row, self._clock().label("now"))
        found = connection.execute(query).first()
        if found is None:
            new = new_row(connection, budget_table).values(company=self._company, **_as_row(Pace()))
            connection.execute(new.on_conflict_do_nothing())
            found = connection.execute(query).one()
        return found.now, _as_pace(found)


def _as_row(pace: Pace) -> dict[str, Any]:
    return {
        "seen_at": pace.seen_at,
        "next_slot": pace.next_slot,
        "opens_at": pace.opens_at,
        "day_is_gone": int(pace.day_is_gone),
        "epoch": pace.epoch,
        "margin": pace.margin,
        "refused_at": pace.refused_at,
        "hours": json.dumps(pace.hours, separators=(",", ":")),
    }


def _as_pace(row: Any) -> Pace:
    return Pace(
        seen_at=row.seen_at,
        next_slot=row.next_slot,
        opens_at=row.opens_at,
        day_is_gone=bool(row.day_is_gone),
        epoch=row.epoch,
        margin=row.margin,
        refused_at=row.refused_at,
        hours={int(start): count for start, count in json.loads(row.hours).items()},
    )
