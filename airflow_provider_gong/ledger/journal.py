"""
A journal in files, below a folder on any object storage: what one writer after the other has added, nothing else.

Each try of a task is a writer. ``tries/000001.txt`` names the first, whose segments are ``<writer>/000001.jsonl`` and
so on. Files are numbered without gaps and found by their numbers, since listings of object stores may be out of date.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from airflow_provider_gong._text import shown
from airflow_provider_gong.store.errors import GongStoreError, JournalTakenOverError

Entry = dict[str, Any]

_READERS = 16
_FORMAT = "gong-import-journal 1"


class JournalFolder(Protocol):
    """Where a journal is kept: ``pathlib.Path`` and Airflow's ``ObjectStoragePath`` both fit."""

    def __truediv__(self, name: str) -> Any:
        """Return what has this name in the folder."""


class Journal:
    """
    A journal, read from its beginning and then added to by one writer at a time.

    A writer looks for others after it has written, and not before: of two who write at the same time, at least one
    sees the other.

    :param folder: where its files are
    """

    def __init__(self, folder: JournalFolder) -> None:
        self._folder = folder
        self._writer = uuid.uuid4().hex
        self._earlier_tries = 0
        self._last_writer = ""
        self._last_segments = 0
        self._segments = 0
        self._has_begun = False
        self._is_taken = False

    def __repr__(self) -> str:
        return f"Journal({shown(str(self._folder))})"

    def entries(self) -> Iterator[Entry]:
        """
        Yield all entries, the oldest first; what a killed writer left half-written is left out.

        :raises GongStoreError: if a file cannot be read, or is damaged
        """
        for number in itertools.count(1):
            writer = self._writer_of(number)
            if writer is None:
                return
            self._earlier_tries, self._last_writer, self._last_segments = number, writer, 0
            for text in self._texts(writer) if writer else ():
                self._last_segments += 1
                yield from self._parsed(text)

    def append(self, entries: Sequence[Entry]) -> None:
        """
        Add entries, as one segment. What they say of the future may be done when this returns.

        :raises JournalTakenOverError: if another writer has begun since this one has read the journal
        :raises GongStoreError: if the segment cannot be written
        """
        if self._is_taken:
            raise JournalTakenOverError(repr(self))
        if not self._has_begun:
            self._begin()
        lines = [json.dumps(entry) for entry in entries]
        self._write(self._writer, _segment(self._segments + 1), "\n".join([*lines, ""]))
        self._segments += 1
        number = self._earlier_tries + 1
        self._stop_if(self._writer_of(number) != self._writer or self._writer_of(number + 1) is not None)

    def _begin(self) -> None:
        number = self._earlier_tries + 1
        self._stop_if(self._writer_of(number) is not None)
        # Once, also if it fails: half of a name would look like that of somebody else.
        self._has_begun = True
        self._write("tries", _try(number), f"{_FORMAT} {self._writer}\n", mode="xb")
        # Whoever was there before may have gone on since the journal was read.
        after = self._last_writer and self._read(self._last_writer, _segment(self._last_segments + 1))
        self._stop_if(bool(after))

    def _stop_if(self, is_taken: bool) -> None:
        self._is_taken = is_taken
        if is_taken:
            raise JournalTakenOverError(repr(self))

    def _writer_of(self, number: int) -> str | None:
        """Return the writer of a try; None if it has not begun, an empty text if it was killed as it began."""
        text = self._read("tries", _try(number))
        if text is None:
            return None
        if not text.endswith("\n"):
            return ""
        known, _, writer = text.rstrip().rpartition(" ")
        if known != _FORMAT:
            raise GongStoreError(f"{self!r} was written by a newer airflow-provider-gong: upgrade it on this host.")
        return writer

    def _texts(self, writer: str) -> Iterator[str]:
        """Yield the segments of a writer, some of which are read ahead."""
        with ThreadPoolExecutor(_READERS) as pool:
            for first in itertools.count(1, _READERS):
                names = [_segment(number) for number in range(first, first + _READERS)]
                for text in pool.map(lambda name: self._read(writer, name), names):
                    if text is None:
                        return
                    yield text

    def _parsed(self, text: str) -> Iterator[Entry]:
        # What has no end of line was being written when its writer was killed.
        for line in text.split("\n")[:-1]:
            try:
                yield json.loads(line)
            except ValueError as error:
                raise self._damaged(error) from error

    def _read(self, folder: str, name: str) -> str | None:
        with self._failures():
            try:
                with (self._folder / folder / name).open("rb") as file:
                    return str(file.read(), "utf-8")
            except FileNotFoundError:
                return None

    def _write(self, folder: str, name: str, text: str, *, mode: str = "wb") -> None:
        with self._failures():
            place = self._folder / folder
            place.mkdir(parents=True, exist_ok=True)
            with _opened(place / name, mode) as file:
                file.write(text.encode())

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            self._is_taken = True
            raise JournalTakenOverError(repr(self)) from error
        except Exception as error:
            # Each object store has errors of its own.
            raise GongStoreError(f"{self!r} failed: {type(error).__name__}: {shown(str(error))}.") from error

    def _damaged(self, error: Exception) -> GongStoreError:
        return GongStoreError(f"{self!r} is damaged ({error}): plan the import again under another import_id.")


def _opened(path: Any, mode: str) -> Any:
    try:
        return path.open(mode)
    except (NotImplementedError, ValueError):
        # Not every object store can refuse to replace a file.
        return path.open("wb")


def _try(number: int) -> str:
    return f"{number:06}.txt"


def _segment(number: int) -> str:
    return f"{number:06}.jsonl"
