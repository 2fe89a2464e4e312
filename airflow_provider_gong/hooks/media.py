"""Recordings wherever a DAG names them: plain paths and URLs of any object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_gong.client.media import MediaFile, MediaPath

if TYPE_CHECKING:
    import os

    from airflow_provider_gong._compat import ObjectStoragePath


def media_file(media: str | os.PathLike[str] | ObjectStoragePath | MediaFile) -> MediaFile:
    """
    Return a recording that is ready to be uploaded.

    :param media: path on this host, URL such as ``s3://aws_default@recordings/1.wav``, or a path object of either
    :raises FileNotFoundError: where there is none
    """
    return media if isinstance(media, MediaFile) else MediaFile.at(media_path(media))


def media_path(media: str | os.PathLike[str] | ObjectStoragePath) -> MediaPath:
    """Return the path object of a path on this host or of a URL of any object store."""
    from airflow_provider_gong._compat import ObjectStoragePath

    if isinstance(media, ObjectStoragePath):
        return media
    if isinstance(media, str) and "://" in media:
        return ObjectStoragePath(media)
    return Path(media)
