"""Random histories of small companies, and readers that try to keep up: the export, and how others read Gong."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.files import rows_of_calls
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.client.errors import GongEmptyResultError, GongError
from airflow_provider_gong.emulator.faults import Fault
from tests.support.changing_gong import ChangingGong, KnownCall, changing_gong
from tests.support.memory_store import Killed, ObjectStore

NIGHTS = 12
LATEST_DAYS = 21
SWEEP_DAYS = 6
# One sweep, one night to confirm what is gone, and one that a fault may have cost.
QUIET_NIGHTS = SWEEP_DAYS + 3
FIRST_DAY = date(2026, 2, 20)
# In memory: thousands of histories create and delete a great many small files.
_SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"

Held = dict[str, str]


class Reader(Protocol):
    """Something that keeps a copy of the calls in Gong."""

    name: str

    def night(self, gong: ChangingGong, chance: random.Random) -> None:
        """Do what it does every night."""

    def held(self) -> Held:
        """Return the titles of the calls that it holds, by id."""


class Export:
    """The export, all settings at their defaults but for the length of lookback and sweep."""

    name = "whole days with a sweep"

    def __init__(self) -> None:
        self.store = ObjectStore()
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
        """A person looks into Gong, and accepts what is gone if the key still sees calls."""
        self.store.dies_at = None
        if not gong.is_blind:
            self.accepted += 1
            try:
                self._run(gong, OnShrink.ACCEPT)
            except GongError:
                return

    def _run(self, gong: ChangingGong, on_shrink: OnShrink) -> None:
        folder = ExportFolder(self.store, "/bucket/export")
        export = CallExport(folder, self._settings, "company", on_shrink, clock=lambda: gong.now)
        plan = export.plan(self._plan)
        with gong.client() as client:
            export.read(client, plan.days)

    def held(self) -> Held:
        folder = ExportFolder(self.store, "/bucket/export")
        found: Held = {}
        self.doubled = 0
        for manifest in folder.manifests():
            table = manifest.tables.get("calls")
            if table is not None:
                with folder.opened(table.path) as file:
                    parts = rows_of_calls(
                        file, self._settings.tables["calls"], self._settings.file_format, manifest.calls
                    )
                    for row in (row for part in parts for row in part):
                        self.doubled += row[0] in found
                        found[row[0]] = row[1]
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
        with gong.client() as client:
            try:
                for call in client.run_all("listCallsExtensive", body={"filter": filters}):
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
    """

    def __init__(self, seed: int, readers: list[Reader]) -> None:
        self._chance = random.Random(seed)
        self._readers = readers
        self._before: dict[str, Held] = {reader.name: {} for reader in readers}
        self._wrongly_deleted: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()

    def live(self) -> dict[str, Outcome]:
        """Live through the history, and compare what readers hold with what Gong shows in the end."""
        with changing_gong() as gong:
            for _ in range(NIGHTS):
                self._day(gong)
                self._night(gong, self._readers)
            gong.blind(is_blind=False)
            gong.emulator.clear_faults()
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
            before = gong.requests
            reader.night(gong, self._chance)
            self._requests[reader.name] += gong.requests - before
            held = reader.held()
            gone = self._before[reader.name].keys() - held.keys()
            self._wrongly_deleted[reader.name] += len(gone & gong.shown().keys())
            self._before[reader.name] = held

    def _day(self, gong: ChangingGong) -> None:
        """Let a day go by."""
        chance = self._chance
        for _ in range(chance.randrange(4)):
            started = gong.now + timedelta(hours=chance.uniform(0, 20))
            gong.take_place(started, self._delay())
        gong.emulator.clear_faults()
        gong.advance(timedelta(days=1))
        known = list(gong.shown().values())
        for call in known:
            match chance.randrange(60):
                case 0:
                    gong.rename(call, f"{call.title}, again")
                case 1:
                    gong.move(call, call.started + timedelta(hours=chance.uniform(-50, 50)))
                case 2:
                    gong.delete(call)
                case 3:
                    gong.hide(call, is_private=True)
                case 4:
                    gong.transcribe(call, is_there=chance.random() < 0.5)
        gong.blind(is_blind=chance.random() < 0.08)
        if chance.random() < 0.15:
            gong.emulator.add_faults(self._fault())

    def _delay(self) -> timedelta:
        chance = self._chance
        return timedelta(hours=chance.choice((0.2, 0.2, 0.5, 3, 12, 30, 24 * chance.uniform(2, LATEST_DAYS))))

    def _fault(self) -> Fault:
        chance = self._chance
        action = chance.choice(("status", "reset", "garbage", "truncate"))
        status = chance.choice((404, 500, 502, 503, 403))
        rule: dict[str, Any] = {
            "action": action,
            "probability": chance.choice((0.2, 1.0)),
            "seed": chance.randrange(99),
        }
        return Fault(**rule, status=status, text="Not Found" if status == 404 else "Sorry")


def histories(first: int, count: int) -> dict[str, Outcome]:
    """Live through histories, and return what became of each reader's copy in all of them."""
    totals: dict[str, Outcome] = {}
    for seed in range(first, first + count):
        # What a killed process leaves behind stays below this folder.
        tempfile.tempdir = tempfile.mkdtemp(prefix="gong-history-", dir=_SCRATCH)
        scratch = Path(tempfile.tempdir)
        try:
            outcomes = History(seed, [Export(), *rivals()]).live()
        finally:
            tempfile.tempdir = None
            shutil.rmtree(scratch, ignore_errors=True)
        for name, outcome in outcomes.items():
            totals.setdefault(name, Outcome()).add(outcome)
    return totals
