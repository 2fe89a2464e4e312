"""The emulator's own house: which room may use which, how large a room may be, and no circles."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "airflow_provider_gong.emulator"
FOLDER = Path(__file__).parents[2] / PACKAGE.replace(".", "/")

# For each room, the others that it may use; a room is listed before those that it stands on.
ROOMS: dict[str, set[str]] = {
    "pytest_plugin": {"__init__"},
    "__main__": {"server", "company", "world"},
    "__init__": {"server", "state", "faults", "world"},
    "server": {"web", "api", "state", "faults", "access", "contract", "world"},
    "web": {"api", "state", "faults", "access", "company", "contract", "world"},
    "api": {"state", "access", "company", "contract", "world"},
    "state": {"faults", "access", "company", "world"},
    "faults": {"world"},
    "access": {"contract", "world"},
    "company": {"contract", "world"},
    "contract": {"world"},
    "world": set(),
}
MOST_SIBLINGS = 10


def modules() -> Iterator[Path]:
    return (path for path in FOLDER.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Return our modules that a module imports, those for types only included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            module = (node.module or "").removeprefix(PACKAGE).strip(".") or "__init__"
            for alias in node.names:
                inner = FOLDER.joinpath(*module.replace("__init__", "").split("."), alias.name)
                is_module = inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()
                yield f"{module}.{alias.name}".removeprefix("__init__.") if is_module else module


def graph() -> dict[str, set[str]]:
    return {name_of(path): set(imports_of(path)) - {name_of(path)} for path in modules()}


def test_every_room_is_on_the_plan() -> None:
    assert {name.partition(".")[0] for name in graph()} == set(ROOMS)


def test_arrows_between_rooms_only_go_down() -> None:
    graphlib.TopologicalSorter(ROOMS).prepare()
    used = {
        (name.partition(".")[0], target.partition(".")[0]) for name, targets in graph().items() for target in targets
    }
    assert {(room, target) for room, target in used if room != target and target not in ROOMS[room]} == set()


def test_no_module_imports_itself_in_a_circle_not_even_for_types() -> None:
    graphlib.TopologicalSorter(graph()).prepare()


def test_rooms_are_small_and_say_what_they_are() -> None:
    for folder in {path.parent for path in modules()}:
        siblings = {path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        siblings = {path for path in siblings if not path.name.startswith("__")}
        assert len(siblings) <= MOST_SIBLINGS, folder
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))), folder
