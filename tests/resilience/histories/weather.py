"""What goes wrong around the processes: foreign answers, lost and restored stores, clocks that are moved."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from airflow_provider_gong.emulator.faults import FOREIGN_ANSWERS, Fault, foreign_answer
from airflow_provider_gong.store.schema import metadata
from tests.resilience.histories.phases import Company
from tests.resilience.histories.place import Place
from tests.resilience.histories.world import Process

_OPERATIONS = ("addCall", "addCallRecording", "getCall", "listCallsExtensive", "listCalls", "listUsers")
_ENDS_AT_ONCE = (
    "login_redirect",
    "unauthorized_page",
    "forbidden_page",
    "not_found_page",
    "proxy_authentication",
    "too_large",
)

_Where = tuple[random.Random, tuple[str, ...]]

# What answers may be.
FAULTS = frozenset(
    {
        "lost answers",
        "server errors",
        "Gong's 429",
        "foreign answers before the effect",
        "passing foreign answers after the effect",
        "final foreign answers after the effect",
        "foreign 429",
    }
)
# Everything that may happen.
EVERYTHING = FAULTS | frozenset(
    {
        "clock moves",
        "clock skew",
        "day is short",
        "blind key",
        "short patience",
        "calls of others",
        "restored store",
        "lost store",
        "restored folder",
        "lost folder",
        "pruned folder",
        "damaged folder",
        "common rows in folders",
    }
)


def draw_faults(chance: random.Random, kinds: frozenset[str], operations: tuple[str, ...] = _OPERATIONS) -> list[Fault]:
    """
    Return the rules of a history.

    :param operations: of Gong, that they are about
    """
    where = (chance, operations)
    makers: dict[str, Callable[[], Fault]] = {
        "lost answers": lambda: _rule(
            where, action=chance.choice(("reset", "truncate", "garbage")), when=chance.choice(("before", "after"))
        ),
        "server errors": lambda: _rule(
            where, action="status", status=chance.choice((408, 500, 502, 503)), when=chance.choice(("before", "after"))
        ),
        "Gong's 429": lambda: _rule(where, action="status", status=429, retry_after=chance.choice((1, 20, 300))),
        "foreign answers before the effect": lambda: _foreign(where, sorted(FOREIGN_ANSWERS), "before"),
        "passing foreign answers after the effect": lambda: _foreign(
            where, sorted(FOREIGN_ANSWERS.keys() - set(_ENDS_AT_ONCE) - {"too_many_requests"}), "after"
        ),
        "final foreign answers after the effect": lambda: _foreign(where, _ENDS_AT_ONCE, "after"),
        "foreign 429": lambda: _foreign(where, ("too_many_requests",), "after"),
    }
    possible = [kind for kind in makers if kind in kinds]
    number = chance.choice((0, 1, 2, 3, 5)) if possible else 0
    return [makers[chance.choice(possible)]() for _ in range(number)]


def _rule(where: _Where, **rule: Any) -> Fault:
    return Fault(**_which(*where), **rule)


def _foreign(where: _Where, names: Any, when: str) -> Fault:
    return foreign_answer(where[0].choice(names), when=when, **_which(*where))


def _which(chance: random.Random, operations: tuple[str, ...]) -> dict[str, Any]:
    operation = chance.choice(operations)
    if chance.random() < 0.6:
        return {"operation": operation, "nth": chance.randint(1, 12)}
    return {"operation": operation, "probability": chance.choice((0.1, 0.3)), "seed": chance.randrange(1000)}


class Weather:
    """
    What happens at certain times.

    :param later: decides about what came into histories later, so that earlier seeds still tell the same ones
    :param until: when the storm is over
    """

    def __init__(
        self, company: Company, chance: random.Random, later: random.Random, until: float, kinds: frozenset[str]
    ) -> None:
        self._company = company
        self._chance = chance
        self._later = later
        self._until = until
        self._kinds = kinds

    def live(self, sky: Process) -> None:
        """Let it happen."""
        for moment, what, act in sorted(self._plan(sky.world.now), key=lambda entry: entry[0]):
            sky.sleep(moment - sky.world.now)
            sky.world.note(what, self._company.place.name, "")
            act(sky)
        sky.sleep(max(self._until - sky.world.now, 0.0))
        self._company.gong.clear_faults()
        self._company.gong.set(key_sees_calls=True)
        sky.world.note("calm", "weather", "")

    def _plan(self, now: float) -> list[tuple[float, str, Callable[[Process], None]]]:
        chance, place = self._chance, self._company.place
        suffix = "folder" if place.is_folder else "store"
        acts = {"lost": self._lose, "restored": self._restore, "pruned": self._prune, "damaged": self._damage}
        ends = [f"{loss} {suffix}" for loss in acts if f"{loss} {suffix}" in self._kinds]
        planned: list[tuple[float, str, Callable[[Process], None]]] = []
        if ends and chance.random() < 0.4:
            end = chance.choice(ends)
            first, second = sorted(now + chance.choice((3.0, 15.0, 300.0)) * chance.random() for _ in range(2))
            if end.startswith("restored"):
                planned.append((first, "backup", self._back_up))
            planned.append((second, end, acts[end.split()[0]]))
        if "clock moves" in self._kinds and not place.is_folder and chance.random() < 0.2:
            moved = chance.choice((-86_400.0, -60.0, 60.0, 3600.0, 86_400.0))
            planned.append((now + chance.uniform(0, 60), "clock moves", lambda _: self._move_clock(moved)))
        if "blind key" in self._kinds and self._later.random() < 0.15:
            first, second = sorted(now + self._later.choice((60.0, 600.0)) * self._later.random() for _ in range(2))
            planned.append((first, "key goes blind", lambda _: self._company.gong.set(key_sees_calls=False)))
            planned.append((second, "key sees", lambda _: self._company.gong.set(key_sees_calls=True)))
        return planned

    def _move_clock(self, seconds: float) -> None:
        self._company.recorder.clock_moved_by += seconds

    def _back_up(self, _: Process) -> None:
        place = self._company.place
        self._backup: Any = _copy_of(place.folder) if place.is_folder else _content(place.url)

    def _restore(self, sky: Process) -> None:
        place = self._stop_all(sky)
        if place.is_folder:
            _lose_folder(place.folder)
            _write_copy(place.folder, self._backup)
        else:
            _write_content(place.url, self._backup)

    def _lose(self, sky: Process) -> None:
        place = self._stop_all(sky)
        if place.is_folder:
            _lose_folder(place.folder)
        else:
            _write_content(place.url, None)

    def _prune(self, sky: Process) -> None:
        """Let a lifecycle rule remove the oldest files of a folder."""
        place = self._stop_all(sky)
        files = _files_of(place.folder)
        for file in files[: int(len(files) * self._chance.random()) + 1]:
            file.unlink()

    def _damage(self, sky: Process) -> None:
        """Cut a file of a folder off, as a copy that was interrupted does."""
        files = _files_of(self._stop_all(sky).folder)
        if files:
            file = self._chance.choice(files)
            content = file.read_bytes()
            # At the end of a line: what is left can be read, and is not all.
            file.write_bytes(content[: content.rfind(b"\n", 0, len(content) * 2 // 3) + 1])

    def _stop_all(self, sky: Process) -> Place:
        for process in sky.world.processes:
            if "#" in process.name:
                process.kill(f"with {self._company.place.name}")
        # What is written from now on is another ledger.
        self._company.place.generation += 1
        return self._company.place


def _files_of(folder: Path) -> list[Path]:
    """Return the files of a folder, the oldest first."""
    files = [(file.stat().st_mtime_ns, file) for file in folder.rglob("*") if file.is_file()]
    return [file for _, file in sorted(files)]


def _copy_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _write_copy(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _lose_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _content(url: str) -> dict[str, list[dict[str, Any]]] | None:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            tables = {table for table in metadata.sorted_tables if sa.inspect(connection).has_table(table.name)}
            return {
                table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for table in tables
            }
    finally:
        engine.dispose()


def _write_content(url: str, content: dict[str, list[dict[str, Any]]] | None) -> None:
    """Replace all that a database holds; None leaves an empty one."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        for table in metadata.sorted_tables:
            if content is not None and table.name in content:
                table.create(connection)
                if content[table.name]:
                    connection.execute(sa.insert(table), content[table.name])
    engine.dispose()
