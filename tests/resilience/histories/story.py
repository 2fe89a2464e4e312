"""Random small histories: imports, and what happens to them, all of it decided by a seed."""

from __future__ import annotations

import contextlib
import hashlib
import random
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from airflow_provider_gong.client.pacing import Share
from airflow_provider_gong.emulator import in_process_emulator
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.store import budget as budget_module
from tests.resilience.histories.airflow import Fate, ImportDag
from tests.resilience.histories.history import Event, History, Manifest
from tests.resilience.histories.others import make_calls_of_others
from tests.resilience.histories.phases import Company
from tests.resilience.histories.place import Place
from tests.resilience.histories.recorder import Recorder, add_what_gong_saw, calls_in
from tests.resilience.histories.weather import EVERYTHING, Weather, draw_faults
from tests.resilience.histories.world import World
from tests.support.recordings import manifest_row, write_manifest

_MEMORY = Path("/dev/shm")
_RATE = 100
_SECONDS = 61
_CLOCK_SKEWS = ((0.0,), (0.0, 5.0), (-3600.0, 0.0, 3600.0), (0.0, 90_000.0))
PLACES = ("sqlite", "sqlite", "folder", "postgresql")
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)


class WorldClock(Clock):
    """The emulator's time, which is that of the world."""

    def __init__(self, world: World) -> None:
        super().__init__(world.time(), 0.0)
        self._world = world

    def now(self) -> float:
        return self._world.time()


@dataclass(frozen=True)
class Setting:
    """What a seed decides before anything happens."""

    place: str
    manifests: tuple[range, ...]
    workers: int
    in_flight: int
    lease_seconds: float
    storm_seconds: float
    kills: float
    pauses: float
    per_day: int
    clock_skews: tuple[float, ...]
    gong: dict[str, Any]

    @classmethod
    def draw(cls, chance: random.Random, places: tuple[str, ...], kinds: frozenset[str]) -> Setting:
        place = chance.choice(places)
        rows = chance.randint(5, 16)
        manifests = [range(1, rows + 1)]
        if chance.random() < 0.5 and (place != "folder" or "common rows in folders" in kinds):
            common = chance.randint(1, min(rows, 5))
            manifests.append(range(rows - common + 1, rows - common + 1 + chance.randint(common, common + 5)))
        return cls(
            place=place,
            manifests=tuple(manifests),
            workers=1 if place == "folder" else chance.randint(1, 3),
            in_flight=chance.choice((1, 2, 4)),
            lease_seconds=chance.choice((30.0, 120.0, 300.0)),
            storm_seconds=chance.choice((60.0, 600.0, 3600.0)),
            kills=chance.choice((0.0, 0.2, 0.5)),
            pauses=chance.choice((0.0, 0.2, 0.4)),
            # As good as no limit, or less than an import needs: then it goes on the next day.
            per_day=chance.choice((10_000, 10_000, 10_000, 30)) if "day is short" in kinds else 10_000,
            clock_skews=chance.choice(_CLOCK_SKEWS) if place == "folder" and "clock skew" in kinds else (0.0,),
            gong={
                "processing_seconds": chance.choice((0.0, 60.0, 240.0)),
                "processing": chance.choice(("parallel", "queue")),
                "transient_not_found": chance.choice(("first", "middle", "last", "never")),
                "transient_share": chance.choice((0.05, 0.5)),
                "duplicate_status": chance.choice((400, 409)),
                "duplicate_media_text": chance.choice(("detailed", "bare")),
            },
        )


