"""Manifests in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.manifest import Record, Table, require_distinct
from airflow_provider_gong.call_import.manifest.records import record_of

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_BATCH = 1000


def parquet_table(file: IO[bytes], name: str) -> Table:
    """
    Read a Parquet manifest in batches of rows.

    :param file: the file, opened for reading
    :param name: its path or URL
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
    require_distinct(header, name)
    return Table(name, header, _records(opened, name, ArrowException), file=name)


def _records(file: ParquetFile, name: str, arrow_error: type[Exception]) -> Iterator[Record]:
    try:
        for number, row in enumerate(_rows(file), 1):
            yield None, record_of(row, f"{name}, row {number}")
    except (arrow_error, ValueError, OverflowError, LookupError) as error:
        # Such as times in nanoseconds, after the year 9999, or in a zone that Python does not know.
        raise GongManifestError(f"Manifest {name} cannot be read: {error}. Export it again.") from error


def _rows(file: ParquetFile) -> Iterator[dict[str, Any]]:
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    # Moments in UTC as Spark and Hive write them, without saying so.
    moments = [column.name for column in columns if column.physical_type == "INT96" and column.path == column.name]
    # Bytes in older versions of pyarrow.
    ids = [column.name for column in columns if str(column.logical_type) == "UUID" and column.path == column.name]
    for batch in file.iter_batches(batch_size=_BATCH):
        for row in batch.to_pylist():
            for name in ids:
                row[name] = UUID(bytes=row[name]) if isinstance(row[name], bytes) else row[name]
            for name in moments:
                row[name] = row[name].replace(tzinfo=UTC) if row[name] is not None else None
            yield row
