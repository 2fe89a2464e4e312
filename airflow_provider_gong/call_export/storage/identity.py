"""What an export's folder contains: which company's calls and which columns. Another filter needs another folder."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.settings import CallFilter, ExportedTable, ExportSettings
from airflow_provider_gong.call_export.storage.folder import MANIFESTS, SCHEMAS, ExportFolder
from airflow_provider_gong.call_export.tables.catalogue import TABLES
from airflow_provider_gong.call_export.tables.schema import SCHEMA_VERSION

_EXPORT = f"{MANIFESTS}/_export.json"


def claim(folder: ExportFolder, settings: ExportSettings, company: str) -> None:
    """
    Claim the folder for an export, and describe its tables in ``_schema``.

    :param company: the Gong company
    :raises GongExportSettingsError: if it contains an export of other calls
    """
    ours = {
        "company": company,
        "workspace_id": settings.filters.workspace_id,
        "primary_user_ids": list(settings.filters.primary_user_ids),
    }
    found = folder.read_json(_EXPORT)
    wanted = {**ours, "settings": settings.document()}
    held = ours if found is None else found
    if different := [f"{name} {shown(str(held.get(name)))}" for name in ours if held.get(name) != ours[name]]:
        raise GongExportSettingsError(
            f"{folder} is an export of {', '.join(different)}.",
            remedy="Its files would mix calls of both: use another folder, or the same filter.",
        )
    if found != wanted:
        folder.write_json(_EXPORT, wanted)
    for name in TABLES:
        _describe(folder, name, settings.tables.get(name))


def claimed(folder: ExportFolder) -> tuple[ExportSettings, str]:
    """
    Return the settings and the company of the export in the folder.

    :raises GongExportSettingsError: if it does not contain an export
    """
    found = folder.read_json(_EXPORT)
    if found is None:
        raise GongExportSettingsError(f"{folder} does not contain an export.", remedy="Check the path.")
    filters = CallFilter(found["workspace_id"], tuple(found["primary_user_ids"]))
    return ExportSettings.parsed(found["settings"], filters), found["company"]


def require_company(folder: ExportFolder, company: str, *notes: str) -> None:
    """
    Check that calls and snapshots in the folder belong to a company.

    :param notes: notes of earlier snapshots, by path
    :raises GongExportSettingsError: if they belong to another company
    """
    for path in (_EXPORT, *notes):
        found = (folder.read_json(path) or {}).get("company", company)
        if found != company:
            raise GongExportSettingsError(
                f"{folder} is an export of company {shown(str(found))}.", remedy="Export into another folder."
            )


def _describe(folder: ExportFolder, name: str, table: ExportedTable | None) -> None:
    path = f"{SCHEMAS}/{name}.json"
    described = None if table is None else _described(table)
    if folder.read_json(path) == described:
        return
    if described is None:
        folder.delete(path)
    else:
        folder.write_json(path, described)


def _described(table: ExportedTable) -> dict[str, Any]:
    columns = [{"name": column.name, "type": column.kind.value, "about": column.about} for column in table.columns]
    about = {"table": table.name, "about": table.table.about, "version": SCHEMA_VERSION, "key": list(table.table.key)}
    return {**about, "columns": columns}
