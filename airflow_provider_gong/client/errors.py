"""
The base class of all errors of this package, and the errors of requests to Gong.

The classes are plain exceptions, so the client works without Airflow.
:func:`airflow_provider_gong.client.answers.error_from_answer` decides which error a response means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """
    One problem with one field of a request.

    :param field: path of the field in Gong's names, such as ``parties[1].emailAddress``
    :param value: the wrong value, shortened; URLs without their query
    :param rule: the rule that the value breaks
    :param remedy: what to do about it
    """

    field: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule} (got {self.value}). {self.remedy}"


class GongError(Exception):
    """Base class of all errors of this package: API, store, imports, exports, connection."""

    retry_can_help: ClassVar[bool] = True
    """Whether a retry may succeed without a change by a person."""

    retry_after: float | None = None
    """Seconds until a retry may succeed, if known."""

    operation: str | None = None
    """Gong's name of the operation that was being sent, such as ``addCall``."""

    unanswered: int = 0
    """Number of attempts that may have reached Gong but got no response from Gong itself."""

    @property
    def may_have_taken_effect(self) -> bool:
        """
        Whether the request may have changed something in Gong.

        It did not if it was never sent, if Gong itself refused it, or if it only reads. A response from anything else,
        such as a gateway, may come after Gong has acted.
        """
        from airflow_provider_gong.client.operations import OPERATIONS

        operation = OPERATIONS.get(self.operation or "")
        return self.unanswered > 0 and (operation is None or operation.writes)

    def __reduce__(self) -> tuple[object, ...]:
        # Pickling by constructor would ask for the arguments of the subclasses.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[GongError], args: tuple[object, ...], state: dict[str, object]) -> GongError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class GongApiError(GongError):
    """
    Base class of errors from requests to Gong.

    :param message: what happened, in one sentence
    :param operation: Gong's name of the operation, such as ``addCall``
    :param status: HTTP status of the response, if there was one
    :param request_id: Gong's ``requestId``, to include when you contact Gong support
    :param errors: Gong's own error texts
    :param user_facing_error: Gong's explanation for end users, which some meeting operations return
    :param fix_url: page in Gong where the problem can be fixed, if Gong names one
    :param remedy: what the reader can do about it
    :param unanswered: number of attempts that may have reached Gong but got no response from Gong itself
    """

    default_remedy = ""

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        errors: Sequence[str] = (),
        user_facing_error: str | None = None,
        fix_url: str | None = None,
        remedy: str | None = None,
        unanswered: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.errors = tuple(errors)
        self.user_facing_error = user_facing_error
        self.fix_url = fix_url
        self.remedy = self.default_remedy if remedy is None else remedy
        self.unanswered = unanswered

    def __str__(self) -> str:
        return " ".join(part for part in (self._headline(), self._explanation(), self.remedy) if part)

    def _headline(self) -> str:
        facts = [
            f"operation {self.operation}" if self.operation else "",
            f"status {self.status}" if self.status else "",
            f"requestId {self.request_id}" if self.request_id else "",
        ]
        known = ", ".join(fact for fact in facts if fact)
        return f"{self.message} [{known}]" if known else self.message

    def _explanation(self) -> str:
        parts = [f"Gong says: {'; '.join(self.errors).rstrip('.')}." if self.errors else ""]
        if self.user_facing_error:
            parts.append(f"Gong explains: {self.user_facing_error}")
        if self.fix_url:
            parts.append(f"It can be fixed at {self.fix_url} .")
        return " ".join(part for part in parts if part)


class GongConnectionError(GongApiError):
    """The host could not be reached, or did not respond like Gong's API, in all attempts."""

    default_remedy = "Check the connection's host, the network and the proxy, then try again."


class GongTimeoutError(GongConnectionError):
    """Gong did not respond in time."""


class GongAnswerTooLargeError(GongConnectionError):
    """The response to a read is larger than the client accepts."""

    retry_can_help = False
    default_remedy = "Request fewer ids or a shorter interval at a time."


class GongForeignAnswerError(GongConnectionError):
    """Something other than Gong responded, such as a gateway, a firewall or a login page."""

    retry_can_help = False
    default_remedy = "Check that the connection's host is your company's API base URL, without a path."


