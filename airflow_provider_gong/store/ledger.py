"""
The ledger of imports: what each import plans, and what became of every call, once for all imports of a company.

A row of a plan is claimed when it is leased. Whoever holds the lease's number may move the call on; everybody else
who tries learns that the lease is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import LeaseLostError
from airflow_provider_gong.store.ledger_rows import (
    UNSEEN,
    CallState,
    ImportRow,
    LeasedRow,
    PlannedRow,
    Problem,
    problems_as_json,
    problems_from_json,
)
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import db_now
from airflow_provider_gong.store.schema import import_table as imports
from airflow_provider_gong.store.schema import row_table as rows

_BATCH = 500

_other_content = calls.c.fingerprint != rows.c.fingerprint
_sent = or_(
    calls.c.call_id.is_not(None),
    and_(calls.c.state == CallState.PLANNED.value, calls.c.intended_at.is_not(None)),
)
_state = case(
    (rows.c.state != CallState.PLANNED.value, rows.c.state),
    (calls.c.client_unique_id.is_(None), CallState.PLANNED.value),
    (calls.c.state == CallState.EXISTS.value, CallState.EXISTS.value),
    (and_(_other_content, _sent), CallState.CHANGED_AFTER_SEND.value),
    (_other_content, CallState.PLANNED.value),
    else_=calls.c.state,
)
_rows_with_calls = rows.outerjoin(
    calls, and_(rows.c.company == calls.c.company, rows.c.client_unique_id == calls.c.client_unique_id)
)
# The row's columns by their own names, the call's with a prefix: some names stand in both.
_rows_and_calls = select(
    *rows.c, *(column.label(f"call_{column.name}") for column in calls.c), _state.label("effective")
).select_from(_rows_with_calls)


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
        my_ids = select(rows.c.client_unique_id).where(self._mine, rows.c.state == CallState.PLANNED.value)
        self._my_calls = and_(calls.c.company == company, calls.c.client_unique_id.in_(my_ids))

    def replace_plan(self, manifest: str, planned: Sequence[PlannedRow]) -> None:
        """
        Write a plan in place of an earlier one of the same import.

        What was sent stays: a row that left the manifest is kept if its call was sent, and withdrawn if not.
        """
        with self.store.begin() as connection:
            left = self._rows_that_left(connection, {row.client_unique_id for row in planned if not row.problems})
            connection.execute(delete(rows).where(self._mine))
            connection.execute(delete(imports).where(self._import))
            identity = {"company": self.company, "import_id": self.import_id}
            connection.execute(insert(imports).values(**identity, manifest=manifest, planned_at=db_now()))
            values = [*(_row_values(row) for row in planned), *left]
            for start in range(0, len(values), _BATCH):
                batch = [
                    {**identity, "position": start + offset, **row}
                    for offset, row in enumerate(values[start : start + _BATCH], 1)
                ]
                connection.execute(insert(rows), batch)

    def is_planned(self) -> bool:
        """Tell whether the import has a plan."""
        with self.store.begin() as connection:
            return connection.execute(select(imports.c.import_id).where(self._import)).first() is not None

    def rows(self) -> Iterator[ImportRow]:
        """Yield all rows in the manifest's order, with what became of their calls."""
        query = _rows_and_calls.where(self._mine).order_by(rows.c.position).limit(_BATCH)
        after = 0
        while True:
            with self.store.begin() as connection:
                page = connection.execute(query.where(rows.c.position > after)).all()
            yield from (_import_row(found) for found in page)
            if len(page) < _BATCH:
                return
            after = page[-1].position

    def counts(self) -> dict[CallState, int]:
        """Return how many rows are in each state."""
        query = (
            select(_state.label("effective"), func.count().label("number"))
            .select_from(_rows_with_calls)
            .where(self._mine)
            .group_by(_state)
        )
        with self.store.begin() as connection:
            return {CallState(found.effective): found.number for found in connection.execute(query)}

    def known_calls(self, client_unique_ids: Sequence[str]) -> dict[str, tuple[CallState, str]]:
        """Return state and fingerprint of those calls that any import has claimed."""
        known: dict[str, tuple[CallState, str]] = {}
        with self.store.begin() as connection:
            for start in range(0, len(client_unique_ids), _BATCH):
                batch = client_unique_ids[start : start + _BATCH]
                query = select(calls).where(calls.c.company == self.company, calls.c.client_unique_id.in_(batch))
                for found in connection.execute(query):
                    known[found.client_unique_id] = (CallState(found.state), found.fingerprint)
        return known

    def resume(self, owner: str) -> None:
        """Free what an earlier try of the same worker had leased, and let failed rows be tried again unless burned."""
        with self.store.begin() as connection:
            mine = calls.c.lease_owner == owner
            connection.execute(update(calls).where(mine).values(lease_until=None, attempts=0))
            reopened = and_(self._my_calls, calls.c.state == CallState.FAILED.value, calls.c.burned == 0)
            state = case((calls.c.call_id.is_(None), CallState.PLANNED.value), else_=CallState.CREATED.value)
            intended = case((calls.c.call_id.is_(None), None), else_=calls.c.intended_at)
            connection.execute(
                update(calls).where(reopened).values(state=state, intended_at=intended, attempts=0, problem=None)
            )
            connection.execute(update(imports).where(self._import).values(verify_until=None))

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """
        Claim rows that wait to be sent; the claim is the intent to send them.

        :param owner: identity of the worker, the same for each of its tries
        :param limit: rows at most
        :param seconds: how long the lease lasts unless it is renewed
        """
        free = or_(calls.c.lease_until.is_(None), calls.c.lease_until < db_now())
        open_states = (CallState.PLANNED.value, CallState.CREATED.value)
        query = _rows_and_calls.where(self._mine, _state.in_(open_states), free).order_by(rows.c.position)
        with self.store.begin() as connection:
            found = connection.execute(query.limit(limit)).all()
            claims = (self._claim(connection, row, owner, seconds) for row in found)
            return [claim for claim in claims if claim is not None]

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Make leases last ``seconds`` from now; those that are lost stay lost."""
        with self.store.begin() as connection:
            for lease in leases:
                connection.execute(update(calls).where(self._held(lease)).values(lease_until=db_now() + seconds))

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
                    f"Row {lease.row_number} ({lease.client_unique_id}) was taken over by another worker."
                )

    def note_media_sent(self, lease: LeasedRow) -> None:
        """Record, before the first byte, that the recording may have been sent."""
        self.advance(lease, CallState.CREATED, keep_lease=True, media_sent_at=db_now())

    def end(self, lease: LeasedRow, state: CallState, problem: Problem, **changes: Any) -> None:
        """End a leased call with a problem."""
        self.advance(lease, state, problem=problems_as_json((problem,)), **changes)

    def release(self, lease: LeasedRow, *, sent: bool) -> None:
        """Give a row back as it is; ``sent`` tells whether its create may have reached Gong."""
        changes = {} if sent or lease.call_id or lease.earlier_intent else {"intended_at": None}
        with self.store.begin() as connection:
            connection.execute(update(calls).where(self._held(lease)).values(lease_until=None, **changes))

    def leased_elsewhere(self) -> int:
        """Return how many unsent rows of this import another worker holds now."""
        query = (
            select(func.count())
            .select_from(_rows_with_calls)
            .where(
                self._mine,
                _state.in_((CallState.PLANNED.value, CallState.CREATED.value)),
                calls.c.lease_until >= db_now(),
            )
        )
        with self.store.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def unseen(self) -> dict[str, str]:
        """Return the calls that were uploaded and not yet seen in Gong: client unique id by call id."""
        states = [state.value for state in UNSEEN]
        query = (
            select(calls.c.call_id, calls.c.client_unique_id)
            .select_from(_rows_with_calls)
            .where(self._mine, _state.in_(states))
        )
        with self.store.begin() as connection:
            return {found.call_id: found.client_unique_id for found in connection.execute(query)}

    def record_reading(self, readings: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Record what reading calls back has told.

        :param readings: new values by client unique id: ``state`` with ``url`` and ``duration``, or with ``problem``
        """
        with self.store.begin() as connection:
            for client_unique_id, values in readings.items():
                this = and_(calls.c.company == self.company, calls.c.client_unique_id == client_unique_id)
                unseen = calls.c.state.in_([state.value for state in UNSEEN])
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
        with self.store.begin() as connection:
            found = connection.execute(query).first()
        return (found.requests_sent, found.requests_refused) if found else (0, 0)

    def _held(self, lease: LeasedRow) -> Any:
        this = and_(calls.c.company == self.company, calls.c.client_unique_id == lease.client_unique_id)
        return and_(this, calls.c.lease_number == lease.lease_number)

    def _rows_that_left(self, connection: Connection, staying: set[str]) -> list[dict[str, Any]]:
        query = select(rows, _sent.label("was_sent")).select_from(_rows_with_calls)
        found = connection.execute(query.where(self._mine, rows.c.state != CallState.REJECTED.value)).all()
        row_columns = [column.name for column in rows.c]
        left = []
        for row in found:
            if row.client_unique_id in staying:
                continue
            values = {
                name: getattr(row, name) for name in row_columns if name not in ("company", "import_id", "position")
            }
            left.append({**values, "state": row.state if row.was_sent else CallState.WITHDRAWN.value})
        return left

    def _claim(self, connection: Connection, row: Any, owner: str, seconds: float) -> LeasedRow | None:
        lease = {"lease_owner": owner, "lease_until": db_now() + seconds, "updated_at": db_now()}
        content = {"import_id": self.import_id, "fingerprint": row.fingerprint}
        known = row.call_client_unique_id is not None
        same_content = known and row.call_fingerprint == row.fingerprint
        earlier_intent = same_content and row.call_intended_at is not None
        number = (row.call_lease_number or 0) + 1
        attempts = (row.call_attempts or 0) + 1
        values = {**lease, **content, "state": row.effective, "lease_number": number, "attempts": attempts}
        if not earlier_intent:
            values["intended_at"] = db_now()
        identity = {"company": self.company, "client_unique_id": row.client_unique_id}
        if not _upsert(connection, identity, values, seen=row.call_lease_number if known else None):
            return None
        return LeasedRow(
            client_unique_id=row.client_unique_id,
            row_number=row.row_number,
            payload=json.loads(row.payload),
            media=row.media,
            media_bytes=row.media_bytes,
            lease_number=number,
            state=CallState(row.effective),
            call_id=row.call_call_id if row.effective == CallState.CREATED.value else None,
            earlier_intent=earlier_intent,
            media_sent=row.call_media_sent_at is not None,
            attempts=attempts,
        )


