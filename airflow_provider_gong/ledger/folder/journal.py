"""
A journal in files in a folder on any object storage, to which one writer after another adds files that never change.

Each attempt of a task is a writer. ``tries/000001.txt`` contains the name of the first writer, whose segments are
``<writer>/000001.jsonl`` and so on. A writer that finds many segments begins with a snapshot of their content,
``<writer>/snapshot``, which is complete once ``<writer>/snapshot.txt`` exists; readers start at the newest complete
snapshot. The rows of a plan are in a separate folder, ``plans/<store_id>``. Files are numbered without gaps and found
by their numbers, because listings of object stores can be out of date. The first line of each file has its length and
digest, so truncated files are detected.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_gong._text import shown
from airflow_provider_gong.ledger.folder.segments import (
    DamageError,
    Entry,
    Segment,
    is_number,
    mark_of,
    packed,
    unpacked,
)
from airflow_provider_gong.store.errors import GongStoreError, JournalTakenOverError
from airflow_provider_gong.store.files import PRIVATE_FILE, make_private_folder

_READERS = 16
# This many are read at once; for more, a snapshot is worthwhile.
SNAPSHOT_AFTER = 2 * _READERS
_FORMAT = "gong-import-journal"
_VERSIONS = ("1", "2")
_SNAPSHOT, _MARK = "snapshot", "snapshot.txt"


class JournalFolder(Protocol):
    """Path of a journal's folder, such as ``pathlib.Path`` or Airflow's ``ObjectStoragePath``."""

    def __truediv__(self, name: str) -> Any:
        """Return the entry with this name in the folder."""


@dataclass(frozen=True, slots=True)
class Files:
    """
    Segments in a folder that a mark or an entry refers to.

    :param count: number of segments
    :param digest: hash of all of them
    """

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Writer:
    name: str
    version: str


class Journal:
    """
    A journal that is read from its newest snapshot, and that one writer at a time adds to.

    A writer checks for others after it has written, not before: if two write at the same time, at least one of them
    sees the other.

    :param folder: where its files are
    :param snapshot_after: the next writer begins with a snapshot if there are more segments than this
    """

    def __init__(self, folder: JournalFolder, *, snapshot_after: int = SNAPSHOT_AFTER) -> None:
        self._folder = folder
        self._snapshot_after = snapshot_after
        self._name = uuid.uuid4().hex
        self._earlier: list[_Writer] = []
        self._segments_read = 0
        self._last_segments = 0
        self._segments = 0
        self._has_begun = False
        self._is_taken = False

    def __repr__(self) -> str:
        return f"Journal({shown(str(self._folder))})"

    @property
    def is_snapshot_due(self) -> bool:
        """Whether a snapshot would save the next reader many files."""
        return not self._has_begun and self._segments_read > self._snapshot_after

    def segments(self) -> Iterator[Segment]:
        """
        Yield the segments of the newest snapshot and all later ones, without those that a killed writer left truncated.

        :raises GongStoreError: if a file cannot be read, or is damaged
        """
        self._earlier = [self._writer(name, text) for name, text in self._numbered(_try)]
        with ThreadPoolExecutor(_READERS) as pool:
            snapshots = list(pool.map(self._snapshot_of, self._earlier))
        start = max((place for place, snapshot in enumerate(snapshots) if snapshot is not None), default=0)
        for writer, snapshot in zip(self._earlier[start:], snapshots[start:], strict=True):
            if snapshot is not None:
                yield from self.files(f"{writer.name}/{_SNAPSHOT}", snapshot, told_by=f"{writer.name}/{_MARK}")
            self._last_segments = 0
            yield from self._segments_of(writer)

    def files(self, folder: str, files: Files, *, told_by: str = "") -> Iterator[Segment]:
        """
        Yield segments that something refers to; all of them must exist.

        :param told_by: the file that refers to them
        :raises GongStoreError: if a segment is missing, damaged or changed
        """
        digests = []
        for number in range(1, files.count + 1):
            name = f"{folder}/{_segment(number)}"
            with self.damage(name):
                segment = unpacked(name, self._read(name))
            digests.append(segment.digest)
            yield segment
        if mark_of(digests) != files.digest:
            raise self.damaged(f"{told_by or folder}", f"does not fit the files in {folder}")

    def write_files(self, folder: str, batches: Iterable[Sequence[Entry]]) -> Files:
        """Write segments that nothing refers to yet."""
        digests = []
        for number, entries in enumerate(batches, 1):
            content, digest = packed(entries)
            self._write(f"{folder}/{_segment(number)}", content)
            digests.append(digest)
        return Files(len(digests), mark_of(digests))

    def write_snapshot(self, batches: Iterable[Sequence[Entry]]) -> None:
        """Write a snapshot of the whole state; readers start with it as soon as this method returns."""
        self._begin()
        files = self.write_files(f"{self._name}/{_SNAPSHOT}", batches)
        self._write(f"{self._name}/{_MARK}", f"{files.count} {files.digest}\n".encode())

    def append(self, entries: Sequence[Entry]) -> None:
        """
        Add entries as one segment. When this method returns, the actions that they announce may be carried out.

        :raises JournalTakenOverError: if another writer has begun since this one read the journal
        :raises GongStoreError: if the segment cannot be written
        """
        self._begin()
        self._write(f"{self._name}/{_segment(self._segments + 1)}", packed(entries)[0])
        self._segments += 1
        number = len(self._earlier) + 1
        own = self._read(_try(number))
        is_own = own is not None and self._writer(_try(number), own).name == self._name
        self._stop_if(not is_own or self._read(_try(number + 1)) is not None)

    @contextlib.contextmanager
    def damage(self, name: str) -> Iterator[None]:
        """Add the file's name to errors about its content."""
        try:
            yield
        except DamageError as damage:
            raise self.damaged(name, str(damage)) from damage

    def damaged(self, name: str, why: str) -> GongStoreError:
        """Return the error that says which file is damaged."""
        return GongStoreError(
            f"{self!r} is damaged: {name} {why}. Restore the file, or plan the import again with another import_id."
        )

    def _begin(self) -> None:
        self._stop_if(self._is_taken)
        if self._has_begun:
            return
        number = len(self._earlier) + 1
        self._stop_if(self._read(_try(number)) is not None)
        # Once, also if it fails: after a failed write we would mistake our own file for another writer's.
        self._has_begun = True
        self._write(_try(number), f"{_FORMAT} {_VERSIONS[-1]} {self._name}\n".encode(), mode="xb")
        # An earlier writer may have continued since the journal was read.
        last = self._earlier[-1].name if self._earlier else ""
        self._stop_if(bool(last) and self._read(f"{last}/{_segment(self._last_segments + 1)}") is not None)

    def _stop_if(self, is_taken: bool) -> None:
        self._is_taken = is_taken
        if is_taken:
            raise JournalTakenOverError(repr(self))

    def _writer(self, name: str, content: bytes) -> _Writer:
        """Return the writer of an attempt, without a name if it was killed when it began."""
        text = content.decode(errors="replace")
        if not text.endswith("\n"):
            return _Writer("", _VERSIONS[0])
        words = text.split()
        if len(words) != 3 or words[0] != _FORMAT or not words[2].isalnum():
            raise self.damaged(name, "does not name a writer")
        if words[1] not in _VERSIONS:
            raise GongStoreError(f"{self!r} was written by a newer airflow-provider-gong: upgrade it on this host.")
        return _Writer(words[2], words[1])

    def _snapshot_of(self, writer: _Writer) -> Files | None:
        """Return the snapshot of a writer, None if there is none or its writer was killed inside it."""
        name = f"{writer.name}/{_MARK}"
        content = self._read(name) if writer.name and writer.version != _VERSIONS[0] else None
        if content is None or not content.endswith(b"\n"):
            return None
        words = content.decode(errors="replace").split()
        if len(words) != 2 or not is_number(words[0]):
            raise self.damaged(name, "is not the mark of a snapshot")
        return Files(int(words[0]), words[1])

    def _segments_of(self, writer: _Writer) -> Iterator[Segment]:
        found = self._numbered(lambda number: f"{writer.name}/{_segment(number)}") if writer.name else iter(())
        current = next(found, None)
        while current is not None:
            following = next(found, None)
            name, content = current
            self._segments_read += 1
            self._last_segments += 1
            with self.damage(name):
                yield unpacked(name, content, version=writer.version, may_be_cut=following is None)
            current = following

    def _numbered(self, name: Callable[[int], str]) -> Iterator[tuple[str, bytes]]:
        """Yield the names and contents of numbered files, and read some of them ahead."""
        with ThreadPoolExecutor(_READERS) as pool:
            for first in itertools.count(1, _READERS):
                names = [name(number) for number in range(first, first + _READERS)]
                contents = list(pool.map(self._read, names))
                end = contents.index(None) if None in contents else len(contents)
                yield from (
                    (found, content)
                    for found, content in zip(names, contents[:end], strict=False)
                    if content is not None
                )
                if any(content is not None for content in contents[end:]) and self._read(names[end]) is None:
                    raise self.damaged(names[end], "is missing")
                if end < len(contents):
                    return

    def _read(self, name: str) -> bytes | None:
        with self._failures():
            try:
                with self._place(name).open("rb") as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def _write(self, name: str, content: bytes, *, mode: str = "wb") -> None:
        with self._failures():
            folder, _, _ = name.rpartition("/")
            path, local = self._place(name), _local(self._place(folder))
            if local is None:
                self._place(folder).mkdir(parents=True, exist_ok=True)
            else:
                make_private_folder(local)
            with _opened(path, mode) as file:
                if local is not None:
                    os.fchmod(file.fileno(), PRIVATE_FILE)
                file.write(content)

    def _place(self, name: str) -> Any:
        place = self._folder
        for part in name.split("/"):
            place = place / part
        return place

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            self._is_taken = True
            raise JournalTakenOverError(repr(self)) from error
        except Exception as error:
            # The errors of object stores are unpredictable.
            raise GongStoreError(f"{self!r} failed: {type(error).__name__}: {shown(str(error))}.") from error


def _local(path: Any) -> Path | None:
    """Return a path on a local disk as such; None for an object store."""
    # Airflow's local paths have the protocol "file" or none.
    if isinstance(path, Path):
        return path
    return Path(path.path) if getattr(path, "protocol", None) in ("", "file") else None


def _opened(path: Any, mode: str) -> Any:
    try:
        return path.open(mode)
    except (NotImplementedError, ValueError):
        # Not every object store can refuse to replace a file.
        return path.open("wb")


def _try(number: int) -> str:
    return f"tries/{number:06}.txt"


def _segment(number: int) -> str:
    return f"{number:06}.jsonl"
