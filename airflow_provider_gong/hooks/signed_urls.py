"""URLs by which Gong may fetch a recording from an object store, for a day and without credentials."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong.client.media import MediaPath

_VALID_SECONDS = 24 * 3600
# Gong does not say when it fetches a recording. A URL that dies earlier would leave a call without one for ever.
_NEEDED_SECONDS = 3600


class MediaUrlError(OSError):
    """There is no URL by which Gong could fetch the recording; the message says why and what to do."""


def signed_url(media: MediaPath) -> str:
    """
    Return a URL that is signed with the credentials of the object store's connection.

    :param media: the recording
    :raises MediaUrlError: if the store cannot sign URLs, or the signature would not hold for long enough
    """
    store = getattr(media, "fs", None)
    if store is None:
        raise MediaUrlError("it is not in an object store, which could sign a URL for it")
    try:
        url = str(store.sign(getattr(media, "path", ""), expiration=_VALID_SECONDS))
    except NotImplementedError:
        raise MediaUrlError(f"{type(store).__name__} cannot sign URLs") from None
    except Exception as error:
        # Each object store has errors of its own for credentials that cannot sign.
        raise MediaUrlError(f"no URL could be signed for it ({type(error).__name__}: {error})") from error
    _check_signature(url)
    _check_credentials(store)
    return url


def _check_signature(url: str) -> None:
    # What botocore still signs by default in its oldest regions.
    if "AWSAccessKeyId=" in url:
        raise MediaUrlError(
            "its URL would be signed by AWS signature version 2, which S3 refuses for buckets made since June 2020 "
            "(Amazon S3 user guide): set the region of the connection, or in its extra "
            '{"config_kwargs": {"signature_version": "s3v4"}}'
        )


def _check_credentials(store: Any) -> None:
    """Refuse credentials that end soon, since a signature ends with them."""
    session = getattr(store, "session", None)
    if session is None or not hasattr(session, "get_credentials"):
        return
    from fsspec.asyn import sync

    credentials = sync(store.loop, session.get_credentials)
    if hasattr(credentials, "refresh_needed"):
        ends_soon = credentials.refresh_needed(refresh_in=_NEEDED_SECONDS)
    else:
        # Temporary ones that somebody else has fetched do not tell when they end.
        ends_soon = getattr(credentials, "token", None) is not None
    if ends_soon:
        raise MediaUrlError(
            "its URL would be signed with temporary credentials that may end within an hour, before Gong has fetched it"
        )
