"""Answers as they go over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Send

from airflow_provider_gong.emulator.errors import GongApiError

CONTENT_TYPE = "application/json;charset=UTF-8"


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
    body = {"errors": list(error.errors), **error.details}
    return json_answer(request_id, error.status, body, headers)


async def deliver(answer: Answer, request_id: str, send: Send) -> None:
    """Send an answer, or the first half of a truncated one."""
    headers = {
        "content-type": CONTENT_TYPE,
        "content-length": str(len(answer.body)),
        "x-traceid": request_id,
        **answer.headers,
    }
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    body = answer.body[: len(answer.body) // 2] if answer.truncated else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": answer.truncated})
