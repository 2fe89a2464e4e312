"""The rows of a day as plain mappings, for programs that write them elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from airflow_provider_gong.call_export.days import Window, day_of, window_of
from airflow_provider_gong.call_export.reading.reader import GongApi, GongReader
from airflow_provider_gong.call_export.settings import ExportedTable, ExportSettings
from airflow_provider_gong.call_export.tables.call import ExportedCall
from airflow_provider_gong.call_export.tables.fields import as_moment
from airflow_provider_gong.call_export.tables.schema import Kind, Row


def export_rows(client: GongApi, table: str, day: str | date, **settings: Any) -> Iterator[dict[str, Any]]:
    """
    Return the rows of a table of an export, for all calls of a UTC day.

    :param client: a client of Gong's API
    :param table: name of the table
    :param day: the day, such as ``2026-11-20``; a time means its UTC day
    :param settings: ``include_private``, ``exclude_columns``, ``workspace_id``, ``primary_user_ids``
    :raises GongExportSettingsError: for an unknown table or column, or a wrong day
    """
    wanted = ExportSettings.of(tables=[table], **settings)
    return _rows(client, wanted, wanted.tables[table], window_of(day_of("day", day)))


def _rows(client: GongApi, settings: ExportSettings, table: ExportedTable, window: Window) -> Iterator[dict[str, Any]]:
    unknown: Counter[str] = Counter()
    for page in GongReader(client, settings).pages(window):
        for data, transcript in page.calls:
            yield from (_record(table, row) for row in table.table.rows(ExportedCall(data, transcript, unknown)))


def _record(table: ExportedTable, row: Row) -> dict[str, Any]:
    columns = ((table.table.columns[index], row[index]) for index in table.indexes)
    return {
        column.name: as_moment(value) if column.kind is Kind.MOMENT and value is not None else value
        for column, value in columns
    }
