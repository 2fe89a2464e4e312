"""An export as plain Python: an emulated company on a clock that stands still, and a folder on the local disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from pyarrow import parquet

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.run import ExportRun
from airflow_provider_gong.call_export.settings import ExportSettings, OnShrink
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.call_export.storage.manifest import DayManifest
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.drivers import GongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.emulator import InProcessEmulator, ManualClock, in_process_emulator

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 2, 1), date(2026, 3, 2)
TOBIAS, PRIYA, GRACE = "tobias.okafor@example.com", "priya.raman@example.com", "grace.nakamura@example.com"
QUICK = ExchangePolicy(max_wait=5, first_backoff=0.001, max_backoff=0.002)


class Company:
    """An emulated company and its export."""

    def __init__(self, emulator: InProcessEmulator, root: Path) -> None:
        self.emulator = emulator
        self.root = root
        self.now = NOW
        self.folder = ExportFolder(LocalFileSystem(), str(root / "export"))
        auth = AccessKeyAuth(emulator.access_key, emulator.access_key_secret)
        budget = LocalBudget(100_000, 10_000_000)
        self.client = GongClient(emulator.url, auth, budget=budget, policy=QUICK, transport=emulator.transport)

    def settings(self, **changes: Any) -> ExportSettings:
        return ExportSettings.of(**changes)

    def run(self, on_shrink: str = "fail", **settings: Any) -> ExportRun:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
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
        return {call["clientUniqueId"]: call["id"] for call in self.emulator.state()["calls"]}

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

    def exported(self, table: str = "calls") -> list[str]:
        """Return the titles of all exported calls."""
        titles = {call["id"]: call["clientUniqueId"] for call in self.emulator.state()["calls"]}
        return sorted(titles.get(row["call_id"], row["call_id"]) for row in self.rows(table))

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