def live(
    seed: int,
    *,
    new_database: Callable[[], str] | None = None,
    kinds: frozenset[str] = EVERYTHING,
    places: tuple[str, ...] = PLACES,
) -> History:
    """
    Live through the history of a seed.

    :param new_database: returns the URL of an empty PostgreSQL database; without, SQLite takes its place
    :param kinds: what may happen
    :param places: where imports are kept: ``sqlite``, ``folder`` and ``postgresql``
    """
    chance, later = random.Random(seed), random.Random(f"{seed}/later")
    # The client's jitter comes from the module.
    random.seed(seed)
    drawn = Setting.draw(chance, places, kinds)
    history = History(seed, per_day=drawn.per_day)
    world = World(seed, START.timestamp(), lambda what, whom, where: _note(history, world, what, whom, where))
    recorder = Recorder(history, world)
    server_url = with_virtual_time(new_database()) if new_database and drawn.place == "postgresql" else None
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        place = _place(drawn.place, folder, server_url)
        stack.callback(place.close)
        stack.enter_context(recorder.watching(place))
        stack.enter_context(mock.patch.object(budget_module, "time", _MonotonicTime(world)))
        gong = stack.enter_context(
            in_process_emulator(clock=WorldClock(world), requests_per_day=drawn.per_day, **drawn.gong)
        )
        history.host = gong.url.removeprefix("https://")
        hosts = len(drawn.manifests) if place.is_folder else 1
        # Pacers that know nothing of each other may each send once more in a second.
        share = Share(3.0 if hosts == 1 else 1.0, drawn.per_day // hosts)
        company = Company(gong, recorder, place, share, chance)
        fate = Fate(chance, drawn.kills, drawn.pauses, world.now + drawn.storm_seconds)
        dags = [
            _dag(company, f"import{number}", rows, folder, fate, drawn) for number, rows in enumerate(drawn.manifests)
        ]
        if "short patience" in kinds and later.random() < 0.2:
            for dag in dags:
                # Somebody clears the tasks more often then: Gong may process one recording after the other.
                dag.verify_timeout, dag.rounds = 60.0, 20
        if "calls of others" in kinds and later.random() < 0.2:
            # In no time, so beyond any limit.
            gong.set(requests_per_second=0, requests_per_day=0)
            history.others = make_calls_of_others(company, later, drawn.manifests)
            gong.set(requests_per_second=history.per_second, requests_per_day=drawn.per_day)
        earlier = len(gong.requests())
        gong.add_faults(*draw_faults(chance, kinds))
        weather = Weather(company, chance, later, fate.until, kinds)
        world.start("weather", weather.live)
        for dag in dags:
            world.start(f"{dag.import_id}/person", dag.live)
        world.run()
        add_what_gong_saw(history, gong, earlier=earlier)
        history.calls = calls_in(gong)
    return history


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder, in memory where there is one, for all that is written to temporary files."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="gong-history-", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before


def _note(history: History, world: World, what: str, whom: str, where: str) -> None:
    history.events.append(Event(world.now, what, whom, where))


class _MonotonicTime:
    """What the shared budget takes for the time of this host."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.now


def _dag(company: Company, import_id: str, numbers: range, folder: Path, fate: Fate, drawn: Setting) -> ImportDag:
    rows = [manifest_row(number) for number in numbers]
    recordings = {row["client_unique_id"]: _recording(folder / row["media"], row["media"]) for row in rows}
    path = write_manifest(folder / f"{import_id}.csv", rows)
    options = {"in_flight": drawn.in_flight, "lease_seconds": drawn.lease_seconds}
    dag = ImportDag(company, import_id, path, Manifest(recordings), fate, drawn.workers, options)
    dag.clock_skews = drawn.clock_skews
    return dag


def _recording(path: Path, name: str) -> str:
    """Write a recording that is long enough and as small as can be, and return its hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE)
        file.writeframes(random.Random(name).randbytes(_RATE * _SECONDS))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _place(kind: str, folder: Path, server_url: str | None) -> Place:
    if kind == "folder":
        return Place(folder=folder / "imports")
    return Place(url=server_url or f"sqlite:///{folder / 'store.db'}")


def with_virtual_time(url: str) -> str:
    """Let a PostgreSQL database take its time from a setting of the connection."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA histories")
        connection.exec_driver_sql(
            "CREATE FUNCTION histories.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
            "$$ SELECT to_timestamp(current_setting('histories.now')::float) $$"
        )
    engine.dispose()
    return f"{url}?options=-csearch_path%3Dpublic,histories,pg_catalog"