def _upsert(connection: Connection, identity: dict[str, str], values: dict[str, Any], *, seen: int | None) -> bool:
    """Write the claim of a call, unless somebody else was quicker; ``seen`` is its lease number, None for a new one."""
    if seen is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(calls).values(**identity, **values))
        except IntegrityError:
            return False
        return True
    this = and_(*(calls.c[name] == value for name, value in identity.items()), calls.c.lease_number == seen)
    return bool(connection.execute(update(calls).where(this).values(**values)).rowcount == 1)


def _row_values(row: PlannedRow) -> dict[str, Any]:
    return {
        "row_number": row.row_number,
        "client_unique_id": row.client_unique_id,
        "state": row.state.value,
        "title": row.title,
        "payload": None if row.payload is None else json.dumps(row.payload),
        "media": row.media,
        "media_bytes": row.media_bytes,
        "fingerprint": row.fingerprint,
        "problems": problems_as_json(row.problems),
        "source": json.dumps(row.source),
    }


def _import_row(found: Any) -> ImportRow:
    state = CallState(found.effective)
    own = state not in (CallState.PLANNED, CallState.REJECTED, CallState.WITHDRAWN)
    return ImportRow(
        row_number=found.row_number,
        client_unique_id=found.client_unique_id,
        title=found.title,
        state=state,
        call_id=found.call_call_id if own else None,
        url=found.call_url if own else None,
        duration=found.call_duration if own else None,
        media=found.media,
        media_sha256=found.call_media_sha256 if own else None,
        burned=bool(found.call_burned) if own else False,
        sent_by=found.call_import_id if own else None,
        problems=problems_from_json(found.problems) + (problems_from_json(found.call_problem) if own else ()),
        source=json.loads(found.source),
    )
