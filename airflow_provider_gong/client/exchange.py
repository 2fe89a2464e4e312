"""
The exchange: every decision about sending one request, without a network, a clock or a thread.

:func:`exchange` is a generator. It yields instructions, a driver carries each out and sends back its outcome; the
generator's return value is the result of the request. So each rule exists once, for threads and for event loops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from airflow_provider_gong.client.answers import Answer, error_from_answer, is_missing_scope
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongConnectionError,
    GongDailyQuotaError,
    GongOutcomeUnknownError,
    GongRateLimitError,
    GongServerError,
    GongTimeoutError,
)
from airflow_provider_gong.client.media import AnyMedia
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest

T = TypeVar("T")

_LEAST_RETRY_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class ReserveSlot:
    """Book a slot of the budget within ``max_wait`` seconds. Outcome: ``Slot`` or ``SlotRefused``."""

    max_wait: float


@dataclass(frozen=True, slots=True)
class ConfirmSlot:
    """Ask whether the slot is still good. Outcome: bool."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class CloseGate:
    """Hold the whole company's requests back for ``retry_after`` seconds. Outcome: None."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep, since ``operation`` has to wait. Outcome: None."""

    seconds: float
    reason: str
    operation: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request once. Outcome: ``Answer``, ``NotSent`` or ``NoAnswer``."""

    request: GongRequest[Any]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Replace the credentials that were sent last. Outcome: None."""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Look at a recording that is about to be sent. Outcome: ``MediaFile``."""

    media: AnyMedia


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made, so nothing has reached Gong."""

    reason: str
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request may have reached Gong, and no complete answer came back."""

    reason: str
    timeout: bool = False


Instruction = ReserveSlot | ConfirmSlot | CloseGate | Wait | Send | RefreshToken | OpenMedia
Steps = Generator[Instruction, Any, T]


@dataclass(frozen=True, slots=True)
class ExchangePolicy:
    """
    How patient an exchange is.

    :param max_wait: seconds that one request may wait for the budget in all; beyond it the exchange raises
    :param max_attempts: how often a request is sent when it fails or stays unanswered
    :param first_backoff: seconds before the second attempt; doubled for each further one
    :param max_backoff: longest wait between two attempts, in seconds
    """

    max_wait: float = 60.0
    max_attempts: int = 5
    first_backoff: float = 1.0
    max_backoff: float = 30.0


@dataclass(slots=True)
class _Tally:
    waited: float = 0.0
    refused: int = 0
    failed: int = 0
    unanswered: int = 0
    refreshed: bool = False


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
    :param policy: how patient to be
    :param refreshable: whether credentials that Gong refuses can be replaced
    :param jitter: random numbers from 0 to 1 that spread the attempts of many callers
    :raises GongApiError: whatever keeps the request from having a result
    """
    tally = _Tally()
    while True:
        yield from _take_slot(request, policy, tally)
        outcome = yield Send(request)
        if not isinstance(outcome, Answer):
            yield from _after_failure(request, outcome, policy, tally, jitter)
        elif outcome.ok:
            try:
                return _result(request, outcome)
            except (LookupError, TypeError, ValueError):
                unusable = NoAnswer("the answer is not in the format of Gong's API")
            yield from _after_failure(request, unusable, policy, tally, jitter)
        elif outcome.status == 429:
            tally.refused += 1
            yield CloseGate(_retry_after(outcome) or _backoff(policy, tally.refused, jitter))
        elif outcome.status == 401 and refreshable and not tally.refreshed and not is_missing_scope(outcome):
            tally.refreshed = True
            yield RefreshToken()
        else:
            error = error_from_answer(request.operation.name, outcome, unanswered=tally.unanswered)
            settled = request.settle(error) if tally.unanswered else None
            if settled is not None:
                return settled
            yield from _after_error(request, error, _retry_after(outcome), policy, tally, jitter)


def _result(request: GongRequest[T], answer: Answer) -> T:
    content = answer.json()
    if content is None:
        raise ValueError("not a JSON object")
    return request.parse(content)


def _take_slot(request: GongRequest[T], policy: ExchangePolicy, tally: _Tally) -> Steps[None]:
    while True:
        slot = yield ReserveSlot(max(policy.max_wait - tally.waited, 0.0))
        if isinstance(slot, SlotRefused):
            raise _budget_error(request, slot, tally)
        if slot.delay > 0:
            tally.waited += slot.delay
            yield Wait(slot.delay, slot.reason, request.operation.name)
        if (yield ConfirmSlot(slot)):
            return


def _budget_error(request: GongRequest[T], refused: SlotRefused, tally: _Tally) -> GongRateLimitError:
    kind, what = (
        (GongDailyQuotaError, "requests of the day are used up")
        if refused.daily
        else (GongRateLimitError, "request budget is busy")
    )
    message = f"The company's {what}; the next is free in about {refused.retry_after:.0f} s."
    return kind(message, retry_after=refused.retry_after, operation=request.operation.name, unanswered=tally.unanswered)


def _after_failure(
    request: GongRequest[T],
    failure: NotSent | NoAnswer,
    policy: ExchangePolicy,
    tally: _Tally,
    jitter: Callable[[], float],
) -> Steps[None]:
    tally.failed += 1
    if isinstance(failure, NoAnswer):
        tally.unanswered += 1
        if not request.operation.repeatable:
            raise GongOutcomeUnknownError(
                f"The request was sent, but Gong's answer was lost: {failure.reason}.",
                operation=request.operation.name,
                unanswered=tally.unanswered,
            )
    if tally.failed >= policy.max_attempts:
        raise _unreachable(request, failure, tally)
    yield Wait(_backoff(policy, tally.failed, jitter), f"before trying again: {failure.reason}", request.operation.name)


def _unreachable(request: GongRequest[T], failure: NotSent | NoAnswer, tally: _Tally) -> GongApiError:
    kind = GongTimeoutError if failure.timeout else GongConnectionError
    return kind(
        f"Gong gave no usable answer in {tally.failed} attempts: {failure.reason}.",
        operation=request.operation.name,
        unanswered=tally.unanswered,
    )


def _after_error(
    request: GongRequest[T],
    error: GongApiError,
    retry_after: float | None,
    policy: ExchangePolicy,
    tally: _Tally,
    jitter: Callable[[], float],
) -> Steps[None]:
    if not isinstance(error, GongServerError):
        raise error
    tally.failed += 1
    tally.unanswered += 1
    if not request.operation.repeatable:
        raise GongOutcomeUnknownError(
            "Gong failed while it handled the request, so it may or may not have taken effect.",
            operation=error.operation,
            status=error.status,
            request_id=error.request_id,
            errors=error.errors,
            unanswered=tally.unanswered,
        ) from error
    if tally.failed >= policy.max_attempts:
        error.unanswered = tally.unanswered
        raise error
    wait = max(_backoff(policy, tally.failed, jitter), min(retry_after or 0.0, policy.max_wait))
    yield Wait(wait, f"before trying again: status {error.status}", request.operation.name)


def _backoff(policy: ExchangePolicy, failed: int, jitter: Callable[[], float]) -> float:
    longest: float = min(policy.max_backoff, policy.first_backoff * 2 ** (failed - 1))
    return longest * (0.5 + 0.5 * jitter())


def _retry_after(answer: Answer) -> float | None:
    """Return the seconds of a ``Retry-After`` header (a number, or a date against the answer's own ``Date``)."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, answer.headers.get("date", ""))
    return max(seconds, _LEAST_RETRY_AFTER) if 0 <= seconds < float("inf") else None


def _seconds_until(moment: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError):
        return -1.0
