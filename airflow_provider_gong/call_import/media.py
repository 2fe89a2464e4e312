"""Where an import finds recordings, and how Gong can fetch them: from a URL that is signed when the call is sent."""

from __future__ import annotations

import errno
import logging
import os
import unicodedata
import zlib
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote, unquote_plus

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongImportError, GongManifestError
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import LeasedRow

log = logging.getLogger(__name__)

# What s3fs makes of the errors of a busy store; only Linux has EREMOTEIO.
_TEMPORARY = frozenset({errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, getattr(errno, "EREMOTEIO", errno.EBUSY)})
# Amazon S3 API reference, "Error responses"; 400 is what HEAD says of expired credentials, without a body.
_CREDENTIALS = frozenset({"400", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "RequestTimeTooSkewed"})
# Of HTTP: wrong credentials, timeout, too many requests.
_TEMPORARY_STATUS = frozenset({401, 408, 429})


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
    except Exception:
        # Libraries of stores raise errors of their own for objects that they refuse.
        return False
    return True


def is_failure_of_store(error: Exception) -> bool:
    """Return whether a store failed, rather than that it refused an object: it is busy, or credentials have expired."""
    if isinstance(error, OSError):
        is_temporary = isinstance(error, (TimeoutError, ConnectionError)) or error.errno in _TEMPORARY
        return is_temporary or are_credentials_refused(error) or "Throttling" in error_code(error)
    if isinstance(error, (ValueError, ImportError, EOFError, zlib.error)):
        return False
    # What libraries of stores raise, each in its own way, for example without credentials or for a refused object.
    numbers = [getattr(error, name, None) for name in ("status_code", "status", "code")]
    status = next((number for number in numbers if isinstance(number, int)), 0)
    return not 400 <= status < 500 or status in _TEMPORARY_STATUS


def are_credentials_refused(error: Exception) -> bool:
    """Return whether a store refuses the credentials, whatever the object."""
    return error_code(error) in _CREDENTIALS


def error_code(error: BaseException | None) -> str:
    """Return the code by which an object store names an error, such as ``ExpiredToken``; empty if there is none."""
    while error is not None:
        response = getattr(error, "response", None)
        details = response.get("Error") if isinstance(response, dict) else None
        code = details.get("Code") if isinstance(details, dict) else getattr(error, "error_code", None)
        if code:
            return str(code)
        # Libraries translate the errors of others.
        error = error.__cause__ or error.__context__
    return ""


def reading_error(what: str, error: Exception, hint: str = "") -> GongImportError:
    """
    Return the error for something that cannot be read; Airflow retries the task if the store failed.

    :param what: what cannot be done, as the start of a sentence
    :param error: what its disk or object store raised
    :param hint: what may be meant instead
    """
    if not is_failure_of_store(error):
        return GongManifestError(f"{what}: {shown(str(error))}{hint}")
    why = shown(f"{type(error).__name__}: {error}")
    return GongImportError(f"{what} ({why}). Check the Airflow connection of its object storage, and the network.")


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
