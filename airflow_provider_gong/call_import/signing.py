"""Recordings that Gong fetches from an object store: each call gets a signed URL when it is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.store.ledger_rows import LeasedRow

Sign = Callable[[MediaPath], str]

_FIELD = "downloadMediaUrl"


def cannot_sign(media: MediaPath) -> str:
    """Stand in where there is nothing to sign URLs with."""
    raise OSError(f"there is nothing to sign a URL of {media.name} with")


def is_pulled(lease: LeasedRow) -> bool:
    """Tell whether Gong fetches the row's recording."""
    return _FIELD in lease.payload


def with_url(lease: LeasedRow, open_path: Callable[[str], MediaPath], sign: Sign) -> LeasedRow:
    """
    Return the row with the URL by which Gong can fetch its recording now, where the plan has only its place.

    :raises OSError: if no URL can be made
    """
    place = lease.payload.get(_FIELD)
    if place is None or place.startswith(("https://", "http://")):
        return lease
    return dataclasses.replace(lease, payload={**lease.payload, _FIELD: sign(open_path(place))})
