"""
The ledger of an import without a shared database: a private database, filled from a journal and written back to it.

Before rows are sent, the journal records that they may be sent, a few rows at a time. Their outcomes follow every few
seconds. If a worker dies, the next one asks Gong for the outcomes that are missing in the journal.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong.ledger.folder.journal import SNAPSHOT_AFTER, Journal, JournalFolder
from airflow_provider_gong.ledger.folder.sync import JournalSync
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import LeasedRow
from airflow_provider_gong.ledger.view import ImportView
from airflow_provider_gong.store.database import Store, folder_url
from airflow_provider_gong.store.errors import GongStoreError

log = logging.getLogger(__name__)

# If the worker dies, each of these takes a read of its call.
_LEASED_AHEAD = 20
# No one else leases rows of a private ledger.
_FOREVER = 1e9
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.+=_-]+")
_LONGEST_NAME = 100
_PREFIX = "gong-import-"


@contextlib.contextmanager
def journaled_ledger(
    base: JournalFolder,
    company: str,
    import_id: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    snapshot_after: int = SNAPSHOT_AFTER,
) -> Iterator[JournaledLedger]:
    """
    Open the ledger of an import that is kept below a folder.

    :param base: folder of all imports
    :param company: name of the Gong company
    :param import_id: id of the import
    :param clock: monotonic seconds
    :param snapshot_after: number of segments after which a snapshot is written
    :raises GongStoreError: if the journal cannot be read or written
    """
    journal = Journal(base / _name(company) / _name(import_id), snapshot_after=snapshot_after)
    with _opened(journal, company, import_id, clock) as ledger:
        try:
            yield ledger
        except BaseException:
            ledger.finish_if_possible()
            raise
        ledger.finish()


def journaled_imports(base: JournalFolder, company: str) -> Iterator[tuple[str, ImportView | GongStoreError]]:
    """
    Yield the imports of a company that are kept below a folder, with their ids; those that cannot be read as errors.

    Each can be used until the next one is requested. An id that an earlier version did not note is what is left of it
    in the name of the import's folder.
    """
    folder: Any = base / _name(company)
    with contextlib.suppress(FileNotFoundError):
        for place in sorted(folder.iterdir(), key=str):
            readable = place.name.rpartition("-")[0]
            try:
                with _opened(Journal(place), company, readable, time.monotonic) as ledger:
                    if ledger.is_planned():
                        yield ledger.planned_as or readable, ledger
            except GongStoreError as error:
                yield readable, error


@contextlib.contextmanager
def _opened(journal: Journal, company: str, import_id: str, clock: Callable[[], float]) -> Iterator[JournaledLedger]:
    with scratch_folder(_PREFIX) as place, contextlib.closing(Store(folder_url(place), durable=False)) as store:
        # The next worker asks Gong for whatever the journal lacks, so nothing here has to be durable.
        yield JournaledLedger(store, company, import_id, journal, clock=clock)


class JournaledLedger(Ledger):
    """
    A ledger for one worker at a time.

    :param store: an empty store that only this ledger uses
    :param company: name of the Gong company
    :param import_id: identity of the import
    :param journal: where the import is kept
    :param clock: seconds that only go forward
    """

    is_private = True

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
        self._sync = JournalSync(store, company, import_id, journal, clock)
        self.planned_as = self._sync.planned_as
        """The id under which the journal was written; empty if there is no plan, or an earlier version wrote it."""
        self._leased_ahead: deque[LeasedRow] = deque()
        self._lock = threading.Lock()

    @property
    def store_id(self) -> str:
        """Id of the plan, the same for all tasks that see the same folder; empty if there is no plan yet."""
        return self._sync.store_id

    @property
    def store_name(self) -> str:
        """The id; the folder has the same name everywhere."""
        return self.store_id

    def finish(self) -> None:
        """Release the rows that were leased ahead, and write all unwritten changes."""
        self._release_leased_ahead()
        self._sync.write()

    def finish_if_possible(self) -> None:
        """Finish after an error, which another error must not hide."""
        try:
            self.finish()
        except GongStoreError as error:
            log.warning("The last changes could not be written; the next task asks Gong for them: %s", error)

    def resume(self, owner: str) -> None:
        """Release the rows that an earlier attempt of this worker leased."""
        self._release_leased_ahead()
        super().resume(owner)

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """Claim rows that wait to be sent. On return, the journal records that they may have been sent."""
        with self._lock:
            if not self._leased_ahead:
                # This returns only after the journal was written, so no row is sent that the journal does not know.
                ahead = super().lease(owner, limit=max(limit, _LEASED_AHEAD), seconds=_FOREVER)
                self._leased_ahead.extend(ahead)
            return [self._leased_ahead.popleft() for _ in range(min(limit, len(self._leased_ahead)))]

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Do nothing: no one else can lease the rows."""

    def _has_changed(self, *, before_sending: bool) -> None:
        if before_sending:
            self._sync.write()
        else:
            self._sync.write_if_due()

    def _release_leased_ahead(self) -> None:
        while self._leased_ahead:
            self.released(self._leased_ahead.popleft(), sent=False)


def _name(text: str) -> str:
    """Return a readable file name that is different for each text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{_NOT_IN_NAMES.sub('_', text)[:_LONGEST_NAME]}-{digest}"
