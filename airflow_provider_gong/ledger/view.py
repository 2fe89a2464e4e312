"""Reading an import, its rows and their calls."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from sqlalchemy import Column, and_, func, null, select

from airflow_provider_gong.ledger.plans import plan_digest
from airflow_provider_gong.ledger.queries import (
    count_by_state,
    existing_call,
    import_row,
    is_unsent,
    row_state,
    rows_and_calls,
    rows_with_calls,
)
from airflow_provider_gong.ledger.rows import SETTLED, UNSEEN, CallState, ExistingCall, ImportRow
from airflow_provider_gong.ledger.tables import calls, existing, imports, rows
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import db_now

_BATCH = 500
_DIGEST_SHOWN = 16


class ImportView:
    """
    The rows of one import, for reading.

    :param store: the store of the import
    :param company: name of the Gong company
    :param import_id: id of the import
    """

    is_private: ClassVar[bool] = False
    """Whether the store holds this import alone."""

    def __init__(self, store: Store, company: str, import_id: str) -> None:
        self.store = store
        self.company = company
        self.import_id = import_id
        self._mine = and_(rows.c.company == company, rows.c.import_id == import_id)
        self._import = and_(imports.c.company == company, imports.c.import_id == import_id)

    @property
    def store_id(self) -> str:
        """Two tasks see the same plan if this is the same for both; without a plan, they see the same store."""
        (digest,) = self._noted(imports.c.plan_digest)
        return f"{self.store.id}/{digest[:_DIGEST_SHOWN]}" if digest else self.store.id

    @property
    def store_name(self) -> str:
        """The id, and after a space the location of the store, for error messages."""
        return f"{self.store_id} ({self.store.place})"

    def first_rows(self, number: int) -> Self:
        """Return the ledger of only this many of the first planned rows, for everything after the plan."""
        planned = and_(self._mine, rows.c.state == CallState.PLANNED.value)
        places = select(rows.c.position).where(planned).order_by(rows.c.position).limit(number)
        last = max((place.position for place in self.store.fetch(places)), default=0)
        part = copy.copy(self)
        part._mine = and_(self._mine, rows.c.position <= last)
        return part

    def is_planned(self) -> bool:
        """Return whether the import has a plan."""
        return self._noted(imports.c.import_id) != (None,)

    def is_whole(self) -> bool:
        """Return whether the rows in the store, if there is a plan, are those that were planned."""
        with self.store.read() as connection:
            planned = connection.execute(select(imports.c.plan_rows, imports.c.plan_digest).where(self._import)).first()
            # Earlier versions did not count them.
            return (
                planned is None
                or planned.plan_digest is None
                or tuple(planned) == plan_digest(connection, self.company, self.import_id)
            )

    def rows(self) -> Iterator[ImportRow]:
        """Yield all rows in the manifest's order, with the outcomes of their calls."""
        query = rows_and_calls.where(self._mine).order_by(rows.c.position).limit(_BATCH)
        after = 0
        while True:
            page = self.store.fetch(query.where(rows.c.position > after))
            yield from (import_row(found) for found in page)
            if len(page) < _BATCH:
                return
            after = page[-1].position

    def remarks(self) -> list[str]:
        """Return the plan's warnings about the manifest as a whole."""
        (warnings,) = self._noted(imports.c.warnings)
        return list(json.loads(warnings or "[]"))

    def manifest(self) -> str:
        """Return what was planned, as people name it; empty if nothing was."""
        (manifest,) = self._noted(imports.c.manifest)
        return manifest or ""

    def counts(self) -> dict[CallState, int]:
        """Return the number of rows in each state."""
        return {CallState(found.effective): found.number for found in self.store.fetch(count_by_state(self._mine))}

    def unsent(self) -> tuple[int, float]:
        """Return how many rows are not sent yet, and in how many seconds the first of them can be leased."""
        free_in = func.min(calls.c.lease_until) - db_now()
        query = select(func.count(), free_in).select_from(rows_with_calls).where(self._mine, is_unsent)
        ((number, seconds),) = self.store.fetch(query)
        return int(number), max(float(seconds or 0.0), 0.0)

    def unseen(self) -> dict[str, ExistingCall]:
        """Return the rows whose calls were uploaded but not seen in Gong yet, by call id."""
        query = rows_and_calls.add_columns(null().label("missing_for")).where(
            self._mine, row_state.in_([unseen.value for unseen in UNSEEN])
        )
        with self.store.read() as connection:
            return {row.call_id: row for row in map(existing_call, connection.execute(query))}

    def existing(self) -> list[ExistingCall]:
        """Return the rows whose ids have a call in Gong that may not be their own, unless this is settled."""
        missing_for = (db_now() - existing.c.missing_since).label("missing_for")
        query = rows_and_calls.add_columns(missing_for).where(
            self._mine,
            rows.c.state == CallState.PLANNED.value,
            calls.c.state == CallState.EXISTS.value,
            row_state.not_in([settled.value for settled in SETTLED]),
        )
        with self.store.read() as connection:
            return [existing_call(found) for found in connection.execute(query.order_by(rows.c.position))]

    def usage(self) -> tuple[int, int]:
        """Return the number of requests sent for the import, and how many of them were refused."""
        sent, refused = self._noted(imports.c.requests_sent, imports.c.requests_refused)
        return sent or 0, refused or 0

    def _noted(self, *columns: Column[Any]) -> tuple[Any, ...]:
        """Return columns of the import's own record; all None if it has no plan."""
        found = self.store.fetch(select(*columns).where(self._import))
        return tuple(found[0]) if found else (None,) * len(columns)
