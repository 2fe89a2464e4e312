"""The rules of who may import whom, read from the source."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "airflow_provider_gong"
FOLDER = Path(__file__).parents[2] / PACKAGE

# For each room, the others that it may use. Arrows only go down: a room is listed before those that it stands on.
ROOMS: dict[str, set[str]] = {
    "commands": {"call_export", "call_import", "hooks", "ledger", "store", "client", "_compat", "_text"},
    "notifications": {"_choices", "operators", "call_import", "ledger", "_compat", "_text"},
    "assets": {"_compat"},
    "task_groups": {"_choices", "call_export", "operators", "call_import", "_compat"},
    "transfers": {"_choices", "operators", "call_export", "hooks", "_compat"},
    "operators": {
        "_choices",
        "_operator",
        "retries",
        "triggers",
        "links",
        "call_export",
        "call_import",
        "hooks",
        "ledger",
        "store",
        "client",
        "_compat",
        "_text",
    },
    "sensors": {"_choices", "_operator", "retries", "triggers", "links", "hooks", "client", "_compat", "_text"},
    # Triggers run where neither the store nor the import's files can be reached.
    "triggers": {"hooks", "client", "_compat", "_text"},
    "_operator": {"client", "_compat", "_text"},
    "links": {"client", "_compat"},
    "retries": {"_retry_policy", "client", "_compat"},
    "_retry_policy": {"client", "_compat"},
    "hooks": {"call_export", "store", "client", "_compat", "_text", "__init__"},
    "call_import": {"_choices", "ledger", "store", "client", "_text"},
    "call_export": {"_choices", "client", "_scratch", "_text"},
    "ledger": {"store", "_scratch", "_text"},
    # The shared budget is what the client asks for by protocol, and decides as the client's own does.
    "store": {"client", "_text"},
    "client": {"_text"},
    "get_provider_info": {"hooks"},
    "_compat": set(),
    "_choices": set(),
    "_scratch": set(),
    "_text": set(),
    "__init__": set(),
    # A mistake in one must not hide behind the same mistake in the other.
    "emulator": set(),
}

# Libraries that only these modules, or modules in these rooms, may know.
LIBRARIES: dict[str, set[str]] = {
    # The folder of Airflow is found at the same place in all versions.
    "airflow": {"_compat", "hooks.store_url"},
    "httpx": {"client.transport"},
    # The URL of the store is made from an Airflow connection.
    "sqlalchemy": {
        "store",
        "ledger",
        "hooks.gong",
        "hooks.process",
        "hooks.store_url",
    },
}
EXEMPT = {"emulator", "example_dags"}
# What everybody stands on, and what only Airflow's own discovery reads.
GROUND_FLOOR = {"_choices", "_compat", "_scratch", "_text", "__init__", "get_provider_info"}
MAX_SIBLINGS = 13
MAX_LINES = 320


@dataclass(frozen=True)
class Import:
    """One import statement: who imports what, and whether only the type checker sees it."""

    importer: str
    imported: str
    for_types: bool
    line: int

    def __str__(self) -> str:
        return f"{self.importer} (line {self.line}) imports {self.imported}"


def module_name(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def room(module: str) -> str:
    return module.split(".")[0]


def imports_of(path: Path, folder: Path) -> tuple[Import, ...]:
    return _imports_in(path.read_text(encoding="utf-8"), path, folder)


# Several rules look at the same source.
@functools.cache
def _imports_in(source: str, path: Path, folder: Path) -> tuple[Import, ...]:
    return tuple(_found_in(ast.parse(source), path, folder))


def _found_in(tree: ast.Module, path: Path, folder: Path) -> Iterator[Import]:
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{'.' * node.level}{node.module or ''}:{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(module_name(path, folder), _target(name, folder), id(node) in typing_only, node.lineno)


def _target(name: str, folder: Path) -> str:
    """Return the module that is imported; ours without the package's name."""
    module, _, member = name.partition(":")
    if module.split(".")[0] != folder.name:
        return module
    own = module.split(".")[1:]
    inner = folder.joinpath(*own, member)
    if member and (inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()):
        own = [*own, member]
    return ".".join([folder.name, *own]) if own else f"{folder.name}.__init__"


def all_imports(folder: Path) -> list[Import]:
    return [found for path in sorted(folder.rglob("*.py")) for found in imports_of(path, folder)]


def own(imported: str, folder: Path) -> str | None:
    """Return our module of an import without the package's name, None for other people's."""
    prefix = f"{folder.name}."
    return imported.removeprefix(prefix) if imported.startswith(prefix) else None


def wrong_arrows(folder: Path) -> list[str]:
    """Return the imports between rooms that go up or sideways."""
    wrong = []
    for found in all_imports(folder):
        target = own(found.imported, folder)
        here = room(found.importer)
        if found.imported.startswith(".") or (
            target is not None and room(target) != here and room(target) not in ROOMS.get(here, set())
        ):
            wrong.append(str(found))
    return wrong


def wrong_libraries(folder: Path) -> list[str]:
    """Return the imports of libraries that the importer should know nothing of."""
    return [
        str(found)
        for found in all_imports(folder)
        if (knowing := LIBRARIES.get(found.imported.split(".")[0])) is not None
        and not {found.importer, room(found.importer)} & (knowing | EXEMPT)
    ]


