"""Exports: how much they lose, what they cost, how fast they are, and how much memory they take."""

from __future__ import annotations

import gc
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.planning import DayState, PlanSettings, make_plan
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongDailyQuotaError
from airflow_provider_gong.client.models import CallTranscript, ExtensiveCall
from tests.benchmarks.canned_gong import CannedGong, template_calls, template_transcripts
from tests.support.export_histories import Outcome, histories

Rows = list[dict[str, Any]]

_FIRST = date(2026, 2, 1)
_A_MILLION = 913
_DAYS = 1095
_PART = 25


def lost_calls(*, count: int, processes: int = 2) -> Rows:
    """Live through random histories, and count what each reader has lost and kept by mistake."""
    totals: dict[str, Outcome] = {}
    starts = range(0, count, _PART)
    began = time.monotonic()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for start, outcomes in zip(
            starts, pool.map(histories, starts, [min(_PART, count - start) for start in starts]), strict=True
        ):
            for name, outcome in outcomes.items():
                totals.setdefault(name, Outcome()).add(outcome)
            _show_progress(min(start + _PART, count), count, time.monotonic() - began)
    return [_lost(name, outcome) for name, outcome in totals.items()]


def _show_progress(done: int, total: int, seconds: float) -> None:
    rate = done / seconds
    text = (
        f"{done:,} / {total:,} histories, {rate:.1f} a second, {timedelta(seconds=round((total - done) / rate))} left"
    )
    print(f"\r{text} ", end="" if done < total else "\n", file=sys.stderr, flush=True)


def _lost(name: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "reader": name,
        "calls in Gong": outcome.calls,
        "lost": outcome.lost,
        "lost %": round(100 * outcome.lost / outcome.calls, 2),
        "out of date": outcome.stale,
        "deleted in Gong and kept": outcome.ghosts,
        "twice": outcome.doubled,
        "wrongly deleted": outcome.wrongly_deleted,
        "requests": outcome.requests,
        **{note: outcome.notes.get(note, "") for note in ("alarms", "accepted", "kills")},
    }


def requests() -> Rows:
    """Requests of a backfill, and of three months of nights for a million calls in three years."""
    rows = []
    for calls in (91, 548, 900, _A_MILLION, 3000):
        used = _export_days(CannedGong(calls, minutes=0.2), 3)["requests"]
        rows.append(
            {
                "what": f"backfill, {calls} calls a day",
                "requests": used,
                "per 1,000 calls": round(used / calls / 3 * 1000, 1),
            }
        )
    nights = _nights()
    share = max(nights) / PlanSettings().daily_requests
    rows.append(
        {"what": "steady state, a night at most", "requests": max(nights), "per 1,000 calls": f"{share:.1%} of the day"}
    )
    return rows


def _nights() -> list[int]:
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    read_at = {now.date() - timedelta(days=ago): now for ago in range(_DAYS)}
    requests = []
    for _ in range(90):
        now += timedelta(days=1)
        states = [DayState(day, "s", moment, _A_MILLION, 0, None, True) for day, moment in read_at.items()]
        plan = make_plan(states, "s", PlanSettings(), now)
        read_at |= dict.fromkeys(plan.days, now)
        requests.append(plan.requests)
    return requests


class _VirtualClient:
    """A client on virtual time, three requests a second."""

    def __init__(self, client: GongClient) -> None:
        self._client = client
        self.now = datetime(2026, 3, 2, 4, tzinfo=UTC)

    def run(self, operation: str, *, body: Any = None) -> Any:
        self.now += timedelta(seconds=1 / 2.9)
        return self._client.run(operation, body=body)


def backfill(*, days: int = _DAYS, daily_requests: int = 9_500) -> Rows:
    """A backfill of a million calls on virtual time, parked whenever its share of the day is spent."""
    client = _VirtualClient(_client(CannedGong(_A_MILLION, minutes=0.2)))
    began, parked = client.now, 0
    wanted = list(day_range(_FIRST, _FIRST + timedelta(days=days - 1)))
    with tempfile.TemporaryDirectory() as folder:
        settings = ExportSettings.of(tables=["calls"], file_format="jsonl")
        export = CallExport(ExportFolder(LocalFileSystem(), folder), settings, "us-1", clock=lambda: client.now)
        while True:
            try:
                export.read(client, wanted, since=began, daily_requests=daily_requests)
                break
            except GongDailyQuotaError as spent:
                parked += 1
                client.now += timedelta(seconds=spent.retry_after)
        calls = sum(state.calls for state in export.states())
    taken = (client.now - began).total_seconds() / 86_400
    return [{"calls": calls, "requests a day": daily_requests, "parked": parked, "days": round(taken, 2)}]


