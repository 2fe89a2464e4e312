"""The folder of an export, on any storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.storage.folder import ExportFolder

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Place


def export_folder(path: Place) -> ExportFolder:
    """
    Return the folder of an export.

    :param path: path on this host, URL such as ``s3://aws_default@warehouse/gong``, or path object
    :raises GongExportSettingsError: if it is empty
    """
    from airflow_provider_gong._compat import ObjectStoragePath

    if not path or path == "None":
        raise GongExportSettingsError("path is empty.", remedy="If it is a template, check what it renders to.")
    place = ObjectStoragePath(path)
    return ExportFolder(place.fs, place.path)
