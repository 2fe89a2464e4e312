"""Recordings that Gong fetches from an object store: each call gets a signed URL when it is sent."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import URL_FIELD, LeasedRow

Sign = Callable[[MediaPath], str]

log = logging.getLogger(__name__)


def is_web(place: str) -> bool:
    """Tell whether a recording is in the web, where Gong can fetch it."""
    return place.startswith(("https://", "http://"))


def cannot_sign(media: MediaPath) -> str:
    """Stand in where there is nothing to sign URLs with."""
    raise OSError(f"there is nothing to sign a URL of {media.name} with")


def with_url(lease: LeasedRow, open_path: Callable[[str], MediaPath], sign: Sign) -> LeasedRow:
    """
    Return the row with the URL by which Gong can fetch its recording now, where the plan has only its place.

    When no URL can be signed any more, such as shortly before credentials end, the row comes without: its recording
    is uploaded.
    """
    place = lease.payload.get(URL_FIELD)
    if place is None or is_web(place):
        return lease
    payload = {name: value for name, value in lease.payload.items() if name != URL_FIELD}
    try:
        payload[URL_FIELD] = sign(open_path(place))
    except OSError as error:
        log.warning("The recording of row %d is uploaded, since %s.", lease.row_number, error)
    return dataclasses.replace(lease, payload=payload)