def speed(*, pages: int = 12, minutes: float = 30) -> Rows:
    """Requests a second that one core reads and writes, half of them pages of transcripts."""
    details = json.dumps({"calls": template_calls(minutes)}).encode()
    transcripts = json.dumps({"callTranscripts": template_transcripts(minutes)}).encode()
    figures, seconds = _timed(lambda: _export_days(CannedGong(pages * 100, minutes), 1))
    calls = pages * 100
    rows = [
        {
            "reader": "export into Parquet",
            "requests/s": _rate(figures, seconds),
            "bytes of Parquet a call": round(figures["bytes"] / calls),
            "bytes of JSON a call": round(len(details + transcripts) / 100),
        }
    ]
    gong = CannedGong(pages * 100, minutes)
    figures, seconds = _timed(lambda: _export_days(gong, 1, wrapped=_WithModels))
    rows.append(
        {
            **dict.fromkeys(rows[0], ""),
            "reader": "the same through pydantic models",
            "requests/s": _rate(figures, seconds),
        }
    )
    _, seconds = _timed(lambda: [_read_plain(details, transcripts) for _ in range(pages)])
    rows.append(
        {
            **dict.fromkeys(rows[0], ""),
            "reader": "plain JSON into JSON lines, no tables",
            "requests/s": round(2 * pages / seconds, 2),
        }
    )
    return rows


def _rate(figures: dict[str, Any], seconds: float) -> float:
    return round(float(figures["requests"]) / seconds, 2)


class _WithModels:
    """A client whose rows go through the client's models, as its typed methods return them."""

    def __init__(self, client: GongClient) -> None:
        self._client = client

    def run(self, operation: str, *, body: Any = None) -> Any:
        page = self._client.run(operation, body=body)
        name, model = ("calls", ExtensiveCall) if "calls" in page else ("callTranscripts", CallTranscript)
        page[name] = [model.model_validate(row).model_dump(by_alias=True, mode="json") for row in page[name]]
        return page


def _read_plain(details: bytes, transcripts: bytes) -> None:
    with tempfile.TemporaryFile("w") as file:
        for row in (*json.loads(details)["calls"], *json.loads(transcripts)["callTranscripts"]):
            file.write(f"{json.dumps(row)}\n")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    gc.collect()
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def memory() -> Rows:
    """The most memory above the baseline of the imported modules, each in a process of its own."""
    cases = {"a day of 20,000 calls of 10 minutes": (20_000, 10.0), "100 transcripts of four hours": (100, 240.0)}
    rows = []
    for name, (calls, minutes) in cases.items():
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            rows.append({"what": name, "MB above the baseline": pool.submit(_peak, calls, minutes).result()})
    return rows


def _peak(calls: int, minutes: float) -> int:
    # Pages of Gong are made by then, and so is everything that the first export loads.
    gong = CannedGong(calls, minutes)
    _export_days(CannedGong(2, 0.2), 1)
    gc.collect()
    # Makes the kernel forget the highest mark so far.
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    _export_days(gong, 1)
    return round((_memory("VmHWM") - before) / 1024)


def _memory(figure: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(figure))


def _client(gong: CannedGong) -> GongClient:
    budget = LocalBudget(1_000_000, 10**9)
    return GongClient("https://us-1.api.gong.io", AccessKeyAuth("k", "s"), budget=budget, transport=gong)


def _export_days(gong: CannedGong, days: int, wrapped: Any = lambda client: client) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        export = CallExport(ExportFolder(LocalFileSystem(), folder), ExportSettings.of(), "us-1")
        figures = export.read(wrapped(_client(gong)), list(day_range(_FIRST, _FIRST + timedelta(days=days - 1))))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    return {**figures, "bytes": size}
