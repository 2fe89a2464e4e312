"""Files of rows in Parquet and JSON Lines: written in parts, and read again for the rows of some calls."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.settings import ExportedTable
from airflow_provider_gong.call_export.tables.fields import as_integer, as_moment, as_number, microseconds
from airflow_provider_gong.call_export.tables.schema import SCHEMA_VERSION, Kind, Row

_BATCH = 5000
# What ends a line for some programs, Python's own splitlines among them, and may be part of a text.
_LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}
# Made once: json.dumps makes an encoder for each value.
_as_line = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_as_value = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def new_file(path: Path, table: ExportedTable, file_format: FileFormat) -> JsonLinesFile | ParquetFile:
    """
    Return a new file for the rows of a table.

    :raises GongExportSettingsError: for Parquet without pyarrow
    """
    return JsonLinesFile(path, table) if file_format is FileFormat.JSONL else ParquetFile(path, table)


def rows_of_calls(
    file: IO[bytes], table: ExportedTable, file_format: FileFormat, call_ids: Collection[str]
) -> Iterator[list[Row]]:
    """
    Yield the rows of some calls from a file, call by call; columns that the file lacks are null.

    :raises ValueError: if the file is damaged
    """
    records = _json_records(file, call_ids) if file_format is FileFormat.JSONL else _parquet_records(file, call_ids)
    # The rows of a call follow one another.
    for _, group in groupby(records, itemgetter("call_id")):
        yield [_row(record, table, file_format) for record in group]


class ParquetFile:
    """A Parquet file with a row group for each part. Rows have the values of the exported columns, JSON as text."""

    def __init__(self, path: Path, table: ExportedTable) -> None:
        pyarrow, parquet = _pyarrow()
        self._arrow = pyarrow
        self._kinds = [column.kind for column in table.columns]
        fields = [pyarrow.field(column.name, _arrow_type(pyarrow, column.kind)) for column in table.columns]
        facts = {"gong_table": table.name, "gong_schema_version": str(SCHEMA_VERSION)}
        self._schema = pyarrow.schema(fields, metadata=facts)
        self._parquet = parquet
        self._path = path
        self._writer = self._new_writer()

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows as a row group; opens the file if necessary."""
        if self._writer is None:
            self._writer = self._reopened()
        columns = zip(*rows, strict=True)
        arrays = [
            self._array(kind, values, field.type)
            for kind, values, field in zip(self._kinds, columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Complete the file, if it is open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _new_writer(self) -> Any:
        return self._parquet.ParquetWriter(str(self._path), self._schema, compression="zstd")

    def _reopened(self) -> Any:
        """Return a writer of a new file with the rows of this one; nothing can be added to a complete file."""
        complete = self._path.rename(self._path.with_name(f"{self._path.name}.complete"))
        writer = self._new_writer()
        with self._parquet.ParquetFile(complete) as earlier:
            for number in range(earlier.num_row_groups):
                writer.write_table(earlier.read_row_group(number))
        complete.unlink()
        return writer

    def _array(self, kind: Kind, values: Sequence[Any], arrow_type: Any) -> Any:
        try:
            return self._arrow.array(values, arrow_type)
        except (self._arrow.ArrowException, TypeError, ValueError, OverflowError):
            # Gong may return a value of another type than its reference promises.
            return self._arrow.array([_fitting(kind, value) for value in values], arrow_type)


class JsonLinesFile:
    """A file with a JSON object for each row; times are ISO 8601 in UTC, JSON is nested."""

    def __init__(self, path: Path, table: ExportedTable) -> None:
        self._names = [column.name for column in table.columns]
        self._moments = [column.name for column in table.columns if column.kind is Kind.MOMENT]
        self._json = [column.name for column in table.columns if column.kind is Kind.JSON]
        self._path = path
        self._file = self._opened("w")

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows; opens the file if necessary."""
        if self._file.closed:
            self._file = self._opened("a")
        lines = "".join(map(self._line, rows))
        for sign, escape in _LINE_ENDS.items():
            lines = lines.replace(sign, escape)
        self._file.write(lines)

    def close(self) -> None:
        """Complete the file, if it is open."""
        self._file.close()

    def _line(self, row: Row) -> str:
        record = dict(zip(self._names, row, strict=True))
        nested = "".join([f',"{name}":{record.pop(name) or "null"}' for name in self._json])
        for name in self._moments:
            record[name] = None if record[name] is None else _iso(record[name])
        return f"{_as_line(record)[:-1]}{nested}}}\n"

    def _opened(self, mode: str) -> IO[str]:
        # Lone surrogates become escapes, which JSON allows.
        return self._path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise GongExportSettingsError(
            "Parquet needs pyarrow.",
            remedy="pip install 'airflow-provider-gong[parquet]', or use file_format=\"jsonl\".",
        ) from error
    return pyarrow, parquet


def _arrow_type(pyarrow: Any, kind: Kind) -> Any:
    return {
        Kind.TEXT: pyarrow.string(),
        Kind.JSON: pyarrow.string(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.NUMBER: pyarrow.float64(),
        Kind.FLAG: pyarrow.bool_(),
        Kind.MOMENT: pyarrow.timestamp("us", tz="UTC"),
        Kind.TEXTS: pyarrow.list_(pyarrow.string()),
    }[kind]


def _fitting(kind: Kind, value: Any) -> Any:
    """Return a value if a column of this kind can hold it, as text where that is its kind, and None otherwise."""
    if value is None:
        return None
    match kind:
        case Kind.TEXT | Kind.JSON:
            text = value if isinstance(value, str) else json_text(value) or ""
            return text.encode("utf-8", "replace").decode()
        case Kind.TEXTS:
            return [_fitting(Kind.TEXT, item) for item in value] if isinstance(value, list) else None
        case Kind.FLAG:
            return value if isinstance(value, bool) else None
        case Kind.NUMBER:
            return as_number(value)
    return as_integer(value)


def sha256_of(file: Any) -> str:
    """Return the SHA-256 of an open file."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def json_text(value: Any) -> str | None:
    """Return a value as JSON, always the same for equal values; None for none."""
    if value is None:
        return None
    try:
        return _as_value(value)
    except ValueError:
        return json_text(_without_infinity(value))


def _without_infinity(value: Any) -> Any:
    """Return a value with text for the numbers that JSON lacks, and Python reads all the same."""
    match value:
        case dict():
            return {name: _without_infinity(item) for name, item in value.items()}
        case list():
            return list(map(_without_infinity, value))
        case float() if not math.isfinite(value):
            return str(value)
    return value


def _iso(value: int) -> str:
    return as_moment(value).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json_records(file: IO[bytes], call_ids: Collection[str]) -> Iterator[dict[str, Any]]:
    return (record for record in map(json.loads, file) if record.get("call_id") in call_ids)


def _parquet_records(file: IO[bytes], call_ids: Collection[str]) -> Iterator[dict[str, Any]]:
    pyarrow, parquet = _pyarrow()
    from pyarrow import compute

    wanted = pyarrow.array(list(call_ids), pyarrow.string())
    try:
        with parquet.ParquetFile(file) as rows:
            # A row group has the calls of a page; several of them in one batch would take too much memory.
            for number in range(rows.num_row_groups):
                for batch in rows.iter_batches(_BATCH, row_groups=[number]):
                    yield from batch.filter(compute.is_in(batch["call_id"], wanted)).to_pylist()
    except (pyarrow.ArrowException, KeyError) as error:
        raise ValueError(str(error)) from error


def _row(record: dict[str, Any], table: ExportedTable, file_format: FileFormat) -> Row:
    return tuple(_value(column.kind, record.get(column.name), file_format) for column in table.columns)


def _value(kind: Kind, value: Any, file_format: FileFormat) -> Any:
    if value is None:
        return None
    if kind is Kind.JSON:
        return value if file_format is FileFormat.PARQUET else json_text(value)
    if kind is Kind.MOMENT:
        return microseconds(value if isinstance(value, str) else value.isoformat())
    return value
