"""Where an import finds recordings, and how Gong can pull them: with a URL that is signed when the call is sent."""

from __future__ import annotations

import dataclasses
import logging
from typing import Protocol

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import URL_FIELD, LeasedRow

log = logging.getLogger(__name__)


class MediaStorage(Protocol):
    """The places of recordings: paths and URLs. ``hooks.object_storage.ObjectStorage`` knows those of Airflow."""

    def path(self, place: str, /) -> MediaPath:
        """Return the path object of a place; raises ``OSError``, ``ValueError`` or ``ImportError`` for unknown ones."""

    def sign(self, place: str, /) -> str:
        """Return a URL by which Gong can pull the recording; raises ``OSError`` with the reason if there is none."""


def is_web(place: str) -> bool:
    """Tell whether a recording is in the web, where Gong can pull it."""
    return place.startswith(("https://", "http://"))


def with_url(lease: LeasedRow, storage: MediaStorage) -> LeasedRow:
    """
    Return the row with the URL by which Gong can pull its recording now, where the plan has only its place.

    When no URL can be signed any more, such as shortly before credentials end, the row comes without: its recording
    is uploaded.
    """
    place = lease.payload.get(URL_FIELD)
    if place is None or is_web(place):
        return lease
    payload = {name: value for name, value in lease.payload.items() if name != URL_FIELD}
    try:
        payload[URL_FIELD] = storage.sign(place)
    except OSError as error:
        log.warning("The recording of row %d is uploaded, since %s.", lease.row_number, error)
    return dataclasses.replace(lease, payload=payload)
