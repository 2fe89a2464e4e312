"""Reading a manifest: one row for each call to import, as text under column names."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airflow_provider_gong.call_import.csv_cells import unescape_cell
from airflow_provider_gong.call_import.errors import GongManifestError

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
PARTY_FIELDS = ("name", "email", "phone")
PARTY_COLUMN = re.compile(rf"party_([1-9]\d?)_({'|'.join(PARTY_FIELDS)})")


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """
    One row.

    :param number: its place among the rows, from 1; the header does not count
    :param values: text by column, without surrounding white space; empty cells are left out
    :param surplus: how many cells it has beyond the header's columns
    """

    number: int
    values: dict[str, str]
    surplus: int = 0


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
    reader = csv.reader(lines, strict=True)
    header = _header(reader, name)
    missing = [column for column in REQUIRED_COLUMNS if column not in header]
    if missing:
        found = ", ".join(filter(None, header)) or "none"
        raise GongManifestError(
            f"Manifest {name} lacks the columns {', '.join(missing)}; it has {found}. "
            "Add them to the header line. Columns are separated by commas."
        )
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        raise GongManifestError(
            f"Manifest {name} has these columns more than once: {', '.join(repeated)}. Keep one each."
        )
    return Manifest(name, tuple(header), _rows(reader, header, name))


def _header(reader: Iterator[list[str]], name: str) -> list[str]:
    try:
        return [cell.strip().lstrip("\ufeff").lower() for cell in next(reader)]
    except StopIteration:
        raise GongManifestError(f"Manifest {name} is empty. It needs at least a header line.") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(name, 0, error) from error


def _rows(reader: Iterator[list[str]], header: list[str], name: str) -> Iterator[ManifestRow]:
    number = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                number += 1
                yield _row(number, header, cells)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(name, number + 1, error) from error


def _row(number: int, header: list[str], cells: list[str]) -> ManifestRow:
    values = {
        column: unescape_cell(cell.strip())
        for column, cell in zip(header, cells, strict=False)
        if column and cell.strip()
    }
    return ManifestRow(number, values, surplus=max(len(cells) - len(header), 0))


def _unreadable(name: str, row: int, error: Exception) -> GongManifestError:
    place = f"row {row}" if row else "its header"
    return GongManifestError(f"Manifest {name} is not a CSV file in UTF-8: {error} at {place}. Export it again.")


def _is_known(column: str) -> bool:
    return column in REQUIRED_COLUMNS or column in OPTIONAL_COLUMNS or bool(PARTY_COLUMN.fullmatch(column))


def _unknown_column(column: str) -> str:
    examples = [f"party_{number}_{field}" for number in range(1, 10) for field in PARTY_FIELDS]
    meant = difflib.get_close_matches(column, [*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *examples], n=1, cutoff=0.8)
    hint = f" Did you mean {meant[0]!r}?" if meant else ""
    return f"Column {column!r} is not known and is ignored.{hint}"
