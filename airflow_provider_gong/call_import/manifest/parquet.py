"""Manifests in Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.manifest import Record, Table
from airflow_provider_gong.call_import.manifest.records import record_of
from airflow_provider_gong.call_import.manifest.values import SingleFloat

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_BATCH = 1000


def parquet_table(file: IO[bytes], name: str) -> Table:
    """
    Read a Parquet manifest in batches of rows.

    :param file: the file, opened for reading
    :param name: its name in messages
    :raises GongManifestError: if it is not Parquet, or pyarrow is not installed
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise GongManifestError(
            f"Manifest {name} is a Parquet file, which needs pyarrow: pip install 'airflow-provider-gong[parquet]'."
        ) from error
    try:
        opened = ParquetFile(file)
    except (ArrowException, OSError) as error:
        raise GongManifestError(f"Manifest {name} is not a Parquet file: {error}. Export it again.") from error
    header = tuple(column_of(column) for column in opened.schema_arrow.names)
    return Table(name, header, _records(opened, header, name, ArrowException))


def _records(file: ParquetFile, header: Sequence[str], name: str, arrow_error: type[Exception]) -> Iterator[Record]:
    # Repeated columns are not read: a manifest in which they would be is refused.
    places = [place for place, column in enumerate(header) if header.count(column) == 1]
    try:
        for number, row in enumerate(_rows(file, places), 1):
            yield None, record_of(row, f"{name}, row {number}")
    except (arrow_error, ValueError, OverflowError, LookupError) as error:
        # Such as times in nanoseconds, after the year 9999, or in a zone that Python does not know.
        raise GongManifestError(f"Manifest {name} cannot be read: {error}. Export it again.") from error


def _rows(file: ParquetFile, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    names = {file.schema_arrow.names[place] for place in places}
    # Moments in UTC as Spark and Hive write them, without saying so, also inside objects.
    moments = names & {_outer(column) for column in columns if column.physical_type == "INT96"}
    # Bytes in older versions of pyarrow.
    ids = names & {column.path for column in columns if str(column.logical_type) == "UUID"}
    singles = names & {column.path for column in columns if column.physical_type == "FLOAT"}
    for batch in file.iter_batches(batch_size=_BATCH):
        for row in batch.select(places).to_pylist():
            for name in ids:
                row[name] = UUID(bytes=row[name]) if isinstance(row[name], bytes) else row[name]
            for name in singles:
                row[name] = SingleFloat(row[name]) if row[name] is not None else None
            for name in moments:
                row[name] = _in_utc(row[name])
            yield row


def _outer(column: Any) -> str:
    return str(column.path if column.path == column.name else column.path.partition(".")[0])


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    if isinstance(value, dict):
        return {name: _in_utc(inner) for name, inner in value.items()}
    return [_in_utc(inner) for inner in value] if isinstance(value, list) else value
