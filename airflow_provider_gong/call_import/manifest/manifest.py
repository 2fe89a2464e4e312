"""A manifest: one row for each call to import, as text under the names of the call's fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from airflow_provider_gong._text import listed, shown, storable
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.fields import REQUIRED_COLUMNS, similar_column
from airflow_provider_gong.ledger.rows import Actor, Problem

# Key of what stands beyond the columns of the header.
SURPLUS = ""
# Characters; a timeline of a long call's speakers has some hundred thousand.
LONGEST_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """
    One row.

    :param number: its place among the rows of its file, from 1; headers and blank rows do not count
    :param values: text by column, without surrounding white space; empty cells are left out. What stands beyond the
        header's columns is under ``SURPLUS``
    :param file: path or URL of the file that holds it; empty for rows that came from a task
    :param problems: what is wrong with it whatever its columns mean
    """

    number: int
    values: dict[str, str]
    file: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """
    What a file holds, whatever its format.

    :param name: what it is called in messages
    :param header: names of its columns; None where each row has its own
    :param records: text by column for each row, empty cells left out, so that blank rows have none; can be walked once
    :param file: path or URL; empty for rows that came from a task
    """

    name: str
    header: tuple[str, ...] | None
    records: Iterator[dict[str, str]]
    file: str = ""


class Manifest:
    """
    The rows of one or many files, which are opened one after the other.

    :param tables: what they hold
    :param columns: mapping of their headers to the fields of the call
    :param required: fields that a header has to have
    """

    def __init__(
        self, tables: Iterable[Table], columns: ColumnMap | None = None, required: Sequence[str] = REQUIRED_COLUMNS
    ) -> None:
        self._columns = columns or ColumnMap()
        self._required = required
        self._ignored: dict[str, None] = {}
        self.rows = self._rows(tables)

    def warnings(self) -> list[str]:
        """Return a remark on each column that the import ignores, of the rows that were walked so far."""
        return [_ignored_column(column) for column in self._ignored]

    def described(self, field: str) -> str:
        """Return a field as an error names it: with the header it was read from, if that is another one."""
        return self._columns.described(field)

    def _rows(self, tables: Iterable[Table]) -> Iterator[ManifestRow]:
        """
        Yield all rows.

        :raises GongManifestError: for a file that cannot be read, or whose header lacks what is required
        """
        for table in tables:
            if table.header is not None:
                self._check(table.header, table)
                self._check_required(table.header, table.name)
            seen: dict[str, None] = {}
            for number, record in enumerate(filter(None, _readable(table)), 1):
                if table.header is None:
                    seen |= dict.fromkeys(record)
                yield _row(number, self._columns.values(record), storable(table.file))
            if seen:
                self._check(tuple(seen), table)

    def _check(self, header: tuple[str, ...], table: Table) -> None:
        self._columns.check_headers(header, table.name)
        self._ignored |= dict.fromkeys(self._columns.ignored(header))

    def _check_required(self, header: tuple[str, ...], name: str) -> None:
        fields = self._columns.fields(header)
        missing = [column for column in self._required if column not in fields]
        if missing:
            found = shown(", ".join(filter(None, header))) or "none"
            raise GongManifestError(
                f"Manifest {name} lacks the {listed('column', missing)}; it has {found}. Name what is missing in the "
                "header line, separated by commas, or map other columns to it with the parameter columns."
            )


def require_distinct(header: Sequence[str], name: str) -> None:
    """
    Check that no two columns have the same name.

    :param header: names of the columns, empty where they have none
    :param name: what the file is called in messages
    :raises GongManifestError: with all that stand more than once
    """
    repeated = sorted(column for column, count in Counter(header).items() if column and count > 1)
    if repeated:
        raise GongManifestError(
            f"Manifest {name} has these columns more than once: {shown(', '.join(repeated))}. Keep one each."
        )


def _row(number: int, values: dict[str, str], file: str) -> ManifestRow:
    problems = []
    if SURPLUS in values:
        rule = "has cells beyond the columns of the header"
        problems.append(Problem("row", values[SURPLUS], rule, "Quote cells that contain commas.", Actor.MANIFEST))
    if not _is_text("".join((*values, *values.values()))):
        problems += [_broken_text(column, cell) for column, cell in values.items() if not _is_text(column + cell)]
        values = {storable(column): storable(cell) for column, cell in values.items()}
    return ManifestRow(number, values, file, tuple(problems))


def _is_text(text: str) -> bool:
    return storable(text) is text


def _broken_text(column: str, cell: str) -> Problem:
    rule = "holds NUL characters or halves of characters, which are no text"
    return Problem(column, cell, rule, "Correct it where the manifest is made.", Actor.MANIFEST)


def _readable(table: Table) -> Iterator[dict[str, str]]:
    try:
        yield from table.records
    except OSError as error:
        raise GongManifestError(f"Manifest {table.name} cannot be read: {error}") from error


def _ignored_column(column: str) -> str:
    meant = similar_column(column)
    hint = f" Did you mean {meant!r}?" if meant else ""
    return f"Column {shown(column)!r} is not known and is ignored.{hint}"
