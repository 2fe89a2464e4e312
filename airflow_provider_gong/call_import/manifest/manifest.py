"""A manifest: one row per call to import, as text by the names of the call's fields."""

from __future__ import annotations

import functools
import itertools
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_gong._text import listed, shown, storable
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.fields import FIELDS, REQUIRED_COLUMNS, similar_column
from airflow_provider_gong.call_import.manifest.texts import (
    UnreadableCellError,
    are_plain,
    check_id,
    doubt_about,
    is_garbled,
    trimmed,
    without_zeros,
)
from airflow_provider_gong.call_import.media import reading_error
from airflow_provider_gong.ledger.rows import Actor, Problem

# Key of cells beyond the header's columns.
SURPLUS = ""
# Characters; the speaker timeline of a long call has several hundred thousand.
LONGEST_CELL = 1_000_000
LONGEST_ROW = 10_000_000
MOST_COLUMNS = 2000
BYTE_ORDER_MARK = "\ufeff"
_ID = "client_unique_id"
_GARBLED = "may have been read in a wrong encoding before, as Windows-1252 instead of UTF-8. Export it in UTF-8."
# Searching for the intended name of a column takes a few milliseconds.
_HINTED_COLUMNS = 100

# The line where a row begins in its file, None if it has no lines, and text by column.
Record = tuple[int | None, dict[str, str]]


class ManifestRow(NamedTuple):
    """
    One row; a tuple, because creating it takes a third of the time.

    :param number: its number among the rows of its file, from 1; headers and blank rows do not count
    :param values: text by column, without surrounding white space; empty cells are left out. Cells beyond the
        header's columns are under ``SURPLUS``
    :param file: path or URL of its file; empty for rows from a task
    :param problems: problems with the row as such, and with its id
    :param warnings: warnings, which do not reject it
    :param misfit: why its recording's name or sidecar file cannot be read, if so; nothing else is known then
    :param is_plain: whether none of its cells needs a check for missing or rounded values
    :param line: the line where it begins in its file, from 1; None if the file has no lines
    """

    number: int
    values: dict[str, str]
    file: str = ""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    misfit: Problem | None = None
    is_plain: bool = False
    line: int | None = None


class SparseRecord(dict[str, str]):
    """
    A row without a header for its table, in which some columns have no value.

    :param cells: text by column
    :param empty: the columns without a value
    """

    def __init__(self, cells: Mapping[str, str], empty: Iterable[str]) -> None:
        super().__init__(cells)
        self.empty = empty


class UnreadRecord(dict[str, str]):
    """
    A row with only some known cells.

    :param cells: text by column
    :param misfit: why the others are unknown
    """

    def __init__(self, cells: Mapping[str, str], misfit: Problem) -> None:
        super().__init__(cells)
        self.misfit = misfit


@dataclass(frozen=True, slots=True)
class Table:
    """
    The content of a file in any format.

    :param name: its name in messages, without secrets
    :param header: names of its columns; None if each row has its own
    :param records: line and text by column for each row, without empty cells, so blank rows have none; can be iterated
        once
    :param file: path or URL; empty for rows from a task
    :param remedy: what to do about missing columns
    :param remarks: warnings about the file, known when its rows have been read
    """

    name: str
    header: tuple[str, ...] | None
    records: Iterator[Record]
    file: str = ""
    remedy: str = "Add what is missing to the header line, separated by commas"
    remarks: list[str] = field(default_factory=list)


class Manifest:
    """
    The rows of one or more files, which are opened one after the other.

    :param tables: the contents of the files
    :param columns: mapping of their headers to fields of the call
    :param required: fields that a header must have
    """

    def __init__(
        self, tables: Iterable[Table], columns: ColumnMap | None = None, required: Sequence[str] = REQUIRED_COLUMNS
    ) -> None:
        self._columns = columns or ColumnMap()
        self._required = required
        self._ignored: dict[str, None] = {}
        self._remarks: list[str] = []
        self.rows = self._rows(tables)

    def warnings(self) -> list[str]:
        """Return remarks on the files, and on columns that the import ignores or misses, as far as they were read."""
        hinted = itertools.islice(self._ignored, _HINTED_COLUMNS)
        others = itertools.islice(self._ignored, _HINTED_COLUMNS, None)
        ignored = [*map(_ignored_column, hinted), *(f"Column {shown(column)!r} is ignored." for column in others)]
        return [*self._remarks, *ignored, *self._columns.warnings()]

    def described(self, field: str) -> str:
        """Return a field's name for errors, with the header that it was read from if the names differ."""
        return self._columns.described(field)

    def _rows(self, tables: Iterable[Table]) -> Iterator[ManifestRow]:
        """
        Yield all rows.

        :raises GongManifestError: if a file cannot be read, or its header lacks required fields
        """
        for table in tables:
            if table.header is not None:
                require_distinct(self._columns.distinct(table.header), table.name)
                self._check(table.header, table)
                self._check_required(table.header, table)
            seen: dict[str, None] = {}
            empty: dict[str, None] = {}
            file = storable(table.file)
            for number, (line, record) in enumerate(_readable(table), 1):
                if isinstance(record, UnreadRecord):
                    yield ManifestRow(number, _storable(record), file, misfit=record.misfit)
                    continue
                if table.header is None:
                    seen |= dict.fromkeys(record)
                    check_width(seen, table.name)
                    if isinstance(record, SparseRecord):
                        empty |= dict.fromkeys(record.empty)
                yield _row(number, self._columns.values(record), file, line)
            if seen:
                self._check(tuple(seen), table, tuple(empty))
            self._remarks += table.remarks

    def _check(self, header: tuple[str, ...], table: Table, empty: tuple[str, ...] = ()) -> None:
        self._columns.check_headers((*header, *empty), table.name)
        self._ignored |= dict.fromkeys(self._columns.ignored(header))

    def _check_required(self, header: tuple[str, ...], table: Table) -> None:
        fields = self._columns.fields(header)
        missing = [column for column in self._required if column not in fields]
        if missing:
            found = shown(", ".join(filter(None, header))) or "none"
            raise GongManifestError(
                f"Manifest {table.name} lacks the {listed('column', missing)}; it has {found}. {table.remedy}, or map "
                "other columns to it with the parameter columns."
            )


