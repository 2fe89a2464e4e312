"""The folder of an export, on any storage."""

from __future__ import annotations

from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.storage.folder import ExportFolder


def export_folder(path: str) -> ExportFolder:
    """
    Return the folder of an export.

    :param path: path on this host, or URL such as ``s3://aws_default@warehouse/gong``
    :raises GongExportSettingsError: if it is empty
    """
    from airflow_provider_gong._compat import ObjectStoragePath

    if not path or path == "None":
        raise GongExportSettingsError("path is empty.", remedy="If it is a template, check what it renders to.")
    place = ObjectStoragePath(path)
    return ExportFolder(place.fs, place.path)