def circles(folder: Path) -> list[str]:
    """Return the modules of an import circle, if there is one; also of one that only the type checker sees."""
    graph: dict[str, set[str]] = {}
    for found in all_imports(folder):
        target = own(found.imported, folder)
        if target and target != found.importer:
            graph.setdefault(found.importer, set()).add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_the_source_is_found() -> None:
    importers = {found.importer for found in all_imports(FOLDER)}
    assert {"client.clients", "client.exchange", "store.database", "hooks.gong", "_compat"} <= importers


def crowded(folder: Path) -> list[str]:
    """Return the folders with more modules in them than can be held in the head."""
    found = []
    for place in sorted({path.parent for path in folder.rglob("*.py")} - {folder}):
        siblings = [path for path in place.glob("*.py") if path.name != "__init__.py"]
        if len(siblings) > MAX_SIBLINGS:
            found.append(f"{place.relative_to(folder)} has {len(siblings)} modules")
    return found


def long_modules(folder: Path) -> list[str]:
    """Return the modules that have grown too long."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(folder.rglob("*.py"))}
    return [f"{path.relative_to(folder)} has {length} lines" for path, length in lengths.items() if length > MAX_LINES]


def drawn_arrows() -> set[tuple[str, str]]:
    """Return the arrows of the drawing of the rooms."""
    text = (FOLDER.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.partition("```mermaid")[2].partition("```")[0]
    return {(match[1], match[2]) for match in re.finditer(r"^ *(\w+) --> (\w+)$", drawing, re.MULTILINE)}


def real_arrows(folder: Path) -> set[tuple[str, str]]:
    """Return who imports whom, between rooms; the ground floor, which everybody uses, is left out."""
    arrows = {
        (room(found.importer), room(target)) for found in all_imports(folder) if (target := own(found.imported, folder))
    }
    return {(here, there) for here, there in arrows if here != there and not {here, there} & GROUND_FLOOR}


def test_no_folder_is_crowded() -> None:
    assert crowded(FOLDER) == []


def test_no_module_is_too_long() -> None:
    assert long_modules(FOLDER) == []


def test_drawing_of_the_rooms_is_true() -> None:
    assert drawn_arrows() == real_arrows(FOLDER)


def test_every_room_is_on_the_plan() -> None:
    found = {room(module_name(path, FOLDER)) for path in FOLDER.rglob("*.py")}
    assert found - EXEMPT <= set(ROOMS)


def test_plan_has_no_circle() -> None:
    graphlib.TopologicalSorter(ROOMS).prepare()


def test_arrows_only_go_down() -> None:
    assert wrong_arrows(FOLDER) == []


def test_libraries_stay_where_they_belong() -> None:
    assert wrong_libraries(FOLDER) == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    assert circles(FOLDER) == []


@pytest.mark.parametrize(
    ("module", "source", "check"),
    [
        ("client/errors.py", "from airflow_provider_gong.store.errors import GongStoreError", wrong_arrows),
        ("client/errors.py", "from airflow_provider_gong import store", wrong_arrows),
        ("client/errors.py", "import airflow_provider_gong.hooks.gong", wrong_arrows),
        ("client/errors.py", "from ..store import errors", wrong_arrows),
        ("store/errors.py", "def f():\n    from airflow_provider_gong.hooks import gong", wrong_arrows),
        ("store/errors.py", "if TYPE_CHECKING:\n    from airflow_provider_gong.hooks import gong", wrong_arrows),
        ("call_import/verify.py", "from airflow_provider_gong._compat import BaseHook", wrong_arrows),
        ("triggers/timer.py", "from airflow_provider_gong.store.database import Store", wrong_arrows),
        ("emulator/app.py", "from airflow_provider_gong.client.operations import OPERATIONS", wrong_arrows),
        ("hooks/gong.py", "from airflow_provider_gong.emulator import running_emulator", wrong_arrows),
        ("client/errors.py", "import airflow", wrong_libraries),
        ("store/errors.py", "from airflow.sdk import BaseHook", wrong_libraries),
        ("call_import/verify.py", "def f():\n    import airflow.configuration", wrong_libraries),
        ("client/media.py", "import httpx", wrong_libraries),
        ("hooks/check.py", "from httpx import URL", wrong_libraries),
        ("call_import/verify.py", "import sqlalchemy.exc", wrong_libraries),
    ],
)
def test_checks_find_what_they_look_for(tmp_path: Path, module: str, source: str, check: object) -> None:
    folder = tmp_path / PACKAGE
    for place in (*ROOMS, Path(module).parent.name):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "__init__.py").touch()
    assert callable(check)
    assert check(folder) == []
    (folder / module).write_text(source)
    assert len(check(folder)) == 1


@pytest.mark.parametrize("back", ["def f():\n    import {}.a", "if TYPE_CHECKING:\n    from {}.a import y"])
def test_check_finds_circles(tmp_path: Path, back: str) -> None:
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "a.py").write_text(f"from {PACKAGE}.b import x")
    (folder / "b.py").touch()
    assert circles(folder) == []
    (folder / "b.py").write_text(back.format(PACKAGE))
    assert set(circles(folder)) == {"a", "b"}
