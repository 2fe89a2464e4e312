"""Settings of an export: what it writes, and of which calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_gong._text import is_gong_id, shown
from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.tables.catalogue import DEFAULT_TABLES, TABLES
from airflow_provider_gong.call_export.tables.schema import SCHEMA_VERSION, Column, Table


@dataclass(frozen=True)
class CallFilter:
    """
    Selects the calls to export.

    :param workspace_id: only calls of this workspace
    :param primary_user_ids: only calls hosted by these users
    """

    workspace_id: str | None = None
    primary_user_ids: tuple[str, ...] = ()

    def wire(self, **more: Any) -> dict[str, Any]:
        """Return the filter of a request with further conditions."""
        filters: dict[str, Any] = {"workspaceId": self.workspace_id, "primaryUserIds": list(self.primary_user_ids)}
        return {name: value for name, value in filters.items() if value} | more


@dataclass(frozen=True)
class ExportedTable:
    """A table without its excluded columns."""

    table: Table
    indexes: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are exported."""
        return tuple(self.table.columns[index] for index in self.indexes)

    @property
    def is_whole(self) -> bool:
        """Whether no column is excluded."""
        return len(self.indexes) == len(self.table.columns)


@dataclass(frozen=True)
class ExportSettings:
    """
    Settings of an export.

    :param tables: the exported tables, by name
    :param file_format: format of the files
    :param include_private: export private calls, too
    :param filters: which calls are exported
    """

    tables: Mapping[str, ExportedTable]
    file_format: FileFormat = FileFormat.PARQUET
    include_private: bool = False
    filters: CallFilter = CallFilter()

    @classmethod
    def of(
        cls,
        tables: Iterable[str] = DEFAULT_TABLES,
        file_format: str = FileFormat.PARQUET,
        include_private: bool = False,
        exclude_columns: Iterable[str] = (),
        workspace_id: str | None = None,
        primary_user_ids: Sequence[str] | None = None,
    ) -> ExportSettings:
        """
        Return settings from the values that users write.

        :raises GongExportSettingsError: for an unknown table, column or format
        """
        _require_lists(primary_user_ids=primary_user_ids)
        if not isinstance(include_private, bool):
            raise GongExportSettingsError(f"include_private is True or False, not {include_private!r}.")
        if primary_user_ids is not None and not primary_user_ids:
            raise GongExportSettingsError(
                "primary_user_ids is empty.", remedy="For the calls of all users, leave it out, or set it to None."
            )
        return cls(
            {table.name: table for table in exported_tables(TABLES, tables, exclude_columns)},
            FileFormat.of("file_format", file_format),
            include_private,
            CallFilter(
                _gong_id("workspace_id", workspace_id) if workspace_id else None,
                tuple(sorted({_gong_id("primary_user_ids", user) for user in primary_user_ids or ()})),
            ),
        )

    def leaves_out(self, call: Mapping[str, Any]) -> bool:
        """
        Return whether a call is skipped because it is private.

        :param call: a row of ``POST /v2/calls/extensive``
        """
        # What is not clearly public is not exported.
        return not self.include_private and call["metaData"].get("isPrivate") not in (None, False)

    def document(self) -> dict[str, Any]:
        """Return the settings as JSON, without the filter of calls."""
        return {
            "tables": {name: [column.name for column in table.columns] for name, table in self.tables.items()},
            "file_format": self.file_format.value,
            "include_private": self.include_private,
        }

    @classmethod
    def parsed(cls, document: Mapping[str, Any], filters: CallFilter) -> ExportSettings:
        """Return settings from their JSON, without tables and columns of other releases."""
        tables = {
            name: ExportedTable(table, tuple(i for i, column in enumerate(table.names) if column in columns))
            for name, table in TABLES.items()
            if (columns := document["tables"].get(name)) is not None
        }
        return cls(tables, FileFormat(document["file_format"]), document["include_private"], filters)

    @property
    def reads_transcripts(self) -> bool:
        """Whether transcripts are read."""
        return any(table.table.from_transcripts for table in self.tables.values()) or "calls" in self.tables

    @cached_property
    def fingerprint(self) -> str:
        """A hash of settings and schemas; days that were read under another one are read again."""
        facts = {
            "schema": SCHEMA_VERSION,
            "format": self.file_format,
            "private": self.include_private,
            "tables": {
                name: [(column.name, column.kind) for column in table.columns] for name, table in self.tables.items()
            },
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _gong_id(parameter: str, value: object) -> str:
    """Return an id of Gong, which answers to any other text as if there were no calls."""
    text = str(value)
    if not is_gong_id(text):
        raise GongExportSettingsError(f"{parameter}: {shown(text)!r} is not an id of Gong, which has only digits.")
    return text


def exported_tables(
    tables: Mapping[str, Table], names: Iterable[str], exclude_columns: Iterable[str]
) -> list[ExportedTable]:
    """
    Return tables by their names, without some columns.

    :param tables: all tables there are
    :raises GongExportSettingsError: for an unknown table, for a column that no table has, or that identifies rows
    """
    _require_lists(tables=names, exclude_columns=exclude_columns)
    wanted = tuple(names)
    unknown = [name for name in wanted if name not in tables]
    if unknown or not wanted:
        wrong = f"no table {unknown[0]!r}" if unknown else "nothing to export"
        raise GongExportSettingsError(f"tables: there is {wrong}; there are {', '.join(tables)}.")
    return _without([table for name, table in tables.items() if name in wanted], exclude_columns)


def _require_lists(**given: Any) -> None:
    for name, value in given.items():
        if isinstance(value, str):
            raise GongExportSettingsError(f"{name}={value!r} is a single text. Use lists, such as [{value!r}].")


def _without(tables: Sequence[Table], exclude_columns: Iterable[str]) -> list[ExportedTable]:
    excluded: set[tuple[str, str]] = set()
    for column in exclude_columns:
        table_name, _, name = column.rpartition(".")
        found = [table for table in tables if table_name in ("", table.name) and name in table.names]
        if not found:
            raise GongExportSettingsError(f"exclude_columns: no exported table has the column {column!r}.")
        if any(name in table.key for table in found):
            raise GongExportSettingsError(f"exclude_columns: {column!r} identifies rows and cannot be left out.")
        excluded |= {(table.name, name) for table in found}
    return [
        ExportedTable(table, tuple(i for i, name in enumerate(table.names) if (table.name, name) not in excluded))
        for table in tables
    ]
