"""Exports snapshots of users and workspaces, each replaced as a whole."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong._text import batches
from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.reading.draft import RowSink, TableDraft
from airflow_provider_gong.call_export.settings import ExportedTable, exported_tables
from airflow_provider_gong.call_export.storage.folder import MANIFESTS, SCRATCH, ExportFolder
from airflow_provider_gong.call_export.storage.identity import require_company
from airflow_provider_gong.call_export.tables.reference import REFERENCE_TABLES
from airflow_provider_gong.client.answers import JsonObject

_PART = 1000


class GongListings(Protocol):
    """What a client must offer."""

    def run_all(self, operation: str) -> Iterator[JsonObject]:
        """Yield the rows of a listing as plain JSON."""


def export_reference(
    folder: ExportFolder,
    client: GongListings,
    company: str,
    tables: Iterable[str],
    file_format: str = FileFormat.PARQUET,
    exclude_columns: Iterable[str] = (),
) -> dict[str, Any]:
    """
    Replace the snapshots of tables that have changed.

    :param company: the Gong company
    :return: rows by table, the tables that have changed, and Gong fields without a column
    :raises GongExportSettingsError: for an unknown table or column, or if the folder is that of another company
    :raises GongExportShrinkError: if Gong shows no row of a table at all
    """
    known = {name: table for name, (table, _) in REFERENCE_TABLES.items()}
    exported = exported_tables(known, tables, exclude_columns)
    kind = FileFormat.of("file_format", file_format)
    require_company(folder, company, *(_note(table.name) for table in exported))
    rows: dict[str, int] = {}
    changed = []
    counted: Counter[str] = Counter()
    with scratch_folder(SCRATCH) as scratch:
        for table in exported:
            listed = client.run_all(REFERENCE_TABLES[table.name][1])
            draft = _drafted(RowSink(scratch / table.name, table, kind), table, listed, counted)
            rows[table.name] = draft.rows
            if _replace(folder, table, kind, company, draft):
                changed.append(table.name)
    return {"rows": rows, "tables_changed": changed, "unknown_fields": dict(counted)}


def _drafted(sink: RowSink, table: ExportedTable, listed: Iterable[JsonObject], counted: Counter[str]) -> TableDraft:
    try:
        for part in batches(listed, _PART):
            sink.add([table.table.rows(row, counted) for row in part])
    finally:
        sink.close_file()
    return sink.close()


def _replace(
    folder: ExportFolder, table: ExportedTable, file_format: FileFormat, company: str, draft: TableDraft
) -> bool:
    """Replace a table's file, unless nothing has changed; return whether it was replaced."""
    if not draft.rows:
        raise GongExportShrinkError(f"Gong shows no {table.name}.", remedy="Check what the access key may see.")
    path, note = f"{table.name}/part-0.{file_format.value}", _note(table.name)
    facts = {
        "company": company,
        "path": path,
        "rows": draft.rows,
        "digest": draft.digest,
        "columns": [column.name for column in table.columns],
    }
    found, stored = folder.read_json(note) or {}, folder.stored(path)
    if stored is not None and {**facts, **dataclasses.asdict(stored)}.items() <= found.items():
        return False
    stored = folder.put(draft.path, path)
    for other in (f"{table.name}/part-0.{other.value}" for other in FileFormat):
        if other != path and folder.stored(other) is not None:
            folder.delete(other)
    folder.write_json(note, {**facts, **dataclasses.asdict(stored), "sha256": draft.sha256()})
    return True


def _note(table: str) -> str:
    return f"{MANIFESTS}/{table}.json"
