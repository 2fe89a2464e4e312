"""Pages of 100 and the signed cursors between them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.world import World

# Not controllable: ``limit`` is ignored (observed on live tenants).
PAGE_SIZE = 100

Item = TypeVar("Item")


def cut(
    world: World, items: Sequence[Item], cursor: str | None, question: str, caller: str, ahead: int = 0
) -> tuple[list[Item], dict[str, Any]]:
    """
    Return the items of the requested page, and the answer's ``records``; without a cursor, those of the first page.

    :param question: identifies the operation and its filters; a cursor is valid for no other
    :param caller: the caller
    :param ahead: by how much ``totalRecords`` exceeds what can be read
    :raises GongApiError: 400 for an expired cursor or one that belongs to another request
    """
    number, expires = _read_cursor(world, cursor, question)
    start, total = number * PAGE_SIZE, len(items) + ahead
    found = list(items[start : start + PAGE_SIZE])
    records = {"totalRecords": total, "currentPageSize": len(found), "currentPageNumber": number}
    if start + PAGE_SIZE >= len(items):
        return found, records
    # The claims of a cursor that was decoded in a post of Gong's community.
    claims = {
        "pageSize": PAGE_SIZE,
        "total": total,
        "pageNumber": number + 1,
        "exp": expires,
        "userId": world.new_id("caller", caller),
    }
    return found, {**records, "cursor": _write_cursor(world, claims, question)}


def _write_cursor(world: World, claims: Mapping[str, Any], question: str) -> str:
    signed = f"{_encode({'alg': 'HS256'})}.{_encode(claims)}"
    return f"{signed}.{_signature(world, signed, question)}"


def _read_cursor(world: World, cursor: str | None, question: str) -> tuple[int, int]:
    """Return the number of the page, and when the cursors of this sequence expire: counted from the first page on."""
    now, settings = world.clock.now(), world.settings
    if not cursor:
        return 0, int(now + settings.cursor_seconds)
    signed, _, signature = cursor.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(world, signed, question).encode()):
        raise GongApiError(settings.expired_cursor_status, "cursor is invalid")
    payload = signed.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims["exp"] <= now:
        raise GongApiError(settings.expired_cursor_status, "cursor has expired")
    return claims["pageNumber"], claims["exp"]


def _encode(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _signature(world: World, signed: str, question: str) -> str:
    # The question is signed but not included: a cursor is valid only for the same filters.
    key = f"cursor/{world.settings.seed}".encode()
    return _base64(hmac.digest(key, f"{signed}/{question}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
