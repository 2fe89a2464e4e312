"""What Gong's answers mean: a pure function from status and body to an error of the tree in ``errors``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_gong.client import errors as gong_errors

JsonObject = dict[str, Any]

# Texts observed on live tenants; Gong has no error codes. Ids are taken from them because nothing else names them.
_DUPLICATE_CALL = re.compile(r"posted for the call (\d+)")
_DUPLICATE_MEDIA = re.compile(r"media file with the same content", re.IGNORECASE)
_SAME_CONTENT_CALL = re.compile(r"callID with the same content:? *(\d+)", re.IGNORECASE)
# Not a word about the request: it took too long to arrive (408), or came too early (425).
_PASSING = (408, 425)
# Refusals of a gateway that stay as they are until somebody changes something.
_FINAL = (404, 407)
_MISSING_SCOPE = "permission to use"
_EMPTY_RESULT = re.compile(r"\bNo .*found corresponding to the provided filters", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An answer, whoever gave it.

    :param status: HTTP status
    :param headers: headers, with names in lower case
    :param body: body
    :param host: the host that was asked
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def json(self) -> JsonObject | None:
        """Return the body as a JSON object, an empty one for an empty body, None for anything else."""
        if not self.body.strip():
            return {}
        try:
            content = json.loads(self.body)
        except ValueError:
            return None
        return content if isinstance(content, dict) else None


def error_from_answer(operation: str, answer: Answer, *, unanswered: int = 0) -> gong_errors.GongApiError:
    """Return the error that an answer without success stands for (everything but 429, which the exchange handles)."""
    content = answer.json() or {}
    texts = _texts(content)
    details: dict[str, Any] = {
        "operation": operation,
        "status": answer.status,
        "request_id": content.get("requestId") or answer.headers.get("x-traceid"),
        "errors": texts,
        "user_facing_error": content.get("userFacingError") or None,
        "fix_url": content.get("fixUrl") or None,
        "unanswered": unanswered,
    }
    if 300 <= answer.status < 400:
        return gong_errors.GongRedirectError("The host redirects to another place, which is refused.", **details)
    if answer.status >= 500 or answer.status in _PASSING:
        return gong_errors.GongServerError("Gong failed to handle the request.", **details)
    if "requestId" not in content and not texts:
        return _foreign_answer(answer, details)
    return _refusal(answer.status, " ".join(texts), details)


def is_missing_scope(answer: Answer) -> bool:
    """Tell a 401 that names a missing scope from one that means a dead token."""
    return _MISSING_SCOPE in " ".join(_texts(answer.json() or {}))


def _texts(content: JsonObject) -> tuple[str, ...]:
    found = content.get("errors") or []
    return tuple(str(text) for text in found) if isinstance(found, list) else (str(found),)


def _foreign_answer(answer: Answer, details: dict[str, Any]) -> gong_errors.GongApiError:
    if answer.status == 401:
        return gong_errors.GongAuthenticationError("Gong does not accept the credentials.", **details)
    if answer.status == 403:
        return gong_errors.GongPermissionError("The host refuses access.", **details)
    if answer.status == 413:
        return gong_errors.GongValidationError("The request is larger than the host takes.", **details)
    # Never "not found": a gateway's 404 says nothing about what the request names.
    kind = gong_errors.GongForeignAnswerError if answer.status in _FINAL else gong_errors.GongConnectionError
    remedy = (
        "Check that the connection's host is your company's API base URL, without a path, and that no proxy or "
        f"firewall answers in place of {answer.host or 'Gong'}."
    )
    return kind("The host's answer is not one of Gong's API.", remedy=remedy, **details)


def _refusal(status: int, text: str, details: dict[str, Any]) -> gong_errors.GongApiError:
    if status == 401:
        return _unauthorized(text, details)
    if status in (402, 403):
        return gong_errors.GongPermissionError("Gong does not allow this.", **details)
    specific = _told_by_text(text, details)
    if specific is not None:
        return specific
    if status == 404:
        return gong_errors.GongNotFoundError("Gong did not find what the request names.", **details)
    if status == 409:
        return gong_errors.GongConflictError("The request conflicts with Gong's state or configuration.", **details)
    return gong_errors.GongValidationError("Gong refuses the content of the request.", **details)


def _unauthorized(text: str, details: dict[str, Any]) -> gong_errors.GongApiError:
    if _MISSING_SCOPE in text:
        return gong_errors.GongPermissionError("The credentials lack a scope that this operation needs.", **details)
    return gong_errors.GongAuthenticationError("Gong does not accept the credentials.", **details)


def _told_by_text(text: str, details: dict[str, Any]) -> gong_errors.GongApiError | None:
    if match := _DUPLICATE_CALL.search(text):
        return gong_errors.GongDuplicateCallError(
            "A call with this clientUniqueId exists already.", call_id=match[1], **details
        )
    if _DUPLICATE_MEDIA.search(text):
        other = _SAME_CONTENT_CALL.search(text)
        return gong_errors.GongDuplicateMediaError(
            "The same recording was uploaded to another call before.",
            call_id=other[1] if other else None,
            **details,
        )
    for fragment, kind, message in _BY_FRAGMENT:
        if fragment in text.lower():
            return kind(message, **details)
    if _EMPTY_RESULT.search(text):
        return gong_errors.GongEmptyResultError("Nothing matches the filters.", **details)
    return None


_BY_FRAGMENT: tuple[tuple[str, type[gong_errors.GongApiError], str], ...] = (
    (
        "has already been handled",
        gong_errors.GongMediaAlreadyHandledError,
        "The call has a recording already.",
    ),
    (
        "is not enabled for primaryuser",
        gong_errors.GongRecordingNotEnabledError,
        "Gong may not import calls of this host.",
    ),
    (
        "provider disconnected",
        gong_errors.GongProviderDisconnectedError,
        "The conferencing provider is disconnected from Gong.",
    ),
    ("not ready yet", gong_errors.GongCallNotReadyError, "Gong is still processing the call."),
    (
        "cursor has expired",
        gong_errors.GongCursorExpiredError,
        "The listing took longer than its cursor lives.",
    ),
)
