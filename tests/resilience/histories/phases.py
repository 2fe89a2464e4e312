"""The phases of an import as processes: each opens the store and the way to Gong for itself."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.plan.plan import ImportPlan
from airflow_provider_gong.call_import.report.report import ImportReport
from airflow_provider_gong.call_import.report.summary import require_green
from airflow_provider_gong.call_import.upload.upload import ImportUpload
from airflow_provider_gong.call_import.verify import ImportVerification
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import RequestBudget
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.pacing import Share
from airflow_provider_gong.emulator import InProcessEmulator
from airflow_provider_gong.ledger.folder.journaled import journaled_ledger
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreNotSharedError
from tests.resilience.histories.history import Manifest, Report
from tests.resilience.histories.place import Place
from tests.resilience.histories.recorder import Line, Recorder
from tests.resilience.histories.world import Process
from tests.support.media import Files

COMPANY = "emulated"


@dataclass
class Company:
    """
    What all processes of a history share.

    :param share: what a worker with a pacer of its own may use of the limit
    """

    gong: InProcessEmulator
    recorder: Recorder
    place: Place
    share: Share
    chance: random.Random

    def auth(self) -> AccessKeyAuth:
        return AccessKeyAuth(self.gong.access_key, self.gong.access_key_secret)


class SteppingStore(Store):
    """A store whose transactions are steps of a process, over the connections that all processes share."""

    def __init__(self, process: Process, opened: Store) -> None:
        super().__init__(opened.location)
        self._process = process
        self._opened = opened

    @property
    def id(self) -> str:  # type: ignore[override]
        """Identity of the database; cached properties have a lock that all processes here would share."""
        return self._opened.id

    @contextlib.contextmanager
    def begin(self, attached: Path | None = None) -> Iterator[Any]:
        self._process.step("before a transaction")
        with self._opened.begin(attached) as connection:
            yield connection
        self._process.step("after a transaction")

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        self._process.step("before a look")
        with self._opened.read() as connection:
            yield connection


class SteppingFolder:
    """A folder whose files are written in steps of a process; a kill may leave half of a file behind."""

    def __init__(self, process: Process, path: Path) -> None:
        self._process = process
        self._path = path

    def __truediv__(self, name: str) -> SteppingFolder:
        return SteppingFolder(self._process, self._path / name)

    def __str__(self) -> str:
        return str(self._path)

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        self._path.mkdir(parents=parents, exist_ok=exist_ok)

    def open(self, mode: str) -> IO[Any]:
        if mode == "rb":
            return self._path.open(mode)
        self._process.step("before a file")
        file = self._path.open(mode)
        write = file.write

        def write_in_two_steps(content: bytes) -> int:
            half = len(content) // 2
            write(content[:half])
            file.flush()
            self._process.step("in the middle of a file")
            return half + write(content[half:])

        file.write = write_in_two_steps  # type: ignore[method-assign, assignment]
        return file


class Phase:
    """
    One attempt of a task of an import.

    :param company: what it shares with others
    :param import_id: the import
    :param store_id: what the plan's task has left for the later ones; None in the plan's own
    """

    def __init__(self, company: Company, process: Process, import_id: str, store_id: str | None = None) -> None:
        self._company = company
        self._process = process
        self._import_id = import_id
        self._store_id = store_id
        self._clock = process.time
        self._options: dict[str, Any] = {
            "transport": Line(process, company.gong, company.recorder.history, company.chance),
        }

    def plan(self, manifest: Path, rows: Manifest) -> str:
        """Plan the import, and return the id of its store."""
        with self._ledger() as ledger, self._client(ledger) as client:
            ImportPlan(ledger, client, manifest=str(manifest), storage=Files()).run()
            self._company.recorder.history.manifests[self._import_id] = rows
            return ledger.store_id

    def upload(self, worker: int, **options: Any) -> None:
        """Send the rows that wait, as one of the import's workers."""
        with self._ledger() as ledger:
            self._process.run_loop(self._upload(ledger, worker, **options))

    def verify(self, timeout: float) -> None:
        """Read the calls back once."""
        with self._ledger() as ledger, self._client(ledger) as client:
            ImportVerification(ledger, client, timeout=timeout).run()

    def report(self) -> bool:
        """Report what became of the import, and return whether that is green."""
        with self._ledger() as ledger:
            summary = ImportReport(ledger).run()
            rows = list(ledger.rows())
            try:
                require_green(summary, 0)
                is_green = True
            except GongImportFailedError:
                is_green = False
        states = {row.client_unique_id: row.state.value for row in rows}
        call_ids = {row.client_unique_id: row.call_id for row in rows}
        reported = Report(self._process.world.now, self._import_id, is_green, states, call_ids)
        self._company.recorder.history.reports.append(reported)
        return is_green

    async def _upload(self, ledger: Ledger, worker: int, **options: Any) -> None:
        values = {"budget": self._budget(ledger), "one_slot_ahead": True, **self._options}
        async with AsyncGongClient(self._company.gong.url, self._company.auth(), **values) as client:
            owner = f"{self._import_id}/{worker}"
            await ImportUpload(ledger, client, Files(), owner=owner, reopen=worker == 0, **options).run()

    def _client(self, ledger: Ledger) -> GongClient:
        values = {"budget": self._budget(ledger), "sleep": self._process.sleep, **self._options}
        return GongClient(self._company.gong.url, self._company.auth(), **values)

    def _budget(self, ledger: Ledger) -> RequestBudget:
        place = self._company.place
        # Each import that is kept in a folder has a host, whose tasks share a budget and nothing else.
        store = SteppingStore(self._process, place.host(self._import_id)) if place.is_folder else ledger.store
        return SharedBudget(store, COMPANY, self._company.share, timer=self._clock)

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with self._whole_ledger() as ledger:
            if self._store_id is not None and self._store_id != ledger.store_id:
                raise GongStoreNotSharedError(self._store_id, ledger.store_id)
            yield ledger

    @contextlib.contextmanager
    def _whole_ledger(self) -> Iterator[Ledger]:
        place = self._company.place
        if place.is_folder:
            folder = SteppingFolder(self._process, place.folder)
            with journaled_ledger(folder, COMPANY, self._import_id, clock=self._clock, snapshot_after=4) as ledger:
                yield ledger
        else:
            yield Ledger(SteppingStore(self._process, place.store()), COMPANY, self._import_id)
