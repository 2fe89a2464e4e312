"""
The ledger of an import whose workers share no database: a private one, filled from a journal and written back to it.

What may have been sent is in the journal before it is sent, for some rows at a time; what became of them follows every
few seconds. When a worker dies, the next one asks Gong for what the journal does not know yet.
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

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong.ledger.folder.journal import SNAPSHOT_AFTER, Journal, JournalFolder
from airflow_provider_gong.ledger.folder.sync import JournalSync
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import LeasedRow
from airflow_provider_gong.store.database import Store, folder_url
from airflow_provider_gong.store.errors import GongStoreError

log = logging.getLogger(__name__)

# Each of these costs a read of its call when the worker dies.
_LEASED_AHEAD = 20
# Nobody else leases rows of a private ledger.
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
    :param import_id: identity of the import
    :param clock: seconds that only go forward
    :param snapshot_after: segments that are read one by one before a snapshot takes their place
    :raises GongStoreError: if the journal cannot be read or written
    """
    journal = Journal(base / _name(company) / _name(import_id), snapshot_after=snapshot_after)
    with scratch_folder(_PREFIX) as place, contextlib.closing(Store(folder_url(place), durable=False)) as store:
        # The next worker asks Gong for what the journal does not hold, so nothing has to survive here.
        ledger = JournaledLedger(store, company, import_id, journal, clock=clock)
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
        self._sync = JournalSync(store, company, import_id, journal, clock)
        self._leased_ahead: deque[LeasedRow] = deque()
        self._lock = threading.Lock()

    @property
    def is_private(self) -> bool:
        """Whether the store holds this import alone."""
        return True

    @property
    def store_id(self) -> str:
        """Identity of the plan, the same for all tasks that see the same folder; empty before there is one."""
        return self._sync.store_id

    @property
    def store_name(self) -> str:
        """The identity; the folder has the same name everywhere."""
        return self.store_id

    def finish(self) -> None:
        """Release what was leased ahead, and write what is not written yet."""
        self._release_leased_ahead()
        self._sync.write()

    def finish_if_possible(self) -> None:
        """Finish after an error, which another error must not hide."""
        try:
            self.finish()
        except GongStoreError as error:
            log.warning("The last changes were not written; the next task asks Gong for them: %s", error)

    def resume(self, owner: str) -> None:
        """Free what an earlier attempt of the worker had leased."""
        self._release_leased_ahead()
        super().resume(owner)

    def lease(self, owner: str, *, limit: int, seconds: float) -> list[LeasedRow]:
        """Claim rows that wait to be sent. The journal says that they may be on their way when this returns."""
        with self._lock:
            if not self._leased_ahead:
                # Nobody gets a row of which the journal does not know: this returns after it was written.
                ahead = super().lease(owner, limit=max(limit, _LEASED_AHEAD), seconds=_FOREVER)
                self._leased_ahead.extend(ahead)
            return [self._leased_ahead.popleft() for _ in range(min(limit, len(self._leased_ahead)))]

    def renew(self, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        """Do nothing: nobody else could take them."""

    def _has_changed(self, *, before_sending: bool) -> None:
        if before_sending:
            self._sync.write()
        else:
            self._sync.write_if_due()

    def _release_leased_ahead(self) -> None:
        while self._leased_ahead:
            self.released(self._leased_ahead.popleft(), sent=False)


def _name(text: str) -> str:
    """Return a name for files that is as readable as it can be, and another one for each text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{_NOT_IN_NAMES.sub('_', text)[:_LONGEST_NAME]}-{digest}"
