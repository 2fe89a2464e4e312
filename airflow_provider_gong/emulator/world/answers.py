"""Answers as they go over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Answer:
    """
    A status, a body and headers.

    :param marks: whether it bears the headers by which Gong's answers are known
    :param truncated: whether it ends in the middle of its body
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    marks: bool = True
    truncated: bool = False


def json_answer(
    request_id: str | None, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer of Gong; its body begins with the request id, where there is one."""
    identified = body if request_id is None else {"requestId": request_id, **body}
    content = json.dumps(identified, ensure_ascii=False).encode()
    return Answer(status, content, {"content-type": JSON_TYPE, **(headers or {})})
