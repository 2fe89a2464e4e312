"""
Compares the public API with the kept list in .ci/public_api.txt: names, signatures and defaults.

Usage: public_api.py check | update. A name that was added, changed or removed has to be in the newest section of
CHANGELOG.md, so ``update`` refuses to write the list without an entry, and ``check`` fails until the list is written.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = "airflow_provider_gong"
# What users import. Packages stand for all their modules without an underscore.
PUBLIC = (
    "assets",
    "client",
    "emulator",
    "hooks.gong",
    "links",
    "notifications",
    "operators",
    "retries",
    "sensors",
    "task_groups",
    "transfers",
    "triggers",
)
BY_EXPORTS = ("client", "emulator")
RESOURCES = tuple(f"client.resources.{name}" for name in ("calls", "meetings", "users", "workspaces"))


def public_api() -> list[str]:
    """Return one line for each public name, with its signature, sorted."""
    lines: set[str] = set()
    for name in PUBLIC:
        module = import_module(f"{PACKAGE}.{name}")
        if name in BY_EXPORTS:
            for exported in module.__all__:
                lines.update(_described(f"{name}.{exported}", getattr(module, exported)))
        else:
            for inner in _modules(module):
                lines.update(_members(inner))
    for name in RESOURCES:
        lines.update(_members(import_module(f"{PACKAGE}.{name}")))
    return sorted(lines)


def _modules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if not found.name.startswith("_") and not found.ispkg:
            yield import_module(f"{module.__name__}.{found.name}")


def _members(module: ModuleType) -> Iterator[str]:
    prefix = module.__name__.removeprefix(f"{PACKAGE}.")
    for name, member in vars(module).items():
        is_own = getattr(member, "__module__", None) == module.__name__ and not name.startswith("_")
        if is_own and (inspect.isclass(member) or inspect.isfunction(member)):
            yield from _described(f"{prefix}.{name}", member)


def _described(name: str, member: Any) -> Iterator[str]:
    if inspect.isfunction(member):
        yield f"{name}{_signature(member)}"
        return
    if not inspect.isclass(member):
        yield name
        return
    if hasattr(member, "__total__"):  # a TypedDict
        for key, kind in member.__annotations__.items():
            yield f"{name}[{key!r}]: {getattr(kind, '__forward_arg__', kind)}"
        return
    yield f"class {name}{_signature(member.__init__)}"
    if issubclass(member, BaseException):
        return
    own = [kind for kind in member.__mro__ if kind.__module__.startswith(PACKAGE)]
    for inner in sorted({inner for kind in own for inner in vars(kind) if not inner.startswith("_")}):
        value = inspect.getattr_static(member, inner)
        function = getattr(value, "__func__", getattr(value, "_function", value))
        yield f"{name}.{inner}{_signature(function) if inspect.isfunction(function) else ''}"


def _signature(function: Any) -> str:
    try:
        text = str(inspect.signature(function))
    except (TypeError, ValueError):
        return "(...)"
    # Functions and objects as defaults have another address in each process.
    return re.sub(r"<(?:function|bound method|[\w.]+ object)[^>]*>", "...", text)


def changed_names(kept: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the last parts of the names that were added, changed or removed, as an entry would mention them."""
    changed = (line[1:] for line in difflib.ndiff(kept, found) if line[:2] in ("+ ", "- "))
    names = (re.match(r" (?:class )?([\w.]+)(?:\[')?(\w*)", line) for line in changed)
    return list(dict.fromkeys(match[2] or match[1].rpartition(".")[2] for match in names if match))


def unmentioned(names: Sequence[str], changelog: str) -> list[str]:
    """Return the names that the newest section of the changelog does not mention as code."""
    section = re.split(r"^## ", changelog, flags=re.MULTILINE)[1]
    words = {word for code in re.findall(r"`([^`]+)`", section) for word in re.findall(r"\w+", code)}
    return [name for name in names if name not in words]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("action", choices=["check", "update"])
    parser.add_argument("--kept", type=Path, default=PROJECT / ".ci" / "public_api.txt")
    parser.add_argument("--changelog", type=Path, default=PROJECT / "CHANGELOG.md")
    options = parser.parse_args(arguments)
    found = public_api()
    kept = options.kept.read_text(encoding="utf-8").splitlines() if options.kept.exists() else None
    if kept == found:
        return 0
    if kept is not None:
        print(*(line for line in difflib.unified_diff(kept, found, "kept", "found", lineterm="", n=0)), sep="\n")
        missing = unmentioned(changed_names(kept, found), options.changelog.read_text(encoding="utf-8"))
        if missing:
            print(f"The newest section of CHANGELOG.md does not mention: {', '.join(missing)}", file=sys.stderr)
            return 1
    if options.action == "check":
        print("The public API has changed: run make update-public-api.", file=sys.stderr)
        return 1
    options.kept.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    sys.exit(main())
