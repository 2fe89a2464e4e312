"""
The exchange: all decisions about sending one request, without a network, a clock or a thread.

:func:`exchange` is a generator. It yields instructions; a driver carries out each one and sends back its outcome. The
generator's return value is the result of the request. This way, each rule exists only once, for threads and for event
loops.

Every response is judged in two ways. Effect: may the request have changed something in Gong? This is certain only if
Gong itself responded. Fate: is the request sent again? This depends on the response, wherever it came from.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from airflow_provider_gong._text import counted
from airflow_provider_gong.client.answers import Answer, JsonObject, error_from_answer, is_missing_scope
from airflow_provider_gong.client.errors import (
    GongAnswerTooLargeError,
    GongApiError,
    GongConnectionError,
    GongDailyQuotaError,
    GongError,
    GongOutcomeUnknownError,
    GongRateLimitError,
    GongServerError,
    GongTimeoutError,
)
from airflow_provider_gong.client.instructions import (
    CloseGate,
    ConfirmSlot,
    Instruction,
    NoAnswer,
    NotSent,
    Record,
    RefreshToken,
    ReserveSlot,
    Send,
    Steps,
    Wait,
)
from airflow_provider_gong.client.operations import Operation
from airflow_provider_gong.client.pacing import SlotRefused
from airflow_provider_gong.client.requests import GongRequest

T = TypeVar("T")

_LEAST_RETRY_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class ExchangePolicy:
    """
    Limits for the waiting and the attempts of an exchange.

    :param max_wait: total seconds that one request may wait for the budget; if it would take longer, the exchange
        raises
    :param max_attempts: how often a request is sent if it fails or gets no response
    :param first_backoff: seconds before the second attempt; doubled for each further attempt
    :param max_backoff: longest wait between two attempts, in seconds
    """

    max_wait: float = 60.0
    max_attempts: int = 5
    first_backoff: float = 1.0
    max_backoff: float = 30.0


def exchange(
    request: GongRequest[T],
    policy: ExchangePolicy,
    *,
    refreshable: bool = False,
    jitter: Callable[[], float] = random.random,
) -> Steps[T]:
    """
    Decide step by step how a request is sent until it has a result.

    :param request: the request
    :param policy: limits for waiting and attempts
    :param refreshable: whether credentials that Gong refuses can be replaced
    :param jitter: random numbers from 0 to 1 that spread the attempts of many callers
    :raises GongApiError: if the request has no result
    """
    return _Exchange(request, policy, jitter, may_refresh=refreshable).steps()


@dataclass(slots=True)
class _Exchange(Generic[T]):
    request: GongRequest[T]
    policy: ExchangePolicy
    jitter: Callable[[], float]
    may_refresh: bool
    waited: float = 0.0
    refused: int = 0
    failed: int = 0
    # Attempts that may have taken effect, because Gong itself did not respond.
    unanswered: int = 0
    operation: Operation = field(init=False)

    def __post_init__(self) -> None:
        self.operation = self.request.operation

    def steps(self) -> Steps[T]:
        while True:
            yield from self._take_slot()
            if self.request.record is not None:
                yield from self._carry_out(Record(self.request.record))
            outcome = yield from self._carry_out(Send(self.request))
            if not isinstance(outcome, Answer):
                yield from self._after_failure(outcome)
            elif outcome.ok:
                try:
                    return self._result(outcome)
                except (LookupError, TypeError, ValueError, RecursionError):
                    unusable = NoAnswer("the response is not in the format of Gong's API")
                yield from self._after_failure(unusable)
            elif outcome.status == 429:
                yield from self._after_refusal(outcome)
            elif outcome.status == 401 and self.may_refresh and not is_missing_scope(outcome):
                yield from self._refresh(outcome)
            else:
                error = error_from_answer(self.operation.name, outcome, unanswered=self.unanswered)
                settled = self.request.settle(error) if self.unanswered else None
                if settled is not None:
                    return settled
                yield from self._after_error(error, outcome)

    def _result(self, answer: Answer) -> T:
        content = answer.json()
        if content is None:
            raise ValueError("not a JSON object")
        if not content and not self.operation.writes:
            # It would be an empty listing, but each of Gong's own responses has a requestId.
            raise ValueError("lost on the way")
        if not answer.is_gongs and not _is_documented(self.operation, content):
            raise ValueError("neither marked by Gong nor as documented")
        return self.request.parse(content)

    def _take_slot(self) -> Steps[None]:
        while True:
            slot = yield from self._carry_out(ReserveSlot(max(self.policy.max_wait - self.waited, 0.0)))
            if isinstance(slot, SlotRefused):
                raise self._budget_error(slot)
            if slot.delay > 0:
                self.waited += slot.delay
                yield self._wait(slot.delay, slot.reason)
            if (yield from self._carry_out(ConfirmSlot(slot))):
                return

    def _budget_error(self, refused: SlotRefused) -> GongRateLimitError:
        kind, what = (
            (GongDailyQuotaError, "requests for the day are used up")
            if refused.daily
            else (GongRateLimitError, "request budget is busy")
        )
        message = f"The company's {what}; the next request can be sent in about {refused.retry_after:.0f} s."
        return kind(message, retry_after=refused.retry_after, operation=self.operation.name, unanswered=self.unanswered)

    def _after_refusal(self, answer: Answer) -> Steps[None]:
        """Close the gate. Gong's own 429 means that the request was not processed; a gateway's leaves this open."""
        self.refused += 1
        gate = CloseGate(_retry_after(answer) or self._backoff(self.refused), foreign=not answer.is_gongs)
        yield from self._carry_out(gate, after=answer)
        if not answer.is_gongs:
            self._count_unanswered(f"{answer.host or 'a gateway'} responded with 429 and nothing that identifies Gong")

    def _refresh(self, answer: Answer) -> Steps[None]:
        self.may_refresh = False
        yield from self._carry_out(RefreshToken(), after=answer)
        if not answer.is_gongs:
            self._count_unanswered(
                "the access token was refused (401) with nothing that identifies Gong, and was replaced"
            )

    def _carry_out(self, instruction: Instruction, *, after: Answer | None = None) -> Steps[Any]:
        """Yield an instruction; its errors describe this request and its effect so far, not the store or a token."""
        try:
            return (yield instruction)
        except GongError as error:
            is_unclear = after is not None and not after.is_gongs
            error.operation, error.unanswered = self.operation.name, self.unanswered + is_unclear
            raise

    def _after_failure(self, failure: NotSent | NoAnswer) -> Steps[None]:
        self.failed += 1
        if isinstance(failure, NoAnswer):
            self._count_unanswered(failure.reason)
        if isinstance(failure, NoAnswer) and failure.too_large and not self.operation.writes:
            message = f"Gong's response is not usable: {failure.reason}."
            raise GongAnswerTooLargeError(message, operation=self.operation.name, unanswered=self.unanswered)
        if self.failed >= self.policy.max_attempts:
            kind = GongTimeoutError if failure.timeout else GongConnectionError
            message = f"Gong gave no usable response in {counted(self.failed, 'attempt')}: {failure.reason}."
            raise kind(message, operation=self.operation.name, unanswered=self.unanswered)
        yield self._wait(self._backoff(self.failed), f"before another attempt: {failure.reason}")

    def _count_unanswered(self, reason: str) -> None:
        self.unanswered += 1
        if not self.operation.repeatable:
            raise GongOutcomeUnknownError(
                f"The request was sent, but Gong's response was lost: {reason}.",
                operation=self.operation.name,
                unanswered=self.unanswered,
            )

    def _after_error(self, error: GongApiError, answer: Answer) -> Steps[None]:
        """Judge the effect of the request by the response, and decide whether to send it again."""
        is_passing = isinstance(error, GongServerError)
        self.failed += is_passing
        self.unanswered += is_passing or not answer.is_gongs
        error.unanswered = self.unanswered
        if error.may_have_taken_effect and not self.operation.repeatable:
            unclear = _unclear(error, answer)
            raise unclear from (None if unclear is error else error)
        if not is_passing or self.failed >= self.policy.max_attempts:
            raise error
        wait = max(self._backoff(self.failed), min(_retry_after(answer) or 0.0, self.policy.max_wait))
        yield self._wait(wait, f"before another attempt: status {error.status}")

    def _wait(self, seconds: float, reason: str) -> Wait:
        return Wait(seconds, reason, self.operation.name)

    def _backoff(self, failed: int) -> float:
        longest: float = min(self.policy.max_backoff, self.policy.first_backoff * 2 ** (failed - 1))
        return longest * (0.5 + 0.5 * self.jitter())


def _is_documented(operation: Operation, content: JsonObject) -> bool:
    """Return whether a response that does not identify Gong has the documented form."""
    if operation.method == "DELETE" and not content:
        return True
    if operation.known_by:
        return not content.keys().isdisjoint(operation.known_by)
    return not operation.writes


def _unclear(error: GongApiError, answer: Answer) -> GongApiError:
    """Return the error for a request that must not be sent again without a check by a person."""
    if not error.retry_can_help:
        error.remedy = f"{error.remedy} {GongOutcomeUnknownError.default_remedy}"
        return error
    who = "Gong failed while it handled the request" if answer.is_gongs else f"{answer.host or 'A gateway'} answered"
    return GongOutcomeUnknownError(
        f"{who}, so the request may or may not have taken effect.",
        operation=error.operation,
        status=error.status,
        request_id=error.request_id,
        errors=error.errors,
        unanswered=error.unanswered,
    )


def _retry_after(answer: Answer) -> float | None:
    """Return the seconds in a ``Retry-After`` header (a number, or a date relative to the response's own ``Date``)."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, answer.headers.get("date", ""))
    return max(seconds, _LEAST_RETRY_AFTER) if 0 <= seconds < float("inf") else None


def _seconds_until(moment: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return -1.0
