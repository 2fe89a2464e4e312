"""Manifests in CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_cells import unescape_cell
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.manifest import LONGEST_CELL, SURPLUS, Table, require_distinct

if TYPE_CHECKING:
    from _csv import Reader


def csv_table(lines: Iterable[str], name: str) -> Table:
    """
    Read a CSV manifest with a header line, comma separated.

    :param lines: its lines, as an open text file gives them
    :param name: its path or URL
    :raises GongManifestError: if it has no usable header; while rows are walked, if it is not CSV
    """
    # Python's own limit, of the whole process, is less than cells of JSON may need. Marks of formulas come on top.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL + 1))
    reader = csv.reader(_without_nul(lines), strict=True)
    header = _header(reader, name)
    require_distinct(header, name)
    return Table(name, tuple(header), _rows(reader, header, name), file=name)


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise csv.Error("it contains NUL characters")
        yield line


def _header(reader: Reader, name: str) -> list[str]:
    for cells in _records(reader, name):
        return [column_of(unescape_cell(cell.strip())) for cell in cells]
    raise GongManifestError(f"Manifest {name} is empty. It needs at least a header line.")


def _rows(reader: Reader, header: list[str], name: str) -> Iterator[dict[str, str]]:
    for cells in _records(reader, name):
        if values := _row(header, cells):
            yield values


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


def _row(header: list[str], cells: list[str]) -> dict[str, str]:
    values = {
        column: unescape_cell(text)
        for column, cell in zip(header, cells, strict=False)
        if column and (text := cell.strip())
    }
    if len(cells) > len(header):
        surplus = ", ".join(cell.strip() for cell in cells[len(header) :] if cell.strip())
        values |= {SURPLUS: surplus} if surplus else {}
    return values
