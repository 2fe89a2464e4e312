"""
The ledger of an import whose workers share no database: a private one, filled from a journal and written back to it.

What may have been sent stands in the journal before it is sent, for some rows at a time; what became of them follows
every few seconds. When a worker dies, what it had not written yet is found out from Gong.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from airflow_provider_gong.store.database import Store, folder_url
from airflow_provider_gong.store.journal import Entry, Journal, JournalFolder
from airflow_provider_gong.store.ledger import Ledger
from airflow_provider_gong.store.ledger_rows import CallState, LeasedRow, PlannedRow
from airflow_provider_gong.store.plan_draft import PlanDraft
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import import_table as imports
from airflow_provider_gong.store.schema import row_table as rows

# Each of these costs a read of its call when the worker dies.
_LEASED_AHEAD = 20
_WRITE_SECONDS = 10.0
_ROWS_OF_SEGMENT = 1000
# Nobody else leases rows of a private ledger.
_FOR_EVER = 1e9
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.+=_-]+")
_LONGEST_NAME = 100
_IDENTITY = ("company", "import_id")


@contextlib.contextmanager
def journaled_ledger(
    base: JournalFolder, company: str, import_id: str, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[JournaledLedger]:
    """
    Open the ledger of an import that is kept below a folder.

    :param base: folder of all imports
    :param company: name of the Gong company
    :param import_id: identity of the import
    :param clock: seconds that only go forward
    :raises GongStoreError: if the journal cannot be read or written
    """
    journal = Journal(base / _name(company) / _name(import_id))
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="gong-import-"))
        # What the journal does not hold is looked for in Gong, so nothing has to survive here.
        store = stack.enter_context(contextlib.closing(Store(folder_url(Path(place)), durable=False)))
        ledger = JournaledLedger(store, company, import_id, journal, clock=clock)
        ledger.load()
        stack.callback(ledger.finish)
        yield ledger


class JournaledLedger(Ledger):
    """
    A ledger for one worker at a time.

    :param store: an empty one that only this ledger uses
    :param company: name of the Gong company
    :param import_id: identity of the import
    :param journal: where the import is kept
    :param clock: seconds that only go forward
    """

    def __init__(
        self,
        store: Store,
        company: str,
        import_id: str,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store, company, import_id)
        self._files = _JournalFiles(store, company, import_id, journal, clock)

    @property
    def shared_id(self) -> str:
        """Identity of the plan, the same for all tasks that see the same folder; empty before there is one."""
        return self._files.plan_id

    def load(self) -> None:
        """Read the journal."""
        self._files.load()

    def finish(self) -> None:
        """Give back what was leased ahead, and write what is not written yet."""
        self._give_back()
        self._files.write()

    def replace_plan(self, manifest: str, planned: PlanDraft | Iterable[PlannedRow]) -> None:
        """Write a plan in place of an earlier one, as any ledger does, and freeze its rows in the journal."""
        super().replace_plan(manifest, planned)
        self._files.write_plan()

    def resume(self, owner: str) -> None:
        """Free what an earlier try of the worker had leased."""
        self._give_back()
        super().resume(owner)

    def reopen(self) -> int:
        """Let failed rows be tried again unless burned, and verification begin anew; return the number of the rows."""
        number = super().reopen()
        self._files.note_import()
        return number

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """Claim rows that wait to be sent; that they may be on their way is in the journal when this returns."""
        with self._files.lock:
            ahead = self._files.leased_ahead
            if not ahead:
                ahead.extend(super().lease(owner, limit=max(limit, _LEASED_AHEAD), seconds=_FOR_EVER))
                self._files.note(lease.client_unique_id for lease in ahead)
                self._files.write()
            return [ahead.popleft() for _ in range(min(limit, len(ahead)))]

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Do nothing: nobody else could take them."""

    def advance(self, lease: LeasedRow, state: CallState, *, keep_lease: bool = False, **changes: Any) -> None:
        """Move a leased call on to another state."""
        super().advance(lease, state, keep_lease=keep_lease, **changes)
        self._files.note([lease.client_unique_id])
        self._files.write_if_due()

    def release(self, lease: LeasedRow, *, sent: bool, pause: float = 0.0) -> None:
        """Give a row back as it is."""
        super().release(lease, sent=sent, pause=pause)
        self._files.note([lease.client_unique_id])

    def record_reading(self, readings: Mapping[str, Mapping[str, Any]]) -> None:
        """Record what reading calls back has told."""
        super().record_reading(readings)
        self._files.note(readings)
        self._files.write_if_due()

    def verify_time_left(self, timeout: float) -> float:
        """Return the seconds until verification ends; the first question starts the clock of ``timeout`` seconds."""
        left = super().verify_time_left(timeout)
        self._files.note_import()
        return left

    def add_usage(self, sent: int, refused: int) -> None:
        """Count requests that were sent for the import, and how many of them Gong refused with 429."""
        super().add_usage(sent, refused)
        self._files.note_import()

    def _give_back(self) -> None:
        while self._files.leased_ahead:
            self.release(self._files.leased_ahead.popleft(), sent=False)


