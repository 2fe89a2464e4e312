"""
The ledger of imports: what each import plans, and what became of every call, once for all imports of a company.

A row of a plan is claimed when it is leased. Whoever holds the lease's number may move the call on; everybody else
who tries learns that the lease is lost.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import shown
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.plans import note_plan, replace_rows, row_values
from airflow_provider_gong.ledger.queries import (
    count_by_state,
    forgotten_intent,
    import_row,
    is_unsent,
    row_state,
    rows_and_calls,
    rows_with_calls,
    write_claim,
)
from airflow_provider_gong.ledger.rows import (
    UNSEEN,
    URL_FIELD,
    CallState,
    ImportRow,
    LeasedRow,
    PlannedRow,
    Problem,
    problems_as_json,
)
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import LeaseLostError
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import db_now
from airflow_provider_gong.store.schema import import_table as imports
from airflow_provider_gong.store.schema import row_table as rows

_BATCH = 500


class Ledger:
    """
    The rows of one import, and the calls of its company.

    :param store: where they are kept
    :param company: name of the Gong company
    :param import_id: identity of the import
    """

    def __init__(self, store: Store, company: str, import_id: str) -> None:
        self.store = store
        self.company = company
        self.import_id = import_id
        self._mine = and_(rows.c.company == company, rows.c.import_id == import_id)
        self._import = and_(imports.c.company == company, imports.c.import_id == import_id)
        # Where the search for the next row starts, so that it does not pass all that were sent each time.
        self._sent_up_to = 0

    @property
    def shared_id(self) -> str:
        """What tells whether two tasks see the same import: identity of the store."""
        return self.store.id

    def first_rows(self, number: int) -> Self:
        """Return the ledger of the first so many planned rows, for all that is done after the plan."""
        planned = and_(self._mine, rows.c.state == CallState.PLANNED.value)
        places = select(rows.c.position).where(planned).order_by(rows.c.position).limit(number)
        with self.store.read() as connection:
            last = max((place.position for place in connection.execute(places)), default=0)
        part = copy.copy(self)
        part._mine = and_(self._mine, rows.c.position <= last)
        return part

    def replace_plan(self, manifest: str, planned: PlanDraft | Iterable[PlannedRow]) -> None:
        """
        Write a plan in place of an earlier one of the same import, as a whole or not at all.

        What was sent stays: a row that left the manifest, or is rejected now, is kept if its call was sent. A row that
        left before it was sent is withdrawn.

        :param manifest: what was planned, for people
        :param planned: the plan, or its rows, which are taken one by one
        """
        remarks = planned.remarks if isinstance(planned, PlanDraft) else []
        values = planned.row_values() if isinstance(planned, PlanDraft) else map(row_values, planned)
        with self.store.begin() as connection:
            note_plan(connection, self.company, self.import_id, manifest=manifest, warnings=remarks)
            replace_rows(connection, self.company, self.import_id, values)

    def is_planned(self) -> bool:
        """Tell whether the import has a plan."""
        with self.store.read() as connection:
            return connection.execute(select(imports.c.import_id).where(self._import)).first() is not None

    def rows(self) -> Iterator[ImportRow]:
        """Yield all rows in the manifest's order, with what became of their calls."""
        query = rows_and_calls.where(self._mine).order_by(rows.c.position).limit(_BATCH)
        after = 0
        while True:
            with self.store.read() as connection:
                page = connection.execute(query.where(rows.c.position > after)).all()
            yield from (import_row(found) for found in page)
            if len(page) < _BATCH:
                return
            after = page[-1].position

    def remarks(self) -> list[str]:
        """Return what the plan noticed on the manifest as a whole."""
        with self.store.read() as connection:
            return list(json.loads(connection.execute(select(imports.c.warnings).where(self._import)).scalar() or "[]"))

    def counts(self) -> dict[CallState, int]:
        """Return how many rows are in each state."""
        with self.store.read() as connection:
            found = connection.execute(count_by_state(self._mine)).all()
        return {CallState(row.effective): row.number for row in found}

    def resume(self, owner: str) -> None:
        """Free what an earlier try of the same worker had leased."""
        leased = and_(self._my_calls(), calls.c.lease_owner == owner)
        with self.store.begin() as connection:
            connection.execute(update(calls).where(leased).values(lease_until=None, attempts=0))

    def reopen(self) -> int:
        """Let failed rows be tried again unless burned, and verification begin anew; return the number of the rows."""
        again = case((calls.c.call_id.is_(None), CallState.PLANNED.value), else_=CallState.CREATED.value)
        failed = and_(self._my_calls(), calls.c.state == CallState.FAILED.value, calls.c.burned == 0)
        with self.store.begin() as connection:
            # The import first, as whoever forgets it does: in another order, each could wait for the other.
            connection.execute(update(imports).where(self._import).values(verify_until=None))
            changed = connection.execute(update(calls).where(failed).values(state=again, attempts=0, problem=None))
        return int(changed.rowcount)

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """
        Claim rows that wait to be sent; the claim is the intent to send them.

        :param owner: identity of the worker, the same for each of its tries
        :param limit: rows at most
        :param seconds: how long the lease lasts unless it is renewed
        """
        free = or_(calls.c.lease_until.is_(None), calls.c.lease_until < db_now())
        query = rows_and_calls.where(self._mine, is_unsent, free).order_by(rows.c.position).limit(limit)
        while True:
            # Looked for without holding anybody up: a claim counts only if the row is still as it was seen.
            with self.store.read() as connection:
                found = connection.execute(query.where(rows.c.position > self._sent_up_to)).all()
            if not found and self._sent_up_to:
                # Rows that others hold, or that were given back, may have become free again.
                self._sent_up_to = 0
                continue
            if not found:
                return []
            self._sent_up_to = found[0].position - 1
            with self.store.begin() as connection:
                claims = [self._claim(connection, row, owner, seconds) for row in found]
            leases = [claim for claim in claims if claim is not None]
            if leases:
                return leases
            # Others were quicker with all of these; there may be more.

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Make leases last ``seconds`` from now; those that are lost stay lost."""
        with self.store.begin() as connection:
            for lease in leases:
                # A row that was given back meanwhile stays free.
                held = and_(self._held(lease), calls.c.lease_until.is_not(None))
                connection.execute(update(calls).where(held).values(lease_until=db_now() + seconds))

    def advance(self, lease: LeasedRow, state: CallState, *, keep_lease: bool = False, **changes: Any) -> None:
        """
        Move a leased call on to another state.

        :param keep_lease: whether the worker goes on with the row
        :raises LeaseLostError: if somebody else has leased the row meanwhile
        """
        if not keep_lease:
            changes["lease_until"] = None
        with self.store.begin() as connection:
            done = connection.execute(
                update(calls).where(self._held(lease)).values(state=state.value, updated_at=db_now(), **changes)
            )
            if done.rowcount != 1:
                raise LeaseLostError(
                    f"Row {lease.row_number} ({shown(lease.client_unique_id)}) was taken over by another worker."
                )

    def note_media_sent(self, lease: LeasedRow) -> None:
        """Record, before the first byte, that the recording may have been sent."""
        self.advance(lease, CallState.CREATED, keep_lease=True, media_sent_at=db_now())

    def note_unclear_recording(self, lease: LeasedRow) -> None:
        """Record, before the call is created otherwise than intended, that only Gong can tell if its recording came."""
        self.advance(lease, lease.state, keep_lease=True, by_url=0, media_sent_at=db_now())

    def end(self, lease: LeasedRow, state: CallState, problem: Problem, *, sent: bool, **changes: Any) -> None:
        """End a leased call with a problem; ``sent`` tells whether its create may have reached Gong."""
        told = {"problem": problems_as_json((problem,)), **forgotten_intent(lease, sent=sent)}
        self.advance(lease, state, **told, **changes)

    def release(self, lease: LeasedRow, *, sent: bool, pause: float = 0.0) -> None:
        """
        Give a row back as it is.

        :param sent: whether its create may have reached Gong
        :param pause: seconds until it may be leased again
        """
        until = db_now() + pause if pause else None
        changes = {"lease_until": until, **forgotten_intent(lease, sent=sent)}
        with self.store.begin() as connection:
            connection.execute(update(calls).where(self._held(lease)).values(**changes))

    def unsent(self) -> tuple[int, float]:
        """Return how many rows are still to be sent, and in how many seconds the first of them may be leased."""
        free_in = func.min(calls.c.lease_until) - db_now()
        query = select(func.count(), free_in).select_from(rows_with_calls).where(self._mine, is_unsent)
        with self.store.read() as connection:
            number, seconds = connection.execute(query).one()
        return int(number), max(float(seconds or 0.0), 0.0)

    def unseen(self) -> dict[str, str]:
        """Return the calls that were uploaded and not yet seen in Gong: client unique id by call id."""
        states = [unseen.value for unseen in UNSEEN]
        query = (
            select(calls.c.call_id, calls.c.client_unique_id)
            .select_from(rows_with_calls)
            .where(self._mine, row_state.in_(states))
        )
        with self.store.read() as connection:
            return {found.call_id: found.client_unique_id for found in connection.execute(query)}

    def record_reading(self, readings: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Record what reading calls back has told.

        :param readings: new values by client unique id: ``state`` with ``url`` and ``duration``, or with ``problem``
        """
        with self.store.begin() as connection:
            for client_unique_id, values in readings.items():
                this = and_(calls.c.company == self.company, calls.c.client_unique_id == client_unique_id)
                unseen = calls.c.state.in_([seen.value for seen in UNSEEN])
                connection.execute(update(calls).where(this, unseen).values(updated_at=db_now(), **values))

    def verify_time_left(self, timeout: float) -> float:
        """Return the seconds until verification ends; the first question starts the clock of ``timeout`` seconds."""
        with self.store.begin() as connection:
            connection.execute(
                update(imports)
                .where(self._import, imports.c.verify_until.is_(None))
                .values(verify_until=db_now() + timeout)
            )
            left = connection.execute(select(imports.c.verify_until - db_now()).where(self._import)).scalar_one()
            return max(float(left), 0.0)

    def add_usage(self, sent: int, refused: int) -> None:
        """Count requests that were sent for the import, and how many of them Gong refused with 429."""
        counted = {
            "requests_sent": imports.c.requests_sent + sent,
            "requests_refused": imports.c.requests_refused + refused,
        }
        with self.store.begin() as connection:
            connection.execute(update(imports).where(self._import).values(**counted))

    def usage(self) -> tuple[int, int]:
        """Return the requests sent for the import, and how many of them were refused."""
        query = select(imports.c.requests_sent, imports.c.requests_refused).where(self._import)
        with self.store.read() as connection:
            found = connection.execute(query).first()
        return (found.requests_sent, found.requests_refused) if found else (0, 0)

    def _my_calls(self) -> Any:
        my_ids = select(rows.c.client_unique_id).where(self._mine, rows.c.state == CallState.PLANNED.value)
        return and_(calls.c.company == self.company, calls.c.client_unique_id.in_(my_ids))

    def _held(self, lease: LeasedRow) -> Any:
        this = and_(calls.c.company == self.company, calls.c.client_unique_id == lease.client_unique_id)
        return and_(this, calls.c.lease_number == lease.lease_number)

    def _claim(self, connection: Connection, row: Any, owner: str, seconds: float) -> LeasedRow | None:
        lease = {"lease_owner": owner, "lease_until": db_now() + seconds, "updated_at": db_now()}
        content = {"import_id": self.import_id, "fingerprint": row.fingerprint, "media_bytes": row.media_bytes}
        known = row.call_client_unique_id is not None
        same_content = known and row.call_fingerprint == row.fingerprint
        earlier_intent = same_content and row.call_intended_at is not None
        number = (row.call_lease_number or 0) + 1
        attempts = (row.call_attempts or 0) + 1
        values = {**lease, **content, "state": row.effective, "lease_number": number, "attempts": attempts}
        values["problem"] = None
        payload = json.loads(row.payload)
        by_url = bool(row.call_by_url) if earlier_intent else URL_FIELD in payload
        if not earlier_intent:
            values |= {"intended_at": db_now(), "by_url": int(by_url)}
        identity = {"company": self.company, "client_unique_id": row.client_unique_id}
        if not write_claim(connection, identity, values, seen=row.call_lease_number if known else None):
            return None
        return LeasedRow(
            client_unique_id=row.client_unique_id,
            row_number=row.row_number,
            payload=payload,
            media=row.media,
            media_bytes=row.media_bytes,
            lease_number=number,
            state=CallState(row.effective),
            call_id=row.call_call_id if row.effective == CallState.CREATED.value else None,
            earlier_intent=earlier_intent,
            by_url=by_url,
            media_sent=row.call_media_sent_at is not None,
            attempts=attempts,
        )
