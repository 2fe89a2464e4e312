"""Pages of 100 and the signed cursors between them."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_gong.emulator.world.errors import GongApiError
from airflow_provider_gong.emulator.world.ids import mint_id
from airflow_provider_gong.emulator.world.world import World

# Not controllable: ``limit`` is ignored (observed on live tenants).
PAGE_SIZE = 100

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page:
    """
    The page that a request asks for.

    :param number: counted from 0
    :param expires: when the cursors of this sequence expire: an hour after the first page, not the latest one
    :param question: identifies the operation and its filters; a cursor is valid for no other
    :param caller: the caller
    """

    number: int
    expires: int
    question: str
    caller: str


def requested_page(world: World, cursor: str | None, question: str, caller: str) -> Page:
    """
    Return the requested page; without a cursor, the first one.

    :raises GongApiError: 400 for an expired cursor or one that belongs to another request
    """
    now = world.clock.now()
    if not cursor:
        return Page(0, int(now + world.settings.cursor_seconds), question, caller)
    claims = _read_cursor(world, cursor, question)
    if claims["exp"] <= now:
        raise GongApiError(world.settings.expired_cursor_status, "cursor has expired")
    return Page(claims["pageNumber"], claims["exp"], question, caller)


def cut(world: World, items: Sequence[Item], page: Page, ahead: int = 0) -> tuple[list[Item], dict[str, Any]]:
    """Return the items of a page and the answer's ``records``."""
    start = page.number * PAGE_SIZE
    found = list(items[start : start + PAGE_SIZE])
    records: dict[str, Any] = {
        "totalRecords": len(items) + ahead,
        "currentPageSize": len(found),
        "currentPageNumber": page.number,
    }
    if start + PAGE_SIZE < len(items):
        records["cursor"] = _write_cursor(world, page, len(items) + ahead)
    return found, records


def _write_cursor(world: World, page: Page, total: int) -> str:
    # The claims of a cursor that was decoded in a post of Gong's community.
    claims = {
        "pageSize": PAGE_SIZE,
        "total": total,
        "pageNumber": page.number + 1,
        "exp": page.expires,
        "userId": mint_id(world.settings.seed, "caller", page.caller),
    }
    signed = f"{_encode({'alg': 'HS256'})}.{_encode(claims)}"
    return f"{signed}.{_signature(world, signed, page.question)}"


def _read_cursor(world: World, cursor: str, question: str) -> dict[str, Any]:
    signed, _, signature = cursor.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(world, signed, question).encode()):
        raise GongApiError(world.settings.expired_cursor_status, "cursor is invalid")
    payload = signed.partition(".")[2]
    try:
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error) as error:
        raise GongApiError(world.settings.expired_cursor_status, "cursor is invalid") from error
    return claims


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _signature(world: World, signed: str, question: str) -> str:
    # The question is signed but not included: a cursor is valid only for the same filters.
    key = f"cursor/{world.settings.seed}".encode()
    return _base64(hmac.digest(key, f"{signed}/{question}".encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
