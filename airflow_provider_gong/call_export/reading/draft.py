"""A day as it was read: files on the local disk, before they replace those of the export."""

from __future__ import annotations

import hashlib
import marshal
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.reading.reader import Page
from airflow_provider_gong.call_export.settings import ExportedTable, ExportSettings
from airflow_provider_gong.call_export.storage.files import json_text, new_file, sha256_of
from airflow_provider_gong.call_export.storage.manifest import CallFacts
from airflow_provider_gong.call_export.tables.call import ExportedCall
from airflow_provider_gong.call_export.tables.fields import as_moment
from airflow_provider_gong.call_export.tables.schema import Kind, Row

_DIGESTS = 2**256
# Calls whose rows are copied at once.
_PART = 100


@dataclass(frozen=True)
class TableDraft:
    """
    The rows of a table and day.

    :param path: the file, on the local disk
    :param calls: number of calls with rows
    :param digest: of the rows, in any order
    """

    path: Path
    rows: int
    calls: int
    digest: str

    def sha256(self) -> str:
        """Return the SHA-256 of the file."""
        with self.path.open("rb") as file:
            return sha256_of(file)


class RowSink:
    """
    Collects the rows of one table, and counts and digests them.

    :param path: where the file is
    :param table: the table
    :param file_format: format of the file
    """

    def __init__(self, path: Path, table: ExportedTable, file_format: FileFormat) -> None:
        self._path = path
        self._file = new_file(path, table, file_format)
        self._select = None if table.is_whole else _selection(table.indexes)
        self._json = [index for index, column in enumerate(table.columns) if column.kind is Kind.JSON]
        self._digest = 0
        self._rows = 0
        self.calls = 0

    def add(self, rows_by_call: Iterable[Sequence[Row]]) -> None:
        """Add whole rows, call by call."""
        self.add_stored(self._stored(rows) for rows in rows_by_call)

    def add_stored(self, rows_by_call: Iterable[Sequence[Row]]) -> None:
        """Add rows that have only the exported columns and hold JSON as text."""
        together: list[Row] = []
        for rows in rows_by_call:
            if rows:
                self.calls += 1
                self._digest += _digest(rows)
                together += rows
        if together:
            self._rows += len(together)
            self._file.add(together)

    def _stored(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self._select is not None:
            rows = [self._select(row) for row in rows]
        for index in self._json:
            if any(row[index] is not None for row in rows):
                rows = [(*row[:index], json_text(row[index]), *row[index + 1 :]) for row in rows]
        return rows

    def close_file(self) -> None:
        """Close the file until more rows are added."""
        self._file.close()

    def close(self) -> TableDraft:
        """Complete the file."""
        self.close_file()
        return TableDraft(self._path, self._rows, self.calls, f"{self._digest % _DIGESTS:064x}")


@dataclass
class DayDraft:
    """
    A day.

    :param day: the UTC day
    :param settings: what is exported
    :param scratch: a folder on the local disk; the day's files are in one inside
    """

    day: date
    settings: ExportSettings
    scratch: Path
    calls: dict[str, CallFacts] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    outside_day: int = 0
    requests: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.discard()
        self._folder.mkdir(parents=True)
        self._sinks: dict[str, RowSink] = {}
        for name, table in self.settings.tables.items():
            path = self._folder / f"{name}.{self.settings.file_format.value}"
            self._sinks[name] = RowSink(path, table, self.settings.file_format)

    @property
    def _folder(self) -> Path:
        return self.scratch / self.day.isoformat()

    @property
    def shown(self) -> set[str]:
        """All calls that Gong shows."""
        return self.calls.keys() | self.private

    @property
    def missing(self) -> set[str]:
        """The calls without a transcript."""
        if not self.settings.reads_transcripts:
            return set()
        return {call_id for call_id, call in self.calls.items() if not call.has_transcript}

    def take(self, pages: Iterable[Page]) -> None:
        """Add the calls of the day's pages."""
        try:
            for page in pages:
                self._add(page)
        finally:
            self.close_files()

    def _add(self, page: Page) -> None:
        self.private.update(page.private)
        calls = [ExportedCall(data, transcript, self.unknown) for data, transcript in page.calls]
        for call in calls:
            has_transcript = call.transcript is not None
            self.calls[call.call_id] = CallFacts(call.workspace_id, call.owner_id, has_transcript)
            self.outside_day += call.started is None or as_moment(call.started).date() != self.day
        for name, table in self.settings.tables.items():
            self._sinks[name].add(map(table.table.rows, calls))

    def calls_in(self, table: str) -> int:
        """Return the number of calls with rows in a table."""
        return self._sinks[table].calls

    def keep(self, table: str, rows_by_call: Iterable[Sequence[Row]]) -> None:
        """Add rows of calls that Gong did not show, copied from the export's file."""
        for part in batches(rows_by_call, _PART):
            self._sinks[table].add_stored(part)

    def close_files(self) -> None:
        """Close the files until more rows are added: a run may hold hundreds of days."""
        for sink in self._sinks.values():
            sink.close_file()

    def close(self) -> Mapping[str, TableDraft]:
        """Complete the files."""
        return {name: sink.close() for name, sink in self._sinks.items()}

    def discard(self) -> None:
        """Delete the files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _selection(indexes: Sequence[int]) -> Any:
    if len(indexes) == 1:
        return lambda row: (row[indexes[0]],)
    return itemgetter(*indexes)


def _digest(rows: Sequence[Row]) -> int:
    # Sums of hashes do not depend on the order in which Gong lists calls. Version 2 of marshal depends on the values
    # alone, and takes a third of the time of JSON.
    return int.from_bytes(hashlib.sha256(marshal.dumps(list(rows), 2)).digest())
