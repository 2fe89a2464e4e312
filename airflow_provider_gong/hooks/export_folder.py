"""The folder of an export, on any storage."""

from __future__ import annotations

from airflow_provider_gong.call_export.storage.folder import ExportFolder


def export_folder(path: str) -> ExportFolder:
    """
    Return the folder of an export.

    :param path: path on this host, or URL such as ``s3://aws_default@warehouse/gong``
    """
    from airflow_provider_gong._compat import ObjectStoragePath

    place = ObjectStoragePath(path)
    return ExportFolder(place.fs, place.path)
