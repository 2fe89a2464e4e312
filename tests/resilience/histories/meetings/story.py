"""Random small histories of meetings, and what happens to them, all of it decided by a seed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from airflow_provider_gong import _compat
from airflow_provider_gong.emulator import in_process_emulator
from tests.resilience.histories.airflow import Fate
from tests.resilience.histories.history import Event, History
from tests.resilience.histories.meetings.attempt import as_processes
from tests.resilience.histories.meetings.dag import Hosts, MeetingDag, meetings_in
from tests.resilience.histories.place import Place
from tests.resilience.histories.recorder import Line, Recorder, add_what_gong_saw
from tests.resilience.histories.story import START, WorldClock, scratch, with_virtual_time
from tests.resilience.histories.weather import FAULTS, draw_faults
from tests.resilience.histories.world import Process, World

# Everything that may happen. A disk is restored from a backup only where there is a task state store: elsewhere the
# store alone knows that something was sent, and of what it forgets while the task lives there is no trace.
EVERYTHING = FAULTS | frozenset(
    {
        "lost disk",
        "restored disk",
        "secrets away",
        "company added",
        "other connection",
        "store added",
        "store removed",
        "order changed",
        "typo",
        "organizer",
    }
)
_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class Setting:
    """What a seed decides before anything happens."""

    hosts: int
    meetings: int
    has_task_state: bool
    is_shared: bool
    deferrable: bool
    storm_seconds: float
    kills: float
    pauses: float
    mistakes: frozenset[str]

    @classmethod
    def draw(cls, chance: random.Random, kinds: frozenset[str], task_state: bool | None) -> Setting:
        drawn = chance.random() < 0.5
        return cls(
            hosts=chance.choice((1, 1, 2, 3)),
            meetings=chance.choice((1, 1, 2, 3)),
            has_task_state=(drawn if task_state is None else task_state) and hasattr(_compat, "NEVER_EXPIRE"),
            is_shared=chance.random() < 0.25,
            deferrable=chance.random() < 0.7,
            storm_seconds=chance.choice((60.0, 1200.0, 7200.0)),
            kills=chance.choice((0.0, 0.3, 0.6)),
            pauses=chance.choice((0.0, 0.2, 0.4)),
            mistakes=frozenset(name for name in ("typo", "organizer") if name in kinds and chance.random() < 0.2),
        )


def live_meetings(
    seed: int,
    *,
    new_database: Callable[[], str] | None = None,
    kinds: frozenset[str] = EVERYTHING,
    task_state: bool | None = None,
    **fixed: Any,
) -> History:
    """
    Live through the history of a seed.

    :param new_database: returns the URL of an empty PostgreSQL database; without, hosts share none
    :param kinds: what may happen
    :param task_state: whether Airflow has a task state store; None lets the seed decide
    :param fixed: what else of the setting the seed does not decide
    """
    chance = random.Random(f"{seed}/meetings")
    random.seed(seed)
    drawn = dataclasses.replace(Setting.draw(chance, kinds, task_state), **fixed)
    history = History(seed, per_second=_NO_LIMIT, per_day=_NO_LIMIT)
    world = World(seed, START.timestamp(), lambda what, whom, where: _note(history, world, what, whom, where))
    recorder = Recorder(history, world)
    shared = _shared(new_database()) if new_database is not None and drawn.is_shared else None
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        place = Place(url="sqlite://")
        stack.enter_context(recorder.watching(place))
        gong = stack.enter_context(
            in_process_emulator(clock=WorldClock(world), requests_per_second=0, requests_per_day=0)
        )
        history.host = gong.url.removeprefix("https://")
        stack.enter_context(as_processes(world, recorder, lambda process: Line(process, gong, history, chance)))
        fate = Fate(chance, drawn.kills, drawn.pauses, world.now + drawn.storm_seconds, steps=(12, 24, 48))
        contents = [f"M{number}" for number in range(drawn.meetings)]
        history.contents = frozenset(contents)
        dag = MeetingDag(
            gong,
            recorder,
            Hosts(folder, drawn.hosts),
            fate,
            contents,
            has_task_state=drawn.has_task_state,
            deferrable=drawn.deferrable,
            mistakes=set(drawn.mistakes),
            shared=shared,
        )
        dag.connection.has_store = shared is not None
        stack.enter_context(mock.patch.dict(os.environ, {"AIRFLOW__CORE__EXECUTOR": _executor(drawn.hosts)}))
        gong.add_faults(*draw_faults(chance, kinds, ("addMeeting",)))
        world.start("weather", _Weather(dag, drawn, chance, kinds, gong.clear_faults).live)
        world.start("person", dag.live)
        world.run()
        add_what_gong_saw(history, gong)
        history.meetings = meetings_in(gong)
    return history


def _note(history: History, world: World, what: str, whom: str, where: str) -> None:
    history.events.append(Event(world.now, what, whom, where))


def _shared(url: str) -> dict[str, Any]:
    """Return an Airflow connection to a PostgreSQL database whose time is that of the world."""
    parts = sa.engine.make_url(with_virtual_time(url))
    return {
        "conn_type": "postgres",
        "login": parts.username,
        "password": parts.password,
        "host": parts.host,
        "port": parts.port,
        "schema": parts.database,
        "extra": {"options": parts.query["options"]},
    }


def _executor(hosts: int) -> str:
    return "LocalExecutor" if hosts == 1 else "CeleryExecutor"


class _Weather:
    """What happens at certain times."""

    def __init__(
        self,
        dag: MeetingDag,
        drawn: Setting,
        chance: random.Random,
        kinds: frozenset[str],
        end_faults: Callable[[], None],
    ) -> None:
        self._dag = dag
        self._drawn = drawn
        self._chance = chance
        self._kinds = kinds
        self._end_faults = end_faults

    def live(self, sky: Process) -> None:
        """Let it happen."""
        until = sky.world.now + self._drawn.storm_seconds
        acts = self._acts()
        possible = [kind for kind in sorted(acts) if kind in self._kinds]
        number = self._chance.choice((0, 1, 2)) if possible else 0
        moments = sorted(self._chance.choice((2.0, 120.0, until)) * self._chance.random() for _ in range(number))
        for moment in moments:
            sky.sleep(max(moment - sky.world.now, 0.0))
            kind = self._chance.choice(possible)
            sky.world.note(kind, "DAG", "")
            acts[kind](sky)
        sky.sleep(max(until - sky.world.now, 0.0))
        self._end_faults()
        self._dag.connection.is_there = True
        sky.world.note("calm", "weather", "")

    def _acts(self) -> dict[str, Callable[[Process], None]]:
        connection = self._dag.connection

        def set_to(name: str, value: Any) -> Callable[[Process], None]:
            return lambda _: setattr(connection, name, value)

        acts = {
            "secrets away": set_to("is_there", False),
            "company added": set_to("company", "acme"),
            "other connection": set_to("conn_id", "gong_other"),
            "store added": set_to("has_store", True),
            "store removed": set_to("has_store", False),
        }
        if self._drawn.has_task_state:
            acts["restored disk"] = self._restore_disk
        # Without a disk in common nobody can know what other map indexes have sent.
        if self._drawn.hosts == 1 and self._chance.random() < 0.5:
            return {**acts, "order changed": self._change_order}
        return {**acts, "lost disk": self._lose_disk}

    def _change_order(self, _: Process) -> None:
        self._chance.shuffle(self._dag.contents)

    def _lose_disk(self, sky: Process) -> None:
        self._replace(sky, self._chance.randrange(self._drawn.hosts))

    def _restore_disk(self, sky: Process) -> None:
        """Replace what a host knows by what it knew a while ago."""
        host = self._chance.randrange(self._drawn.hosts)
        with tempfile.TemporaryDirectory() as backup:
            _copy_stores(self._dag.hosts.home(host), Path(backup))
            sky.sleep(self._chance.choice((2.0, 120.0, 1200.0)) * self._chance.random())
            self._replace(sky, host)
            _copy_stores(Path(backup), self._dag.hosts.home(host))

    def _replace(self, sky: Process, host: int) -> None:
        home = self._dag.hosts.home(host)
        for process in sky.world.processes:
            if process.name.endswith(f"@{home.name}"):
                process.kill("with its host")
        self._dag.hosts.replace(host)


def _copy_stores(home: Path, to: Path) -> None:
    """Copy the stores of a host, also while somebody writes to them."""
    for file in home.glob("gong/*.db"):
        (to / "gong").mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(file)) as source,
            contextlib.closing(sqlite3.connect(to / "gong" / file.name)) as copy,
        ):
            source.backup(copy)
