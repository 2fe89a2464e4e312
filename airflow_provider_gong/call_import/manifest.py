"""A manifest: one row for each call to import, as text under the names of the call's fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_gong.call_import.column_map import ColumnMap
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.fields import REQUIRED_COLUMNS, similar_field
from airflow_provider_gong.store.texts import shown

# Key of what stands beyond the columns of the header.
SURPLUS = ""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """
    One row.

    :param number: its place among the rows, from 1; the header does not count
    :param values: text by column, without surrounding white space; empty cells are left out. What stands beyond the
        header's columns is under ``SURPLUS``
    """

    number: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """
    What a manifest holds, whatever its format.

    :param name: what it is called in messages
    :param header: names of its columns
    :param records: text by column for each row, empty cells left out; can be walked once
    """

    name: str
    header: tuple[str, ...]
    records: Iterator[dict[str, str]]


class Manifest:
    """
    A manifest whose header was read.

    :param table: what it holds
    :param columns: its headers' mapping to the fields of the call
    :raises GongManifestError: if its header lacks what is required
    """

    def __init__(self, table: Table, columns: ColumnMap | None = None) -> None:
        self._columns = columns or ColumnMap()
        self._columns.check_headers(table.header, table.name)
        _check_required(self._columns.fields(table.header), table)
        self.header = table.header
        self.rows = self._rows(table)

    def warnings(self) -> list[str]:
        """Return a remark on each column that the import ignores."""
        return [_ignored_column(column) for column in self._columns.ignored(self.header)]

    def described(self, field: str) -> str:
        """Return a field as an error names it: with the header it was read from, if that is another one."""
        return self._columns.described(field)

    def _rows(self, table: Table) -> Iterator[ManifestRow]:
        for number, record in enumerate(table.records, 1):
            yield ManifestRow(number, self._columns.values(record))


def _check_required(fields: set[str], table: Table) -> None:
    missing = [column for column in REQUIRED_COLUMNS if column not in fields]
    if missing:
        found = shown(", ".join(filter(None, table.header))) or "none"
        raise GongManifestError(
            f"Manifest {table.name} lacks the columns {', '.join(missing)}; it has {found}. Add them to the header "
            "line, where commas separate them, or say with columns which other columns they are."
        )


def _ignored_column(column: str) -> str:
    meant = similar_field(column)
    hint = f" Did you mean {meant!r}?" if meant else ""
    return f"Column {shown(column)!r} is not known and is ignored.{hint}"
