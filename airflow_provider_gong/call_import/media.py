"""Where an import finds recordings, and how Gong can fetch them: from a URL that is signed when the call is sent."""

from __future__ import annotations

import logging
import os
import unicodedata
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote, unquote_plus

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import LeasedRow

log = logging.getLogger(__name__)


class ObjectDetails(dict[str, Any]):
    """An fsspec file system's details of an object, in the form of ``stat``."""

    @property
    def st_size(self) -> int:
        """Its length in bytes."""
        return int(self["size"])


class MediaStorage(Protocol):
    """The places of recordings: paths and URLs. ``hooks.object_storage.ObjectStorage`` knows those of Airflow."""

    def path(self, place: str, /) -> MediaPath:
        """Return the path object of a place; raises ``OSError``, ``ValueError`` or ``ImportError`` for unknown ones."""

    def sign(self, place: str, /) -> str:
        """Return a URL from which Gong can fetch the recording; raises ``OSError`` with the reason if there is none."""


def similar_place(place: str, open_path: Callable[[str], Any]) -> str | None:
    """
    Return the path of an existing file that is probably meant by a wrong path.

    :param place: path or URL, such as one with backslashes, with letters that another system composed differently, or
        with escapes, as in messages of object stores
    :param open_path: makes the path object
    """
    slashed = place.replace("\\", "/")
    spellings = {slashed, unquote(slashed), unquote_plus(slashed)}
    composed = {unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in spellings}
    others = (spellings | composed) - {place}
    if not others or _exists(place, open_path):
        return None
    return next((other for other in sorted(others) if _exists(other, open_path)), None)


def _exists(place: str, open_path: Callable[[str], Any]) -> bool:
    try:
        open_path(place).stat()
    except (OSError, ValueError, ImportError):
        return False
    return True


def is_inside(place: str, root: str) -> bool:
    """Return whether a file on this host is below a folder, after resolving links."""
    return os.path.realpath(place).startswith(os.path.realpath(root).rstrip("/") + "/")


def is_web(place: str) -> bool:
    """Return whether a recording is on the web, from which Gong can fetch it."""
    return place[:8].lower().startswith(("https://", "http://"))


def pull_url(lease: LeasedRow, storage: MediaStorage) -> str | None:
    """
    Return the URL from which Gong can fetch a recording now; None if it must be uploaded.

    It must be uploaded if the plan says so, or if no URL can be signed any more, for example shortly before the
    credentials expire.
    """
    if not lease.is_pulled or lease.media is None:
        return None
    if is_web(lease.media):
        return lease.media
    try:
        return storage.sign(lease.media)
    except OSError as error:
        log.warning("The recording of row %d is uploaded because %s.", lease.row_number, error)
        return None