class GongRedirectError(GongForeignAnswerError):
    """The host redirects. Redirects are refused because credentials are never sent to another host."""

    default_remedy = (
        "Set the connection's host to your company's API base URL, as shown in Gong under Admin center > API."
    )


class GongOutcomeUnknownError(GongApiError):
    """The response to a request that must not be sent twice was lost: the request may or may not have taken effect."""

    retry_can_help = False
    default_remedy = "Check in Gong whether it took effect before you send it again."

    @property
    def may_have_taken_effect(self) -> bool:
        """Always true, by definition."""
        return True


class GongRateLimitError(GongApiError):
    """
    The company's request budget is used up for longer than the caller is willing to wait.

    :param retry_after: seconds until the budget is expected to be open again
    """

    default_remedy = "Try again after the given time."
    retry_after: float

    def __init__(self, message: str, *, retry_after: float, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class GongDailyQuotaError(GongRateLimitError):
    """The company's requests for the day are used up."""


class GongAuthenticationError(GongApiError):
    """Gong does not accept the credentials."""

    retry_can_help = False
    default_remedy = (
        "Check the connection's credentials, and that its host is your company's own API base URL: credentials are "
        "refused on the hosts of other companies."
    )


class GongGrantRefusedError(GongAuthenticationError):
    """Gong's token endpoint does not accept the authorization code or no longer accepts the refresh token."""

    default_remedy = "Ask a technical administrator of Gong to authorize the OAuth app again."


class GongPermissionError(GongApiError):
    """The credentials are valid but not allowed to do this: missing scope, limited release, IP allowlist or license."""

    retry_can_help = False
    default_remedy = "Ask a technical administrator of Gong to allow it; a retry does not help."


class GongNotFoundError(GongApiError):
    """The requested object does not exist, or does not exist yet."""

    default_remedy = "Check the id or address. Gong finds a call only after it has processed the recording."


class GongEmptyResultError(GongNotFoundError):
    """Nothing matches the filters. Gong's response is the same for a key that may not see any calls."""

    default_remedy = "Widen the filter. If nothing is ever found, check which calls the access key may see."


class GongCallNotReadyError(GongNotFoundError):
    """The call exists, but Gong is still processing its recording."""

    default_remedy = "Read it again in a few minutes."


class GongValidationError(GongApiError):
    """
    The content of a request is not valid: found before it was sent (``problems``) or refused by Gong (``errors``).

    :param problems: all problems found before sending, field by field
    """

    retry_can_help = False

    def __init__(self, message: str, *, problems: Sequence[FieldProblem] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.problems = tuple(problems)

    def _explanation(self) -> str:
        return " ".join([*(str(problem) for problem in self.problems), super()._explanation()]).strip()


class GongCursorExpiredError(GongValidationError):
    """The cursor of a listing has expired, which happens about an hour after the listing's first page."""

    retry_can_help = True
    default_remedy = "Start the listing again, with narrower filters so it can be read within an hour."


class GongConflictError(GongApiError):
    """The request conflicts with data in Gong or with its configuration; sending it again does not help."""

    retry_can_help = False


class GongRecordingNotEnabledError(GongConflictError):
    """Call import is turned off for this host."""

    default_remedy = (
        "A Gong administrator has to turn on call import for this user (Gong: Team members > Data capture)."
    )


class GongProviderDisconnectedError(GongConflictError):
    """The organizer's conferencing provider is disconnected from Gong."""

    default_remedy = "The organizer or a Gong administrator has to reconnect the provider in Gong."


class GongDuplicateCallError(GongConflictError):
    """
    A call with this ``clientUniqueId`` already exists.

    :param call_id: Gong's id of the existing call
    """

    def __init__(self, message: str, *, call_id: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.call_id = call_id


class GongDuplicateMediaError(GongConflictError):
    """
    A recording with the same content was already uploaded to another call.

    :param call_id: Gong's id of the other call, if Gong returns it
    """

    def __init__(self, message: str, *, call_id: str | None, **details: Any) -> None:
        super().__init__(message, **details)
        self.call_id = call_id


class GongMediaAlreadyHandledError(GongConflictError):
    """The call already has a recording."""


class GongServerError(GongApiError):
    """Gong failed (5xx) in all attempts, or returned rows that are not valid."""

    default_remedy = "Try again later. If it persists, contact Gong support with the requestId."
