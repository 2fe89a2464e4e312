"""Pages of 100 and the signed cursors between them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.state import Emulator

# Not controllable: ``limit`` is ignored (observed on live tenants).
PAGE_SIZE = 100
CURSOR_SECONDS = 3_600

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page:
    """Which page a request asks for.

    :param number: counted from 0.
    :param expires: when the cursors of this sequence expire: an hour after its first page, not after the latest.
    :param question: identifies the operation and its filters; a cursor answers no other question.
    """

    number: int
    expires: int
    question: str


def requested_page(emulator: Emulator, cursor: str | None, operation: str, filters: object) -> Page:
    """Return the page that a request asks for, the first one without a cursor.

    :raises GongApiError: 400 for an expired cursor or one that belongs to another request.
    """
    question = hashlib.sha256(json.dumps([operation, filters], sort_keys=True).encode()).hexdigest()[:16]
    now = emulator.clock.now()
    if not cursor:
        return Page(0, int(now) + CURSOR_SECONDS, question)
    claims = _read_cursor(emulator, cursor)
    if claims["exp"] <= now:
        raise GongApiError(400, "cursor has expired")
    if claims["sub"] != question:
        raise GongApiError(400, "cursor is invalid: it belongs to a request with other parameters")
    return Page(claims["pageNumber"], claims["exp"], question)


def cut(emulator: Emulator, items: Sequence[Item], page: Page) -> tuple[list[Item], dict[str, Any]]:
    """Return the items of a page and the answer's ``records``."""
    start = page.number * PAGE_SIZE
    found = list(items[start : start + PAGE_SIZE])
    records: dict[str, Any] = {
        "totalRecords": len(items),
        "currentPageSize": len(found),
        "currentPageNumber": page.number,
    }
    if start + PAGE_SIZE < len(items):
        records["cursor"] = _write_cursor(emulator, page, len(items))
    return found, records


def _write_cursor(emulator: Emulator, page: Page, total: int) -> str:
    claims = {
        "pageSize": PAGE_SIZE,
        "total": total,
        "pageNumber": page.number + 1,
        "exp": page.expires,
        "sub": page.question,
    }
    signed = f"{_encode({'alg': 'HS256'})}.{_encode(claims)}"
    return f"{signed}.{_signature(emulator, signed)}"


def _read_cursor(emulator: Emulator, cursor: str) -> dict[str, Any]:
    signed, _, signature = cursor.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(emulator, signed).encode()):
        raise GongApiError(400, "cursor is invalid")
    payload = signed.partition(".")[2]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _signature(emulator: Emulator, signed: str) -> str:
    key = f"cursor/{emulator.settings.seed}".encode()
    return _base64(hmac.digest(key, signed.encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
