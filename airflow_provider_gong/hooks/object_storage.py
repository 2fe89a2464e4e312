"""Recordings and manifests on any storage: paths on the worker, and URLs on any object storage."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.media import BUCKET_STORES, MediaFile, MediaPath

if TYPE_CHECKING:
    from airflow_provider_gong._compat import ObjectStoragePath, Place

# As many as the recordings that a plan checks at a time; botocore opens 10.
_CONNECTIONS = 32
_VALID_SECONDS = 24 * 3600
# Gong does not say when it fetches a recording. If the URL expires before that, the call never gets its recording.
_NEEDED_SECONDS = 3600


_CHECK_FILE = ".write-check"


class MediaUrlError(GongError, OSError):
    """There is no URL from which Gong can fetch the recording. The message says why and what to do."""


class GongFolderError(GongError, OSError):
    """
    Nothing can be written to a folder in a parameter.

    :param name: the parameter
    :param place: the folder
    :param why: what happened
    """

    def __init__(self, name: str, place: object, why: str) -> None:
        super().__init__(
            f"{name}: nothing can be written to {shown(str(place))} ({shown(why)}). Correct {name}, or give the "
            "workers access to it. Nothing was sent to Gong."
        )


_PACKAGES = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    **dict.fromkeys(("abfs", "abfss", "adl"), "apache-airflow-providers-microsoft-azure"),
    **dict.fromkeys(("sftp", "ssh"), "apache-airflow-providers-sftp[sshfs]"),
}


class ObjectStorage:
    """
    The object storage of Airflow's connections, and the worker's own disk.

    A place is a path on this host, a URL such as ``s3://aws_default@recordings/1.wav``, or a path object for one of
    these.
    """

    def path(self, place: Place) -> MediaPath:
        """
        Return the path object of a place.

        :raises ValueError: if no installed provider package knows its object storage
        """
        from airflow_provider_gong._compat import ObjectStoragePath

        if isinstance(place, ObjectStoragePath):
            return place
        if isinstance(place, str) and "://" in place:
            path = ObjectStoragePath(place)
            _allow_connections(_store_of(path))
            return path
        return Path(place)

    def file(self, media: Place | MediaFile) -> MediaFile:
        """
        Return a recording that is ready to be uploaded.

        :raises FileNotFoundError: if there is none
        """
        return media if isinstance(media, MediaFile) else MediaFile.at(self.path(media))

    def require_writable(self, name: str, place: Place) -> None:
        """
        Check that tasks can write to a folder. In an object store, an empty file is written and deleted.

        :param name: the parameter that has the folder
        :raises GongFolderError: if they cannot
        """
        try:
            path: Any = self.path(place)
            # Airflow's local paths have the protocol "file" or none; paths of pathlib have no such attribute.
            if getattr(path, "protocol", "") in ("", "file"):
                _require_local(Path(getattr(path, "path", path)))
            else:
                if path.protocol not in BUCKET_STORES:
                    path.fs.makedirs(path.path, exist_ok=True)
                _write_empty(path.fs, f"{path.path.rstrip('/')}/{_CHECK_FILE}")
        except Exception as error:
            # Each object store raises different errors, for example for missing credentials.
            raise GongFolderError(name, place, f"{type(error).__name__}: {error}") from error

    def sign(self, place: Place) -> str:
        """
        Return a URL from which Gong can fetch a recording for a day, signed with the credentials of its connection.

        :raises MediaUrlError: if the store cannot sign URLs, or the signature would expire too early
        """
        media = self.path(place)
        store = getattr(media, "fs", None)
        if store is None:
            raise MediaUrlError("it is not in an object store that can sign URLs")
        try:
            url = str(store.sign(getattr(media, "path", ""), expiration=_VALID_SECONDS))
        except NotImplementedError:
            raise MediaUrlError(f"{type(store).__name__} cannot sign URLs") from None
        except Exception as error:
            # Each object store raises different errors for credentials that cannot sign.
            raise MediaUrlError(f"no URL could be signed for it ({type(error).__name__}: {error})") from error
        _check_signature(url)
        _check_credentials(store)
        return url


def _require_local(folder: Path) -> None:
    found = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not found.is_dir():
        raise NotADirectoryError(f"{found} is a file")
    if not os.access(found, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(f"{found} cannot be written to")


def _write_empty(store: Any, file: str) -> None:
    with store.open(file, "wb"):
        pass
    # Reports and imports never delete anything, so the credentials may not allow it.
    with contextlib.suppress(Exception):
        store.rm_file(file)


def _store_of(path: ObjectStoragePath) -> Any:
    try:
        return path.fs
    except ValueError as error:
        package = _PACKAGES.get(path.protocol, f"the provider package for {path.protocol}://")
        raise ValueError(f"{error}. Install {package} on all workers") from error


def _allow_connections(store: Any) -> None:
    """Let an S3 client that is not connected yet open more connections, unless its Airflow connection says how many."""
    options = getattr(store, "config_kwargs", None)
    if isinstance(options, dict):
        options.setdefault("max_pool_connections", _CONNECTIONS)


def _check_signature(url: str) -> None:
    # What botocore still signs by default in its oldest regions.
    if "AWSAccessKeyId=" in url:
        raise MediaUrlError(
            "its URL would be signed by AWS signature version 2, which S3 refuses for buckets made since June 2020 "
            "(Amazon S3 user guide): set the region of the connection, or in its extra "
            '{"config_kwargs": {"signature_version": "s3v4"}}'
        )


def _check_credentials(store: Any) -> None:
    """Refuse credentials that expire soon, because signatures expire with them."""
    session = getattr(store, "session", None)
    if session is None or not hasattr(session, "get_credentials"):
        return
    from fsspec.asyn import sync

    credentials = sync(store.loop, session.get_credentials)
    if hasattr(credentials, "refresh_needed"):
        ends_soon = credentials.refresh_needed(refresh_in=_NEEDED_SECONDS)
    else:
        # Temporary credentials that were obtained elsewhere have no expiry.
        ends_soon = getattr(credentials, "token", None) is not None
    if ends_soon:
        raise MediaUrlError(
            "its URL would be signed with temporary credentials that may end within an hour, before Gong has fetched it"
        )
