"""
The ledger of an import whose workers share no database: a private one, filled from a journal and written back to it.

What may have been sent stands in the journal before it is sent, for some rows at a time; what became of them follows
every few seconds. When a worker dies, what it had not written yet is found out from Gong.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_gong.ledger.journal import Journal, JournalFolder
from airflow_provider_gong.ledger.journal_sync import LedgerFiles
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.private_folder import private_folder
from airflow_provider_gong.ledger.rows import CallState, LeasedRow, PlannedRow
from airflow_provider_gong.store.database import Store, folder_url
from airflow_provider_gong.store.errors import GongStoreError

log = logging.getLogger(__name__)

# Each of these costs a read of its call when the worker dies.
_LEASED_AHEAD = 20
# Nobody else leases rows of a private ledger.
_FOR_EVER = 1e9
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.+=_-]+")
_LONGEST_NAME = 100
_PREFIX = "gong-import-"


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
    with private_folder(_PREFIX) as place, contextlib.closing(Store(folder_url(place), durable=False)) as store:
        # What the journal does not hold is looked for in Gong, so nothing has to survive here.
        ledger = JournaledLedger(store, company, import_id, journal, clock=clock)
        ledger.load()
        try:
            yield ledger
        except BaseException:
            ledger.finish_if_possible()
            raise
        ledger.finish()


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
        self._files = LedgerFiles(store, company, import_id, journal, clock)
        self._leased_ahead: deque[LeasedRow] = deque()

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

    def finish_if_possible(self) -> None:
        """Finish while an error is on its way, which is not to be hidden by another one."""
        try:
            self.finish()
        except GongStoreError as error:
            log.warning("What was done last is not written, and is found out from Gong by the next task: %s", error)

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
            if not self._leased_ahead:
                leases = super().lease(owner, limit=max(limit, _LEASED_AHEAD), seconds=_FOR_EVER)
                self._files.note(lease.client_unique_id for lease in leases)
                self._files.write()
                # Nobody gets a row of which the journal does not know.
                self._leased_ahead.extend(leases)
            return [self._leased_ahead.popleft() for _ in range(min(limit, len(self._leased_ahead)))]

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Do nothing: nobody else could take them."""

    def advance(self, lease: LeasedRow, state: CallState, *, keep_lease: bool = False, **changes: Any) -> None:
        """Move a leased call on to another state."""
        super().advance(lease, state, keep_lease=keep_lease, **changes)
        self._files.note([lease.client_unique_id])
        self._files.write_if_due()

    def note_unclear_recording(self, lease: LeasedRow) -> None:
        """Record that only Gong can tell if the recording came; the journal knows when this returns."""
        super().note_unclear_recording(lease)
        self._files.write()

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
        while self._leased_ahead:
            self.release(self._leased_ahead.popleft(), sent=False)


def _name(text: str) -> str:
    """Return a name for files that is as readable as it can be, and another one for each text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{_NOT_IN_NAMES.sub('_', text)[:_LONGEST_NAME]}-{digest}"