class _JournalFiles:
    """The private database on one side and the journal on the other, and what the journal does not hold yet."""

    def __init__(
        self, store: Store, company: str, import_id: str, journal: Journal, clock: Callable[[], float]
    ) -> None:
        self.lock = threading.RLock()
        self.leased_ahead: deque[LeasedRow] = deque()
        self.plan_id = ""
        self._store = store
        self._identity = {"company": company, "import_id": import_id}
        self._journal = journal
        self._clock = clock
        self._written_at = clock()
        self._changed: set[str] = set()
        self._import_has_changed = False

    def load(self) -> None:
        """Fill the database."""
        readers = {"row": self._load_rows, "call": self._load_calls, "plan": self._load_plans}
        for kind, entries in itertools.groupby(self._journal.entries(), key=lambda entry: str(entry["kind"])):
            for batch in _batches(entries, _ROWS_OF_SEGMENT):
                readers[kind](batch)

    def note(self, client_unique_ids: Iterable[str]) -> None:
        """Remember calls that have changed."""
        with self.lock:
            self._changed.update(client_unique_ids)

    def note_import(self) -> None:
        """Remember that the import itself has changed."""
        with self.lock:
            self._import_has_changed = True

    def write_if_due(self) -> None:
        """Write what has changed, every few seconds."""
        with self.lock:
            if self._clock() - self._written_at >= _WRITE_SECONDS:
                self.write()

    def write(self) -> None:
        """Write what has changed."""
        with self.lock:
            entries = [*self._changed_calls(), *self._changed_import()]
            if entries:
                self._journal.append(entries)
            self._changed.clear()
            self._import_has_changed = False
            self._written_at = self._clock()

    def write_plan(self) -> None:
        """Write all rows; they count from the moment at which the plan's own entry stands behind them."""
        plan_id = str(uuid.uuid4())
        query = select(rows).where(self._is_mine(rows)).order_by(rows.c.position)
        with self.lock, self._store.begin() as connection:
            for batch in _batches(connection.execute(query), _ROWS_OF_SEGMENT):
                self._journal.append([{"kind": "row", "plan_id": plan_id, **_columns(row, rows)} for row in batch])
            self.plan_id = plan_id
            self._import_has_changed = True
        self.write()

    def _changed_calls(self) -> Iterator[Entry]:
        for batch in _batches(sorted(self._changed), _ROWS_OF_SEGMENT):
            query = select(calls).where(calls.c.client_unique_id.in_(batch))
            with self._store.begin() as connection:
                found = connection.execute(query).all()
            yield from ({"kind": "call", **_call_values(row)} for row in found)

    def _changed_import(self) -> Iterator[Entry]:
        if not self._import_has_changed:
            return
        with self._store.begin() as connection:
            found = connection.execute(select(imports).where(self._is_mine(imports))).first()
        if found is not None:
            yield {"kind": "plan", "plan_id": self.plan_id, **_columns(found, imports)}

    def _load_rows(self, entries: Sequence[Entry]) -> None:
        # Under the plan's own id for as long as it is not known to be complete.
        values = [self._values(entry, rows) | {"import_id": entry["plan_id"]} for entry in entries]
        self._replace(rows, values)

    def _load_calls(self, entries: Sequence[Entry]) -> None:
        # The latest entry of a call counts.
        latest = {entry["client_unique_id"]: self._values(entry, calls) for entry in entries}
        self._replace(calls, list(latest.values()))

    def _load_plans(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._replace(imports, [self._values(entry, imports)])
            self._use_rows(entry["plan_id"])

    def _use_rows(self, plan_id: str) -> None:
        if plan_id == self.plan_id:
            return
        its_rows = and_(rows.c.company == self._identity["company"], rows.c.import_id == plan_id)
        with self._store.begin() as connection:
            connection.execute(delete(rows).where(self._is_mine(rows)))
            connection.execute(update(rows).where(its_rows).values(import_id=self._identity["import_id"]))
        self.plan_id = plan_id

    def _replace(self, table: Any, values: list[dict[str, Any]]) -> None:
        with self._store.begin() as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE"), values)

    def _values(self, entry: Entry, table: Any) -> dict[str, Any]:
        return {column.name: entry.get(column.name) for column in table.c} | self._identity

    def _is_mine(self, table: Any) -> Any:
        return and_(*(table.c[name] == value for name, value in self._identity.items()))


def _columns(found: Any, table: Any) -> Entry:
    return {column.name: getattr(found, column.name) for column in table.c if column.name not in _IDENTITY}


def _call_values(found: Any) -> Entry:
    values = _columns(found, calls)
    if values["lease_until"] is not None:
        # It may be sent at any moment from now on, and its recording as well, before anything is written again.
        values["media_sent_at"] = values["media_sent_at"] or values["intended_at"]
    return values | {"lease_until": None}


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _name(text: str) -> str:
    """Return a name for files that is as readable as it can be, and another one for each text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{_NOT_IN_NAMES.sub('_', text)[:_LONGEST_NAME]}-{digest}"
