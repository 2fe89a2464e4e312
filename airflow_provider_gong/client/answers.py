"""Responses: their bodies, within limits, and what they mean: a pure function to one of the errors in ``errors``."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.client import errors as gong_errors

JsonObject = dict[str, Any]

_MISSING_SCOPE = "permission to use"
# Says nothing about the request itself: it arrived too slowly (408) or too early (425), or the client gave up (499).
_PASSING = (408, 425, 499)
# Refusals by a gateway that persist until someone changes something.
_FINAL = (403, 404, 407)
# After decompression. Gong's own pages have a few MB at most.
_LARGEST_ANSWER = 64 * 1024 * 1024
# Of zlib: a header of gzip is expected.
_GZIP = 16 + zlib.MAX_WBITS
_LONGEST_TEXT = 16 * 1024
# Only this much is read, because the search for secrets takes seconds for 20 MB.
_READ = 4 * _LONGEST_TEXT
_LONGEST_ID = 100


@dataclass(frozen=True)
class Answer:
    """
    A response, from Gong or from something else.

    :param status: HTTP status
    :param headers: headers, with names in lower case
    :param body: body
    :param host: the host that the request was sent to
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status means success."""
        return 200 <= self.status < 300

    def json(self) -> JsonObject | None:
        """Return the body as a JSON object, an empty one for an empty body, None for anything else."""
        return self._json

    @cached_property
    def _json(self) -> JsonObject | None:
        if not self.body.strip():
            return {}
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None

    @property
    def request_id(self) -> str | None:
        """Gong's id of the request, which only Gong's own responses have."""
        found = (self._json or {}).get("requestId") or self.headers.get("x-traceid")
        return shown(_beginning(str(found), _READ), _LONGEST_ID) if found else None

    @property
    def texts(self) -> tuple[str, ...]:
        """The error texts, unchanged but limited in length."""
        found = (self._json or {}).get("errors") or []
        return _limited(map(str, found if isinstance(found, list) else [found]), _beginning, _READ)

    @property
    def is_gongs(self) -> bool:
        """
        Whether this response came from Gong and not from something else, such as a gateway.

        A gateway may keep the headers or the body of the response that it replaces, and may have ids of requests of its
        own. An error is therefore Gong's only if the body is: ``requestId``, ``errors``, or nothing.
        """
        is_marked = self.request_id is not None and (self.ok or self._is_error_of_gong)
        return is_marked or _knows_gong(" ".join(self.texts))

    @property
    def _is_error_of_gong(self) -> bool:
        content = self._json
        return content is not None and ("errors" in content or not content.keys() - {"requestId"})


class UnusableBodyError(Exception):
    """The body of a response is too large or cannot be decompressed."""


class TooLargeBodyError(UnusableBodyError):
    """The body of a response is too large."""


class Body:
    """
    The body of a response, limited in size.

    The HTTP library would decompress each piece of data from the network at once, which may be gigabytes.

    :param encoding: value of the ``Content-Encoding`` header
    """

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower() or "identity"
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise UnusableBodyError(f"the response is encoded as {shown(encoding, 40)}, which was not requested")
        self._inflate = None if encoding == "identity" else zlib.decompressobj(_GZIP)
        self._content = bytearray()
        self._was_fed = False

    @property
    def content(self) -> bytes:
        """The decompressed content, once all data was taken."""
        if self._inflate is not None and self._was_fed and not self._inflate.eof:
            raise UnusableBodyError("the compressed response is cut off")
        return bytes(self._content)

    def take(self, chunk: bytes) -> None:
        """Add a piece of data from the network."""
        left = _LARGEST_ANSWER - len(self._content) + 1
        self._was_fed = True
        try:
            self._content += chunk[:left] if self._inflate is None else self._inflate.decompress(chunk, left)
        except zlib.error:
            raise UnusableBodyError("the response cannot be decompressed") from None
        if len(self._content) > _LARGEST_ANSWER:
            raise TooLargeBodyError(f"the response is larger than {_LARGEST_ANSWER // 2**20} MiB")


def error_from_answer(operation: str, answer: Answer, *, unanswered: int = 0) -> gong_errors.GongApiError:
    """Return the error for an unsuccessful response (all but 429, which the exchange handles)."""
    details = _details(operation, answer, unanswered)
    if 300 <= answer.status < 400:
        where = f"{answer.host or 'The host'} redirects to another address, which is refused."
        return gong_errors.GongRedirectError(where, **details)
    if answer.status >= 500 or answer.status in _PASSING:
        return _passing(answer, details)
    if not answer.is_gongs:
        return _foreign_answer(answer, details)
    return _refusal(answer.status, " ".join(answer.texts), details)


def is_missing_scope(answer: Answer) -> bool:
    """Return whether a 401 is about a missing scope, and not about an expired token."""
    return _MISSING_SCOPE in " ".join(answer.texts)


def _details(operation: str, answer: Answer, unanswered: int) -> dict[str, Any]:
    content = answer.json() or {}
    user_facing_error, fix_url = content.get("userFacingError"), content.get("fixUrl")
    return {
        "operation": operation,
        "status": answer.status,
        "request_id": answer.request_id,
        # Safe to show in errors and logs.
        "errors": _limited(answer.texts, shown, _LONGEST_TEXT),
        "user_facing_error": shown(_beginning(str(user_facing_error), _READ)) if user_facing_error else None,
        "fix_url": shown(_beginning(str(fix_url), _READ)) if fix_url else None,
        "unanswered": unanswered,
    }


def _beginning(text: str, longest: int) -> str:
    """Return a text, cut after a whole word if it is too long."""
    return text if len(text) <= longest else (text[:longest].rsplit(None, 1) or [""])[0]


def _limited(texts: Iterable[str], shorten: Callable[[str, int], str], longest: int) -> tuple[str, ...]:
    """Return texts that are shortened to a total length."""
    found, left = [], longest
    for text in texts:
        found.append(shorten(text, left))
        left -= len(found[-1])
        if left < _LONGEST_ID:
            break
    return tuple(found)


def _passing(answer: Answer, details: dict[str, Any]) -> gong_errors.GongApiError:
    remedy = (
        None
        if answer.is_gongs
        else f"Try again later; if it persists, check the network and the proxy: {answer.host or 'the host'} does not "
        "respond like Gong."
    )
    return gong_errors.GongServerError("Gong failed to handle the request.", remedy=remedy, **details)


def _foreign_answer(answer: Answer, details: dict[str, Any]) -> gong_errors.GongApiError:
    host = answer.host or "Gong"
    remedy = (
        "Check that the connection's host is your company's API base URL, without a path, and that no proxy or "
        f"firewall responds instead of {host}."
    )
    if answer.status == 401:
        # Gong's own refusal of a key may not identify Gong.
        remedy = f"Check the connection's credentials. {remedy}"
        return gong_errors.GongAuthenticationError("Gong does not accept the credentials.", remedy=remedy, **details)
    if answer.status == 413:
        too_large = f"The request is larger than {host} accepts."
        return gong_errors.GongValidationError(too_large, remedy=remedy, **details)
    # Never "not found" or "not allowed": a gateway's response says nothing about the requested object.
    kind = gong_errors.GongForeignAnswerError if answer.status in _FINAL else gong_errors.GongConnectionError
    return kind("The host's response is not one of Gong's API.", remedy=remedy, **details)


def _refusal(status: int, text: str, details: dict[str, Any]) -> gong_errors.GongApiError:
    if status == 401 and _MISSING_SCOPE in text:
        return gong_errors.GongPermissionError("The credentials lack a scope that this operation needs.", **details)
    if status == 401:
        return gong_errors.GongAuthenticationError("Gong does not accept the credentials.", **details)
    if status in (402, 403):
        return gong_errors.GongPermissionError("Gong does not allow this.", **details)
    for pattern, kind, message in _BY_TEXT:
        if match := pattern.search(text):
            return kind(message, **match.groupdict(), **details)
    remedy = _UNKNOWN_USER if details["operation"] in _OF_ONE_USER else None
    if status == 404:
        return gong_errors.GongNotFoundError("Gong did not find the object in the request.", remedy=remedy, **details)
    if status == 409:
        return gong_errors.GongConflictError("The request conflicts with Gong's state or configuration.", **details)
    return gong_errors.GongValidationError("Gong rejects the content of the request.", remedy=remedy, **details)


def _knows_gong(text: str) -> bool:
    """Return whether only Gong writes such a text."""
    return _MISSING_SCOPE in text.lower() or any(pattern.search(text) for pattern, _, _ in _BY_TEXT)


_OF_ONE_USER = ("getUser", "getUserHistory")
_UNKNOWN_USER = (
    "Check the id: it is Gong's number of the user, not an e-mail address, and users.list() has those of the company "
    "that the credentials belong to."
)
# Texts observed on live tenants; Gong has no error codes. Ids are taken from them because nothing else names them.
_BY_TEXT: tuple[tuple[re.Pattern[str], Callable[..., gong_errors.GongApiError], str], ...] = (
    (
        re.compile(r"posted for the call (?P<call_id>\d+)"),
        gong_errors.GongDuplicateCallError,
        "A call with this clientUniqueId already exists.",
    ),
    (
        re.compile(
            r"media file with the same content(?:.*?callID with the same content:? *(?P<call_id>\d+))?",
            re.IGNORECASE | re.DOTALL,
        ),
        gong_errors.GongDuplicateMediaError,
        "The same recording was already uploaded to another call.",
    ),
    (
        re.compile("has already been handled", re.IGNORECASE),
        gong_errors.GongMediaAlreadyHandledError,
        "The call already has a recording.",
    ),
    (
        re.compile("is not enabled for primaryuser", re.IGNORECASE),
        gong_errors.GongRecordingNotEnabledError,
        "Call import is turned off for this host.",
    ),
    (
        re.compile("provider disconnected", re.IGNORECASE),
        gong_errors.GongProviderDisconnectedError,
        "The conferencing provider is disconnected from Gong.",
    ),
    (
        re.compile("not ready yet", re.IGNORECASE),
        gong_errors.GongCallNotReadyError,
        "Gong is still processing the call.",
    ),
    (
        re.compile("cursor has expired", re.IGNORECASE),
        gong_errors.GongCursorExpiredError,
        "The listing's cursor expired before all pages were read.",
    ),
    (
        re.compile(r"\bNo .{0,200}found corresponding to the provided filters", re.IGNORECASE),
        gong_errors.GongEmptyResultError,
        "Nothing matches the filters.",
    ),
)
