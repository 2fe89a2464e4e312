"""Answers as they go over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Send

from airflow_provider_gong.emulator.errors import GongApiError

CONTENT_TYPE = "application/json;charset=UTF-8"
# What the service in front of Gong adds; the version is one that a client may log and nothing else.
_GONG_HEADERS = [
    (b"content-type", CONTENT_TYPE.encode()),
    (b"x-gong-service-version", b"emulator"),
    (b"cf-cache-status", b"DYNAMIC"),
]


@dataclass(frozen=True)
class Answer:
    """A status, a body and headers; a truncated answer ends in the middle of its body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    truncated: bool = False


def json_answer(
    request_id: str, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer whose body starts with the request id."""
    content = json.dumps({"requestId": request_id, **body}, ensure_ascii=False)
    return Answer(status, content.encode(), headers or {})


def error_answer(request_id: str, error: GongApiError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer of a refused request."""
    return json_answer(request_id, error.status, error.body, headers)


async def deliver(answer: Answer, request_id: str, send: Send) -> None:
    """Send an answer, or the first half of a truncated one."""
    headers = [
        *_GONG_HEADERS,
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-traceid", request_id.encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = answer.body[: len(answer.body) // 2] if answer.truncated else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": answer.truncated})
