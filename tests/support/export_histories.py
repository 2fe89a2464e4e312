"""Random histories of small companies, and readers that try to keep up: the export, and how others read Gong."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.client.errors import GongEmptyResultError, GongError
from tests.support.changing_gong import WORKSPACES, ChangingGong, Fault, KnownCall
from tests.support.memory_store import Killed, ObjectStore

NIGHTS = 12
LATEST_DAYS = 21
SWEEP_DAYS = 6
# One sweep, one night to confirm what is gone, and one that a fault may have cost.
QUIET_NIGHTS = SWEEP_DAYS + 3
FIRST_DAY = date(2026, 2, 26)
# In memory: thousands of histories create and delete a great many small files.
_SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"

_FOLDER = "/bucket/export"
_CALLS = f"{_FOLDER}/calls/"

Held = dict[str, str]


class Reader(Protocol):
    """Something that keeps a copy of the calls in Gong."""

    name: str

    def night(self, gong: ChangingGong, chance: random.Random) -> None:
        """Do what it does every night."""

    def held(self) -> Held:
        """Return the titles of the calls that it holds, by id."""


class Export:
    """
    The export, all settings at their defaults but for the length of lookback and sweep.

    :param workers: how many tasks read the days of a night, before another one judges what is gone
    """

    name = "whole days with a sweep"

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self.store = ObjectStore()
        self._folder = ExportFolder(self.store, _FOLDER)
        self._titles: dict[tuple[str, str], Held] = {}
        self.alarms = 0
        self.accepted = 0
        self.kills = 0
        self.doubled = 0
        self._settings = ExportSettings.of(tables=["calls", "call_documents"], file_format="jsonl")
        self._plan = PlanSettings(
            lookback=timedelta(days=1), backfill_from=FIRST_DAY, sweep_share=1.0, sweep_days=SWEEP_DAYS
        )

    def night(self, gong: ChangingGong, chance: random.Random) -> None:
        self.store.dies_at = chance.randrange(12) if chance.random() < 0.1 else None
        self.store.dies_before = chance.random() < 0.5
        for _ in range(2):
            try:
                self._run(gong, OnShrink.FAIL)
            except Killed:
                self.kills += 1
                self.store.dies_at = None
            except GongExportShrinkError:
                self.alarms += 1
                self._look_into_it(gong)
                return
            except GongError:
                return
            else:
                return

    def _look_into_it(self, gong: ChangingGong) -> None:
        """A person looks into Gong, and accepts what is gone if the key still sees all calls."""
        self.store.dies_at = None
        if not gong.hides_calls:
            self.accepted += 1
            try:
                self._run(gong, OnShrink.ACCEPT)
            except GongError:
                return

    def _run(self, gong: ChangingGong, on_shrink: OnShrink) -> None:
        export = CallExport(self._folder, self._settings, "company", on_shrink, clock=lambda: gong.now)
        days = export.plan(self._plan).days
        if self._workers > 1:
            for number in range(self._workers):
                part = days[number :: self._workers]
                export.read(gong, part, worker=f"worker-{number}", since=gong.now, leaves_shrunk=True)
        export.read(gong, days, since=gong.now)

    def held(self) -> Held:
        found: Held = {}
        self.doubled = 0
        for path, tag in self.store.tags(_CALLS):
            if (path, tag) not in self._titles:
                rows = map(json.loads, self.store.cat_file(path).splitlines())
                self._titles[path, tag] = {row["call_id"]: row["title"] for row in rows}
            titles = self._titles[path, tag]
            self.doubled += len(found.keys() & titles.keys())
            found |= titles
        return found


class Watermark:
    """
    A reader that remembers how far it has read, and reads on from there.

    :param lookback: how much further back it begins
    :param trusts_404: whether any 404 is an empty window that is done
    """

    def __init__(self, name: str, lookback: timedelta, *, trusts_404: bool = False) -> None:
        self.name = name
        self._lookback = lookback
        self._trusts_404 = trusts_404
        self._read_until = datetime.combine(FIRST_DAY, time(), UTC)
        self._held: Held = {}

    def night(self, gong: ChangingGong, _: random.Random) -> None:
        start = self._read_until - self._lookback
        filters = {"fromDateTime": start.isoformat(), "toDateTime": gong.now.isoformat()}
        latest = self._read_until
        try:
            for call in _listed(gong, {"filter": filters}):
                meta = call["metaData"]
                self._held[meta["id"]] = meta["title"]
                latest = max(latest, datetime.fromisoformat(meta["started"]))
        except GongEmptyResultError:
            pass
        except GongError as error:
            if not (self._trusts_404 and error.status == 404):
                return
        # Those that trust a 404 keep the end of the window; the others the latest start.
        self._read_until = gong.now if self._trusts_404 else latest

    def held(self) -> Held:
        return dict(self._held)


def _listed(gong: ChangingGong, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        page = gong.run("listCallsExtensive", body=body)
        yield from page["calls"]
        if "cursor" not in page["records"]:
            return
        body = {**body, "cursor": page["records"]["cursor"]}


def rivals() -> list[Watermark]:
    """Return how others read Gong."""
    return [
        Watermark("watermark", timedelta(0)),
        Watermark("watermark, 1 day back", timedelta(days=1)),
        Watermark("watermark, 7 days back", timedelta(days=7)),
        Watermark("window, 14 days back, any 404 is done", timedelta(days=14), trusts_404=True),
    ]


@dataclass
class Outcome:
    """What became of a reader's copy, over histories."""

    calls: int = 0
    lost: int = 0
    stale: int = 0
    ghosts: int = 0
    wrongly_deleted: int = 0
    doubled: int = 0
    requests: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Add what became of a copy in other histories."""
        for attribute in ("calls", "lost", "stale", "ghosts", "wrongly_deleted", "doubled", "requests"):
            setattr(self, attribute, getattr(self, attribute) + getattr(other, attribute))
        self.notes.update(other.notes)


class History:
    """
    One history of a company.

    :param seed: decides what happens
    :param readers: who tries to keep up
    :param is_restless: whether time goes by and calls change also while they are read
    """

    def __init__(self, seed: int, readers: list[Reader], *, is_restless: bool = False) -> None:
        self._chance = random.Random(seed)
        self._is_restless = is_restless
        self._readers = readers
        self._before: dict[str, Held] = {reader.name: {} for reader in readers}
        self._wrongly_deleted: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()

    def live(self) -> dict[str, Outcome]:
        """Live through the history, and compare what readers hold with what Gong shows in the end."""
        gong = ChangingGong()
        if self._is_restless:
            gong.meanwhile = lambda: self._meanwhile(gong)
        try:
            return self._lived(gong)
        finally:
            gong.close()

    def _lived(self, gong: ChangingGong) -> dict[str, Outcome]:
        for _ in range(NIGHTS):
            self._day(gong)
            self._night(gong, self._readers)
        gong.hide(())
        gong.faults.clear()
        gong.meanwhile = lambda: None
        # Everything that is late is there before the quiet begins. The export rests meanwhile, the others do not.
        for _ in range(LATEST_DAYS):
            gong.advance(timedelta(days=1))
            self._night(gong, [reader for reader in self._readers if not isinstance(reader, Export)])
        for _ in range(QUIET_NIGHTS):
            gong.advance(timedelta(days=1))
            self._night(gong, self._readers)
        shown = gong.shown()
        return {reader.name: self._compared(reader, shown) for reader in self._readers}

    def _compared(self, reader: Reader, shown: dict[str, KnownCall]) -> Outcome:
        held = reader.held()
        outcome = Outcome(len(shown))
        outcome.lost = len(shown.keys() - held.keys())
        outcome.ghosts = len(held.keys() - shown.keys())
        outcome.stale = sum(held[call_id] != call.title for call_id, call in shown.items() if call_id in held)
        outcome.wrongly_deleted = self._wrongly_deleted[reader.name]
        outcome.requests = self._requests[reader.name]
        if isinstance(reader, Export):
            outcome.doubled = reader.doubled
            outcome.notes.update(alarms=reader.alarms, accepted=reader.accepted, kills=reader.kills)
        return outcome

    def _night(self, gong: ChangingGong, readers: list[Reader]) -> None:
        for reader in readers:
            before, shown = gong.requests, gong.shown().keys()
            reader.night(gong, self._chance)
            self._requests[reader.name] += gong.requests - before
            held = reader.held()
            gone = self._before[reader.name].keys() - held.keys()
            self._wrongly_deleted[reader.name] += len(gone & shown & gong.shown().keys())
            self._before[reader.name] = held

    def _day(self, gong: ChangingGong) -> None:
        """Let a day go by."""
        chance = self._chance
        for _ in range(chance.randrange(4)):
            started = gong.now + timedelta(hours=chance.uniform(0, 20))
            gong.take_place(started, self._delay())
        gong.faults.clear()
        gong.advance(timedelta(days=1))
        for call in gong.known():
            self._change(call)
        gong.hide(self._hidden())
        if chance.random() < 0.15:
            gong.faults.append(self._fault())

    def _meanwhile(self, gong: ChangingGong) -> None:
        gong.advance(timedelta(seconds=self._chance.uniform(1, 240)))
        if self._chance.random() < 0.2:
            for call in gong.known():
                self._change(call)

    def _change(self, call: KnownCall) -> None:
        """Let something happen to a call, in most cases nothing."""
        match self._chance.randrange(60):
            case 0:
                call.title += ", again"
                call.analyses += 1
            case 1:
                moved = call.started + timedelta(hours=self._chance.uniform(-50, 50))
                call.started = max(moved, datetime.combine(FIRST_DAY, time(), UTC))
            case 2:
                call.is_deleted = True
            case 3:
                call.is_private = not call.is_private
            case 4:
                call.is_transcribed = not call.is_transcribed

    def _hidden(self) -> Sequence[str]:
        """Return the workspaces that the key has lost for a day: mostly none, sometimes all, sometimes one of them."""
        kind = self._chance.random()
        if kind < 0.08:
            return WORKSPACES
        return [self._chance.choice(WORKSPACES)] if kind < 0.12 else ()

    def _delay(self) -> timedelta:
        chance = self._chance
        return timedelta(hours=chance.choice((0.2, 0.2, 0.5, 3, 12, 30, 24 * chance.uniform(2, LATEST_DAYS))))

    def _fault(self) -> Fault:
        chance = self._chance
        action = chance.choice(("status", "reset", "garbage", "truncate"))
        status = chance.choice((404, 500, 502, 503, 403))
        text = "Not Found" if status == 404 else "Sorry"
        return Fault(action, chance.choice((0.2, 1.0)), status, text, random.Random(chance.random()))


def histories(first: int, count: int, *, are_restless: bool = False) -> dict[str, Outcome]:
    """
    Live through histories, and return what became of each reader's copy in all of them.

    :param are_restless: whether time goes by and calls change also while they are read
    """
    totals: dict[str, Outcome] = {}
    for seed in range(first, first + count):
        # What a killed process leaves behind stays below this folder.
        tempfile.tempdir = tempfile.mkdtemp(prefix="gong-history-", dir=_SCRATCH)
        scratch = Path(tempfile.tempdir)
        try:
            readers = [Export(workers=1 + seed % 2), *rivals()]
            outcomes = History(seed, readers, is_restless=are_restless).live()
        finally:
            tempfile.tempdir = None
            shutil.rmtree(scratch, ignore_errors=True)
        for name, outcome in outcomes.items():
            totals.setdefault(name, Outcome()).add(outcome)
    return totals
