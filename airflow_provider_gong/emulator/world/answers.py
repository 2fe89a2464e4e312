"""Answers as they go over the wire, and the one way a handler refuses a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_PARSE_ERROR = "Json parse error, verify Json format matches the API description."
BAD_REQUEST = "Bad request"
INTERNAL_ERROR = "Internal server error occurred"
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


class GongApiError(Exception):
    """
    An error answer.

    :param status: HTTP status
    :param errors: one or more texts for the answer's ``errors``
    :param details: further fields of the answer, e.g. ``userFacingError`` of meetings
    :param headers: headers of the answer, e.g. ``retry-after``
    """

    def __init__(
        self,
        status: int,
        *errors: str,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {'; '.join(errors)}")
        self.status = status
        self.errors = errors
        self.details = details or {}
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """What the answer carries besides the request id."""
        return {"errors": list(self.errors), **self.details}


class OAuthError(GongApiError):
    """
    An error answer of the token endpoint, which has OAuth's form, and the status 400.

    :param error: OAuth's word for it, e.g. ``invalid_grant``
    :param description: a text for people
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, description)
        self._error = error

    @property
    def body(self) -> dict[str, Any]:
        """What the answer carries besides the request id."""
        return {"error": self._error, "error_description": self.errors[0]}
