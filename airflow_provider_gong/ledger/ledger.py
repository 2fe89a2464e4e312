"""
The ledger of imports: the plan of each import, and the outcome of each call, once for all imports of a company.

A row of a plan is claimed when it is leased. Only the holder of the lease's number can record the outcome of the call;
for all others, the lease is lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import shown
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.plans import note_digest, note_plan, replace_rows
from airflow_provider_gong.ledger.queries import (
    claim,
    forgotten_intent,
    in_one_order,
    is_unsent,
    judge,
    plan_values,
    problems_as_json,
    reading_values,
    row_state,
    rows_and_calls,
    rows_with_calls,
)
from airflow_provider_gong.ledger.rows import UNSEEN, CallState, ExistingCall, LeasedRow, PlannedRow, Problem, Reading
from airflow_provider_gong.ledger.tables import calls, imports, rows
from airflow_provider_gong.ledger.view import ImportView
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import LeaseLostError
from airflow_provider_gong.store.schema import db_now

_CLOCK_ERROR = 60.0


class Ledger(ImportView):
    """
    The rows of one import, and the calls of its company.

    :param store: the store of the import
    :param company: name of the Gong company
    :param import_id: id of the import
    """

    def __init__(self, store: Store, company: str, import_id: str) -> None:
        super().__init__(store, company, import_id)
        # Where the search for the next row starts, so it does not go through all sent rows each time.
        self._sent_up_to = 0
        # What distinguishes a plan from the one that replaces it.
        self._plan = select(imports.c.planned_at).where(self._import)

    @contextlib.contextmanager
    def _change(self, *, before_sending: bool = False, attached: Path | None = None) -> Iterator[Connection]:
        """
        Run a transaction that changes the import. This is the only way to change one.

        :param before_sending: whether the change must be durable before anything is sent to Gong
        :param attached: another SQLite file that a store in SQLite reads
        """
        with self.store.begin(attached) as connection:
            yield connection
        self._has_changed(before_sending=before_sending)

    def _has_changed(self, *, before_sending: bool) -> None:
        """React to a change in the store."""

    def replace_plan(
        self, manifest: str, planned: PlanDraft | Iterable[PlannedRow], planner: str | None = None
    ) -> None:
        """
        Replace the import's earlier plan with a new one, completely or not at all.

        Sent calls are kept: a row that left the manifest or is now rejected is kept if its call was sent. A row that
        left the manifest before it was sent is withdrawn.

        :param manifest: name of the manifest, for people
        :param planned: the plan, or its rows, which are read one by one
        :param planner: the task that plans the import; None for a program, which may replace any plan
        :raises GongOtherPlannerError: if another task has planned the import
        """
        if isinstance(planned, PlanDraft):
            remarks, values = planned.remarks, planned.values()
            # SQLite copies the rows from there.
            file = None if self.store.is_server else planned.finished()
        else:
            remarks, values, file = [], map(plan_values, planned), None
        with self._change(before_sending=True, attached=file) as connection:
            note_plan(connection, self.company, self.import_id, manifest=manifest, warnings=remarks, planner=planner)
            replace_rows(connection, self.company, self.import_id, None if file else values)
            note_digest(connection, self.company, self.import_id)

    def add_usage(self, sent: int, refused: int) -> None:
        """Count requests that were sent for the import, and how many of them Gong refused with 429."""
        counted = {
            "requests_sent": imports.c.requests_sent + sent,
            "requests_refused": imports.c.requests_refused + refused,
        }
        with self._change() as connection:
            connection.execute(update(imports).where(self._import).values(**counted))

    def resume(self, owner: str) -> None:
        """Release the rows that an earlier attempt of the same worker leased."""
        unsent = calls.c.state.in_((CallState.PLANNED.value, CallState.CREATED.value))
        leased = and_(self._my_calls(), calls.c.lease_owner == owner, unsent)
        with self._change() as connection:
            connection.execute(update(calls).where(leased).values(lease_until=None, attempts=0))

    def reopen(self, *, complete: bool = False) -> int:
        """
        Allow failed rows to be sent again, unless burned, and restart verification; return the number of rows.

        :param complete: whether calls without a recording that others created get the recordings of their rows
        """
        again = case((calls.c.call_id.is_(None), CallState.PLANNED.value), else_=CallState.CREATED.value)
        failed = and_(self._my_calls(), calls.c.state == CallState.FAILED.value, calls.c.burned == 0)
        with self._change() as connection:
            # Lock the import first, as forgetting does; in another order, the two could wait for each other.
            connection.execute(update(imports).where(self._import).values(verify_until=None))
            changed = connection.execute(update(calls).where(failed).values(state=again, attempts=0, problem=None))
            return int(changed.rowcount) + (self._adopt_incomplete(connection) if complete else 0)

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """
        Claim rows that wait to be sent; the claim records the intent to send them.

        :param owner: id of the worker, the same for each of its attempts
        :param limit: maximum number of rows
        :param seconds: how long the lease lasts unless it is renewed
        """
        # What changed in the future did so before the clock was set back: its lease would last for as long.
        is_stale = calls.c.updated_at > db_now() + _CLOCK_ERROR
        free = or_(calls.c.lease_until.is_(None), calls.c.lease_until < db_now(), is_stale)
        query = rows_and_calls.add_columns(self._plan.scalar_subquery().label("plan"))
        query = query.where(self._mine, is_unsent, free).order_by(rows.c.position).limit(limit)
        while True:
            # Searched without locks: a claim counts only if the row has not changed since it was read.
            found = self.store.fetch(query.where(rows.c.position > self._sent_up_to))
            if not found and self._sent_up_to:
                # Rows that others held, or that were released, may be free again.
                self._sent_up_to = 0
                continue
            if not found:
                return []
            self._sent_up_to = found[0].position - 1
            if leases := self._claim(found, owner, seconds):
                return leases
            # Others claimed all of these first, or replaced the plan; there may be more.

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Extend leases to ``seconds`` from now; lost leases stay lost."""
        with self._change() as connection:
            for lease in in_one_order(leases):
                # A row that has been released stays free.
                held = and_(self._held(lease), calls.c.lease_until.is_not(None))
                connection.execute(update(calls).where(held).values(lease_until=db_now() + seconds))

    def intent_changed(self, lease: LeasedRow) -> None:
        """Record, before the call is created in a different way, that only Gong knows if its recording arrived."""
        self._move(lease, lease.state, before_sending=True, keep=True, is_pulled=0, media_sent_at=db_now())

    def created(self, lease: LeasedRow, call_id: str, *, is_pulled: bool) -> None:
        """Record the call of a row. If Gong fetches the recording, nothing is left to upload."""
        state = CallState.UPLOADED if is_pulled else CallState.CREATED
        self._move(lease, state, keep=not is_pulled, call_id=call_id, is_pulled=int(is_pulled))

    def sending_media(self, lease: LeasedRow) -> None:
        """Record, before the first byte, that the recording may have been sent."""
        self._move(lease, CallState.CREATED, keep=True, media_sent_at=db_now())

    def uploaded(self, lease: LeasedRow, sha256: str | None = None, sample: str | None = None) -> None:
        """Record that Gong has accepted the recording, and its hashes if it has just been sent."""
        digests: dict[str, Any] = {"media_sha256": sha256, "media_sample": sample} if sha256 else {}
        self._move(lease, CallState.UPLOADED, **digests)

    def failed(self, lease: LeasedRow, problem: Problem, *, sent: bool, is_burned: bool = False) -> None:
        """
        End a row with a problem.

        :param sent: whether the request to create the call may have reached Gong
        :param is_burned: whether Gong will never accept the row again
        """
        outcome = {"burned": int(is_burned), **forgotten_intent(lease, sent=sent)}
        self._move(lease, CallState.FAILED, problem=problems_as_json((problem,)), **outcome)

    def exists_elsewhere(self, lease: LeasedRow, call_id: str, failure: Problem | None = None) -> None:
        """
        Record that Gong has a call with the row's id that may not be the row's own.

        :param failure: ends the row as failed; None leaves it to verification to decide whether it is the same call
        """
        found: dict[str, Any] = {"burned": 1, "call_id": call_id, "intended_at": None}
        if failure is None:
            self._move(lease, CallState.EXISTS, **found)
        else:
            self._move(lease, CallState.FAILED, problem=problems_as_json((failure,)), **found)

    def released(self, lease: LeasedRow, *, sent: bool, pause: float = 0.0) -> None:
        """
        Release a row without changing it.

        :param sent: whether the request to create the call may have reached Gong
        :param pause: seconds until the row may be leased again
        """
        until = db_now() + pause if pause else None
        changes = {"lease_until": until, **forgotten_intent(lease, sent=sent)}
        with self._change() as connection:
            connection.execute(update(calls).where(self._held(lease)).values(**changes))

    def verify_time_left(self, timeout: float) -> float:
        """Return the seconds until verification ends; the first call starts the ``timeout``."""
        starts = update(imports).where(self._import, imports.c.verify_until.is_(None))
        with self._change() as connection:
            connection.execute(starts.values(verify_until=db_now() + timeout))
            left = connection.execute(select(imports.c.verify_until - db_now()).where(self._import)).scalar_one()
        return max(float(left), 0.0)

    def read_back(self, readings: Iterable[Reading]) -> None:
        """Record the results of reading calls back; calls that were seen in Gong before stay verified."""
        unseen = calls.c.state.in_([seen.value for seen in UNSEEN])
        with self._change() as connection:
            for reading in in_one_order(readings):
                this = update(calls).where(self._call(reading.client_unique_id), unseen)
                connection.execute(this.values(**reading_values(reading), updated_at=db_now()))

    def belong_to_others(self, rows: Iterable[ExistingCall]) -> None:
        """Record that calls that were taken for those of rows are other calls with the same ids."""
        found = {"state": CallState.EXISTS.value, "burned": 1, "intended_at": None, "updated_at": db_now()}
        with self._change() as connection:
            for row in in_one_order(rows):
                this = and_(self._call(row.client_unique_id), calls.c.call_id == row.call_id)
                connection.execute(update(calls).where(this).values(**found))

    def judged(self, readings: Iterable[tuple[ExistingCall, Reading]]) -> None:
        """Record the result of comparing rows with calls that others created."""
        with self._change() as connection:
            for found, reading in sorted(readings, key=lambda judged: judged[0].client_unique_id):
                judge(connection, self.company, found, **reading_values(reading))

    def looked_for(self, found: ExistingCall, *, is_missing: bool) -> None:
        """Record whether Gong finds a call that someone else created."""
        with self._change() as connection:
            judge(connection, self.company, found, missing_since=db_now() if is_missing else None)

    def _claim(self, found: list[Any], owner: str, seconds: float) -> list[LeasedRow]:
        """Claim rows that were found, as far as others have not, and their plan has not been replaced."""
        claims: dict[int, LeasedRow | None] = {}
        with self._change(before_sending=True) as connection:
            # Locked until the claims are written, so the rows cannot be replaced in the meantime.
            if connection.execute(self._plan.with_for_update(read=True)).scalar() == found[0].plan:
                for row in in_one_order(found):
                    claims[row.position] = claim(connection, self.import_id, row, owner, seconds)
        return [lease for _, lease in sorted(claims.items()) if lease is not None]

    def _adopt_incomplete(self, connection: Connection) -> int:
        """Treat calls without a recording as those of this import's rows."""
        incomplete = and_(self._mine, row_state == CallState.INCOMPLETE.value)
        found = connection.execute(
            select(rows.c.client_unique_id, rows.c.fingerprint).select_from(rows_with_calls).where(incomplete)
        ).all()
        now = {"intended_at": db_now(), "media_sent_at": db_now(), "updated_at": db_now()}
        content = {"import_id": self.import_id, "state": CallState.CREATED.value, "is_pulled": 0}
        for row in in_one_order(found):
            this = and_(self._call(row.client_unique_id), calls.c.state == CallState.EXISTS.value)
            values = {**content, **now, "fingerprint": row.fingerprint, "burned": 0, "attempts": 0, "problem": None}
            connection.execute(update(calls).where(this).values(**values))
        return len(found)

    def _my_calls(self) -> Any:
        my_ids = select(rows.c.client_unique_id).where(self._mine, rows.c.state == CallState.PLANNED.value)
        return and_(calls.c.company == self.company, calls.c.client_unique_id.in_(my_ids))

    def _call(self, client_unique_id: str) -> Any:
        return and_(calls.c.company == self.company, calls.c.client_unique_id == client_unique_id)

    def _held(self, lease: LeasedRow) -> Any:
        return and_(self._call(lease.client_unique_id), calls.c.lease_number == lease.lease_number)

    def _move(
        self, lease: LeasedRow, state: CallState, *, before_sending: bool = False, keep: bool = False, **changes: Any
    ) -> None:
        """
        Move a leased call to another state.

        :param keep: whether the worker continues with the row
        :raises LeaseLostError: if another worker has leased the row in the meantime
        """
        if not keep:
            changes["lease_until"] = None
        with self._change(before_sending=before_sending) as connection:
            values = {"state": state.value, "updated_at": db_now(), **changes}
            done = connection.execute(update(calls).where(self._held(lease)).values(**values))
            if done.rowcount != 1:
                raise LeaseLostError(
                    f"Row {lease.row_number} ({shown(lease.client_unique_id)}) was taken over by another worker."
                )
