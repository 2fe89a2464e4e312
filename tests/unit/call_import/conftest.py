"""An import as plain Python: an emulator, a store, and the phases one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.errors import GongImportUnfinishedError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap, Columns
from airflow_provider_gong.call_import.manifest.files import read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.media import MediaStorage
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.plan import ImportPlan
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from airflow_provider_gong.call_import.plan.summary import estimate, log_plan
from airflow_provider_gong.call_import.report.report import ImportReport
from airflow_provider_gong.call_import.upload.upload import ImportUpload
from airflow_provider_gong.call_import.verify import ImportVerification
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.models import User
from airflow_provider_gong.client.models.users import UserSettings
from airflow_provider_gong.emulator import ManualClock, RunningEmulator, running_emulator
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.rows import CallState, ImportRow, PlannedRow
from airflow_provider_gong.store.database import Store
from tests.support.media import Files
from tests.support.recordings import write_night, write_wav

QUICK = ExchangePolicy(max_wait=5, first_backoff=0.001, max_backoff=0.002)
COMPANY = "emulated"
SHARE: dict[str, Any] = {"requests_per_second": 3, "requests_per_day": 42}


@dataclass
class SeenPlan:
    """What became of a plan, all of it in memory."""

    rows: list[PlannedRow]
    warnings: list[str]
    estimate: dict[str, Any]

    @classmethod
    def of(cls, draft: PlanDraft) -> SeenPlan:
        return cls(list(draft.rows()), list(draft.warnings()), estimate(draft, **SHARE))

    @property
    def planned(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.state is CallState.PLANNED]

    @property
    def rejected(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.state is CallState.REJECTED]


@dataclass
class NightPlan:
    """What became of the plan of a night: its figures, and the rows as the ledger has them."""

    estimate: dict[str, Any]
    rows: list[ImportRow]

    @property
    def rejected(self) -> list[ImportRow]:
        return [row for row in self.rows if row.state is CallState.REJECTED]


class NightlyImport:
    """One import of one manifest into an emulator."""

    def __init__(self, emulator: RunningEmulator, store: Store, folder: Path, import_id: str = "night") -> None:
        self.emulator = emulator
        self.folder = folder
        self.ledger = Ledger(store, COMPANY, import_id)
        self.auth = AccessKeyAuth(emulator.access_key, emulator.access_key_secret)
        self.options: dict[str, Any] = {"budget": LocalBudget(10_000, 1_000_000), "policy": QUICK}

        self.async_options: dict[str, Any] = {}

    def client(self) -> GongClient:
        return GongClient(self.emulator.url, self.auth, **self.options)

    def plan(self, manifest: Path, **options: Any) -> NightPlan:
        values = {"storage": Files(), "clock": lambda: NOW, **SHARE, **options}
        with self.client() as client:
            figures = ImportPlan(self.ledger, client, manifest=str(manifest), **values).run()
        return NightPlan(figures, list(self.ledger.rows()))

    def users(self) -> list[User]:
        with self.client() as client:
            return list(client.users.list())

    def plan_night(self, rows: Sequence[Mapping[str, str]]) -> NightPlan:
        return self.plan(write_night(self.folder, rows))

    def upload(self, storage: MediaStorage | None = None, **options: Any) -> dict[str, int]:
        async def run() -> dict[str, int]:
            async with AsyncGongClient(self.emulator.url, self.auth, **self.options, **self.async_options) as client:
                values: dict[str, Any] = {"owner": self.ledger.import_id, "row_backoff": 0.01, **options}
                return await ImportUpload(self.ledger, client, storage or Files(), **values).run()

        return asyncio.run(run())

    def verify(self, timeout: float = 3600, between_looks: float = 0.0) -> float | None:
        """Return the seconds until calls are to be read again, None when all rows have ended."""
        with self.client() as client:
            try:
                ImportVerification(self.ledger, client, timeout=timeout, between_looks=between_looks).run()
            except GongImportUnfinishedError as unfinished:
                return unfinished.retry_after
        return None

    def finish(self) -> None:
        """Let the emulator process everything, and verify."""
        self.emulator.advance(3600)
        assert self.verify() is None

    def rows(self) -> dict[str, ImportRow]:
        return {row.client_unique_id: row for row in self.ledger.rows()}

    def summary(self) -> dict[str, Any]:
        return ImportReport(self.ledger).run()

    def tomorrow(self) -> NightlyImport:
        """Return the same import with a fresh budget, as a task has it that starts the next day."""
        return NightlyImport(self.emulator, self.ledger.store, self.folder, self.ledger.import_id)

    def states(self) -> dict[str, str]:
        return {ident: row.state.value for ident, row in self.rows().items()}

    def media_requests(self) -> int:
        return len(self.emulator.requests("addCallRecording"))

    def post_elsewhere(self, *, recording: int | None = None, **changes: Any) -> str:
        """Post a call under the id of the first row, as another tool does, and return Gong's id of it."""
        host = next(user for user in self.emulator.state()["users"] if user["emailAddress"].startswith("tobias"))
        call = {
            "clientUniqueId": next(self.ledger.rows()).client_unique_id,
            "actualStart": "2020-01-01T00:00:00Z",
            "direction": "Inbound",
            "primaryUser": host["id"],
            "parties": [{"userId": host["id"]}],
            **changes,
        }
        with self.client() as client:
            call_id = client.calls.create(call).call_id
            if recording is not None:
                media = MediaFile.at(write_wav(self.folder / "foreign.wav", seconds=61, seed=recording))
                client.calls.upload_media(call_id, media)
        return call_id

    def calls_in_gong(self) -> dict[str, dict[str, Any]]:
        """Return the calls that were created here, by client unique id."""
        found = [call for call in self.emulator.state()["calls"] if call["clientUniqueId"].startswith("pbx-")]
        by_id = {call["clientUniqueId"]: call for call in found}
        assert len(by_id) == len(found)
        return by_id


