"""Links to recordings: signed for each request, and expired after eight hours."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from airflow_provider_gong.emulator.world.world import World

# One second less than eight hours (observed on live tenants).
EXPIRES_SECONDS = 28_799
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"


def unsigned_recording_url(base_url: str, call_id: str) -> str:
    """Return the URL of a recording, which responds with 403 without a signature."""
    return f"{base_url}_emulator/recordings/{call_id}"


def signed_recording_url(world: World, base_url: str, call_id: str) -> str:
    """Return a link to a recording that is valid for the next eight hours."""
    date = datetime.fromtimestamp(world.clock.now(), UTC).strftime(_DATE_FORMAT)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": date,
        "X-Amz-Expires": EXPIRES_SECONDS,
        # Makes each link unique, even within a second.
        "X-Amz-Nonce": world.request_number,
    }
    query["X-Amz-Signature"] = _signature(world, call_id, date, str(world.request_number))
    return f"{unsigned_recording_url(base_url, call_id)}?{urlencode(query)}"


def is_signed(world: World, call_id: str, query: Mapping[str, str]) -> bool:
    """Return whether a link's signature is ours and has not expired."""
    date, nonce = query.get("X-Amz-Date", ""), query.get("X-Amz-Nonce", "")
    expected = _signature(world, call_id, date, nonce)
    if not hmac.compare_digest(query.get("X-Amz-Signature", "").encode(), expected.encode()):
        return False
    signed_at = datetime.strptime(date, _DATE_FORMAT).replace(tzinfo=UTC).timestamp()
    return world.clock.now() < signed_at + EXPIRES_SECONDS


def _signature(world: World, call_id: str, date: str, nonce: str) -> str:
    key = f"recording/{world.settings.seed}".encode()
    return hmac.digest(key, f"{call_id}/{date}/{nonce}".encode(), "sha256").hex()
