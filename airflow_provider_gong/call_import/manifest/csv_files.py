"""Manifests in CSV."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_cells import unescape_cell
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.manifest import (
    LONGEST_CELL,
    LONGEST_ROW,
    SURPLUS,
    Record,
    Table,
    bounded_lines,
    check_width,
)

_SEPARATORS = ",;\t"
_BAR = "|"
# Tells Excel the separator.
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?[,;\s]*", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')
# A formula that yields a text or a number, used to keep leading zeros and plus signs in Excel.
_TEXT_FORMULA = re.compile(r'="(.*)"|=(\+?[0-9]+)', re.DOTALL)
_MARKS = "'="
_LINE_ENDS = ("\n", "\r")
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")


def csv_table(lines: Iterable[str], name: str) -> Table:
    """
    Read a CSV manifest with a header line, separated by commas, semicolons, tabs or vertical bars.

    :param lines: its lines, as an open text file yields them
    :param name: its name in messages
    :raises GongManifestError: if it has no usable header; during iteration, if it is not CSV
    """
    # Python's limit, which applies to the whole process, is too low for cells of JSON. Escapes come on top.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL + 1))
    source = _Lines(lines, name)
    records = _records(source, name)
    names = next((cells for _, cells in records if any(cells)), None)
    if names is None:
        raise GongManifestError(f"Manifest {name} is empty. It needs at least a header line.")
    header = tuple(column_of(unescape_cell(cell.strip())) for cell in names)
    check_width(header, name)
    remarks: list[str] = []

    def rows() -> Iterator[Record]:
        for line, cells in records:
            if len(cells) < len(header) and cells and not source.is_ended:
                remarks.append(f"Manifest {name} may be cut off: line {source.number} lacks cells and has no line end.")
            # Files that were joined have their header lines in between.
            if cells != names:
                yield line, _row(header, cells)

    return Table(name, header, rows(), remarks=remarks)


class _Lines:
    """
    The lines of a CSV file, with their positions.

    :param lines: all lines of the file
    :param name: its name in messages
    """

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self._lines = bounded_lines(lines, name)
        self.number = 0
        self.is_ended = True
        # Of the current row, which may have many lines.
        self.row_length = 0

    def read(self) -> Iterator[str]:
        """Yield the lines, keeping track of their number and of the current row's length."""
        for line in self._lines:
            self.row_length += len(line)
            if "\0" in line:
                raise csv.Error("it contains NUL characters")
            if self.row_length > LONGEST_ROW:
                raise csv.Error(f"it has a row of more than {LONGEST_ROW} characters")
            self.number += 1
            self.is_ended = line.endswith(_LINE_ENDS)
            yield line


def _records(lines: _Lines, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row, including the header, with the line in which it begins."""
    try:
        source = lines.read()
        first = next((line for line in source if line.strip("\r\n")), "")
        told = _SEPARATOR_LINE.fullmatch(first)
        separator = told[1] if told else _separator(first)
        rest = source if told else itertools.chain([first], source)
        line = lines.number
        for cells in csv.reader(rest, delimiter=separator, skipinitialspace=True, strict=True):
            lines.row_length = 0
            if lines.number > line and _joins_rows(cells, separator):
                raise _not_csv(name, f"a quote that begins a cell in line {line} is closed in another row", lines)
            yield line, cells
            line = lines.number + 1
    except UnicodeDecodeError as error:
        # Text is decoded ahead of its lines; the undecodable piece begins after the last line.
        line = lines.number + 1 + error.object[: error.start].count(b"\n")
        found = f"byte 0x{error.object[error.start]:02x} in line {line}"
        raise GongManifestError(
            f"Manifest {name} is not in UTF-8: {found}. It may be in Windows-1252, as Excel writes CSV by default. "
            "Save it as CSV in UTF-8 (in Excel: CSV UTF-8)."
        ) from error
    except csv.Error as error:
        raise _not_csv(name, str(error), lines) from error


def _not_csv(name: str, why: str, lines: _Lines) -> GongManifestError:
    return GongManifestError(
        f"Manifest {name} is not a CSV file: {why}, in line {lines.number}. Export it again, with quotes inside of "
        'quoted cells doubled ("").'
    )


def _separator(header: str) -> str:
    bare = _QUOTED.sub("", header)
    frequent = max(_SEPARATORS, key=bare.count)
    # Names of columns contain it more often than they are separated by it.
    return _BAR if _BAR in bare and frequent not in bare else frequent


def _joins_rows(cells: list[str], separator: str) -> bool:
    """
    Return whether a cell of several lines contains the end of one row and the beginning of another.

    Programs that do not double quotes write such cells, and the rows inside would be lost silently.
    """
    for place, cell in enumerate(cells):
        lines = cell.splitlines()
        if len(lines) < 2:
            continue
        begun, ended = lines[-1].split(separator)[:-1], lines[0].split(separator)[1:]
        # Shorter than what follows if the cell that was closed was one with quotes.
        following = cells[place + 1 :][-len(ended) :]
        sides = ((cells[:place], begun), (following, ended))
        pairs = [pair for side, end in sides if len(side) == len(end) for pair in zip(side, end, strict=True)]
        if len(pairs) > 2 and 2 * sum(_shape(one) == _shape(other) for one, other in pairs) > len(pairs):
            return True
    return False


def _shape(cell: str) -> str:
    return _LETTERS.sub("a", _DIGITS.sub("0", cell))


def _row(header: tuple[str, ...], cells: list[str]) -> dict[str, str]:
    values = {
        column: text if text[0] not in _MARKS else _unmarked(text)
        for column, cell in zip(header, cells, strict=False)
        if column and (text := cell.strip())
    }
    if len(cells) > len(header):
        surplus = ", ".join(cell.strip() for cell in cells[len(header) :] if cell.strip())
        values |= {SURPLUS: surplus} if surplus else {}
    return values


def _unmarked(text: str) -> str:
    formula = _TEXT_FORMULA.fullmatch(text)
    return formula[formula.lastindex or 0].replace('""', '"').strip() if formula else unescape_cell(text)