@pytest.fixture(scope="session")
def _emulator() -> Iterator[RunningEmulator]:
    with running_emulator(clock=ManualClock(), requests_per_second=0, requests_per_day=0) as running:
        yield running


@pytest.fixture
def emulator(_emulator: RunningEmulator) -> Iterator[RunningEmulator]:
    """Return an emulator as it is after its start."""
    yield _emulator
    _emulator.reset()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.in_folder(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def night(emulator: RunningEmulator, store: Store, tmp_path: Path) -> NightlyImport:
    return NightlyImport(emulator, store, tmp_path)


@pytest.fixture
def other(emulator: RunningEmulator, store: Store, tmp_path: Path) -> NightlyImport:
    """Another import of the same recordings."""
    return NightlyImport(emulator, store, tmp_path, "other night")


NOW = datetime(2026, 11, 28, tzinfo=UTC)
USERS = (
    User(
        id="234599484848423",
        email_address="tobias.okafor@example.com",
        email_aliases=["T.Okafor@example.com"],
        trusted_email_address="tobias@sales.example.com",
        first_name="Tobias",
        last_name="Okafor",
        active=True,
        settings=UserSettings(telephony_calls_imported=True),
    ),
    User(id="900", email_address="noor.haddad@example.com", settings=UserSettings(telephony_calls_imported=False)),
    User(id="901", email_address="amelie.dubois@example.com", active=False),
)


def plan_offline(
    manifest: Path,
    users: Sequence[User] = USERS,
    columns: Columns | None = None,
    *,
    is_logged: bool = False,
    **settings: Any,
) -> SeenPlan:
    """Plan a manifest for a company of a few users, without an emulator and a ledger."""
    rules = {name: settings.pop(name) for name in ("timezone", "is_strict", "now") if name in settings}
    values = {"media_base": None, "storage": Files(), "rules": CellRules(**{"now": NOW, **rules}), **settings}
    read = Manifest(read_files([str(manifest)], Path), ColumnMap(columns))
    with checked_rows(read, HostDirectory(users), PlanSettings(**values)) as draft:
        seen = SeenPlan.of(draft)
        if is_logged:
            log_plan(draft, seen.estimate)
        return seen
