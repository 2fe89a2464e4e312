"""
Patterns of files on this host and in object stores.

``glob`` of pathlib and fsspec leaves out folders that cannot be listed. Here, that is an error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, Protocol

PATTERN_SIGNS = frozenset("*?[")
"""Characters that make a name a pattern."""

_ANY_DEPTH = "**"
Details = Mapping[str, Any]
# The parts of a pattern between its slashes.
_Parts = tuple[str, ...]


class _Entry(NamedTuple):
    name: str
    is_folder: bool
    is_link: bool
    details: Details


class _Files(Protocol):
    """The files of a host or a store; all methods raise what the disk or the store raises."""

    def entries(self, folder: str, start: str) -> Iterable[_Entry]:
        """Return at least the entries of a folder whose names begin like this."""

    def details(self, place: str) -> Details | None:
        """Return what is known of a file; None if it is a folder or does not exist."""


class FilePattern:
    """
    A path or URL with ``*``, ``?``, ``[...]`` and ``**``; names that begin with a dot match only a dot.

    :param name: the pattern; brackets of existing folders and files are not a pattern
    :param open_path: creates the path object of a place
    """

    def __init__(self, name: str, open_path: Callable[[str], Any]) -> None:
        if not name.strip() or name.endswith("://"):
            raise ValueError("the name is empty")
        self.store: Any = open_path(name).fs if "://" in name else None
        """The file system of fsspec; None for files of this host."""
        self.forget()
        name = _as_pattern(name, open_path)
        start = min((name.index(sign) for sign in PATTERN_SIGNS if sign in name), default=len(name))
        folder, slash, _ = name[:start].rpartition("/")
        self.folder = (folder if self.store is not None else os.path.abspath(folder or slash or ".")).rstrip("/")
        """The folder in which it begins."""
        self._root = self.folder if self.store is None else open_path(self.folder).path.rstrip("/")
        parts = tuple(filter(None, name[len(folder + slash) :].split("/")))
        self._parts = (*parts, "*") if parts[-1:] == (_ANY_DEPTH,) else parts

    def files(self) -> dict[str, Details]:
        """Return the files that match, with what their store says of each; raises what the disk or the store raises."""
        if self.store is None:
            found = _walked(_Disk(), self._root, {self._parts})
        elif _ANY_DEPTH in self._parts and _lists_below(self.store):
            found = self._listed_at_once()
        else:
            found = _walked(_Store(self.store), self._root, {self._parts})
        return {self.folder + place.removeprefix(self._root): details for place, details in found}

    def sizes(self, places: Iterable[str]) -> dict[str, int]:
        """
        Return the lengths of objects of its store, 0 for missing ones; each of their folders is listed once.

        Links are left out, since lists have their own lengths.
        """
        root = "/" if self._root.startswith("/") else ""
        scheme = self.folder.removesuffix(self._root.removeprefix(root))
        keys = {root + place.removeprefix(scheme): place for place in places}
        sizes = dict.fromkeys(keys.values(), 0)
        for folder in sorted({key.rpartition("/")[0] for key in keys}):
            with contextlib.suppress(FileNotFoundError):
                for name, _, is_link, details in _Store(self.store).entries(folder, ""):
                    place = keys.get(f"{folder}/{name}")
                    if place is not None and is_link:
                        del sizes[place]
                    elif place is not None:
                        sizes[place] = details["size"]
        return sizes

    def forget(self) -> None:
        """Clear what its store has listed: it keeps that for as long as the process runs, and searches all of it."""
        if self.store is not None:
            self.store.invalidate_cache()

    def _listed_at_once(self) -> Iterator[tuple[str, Details]]:
        # A request for 1,000 objects instead of one for each folder.
        found: dict[str, Details] = self.store.find(self._root, detail=True)
        known = {self._root: {self._parts}}
        for place, details in found.items():
            # Some programs make folders visible by empty objects.
            is_file = details["type"] != "directory" and not place.endswith("/")
            if is_file and place.startswith(f"{self._root}/") and () in _rest_after(place, known):
                yield place, details


class _Disk:
    def entries(self, folder: str, _: str) -> Iterator[_Entry]:
        with os.scandir(folder or "/") as found:
            for entry in found:
                is_link = entry.is_symlink()
                yield _Entry(entry.name, os.path.isdir(entry.path) if is_link else entry.is_dir(), is_link, {})

    def details(self, place: str) -> Details | None:
        return {} if os.path.lexists(place) and not os.path.isdir(place) else None


class _Store:
    def __init__(self, store: Any) -> None:
        self._store = store

    def entries(self, folder: str, start: str) -> Iterator[_Entry]:
        for place, details in self._listed(folder, start).items():
            parent, _, name = place.rstrip("/").rpartition("/")
            # Stores also list the empty object that shows a folder, and some what is further below.
            if parent == folder:
                is_link = details["type"] == "link" or bool(details.get("islink"))
                is_folder = details["type"] == "directory" or (is_link and self._store.isdir(place))
                yield _Entry(name, is_folder, is_link, details)

    def details(self, place: str) -> Details | None:
        found: Details = self._store.info(place)
        return None if found["type"] == "directory" else found

    def _listed(self, folder: str, start: str) -> Mapping[str, Details]:
        options = {"maxdepth": 1, "withdirs": True, "detail": True}
        if start and _lists_below(self._store):
            with contextlib.suppress(TypeError, ValueError):
                return self._store.find(folder, prefix=start, **options)  # type: ignore[no-any-return]
        listed = {details["name"]: details for details in self._store.ls(folder, detail=True)}
        if {place.rstrip("/") for place in listed} == {folder}:
            # adlfs lists nothing else if there is an empty object for a folder.
            return self._store.find(folder, **options)  # type: ignore[no-any-return]
        return listed


def _lists_below(store: Any) -> bool:
    """Return whether a store lists by itself what is below a folder; fsspec leaves out what it cannot list."""
    from fsspec.asyn import AsyncFileSystem

    return store.async_impl and type(store)._find is not AsyncFileSystem._find


def _walked(files: _Files, folder: str, patterns: set[_Parts]) -> Iterator[tuple[str, Details]]:
    """Yield the files below a folder that match a pattern."""
    start = ""
    if len(patterns) == 1:
        ((part, *following),) = patterns
        start, is_literal = _start_of(part)
        if is_literal:
            yield from _named(files, f"{folder}/{start}", tuple(following))
            return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name, is_folder, is_link, details in files.entries(folder, start):
            rest = _rest(patterns, name)
            if not is_folder and () in rest:
                yield f"{folder}/{name}", details
            # Links may lead in circles.
            rest = {parts for parts in rest if parts and not (is_link and parts[0] == _ANY_DEPTH)}
            if is_folder and rest:
                yield from _walked(files, f"{folder}/{name}", rest)


def _named(files: _Files, place: str, following: _Parts) -> Iterator[tuple[str, Details]]:
    """Yield the file with a name, or those below the folder with this name."""
    if following:
        yield from _walked(files, place, {following})
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if (details := files.details(place)) is not None:
            yield place, details


def _rest_after(place: str, known: dict[str, set[_Parts]]) -> set[_Parts]:
    """Return what is left of patterns after a place; ``known`` has what is left after the folders above it."""
    folder, _, name = place.rpartition("/")
    if folder not in known:
        known[folder] = _rest_after(folder, known)
    return _rest(known[folder], name)


def _rest(patterns: set[_Parts], name: str) -> set[_Parts]:
    """Return what is left of patterns after a folder or file of this name."""
    rest: set[_Parts] = set()
    is_hidden = name.startswith(".")
    for parts in filter(None, patterns):
        if parts[0] == _ANY_DEPTH:
            rest |= _rest({parts[1:]}, name) | (set() if is_hidden else {parts})
        elif is_hidden == parts[0].startswith(".") and fnmatchcase(name, parts[0]):
            rest.add(parts[1:])
    return rest


def _as_pattern(name: str, open_path: Callable[[str], Any]) -> str:
    """Return the pattern that a name stands for: brackets of existing names are escaped, a folder means its files."""
    there = name
    # The other signs match themselves, and each look-up is a request.
    while "[" in there and not open_path(there).exists():
        there = there.rpartition("/")[0]
    pattern = there.replace("[", "[[]") + name[len(there) :]
    is_pattern = not PATTERN_SIGNS.isdisjoint(pattern.replace("[[]", ""))
    if pattern.endswith("/") or (not is_pattern and _is_folder(pattern.replace("[[]", "["), open_path)):
        return f"{pattern.rstrip('/')}/*"
    return pattern


def _is_folder(name: str, open_path: Callable[[str], Any]) -> bool:
    is_bucket = "://" in name and name.count("/") == 2
    return is_bucket or bool(open_path(name).is_dir())


def _start_of(part: str) -> tuple[str, bool]:
    """Return the text at the start of a part, and whether it is the whole part."""
    text = part.replace("[[]", "\0")
    start = min((text.index(sign) for sign in PATTERN_SIGNS if sign in text), default=len(text))
    return text[:start].replace("\0", "["), start == len(text)
