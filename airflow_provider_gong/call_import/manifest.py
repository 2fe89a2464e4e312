"""Reading a manifest: one row for each call to import, as text under column names."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_gong.call_import.csv_cells import unescape_cell
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.store.texts import shown

if TYPE_CHECKING:
    from _csv import Reader

REQUIRED_COLUMNS = ("client_unique_id", "actual_start", "direction", "primary_user", "media")
# Optional columns, named like the fields of the call that they fill.
OPTIONAL_COLUMNS = (
    "title",
    "purpose",
    "disposition",
    "duration",
    "scheduled_start",
    "scheduled_end",
    "custom_data",
    "meeting_url",
    "call_provider_code",
    "workspace_id",
    "language_code",
)
SURPLUS = ""
PARTY_FIELDS = ("name", "email", "phone")
PARTY_COLUMN = re.compile(rf"party_([1-9]\d?)_({'|'.join(PARTY_FIELDS)})")


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
class Manifest:
    """
    A manifest whose header was read.

    :param name: what it is called in messages
    :param columns: names in the header
    :param rows: its rows; can be walked once
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterator[ManifestRow]

    def warnings(self) -> list[str]:
        """Return a remark on each column that the import ignores."""
        return [_unknown_column(column) for column in self.columns if not _is_known(column)]


def read_csv(lines: Iterable[str], name: str) -> Manifest:
    """
    Read a CSV manifest with a header line, comma separated.

    :param lines: its lines, as an open text file gives them
    :param name: what to call it in messages
    :raises GongManifestError: if it has no usable header; while rows are walked, if it is not CSV
    """
    reader = csv.reader(_without_nul(lines), strict=True)
    header = _header(reader, name)
    missing = [column for column in REQUIRED_COLUMNS if column not in header]
    if missing:
        found = shown(", ".join(filter(None, header))) or "none"
        raise GongManifestError(
            f"Manifest {name} lacks the columns {', '.join(missing)}; it has {found}. "
            "Add them to the header line. Columns are separated by commas."
        )
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        raise GongManifestError(
            f"Manifest {name} has these columns more than once: {shown(', '.join(repeated))}. Keep one each."
        )
    return Manifest(name, tuple(header), _rows(reader, header, name))


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise csv.Error("it contains NUL characters")
        yield line


def _header(reader: Reader, name: str) -> list[str]:
    for cells in _records(reader, name):
        return [cell.strip().lstrip("\ufeff").lower() for cell in cells]
    raise GongManifestError(f"Manifest {name} is empty. It needs at least a header line.")


def _rows(reader: Reader, header: list[str], name: str) -> Iterator[ManifestRow]:
    number = 0
    for cells in _records(reader, name):
        if any(cell.strip() for cell in cells):
            number += 1
            yield _row(number, header, cells)


def _records(reader: Reader, name: str) -> Iterator[list[str]]:
    try:
        yield from reader
    except UnicodeDecodeError as error:
        # Text is decoded ahead of its lines; the piece that could not be begins after the last of them.
        line = reader.line_num + 1 + error.object[: error.start].count(b"\n")
        found = f"byte 0x{error.object[error.start]:02x} in line {line}"
        raise GongManifestError(
            f"Manifest {name} is not in UTF-8: {found}. Save it as CSV in UTF-8 (in Excel: CSV UTF-8)."
        ) from error
    except csv.Error as error:
        raise GongManifestError(
            f"Manifest {name} is not a CSV file: {error}, in line {reader.line_num}. Export it again."
        ) from error


def _row(number: int, header: list[str], cells: list[str]) -> ManifestRow:
    values = {
        column: unescape_cell(cell.strip())
        for column, cell in zip(header, cells, strict=False)
        if column and cell.strip()
    }
    surplus = ", ".join(cell.strip() for cell in cells[len(header) :] if cell.strip())
    return ManifestRow(number, values | {SURPLUS: surplus} if surplus else values)


def _is_known(column: str) -> bool:
    return column in REQUIRED_COLUMNS or column in OPTIONAL_COLUMNS or bool(PARTY_COLUMN.fullmatch(column))


def _unknown_column(column: str) -> str:
    examples = [f"party_{number}_{field}" for number in range(1, 10) for field in PARTY_FIELDS]
    meant = difflib.get_close_matches(column, [*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *examples], n=1, cutoff=0.8)
    hint = f" Did you mean {meant[0]!r}?" if meant else ""
    return f"Column {shown(column)!r} is not known and is ignored.{hint}"