def check_width(columns: Sized, name: str) -> None:
    """
    Check that a manifest has a plausible number of columns.

    :param columns: its columns
    :param name: the file's name in messages
    :raises GongManifestError: if it has more
    """
    if len(columns) > MOST_COLUMNS:
        raise GongManifestError(f"Manifest {name} has more than {MOST_COLUMNS} columns. Export fewer of them.")


def require_distinct(header: Sequence[str], name: str) -> None:
    """
    Check that no two columns have the same name, and that there are not too many.

    :param header: names of the columns, empty for columns without a name
    :param name: the file's name in messages
    :raises GongManifestError: with all repeated names
    """
    check_width(header, name)
    repeated = sorted(column for column, count in Counter(header).items() if column and count > 1)
    if repeated:
        raise GongManifestError(
            f"Manifest {name} has these columns more than once: {shown(', '.join(repeated))}. Keep one each."
        )


def bounded_lines(lines: Iterable[str], name: str) -> Iterator[str]:
    """
    Yield lines, reading no more of a line than a row may have, without the marks where files were joined.

    :param lines: an open text file, or its lines
    :param name: the file's name in messages
    :raises GongManifestError: if a line is longer
    """
    read = getattr(lines, "readline", None)
    for number, line in enumerate(iter(functools.partial(read, LONGEST_ROW + 1), "") if read else lines, 1):
        if len(line) > LONGEST_ROW:
            raise GongManifestError(
                f"Manifest {name} has more than {LONGEST_ROW} characters in line {number}. Export it again."
            )
        yield line.lstrip(BYTE_ORDER_MARK)


def _row(number: int, values: dict[str, str], file: str, line: int | None) -> ManifestRow:
    doubt = doubt_about(values.get(_ID, ""))
    warnings: tuple[str, ...] = (f"{_ID}: {doubt}",) if doubt else ()
    if SURPLUS not in values and are_plain(values):
        return ManifestRow(number, values, file, warnings=warnings, is_plain=True, line=line)
    problems = []
    values = {column: text for column, cell in values.items() if (text := trimmed(cell))}
    garbled = [column for column, cell in values.items() if column in FIELDS and is_garbled(cell)]
    warnings += tuple(f"{column}: {shown(values[column])} {_GARBLED}" for column in garbled)
    if SURPLUS in values:
        rule = "has more cells than the header has columns"
        problems.append(Problem("row", values[SURPLUS], rule, "Quote cells that contain commas.", Actor.MANIFEST))
    if not _is_text("".join((*values, *values.values()))):
        problems += [_broken_text(column, cell) for column, cell in values.items() if not _is_text(column + cell)]
        values = _storable(values)
    ident = values.get(_ID, "")
    digits = without_zeros(ident)
    if digits is not ident:
        remark = f"{_ID}: {ident} was read as {digits}, because some programs write whole numbers like this."
        return ManifestRow(number, values | {_ID: digits}, file, tuple(problems), (*warnings, remark), line=line)
    try:
        check_id(ident)
    except UnreadableCellError as unreadable:
        problems.append(Problem(_ID, ident, unreadable.rule, unreadable.remedy, Actor.MANIFEST))
        if type(ident) is not str:
            # As text, it would pass in the next manifest.
            values = {column: text for column, text in values.items() if column != _ID}
    return ManifestRow(number, values, file, tuple(problems), warnings, line=line)


def _storable(values: Mapping[str, str]) -> dict[str, str]:
    return {storable(column): storable(cell) for column, cell in values.items()}


def _is_text(text: str) -> bool:
    return storable(text) is text


def _broken_text(column: str, cell: str) -> Problem:
    rule = "contains NUL characters or incomplete characters, which are not valid text"
    return Problem(column, cell, rule, "Correct it where the manifest is created.", Actor.MANIFEST)


def _readable(table: Table) -> Iterator[Record]:
    """Yield the records that are not blank."""
    try:
        yield from (record for record in table.records if record[1])
    except (OSError, EOFError, zlib.error) as error:
        raise reading_error(f"Manifest {table.name} cannot be read", error) from error


def _ignored_column(column: str) -> str:
    if column in FIELDS:
        return f"Column {shown(column)!r} is ignored because columns does not use it."
    meant = similar_column(column)
    hint = f" Did you mean {meant!r}?" if meant else ""
    return f"Column {shown(column)!r} is unknown and ignored.{hint}"
