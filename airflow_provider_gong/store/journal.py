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

from airflow_provider_gong.store.errors import GongStoreError, LeaseLostError
from airflow_provider_gong.store.texts import shown

Entry = dict[str, Any]

_READERS = 8


class JournalFolder(Protocol):
    """Where a journal is kept: ``pathlib.Path`` and Airflow's ``ObjectStoragePath`` both fit."""

    def __truediv__(self, name: str) -> Any:
        """Return what has this name in the folder."""


class Journal:
    """
    A journal, read from its beginning and then added to.

    :param folder: where its files are
    """

    def __init__(self, folder: JournalFolder) -> None:
        self._folder = folder
        self._writer = uuid.uuid4().hex
        self._earlier_tries = 0
        self._segments = 0

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
            self._earlier_tries = number
            for text in self._texts(writer) if writer else ():
                yield from self._parsed(text)

    def append(self, entries: Sequence[Entry]) -> None:
        """
        Add entries, as one segment.

        :raises LeaseLostError: if another writer has begun since this one has read the journal
        :raises GongStoreError: if the segment cannot be written
        """
        if not self._segments:
            self._begin()
        if self._writer_of(self._earlier_tries + 2) is not None:
            raise self._taken_over()
        lines = [json.dumps(entry) for entry in entries]
        self._write(self._writer, f"{self._segments + 1:06}.jsonl", "\n".join([*lines, ""]))
        self._segments += 1

    def _begin(self) -> None:
        number = self._earlier_tries + 1
        if self._writer_of(number) is None:
            self._write("tries", f"{number:06}.txt", f"{self._writer}\n")
        # Read again, since another one may have begun at the same moment.
        if self._writer_of(number) != self._writer:
            raise self._taken_over()

    def _writer_of(self, number: int) -> str | None:
        """Return the writer of a try; None if it has not begun, an empty text if it was killed as it began."""
        text = self._read("tries", f"{number:06}.txt")
        if text is None:
            return None
        return text.removesuffix("\n") if text.endswith("\n") else ""

    def _texts(self, writer: str) -> Iterator[str]:
        """Yield the segments of a writer, some of which are read ahead."""
        with ThreadPoolExecutor(_READERS) as pool:
            for first in itertools.count(1, _READERS):
                names = [f"{number:06}.jsonl" for number in range(first, first + _READERS)]
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

    def _write(self, folder: str, name: str, text: str) -> None:
        with self._failures():
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
            with (self._folder / folder / name).open("wb") as file:
                file.write(text.encode())

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise GongStoreError(f"{self!r} failed: {type(error).__name__}: {error}.") from error

    def _damaged(self, error: Exception) -> GongStoreError:
        return GongStoreError(f"{self!r} is damaged ({error}): plan the import again under another import_id.")

    def _taken_over(self) -> LeaseLostError:
        return LeaseLostError(
            f"Another task has begun to work on the import in {self!r}, so this one stops. Only one may at a time: to "
            "have several, share a database with store_conn_id instead of import_path."
        )
