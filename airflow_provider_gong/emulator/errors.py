"""The one way a handler refuses a request."""

from __future__ import annotations

JSON_PARSE_ERROR = "Json parse error, verify Json format matches the API description."


class GongApiError(Exception):
    """An error answer.

    :param status: HTTP status.
    :param errors: one or more texts for the answer's ``errors``.
    :param details: further fields of the answer, e.g. ``userFacingError`` of meetings.
    """

    def __init__(self, status: int, *errors: str, details: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {'; '.join(errors)}")
        self.status = status
        self.errors = errors
        self.details = details or {}
