"""An export as plain Python: an emulated company on a clock that stands still, and a folder on the local disk."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fsspec.implementations.local import LocalFileSystem
from pyarrow import parquet

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.reading.run import ExportRun
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.call_export.storage.manifest import DayManifest
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.emulator import InProcessEmulator, ManualClock, in_process_emulator
from tests.support.memory_store import ObjectStore

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 2, 1), date(2026, 3, 2)
TOBIAS, PRIYA, GRACE = "tobias.okafor@example.com", "priya.raman@example.com", "grace.nakamura@example.com"
QUICK = ExchangePolicy(max_wait=5, first_backoff=0.001, max_backoff=0.002)


Edit = Callable[[str, dict[str, Any], dict[str, Any]], None]


class EditedAnswers(httpx.BaseTransport):
    """Gong as it may become: what it answers can be changed on the way."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self.edits: list[Edit] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._transport.handle_request(request)
        if not self.edits or answer.status_code != 200:
            return answer
        content = json.loads(answer.content)
        for edit in self.edits:
            edit(request.url.path, json.loads(request.content or b"{}"), content)
        return httpx.Response(200, content=json.dumps(content))


class Company:
    """An emulated company and its export."""

    def __init__(self, emulator: InProcessEmulator, root: Path) -> None:
        self.emulator = emulator
        self.root = root
        self.now = NOW
        self.ids: dict[str, str] = {}
        self.answers = EditedAnswers(emulator.transport)
        self.store = ObjectStore()
        self.folder = ExportFolder(LocalFileSystem(), str(root / "export"))
        auth = AccessKeyAuth(emulator.access_key, emulator.access_key_secret)
        budget = LocalBudget(100_000, 10_000_000)
        self.client = GongClient(emulator.url, auth, budget=budget, policy=QUICK, transport=self.answers)

    def use_object_store(self) -> None:
        """Export into an object store instead of the local disk."""
        self.folder = ExportFolder(self.store, "/bucket/export")

    def settings(self, **changes: Any) -> ExportSettings:
        return ExportSettings.of(**changes)

    def run(self, on_shrink: str = "fail", **settings: Any) -> ExportRun:
        scratch = Path(tempfile.mkdtemp(dir=self.root))
        return ExportRun(
            self.folder,
            self.client,
            self.settings(**settings),
            scratch,
            on_shrink=OnShrink(on_shrink),
            clock=lambda: self.now,
        )

    def export(self, first: date = FIRST, last: date = LAST, *, on_shrink: str = "fail", **settings: Any) -> ExportRun:
        run = self.run(on_shrink, **settings)
        for day in day_range(first, last):
            run.read(day)
        run.settle()
        return run

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)
        self.emulator.advance(timedelta(**time).total_seconds())

    def add_call(self, ident: str, started: datetime, host: str = TOBIAS, minutes: float = 10, **more: Any) -> str:
        """Add a call that Gong shows from now on, and return Gong's id of it."""
        days = (self.now - started).total_seconds() / 86_400
        parties = [{"name": "Dana Ortiz", "emailAddress": f"dana@{ident}.example.com"}]
        call = {"clientUniqueId": ident, "title": f"Call {ident}", "host": host, "daysAgo": days, "minutes": minutes}
        self.emulator.seed({"calls": [call | {"parties": parties} | more]})
        return self.call_ids()[ident]

    def delete_call(self, ident: str) -> None:
        """Delete a call as a privacy request does."""
        self.client.run("purgeEmailAddress", query={"emailAddress": f"dana@{ident}.example.com"})
        self.advance(hours=2)

    def call_ids(self) -> dict[str, str]:
        """Return Gong's ids of all calls that there are or were, by id in the recording system."""
        self.ids |= {call["clientUniqueId"]: call["id"] for call in self.emulator.state()["calls"]}
        return self.ids

    def whole_days(self) -> dict[date, str]:
        """Return what the files of each day are, after making sure that they are those of the manifests."""
        found = {}
        for manifest in self.manifests():
            assert manifest.is_complete
            for table in manifest.tables.values():
                with self.folder.opened(table.path) as file:
                    content = file.read()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (table.size, table.sha256)
            found[manifest.day] = repr({name: table.digest for name, table in sorted(manifest.tables.items())})
        return found

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Return all files of the export, with what changes when they are written."""
        found = [path for path in (self.root / "export").rglob("*") if path.is_file()]
        return {
            path.relative_to(self.root / "export").as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
            for path in found
        }

    def rows(self, table: str, day: date | None = None) -> list[dict[str, Any]]:
        """Return the rows of a table, as another program reads them."""
        pattern = f"{table}/started_date={'*' if day is None else day}/part-0.*"
        return [row for path in sorted((self.root / "export").glob(pattern)) for row in rows_of(path)]

    def edit_calls(self, edit: Callable[[dict[str, Any]], None]) -> None:
        """Change the rows of calls that Gong returns from now on."""

        def change(path: str, _: dict[str, Any], answer: dict[str, Any]) -> None:
            if path.endswith("/extensive"):
                for call in answer["calls"]:
                    edit(call)

        self.answers.edits.append(change)

    def edit_call(self, ident: str, edit: Callable[[dict[str, Any]], None]) -> None:
        """Change what Gong returns of one call from now on."""
        self.edit_calls(lambda call: edit(call) if call["metaData"]["clientUniqueId"] == ident else None)

    def make_private(self, ident: str) -> None:
        """Make a call private."""
        self.edit_call(ident, lambda call: call["metaData"].update(isPrivate=True))

    def move(self, ident: str, started: datetime) -> None:
        """Let a call have started at another time, as Gong says from now on."""
        call_id = self.call_ids()[ident]
        moment = started.isoformat()

        def change(path: str, body: dict[str, Any], answer: dict[str, Any]) -> None:
            if not path.endswith("/extensive"):
                return
            filters = body["filter"]
            calls = [call for call in answer["calls"] if call["metaData"]["id"] != call_id]
            if call_id in filters.get("callIds", ()):
                calls = answer["calls"]
            elif filters.get("fromDateTime", "~") <= moment.replace("+00:00", "Z") < filters.get("toDateTime", ""):
                body = {**body, "filter": {"callIds": [call_id]}}
                calls += self.client.run("listCallsExtensive", body=body)["calls"]
            for call in calls:
                if call["metaData"]["id"] == call_id:
                    call["metaData"]["started"] = moment
            answer["calls"] = calls

        self.answers.edits.append(change)

    def hide(self, *idents: str) -> None:
        """Let Gong show nothing of calls."""
        gone = {self.call_ids()[ident] for ident in idents}

        def change(path: str, _: dict[str, Any], answer: dict[str, Any]) -> None:
            if path.endswith("/extensive"):
                answer["calls"] = [call for call in answer["calls"] if call["metaData"]["id"] not in gone]

        self.answers.edits.append(change)

    def without_transcripts(self, *idents: str) -> None:
        """Take the transcripts of calls away."""
        gone = {self.call_ids()[ident] for ident in idents}

        def change(path: str, _: dict[str, Any], answer: dict[str, Any]) -> None:
            if path.endswith("/transcript"):
                answer["callTranscripts"] = [row for row in answer["callTranscripts"] if row["callId"] not in gone]

        self.answers.edits.append(change)

    def exported(self, table: str = "calls") -> list[str]:
        """Return the ids in the recording system of all exported calls."""
        idents = {call_id: ident for ident, call_id in self.call_ids().items()}
        return sorted(idents[row["call_id"]] for row in self.rows(table))

    def manifest(self, day: date) -> DayManifest:
        found = self.folder.manifest(day)
        assert found is not None
        return found

    def manifests(self) -> Iterable[DayManifest]:
        return self.folder.manifests()


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows: list[dict[str, Any]] = parquet.ParquetFile(path).read().to_pylist()
    return rows


def a_day(day: int, hour: int = 10, month: int = 2) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Return a company with a handful of calls, and no limits."""
    settings: Mapping[str, Any] = {"requests_per_second": 0, "requests_per_day": 0, "processing_seconds": 0}
    with in_process_emulator(clock=ManualClock(NOW), **settings) as emulator:
        yield Company(emulator, tmp_path)
