"""Answers as they go over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_gong.emulator.world.errors import GongApiError


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
