"""The rules of the exchange, each driven with scripted outcomes: no network, no clock, no thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongAuthenticationError,
    GongConnectionError,
    GongDailyQuotaError,
    GongDuplicateCallError,
    GongForeignAnswerError,
    GongMediaAlreadyHandledError,
    GongNotFoundError,
    GongOutcomeUnknownError,
    GongPermissionError,
    GongRateLimitError,
    GongRedirectError,
    GongServerError,
    GongTimeoutError,
    GongValidationError,
)
from airflow_provider_gong.client.exchange import ExchangePolicy, exchange
from airflow_provider_gong.client.instructions import (
    CloseGate,
    ConfirmSlot,
    NoAnswer,
    NotSent,
    RefreshToken,
    ReserveSlot,
    Send,
    Wait,
)
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest, raw_request, typed_request, without_repetition
from airflow_provider_gong.client.resources.calls import create_call, upload_call_media
from airflow_provider_gong.client.resources.meetings import create_meeting, delete_meeting

READ = raw_request("getCall", path={"id": "7782342274025937895"})
MEETING = create_meeting(
    {
        "startTime": "2026-03-02T10:00:00Z",
        "endTime": "2026-03-02T10:30:00Z",
        "organizerEmail": "rosa@example.com",
        "invitees": [{"email": "buyer@example.com"}],
    }
)
CALL = create_call(
    {
        "clientUniqueId": "pbx-1",
        "actualStart": "2026-03-02T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": "234599484848423",
        "parties": [{"userId": "234599484848423"}],
    }
)
LOST = NoAnswer("the connection broke")
REFUSED_CONNECTION = NotSent("connection refused")
SLOT = (ReserveSlot, ConfirmSlot)


def answer(status: int, *errors: str, **headers: str) -> Answer:
    content: dict[str, Any] = {"requestId": "4al018gzaztcr8nbukw"} | ({"errors": list(errors)} if errors else {})
    lower_case = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, lower_case, json.dumps(content).encode())


OK = answer(200)
DUPLICATE = answer(400, "A call with clientUniqueId 'pbx-1' has already been posted for the call 7022652889306584427")
UNAUTHORIZED = answer(401, "Unauthorized")


@dataclass
class Play:
    """What the exchange wanted, in order, and how it ended."""

    steps: list[Any] = field(default_factory=list)
    result: Any = None
    error: GongApiError | None = None

    @property
    def kinds(self) -> list[type]:
        return [type(step) for step in self.steps]

    @property
    def sends(self) -> int:
        return self.kinds.count(Send)

    def of(self, kind: type) -> list[Any]:
        return [step for step in self.steps if isinstance(step, kind)]

    def failed_with(self, kind: type[GongApiError]) -> Any:
        assert type(self.error) is kind
        return self.error


def play(
    request: GongRequest[Any],
    *outcomes: Answer | NotSent | NoAnswer,
    slots: Iterable[Slot | SlotRefused] = (),
    confirmations: Iterable[bool] = (),
    policy: ExchangePolicy | None = None,
    refreshable: bool = False,
    refresh_fails: bool = False,
    jitter: Callable[[], float] = lambda: 1.0,
) -> Play:
    """Drive an exchange; unless scripted otherwise, a slot is free at once and stays good."""
    scripts = {ReserveSlot: iter(slots), ConfirmSlot: iter(confirmations), Send: iter(outcomes)}
    defaults = {ReserveSlot: Slot(0.0, 0), ConfirmSlot: True}
    seen = Play()
    steps = exchange(request, policy or ExchangePolicy(), refreshable=refreshable, jitter=jitter)
    outcome: Any = None
    try:
        while True:
            step = steps.send(outcome)
            seen.steps.append(step)
            outcome = next(scripts.get(type(step), iter(())), defaults.get(type(step)))
            assert not (isinstance(step, Send) and outcome is None), "the script has no outcome for this attempt"
            if refresh_fails and isinstance(step, RefreshToken):
                steps.throw(GongConnectionError("Gong's token endpoint gave no answer.", unanswered=1))
    except StopIteration as end:
        seen.result = end.value
    except GongApiError as error:
        seen.error = error
    return seen


# A slot before every attempt


@pytest.mark.parametrize(
    ("first", "between"),
    [
        pytest.param(answer(429), [CloseGate], id="refused"),
        pytest.param(answer(500), [Wait], id="server error"),
        pytest.param(answer(408), [Wait], id="request timeout"),
        pytest.param(REFUSED_CONNECTION, [Wait], id="never sent"),
        pytest.param(LOST, [Wait], id="unanswered"),
        pytest.param(UNAUTHORIZED, [RefreshToken], id="dead token"),
        pytest.param(Answer(200, {}, b"<html>"), [Wait], id="not the API"),
    ],
)
def test_takes_a_slot_before_every_attempt(first: Any, between: list[type]) -> None:
    seen = play(READ, first, OK, refreshable=True)
    assert seen.kinds == [*SLOT, Send, *between, *SLOT, Send]
    assert seen.result == {"requestId": "4al018gzaztcr8nbukw"}


@pytest.mark.parametrize("delay", [0.001, 2.5])
def test_waits_for_its_slot_before_it_asks_whether_it_is_still_good(delay: float) -> None:
    seen = play(READ, OK, slots=[Slot(delay, 0)])
    assert seen.kinds == [ReserveSlot, Wait, ConfirmSlot, Send]
    assert seen.of(Wait)[0].seconds == delay
    assert seen.of(ConfirmSlot)[0].slot == Slot(delay, 0)


def test_books_again_when_the_epoch_of_its_slot_has_passed() -> None:
    seen = play(READ, OK, slots=[Slot(10.0, 0), Slot(5.0, 1)], confirmations=[False, True])
    assert seen.kinds == [ReserveSlot, Wait, ConfirmSlot, ReserveSlot, Wait, ConfirmSlot, Send]


# 429


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry_after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry_after": " 2.5 "}, 2.5, id="parts of a second"),
        pytest.param({"retry_after": "0"}, 1.0, id="at once"),
        pytest.param({"retry_after": "14400"}, 14_400.0, id="hours"),
        pytest.param(
            {"retry_after": "Mon, 02 Mar 2026 10:00:30 GMT", "date": "Mon, 02 Mar 2026 10:00:00 GMT"},
            30.0,
            id="date by Gong's own clock",
        ),
        pytest.param(
            {"retry_after": "Mon, 02 Mar 2026 09:00:00 GMT", "date": "Mon, 02 Mar 2026 10:00:00 GMT"},
            4.0,
            id="date in the past",
        ),
        pytest.param({"retry_after": "Mon, 02 Mar 2026 10:00:30 GMT"}, 4.0, id="date without a clock"),
        pytest.param({"retry_after": "soon"}, 4.0, id="nonsense"),
        pytest.param({"retry_after": "-5"}, 4.0, id="negative"),
        pytest.param({"retry_after": "inf"}, 4.0, id="for ever"),
        pytest.param({"retry_after": "nan"}, 4.0, id="no number"),
        pytest.param({}, 4.0, id="missing"),
    ],
)
def test_refusal_closes_the_gate_for_as_long_as_gong_says(headers: dict[str, str], seconds: float) -> None:
    seen = play(READ, answer(429, **headers), OK, policy=ExchangePolicy(first_backoff=4.0))
    assert seen.of(CloseGate) == [CloseGate(seconds)]


def test_refusals_without_a_time_close_the_gate_longer_and_longer() -> None:
    seen = play(READ, *[answer(429)] * 4, OK, policy=ExchangePolicy(max_backoff=5.0))
    assert [gate.retry_after for gate in seen.of(CloseGate)] == [1.0, 2.0, 4.0, 5.0]


@pytest.mark.parametrize("request_", [READ, MEETING], ids=["read", "meeting"])
def test_refusals_do_not_count_as_failed_attempts(request_: GongRequest[Any]) -> None:
    refusals = [answer(429, retry_after="2")] * 9
    accepted = Answer(201, {}, b'{"meetingId": "7782342274025937895", "meetingUrl": "https://example.com/m"}')
    assert play(request_, *refusals, accepted).sends == 10


def test_waits_no_longer_than_allowed_in_all() -> None:
    slots = [Slot(10.0, 0), Slot(15.0, 1), SlotRefused(40.0, daily=False)]
    seen = play(READ, answer(429), answer(429), slots=slots)
    assert [step.max_wait for step in seen.of(ReserveSlot)] == [60.0, 50.0, 35.0]
    assert seen.failed_with(GongRateLimitError).retry_after == 40.0


def test_wait_allowed_never_gets_negative() -> None:
    seen = play(READ, OK, slots=[Slot(61.0, 0), Slot(0.0, 1)], confirmations=[False, True])
    assert [step.max_wait for step in seen.of(ReserveSlot)] == [60.0, 0.0]


@pytest.mark.parametrize(("daily", "kind"), [(False, GongRateLimitError), (True, GongDailyQuotaError)])
def test_raises_when_the_next_slot_is_too_far_away(daily: bool, kind: type[GongApiError]) -> None:
    seen = play(READ, slots=[SlotRefused(7200.0, daily=daily)])
    error = seen.failed_with(kind)
    assert seen.sends == 0
    assert error.retry_after == 7200.0
    assert error.operation == "getCall"
    assert "7200 s" in str(error)


def test_budget_error_tells_of_attempts_that_may_have_reached_gong() -> None:
    seen = play(CALL, LOST, slots=[Slot(0.0, 0), SlotRefused(90.0, daily=False)])
    assert seen.failed_with(GongRateLimitError).unanswered == 1


# What is repeated


@pytest.mark.parametrize("request_", [READ, CALL, MEETING, without_repetition(CALL)])
def test_repeats_anything_that_was_never_sent(request_: GongRequest[Any]) -> None:
    seen = play(request_, *[REFUSED_CONNECTION] * 5)
    error = seen.failed_with(GongConnectionError)
    assert seen.sends == 5
    assert error.unanswered == 0
    assert "connection refused" in str(error)


@pytest.mark.parametrize(
    ("name", "path", "repeated"),
    [
        ("getCall", {"id": "1"}, True),
        ("listCallsExtensive", {}, True),
        ("addCall", {}, True),
        ("addCallRecording", {"id": "1"}, True),
        ("updateMeeting", {"meetingId": "1"}, True),
        ("deleteMeeting", {"meetingId": "1"}, True),
        ("addMeeting", {}, False),
        ("assignProspects", {}, False),
    ],
)
@pytest.mark.parametrize("lost", [LOST, answer(502), Answer(200, {}, b"<html>")], ids=["silence", "5xx", "garbage"])
def test_repeats_what_may_have_arrived_only_if_that_is_safe(
    name: str, path: dict[str, str], repeated: bool, lost: Any
) -> None:
    seen = play(raw_request(name, path=path), lost, OK)
    assert seen.sends == (2 if repeated else 1)
    assert type(seen.error) is (type(None) if repeated else GongOutcomeUnknownError)


def test_meeting_whose_answer_was_lost_has_an_unknown_outcome() -> None:
    error = play(MEETING, LOST).failed_with(GongOutcomeUnknownError)
    assert error.operation == "addMeeting"
    assert error.unanswered == 1
    assert "the connection broke" in str(error)
    assert "Check in Gong" in str(error)


def test_meeting_that_gong_failed_on_has_an_unknown_outcome_with_gongs_words() -> None:
    error = play(MEETING, answer(500, "Internal server error occurred")).failed_with(GongOutcomeUnknownError)
    assert (error.status, error.request_id) == (500, "4al018gzaztcr8nbukw")
    assert error.errors == ("Internal server error occurred",)
    assert isinstance(error.__cause__, GongServerError)


def test_without_repetition_leaves_the_decision_to_the_caller() -> None:
    seen = play(without_repetition(CALL), LOST)
    seen.failed_with(GongOutcomeUnknownError)
    assert seen.sends == 1


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 409, 415])
def test_never_repeats_what_gong_refuses(status: int) -> None:
    seen = play(READ, answer(status, "no"))
    assert seen.sends == 1
    assert seen.error is not None
    assert seen.error.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_refuses_redirects(status: int) -> None:
    seen = play(READ, Answer(status, {"location": "https://elsewhere.example.com/v2/calls"}, b""))
    assert seen.kinds == [*SLOT, Send]
    assert "base URL" in str(seen.failed_with(GongRedirectError))


@pytest.mark.parametrize(
    "body", [b"<html>Sign in</html>", b"[]", b'"text"', b"\xff\xfe", b'{"other": 1}', b'{"call": ', b""]
)
def test_unusable_success_counts_as_unanswered(body: bytes) -> None:
    request = typed_request("getCall", lambda content: content["call"], path={"id": "1"})
    garbage = Answer(200, {}, body)
    assert play(request, garbage, Answer(200, {}, b'{"call": {"id": "1"}}')).result == {"id": "1"}
    error = play(request, *[garbage] * 5).failed_with(GongConnectionError)
    assert error.unanswered == 5
    assert "not in the format of Gong's API" in str(error)


# Backoff


@pytest.mark.parametrize(
    ("jitter", "waits"), [(0.0, [0.5, 1.0, 2.0, 3.0, 3.0]), (0.5, [0.75, 1.5, 3.0, 4.5, 4.5]), (1.0, [1, 2, 4, 6, 6])]
)
@pytest.mark.parametrize("failure", [LOST, REFUSED_CONNECTION, answer(503)], ids=["lost", "never sent", "5xx"])
def test_backs_off_exponentially_capped_and_spread(failure: Any, jitter: float, waits: list[float]) -> None:
    policy = ExchangePolicy(max_attempts=6, max_backoff=6.0)
    seen = play(READ, *[failure] * 6, policy=policy, jitter=lambda: jitter)
    assert [wait.seconds for wait in seen.of(Wait)] == waits
    assert seen.sends == 6
    assert seen.kinds[-1] is Send


def test_gives_up_on_a_server_that_always_fails() -> None:
    seen = play(READ, *[answer(500, "Internal server error occurred")] * 5)
    error = seen.failed_with(GongServerError)
    assert (error.status, error.request_id, error.unanswered) == (500, "4al018gzaztcr8nbukw", 5)


def test_failures_of_all_kinds_share_one_bound() -> None:
    seen = play(READ, REFUSED_CONNECTION, LOST, answer(500), answer(429), LOST, answer(502))
    assert seen.sends == 6
    assert seen.failed_with(GongServerError).unanswered == 4


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("20", 20.0), ("0", 1.0), ("7200", 60.0)], ids=["longer", "shorter", "too long"]
)
def test_honours_retry_after_of_an_overloaded_server_within_reason(retry_after: str, seconds: float) -> None:
    assert play(READ, answer(503, retry_after=retry_after), OK).of(Wait)[0].seconds == seconds


@pytest.mark.parametrize("kind", [NotSent, NoAnswer])
def test_tells_timeouts_from_broken_connections(kind: type[NotSent | NoAnswer]) -> None:
    play(READ, *[kind("slow", timeout=True)] * 5).failed_with(GongTimeoutError)
    play(READ, *[kind("broken")] * 5).failed_with(GongConnectionError)


# 401


@pytest.mark.parametrize("body", [b"", b"{}", b" \r\n"])
def test_listing_whose_content_was_lost_on_the_way_is_not_an_empty_one(body: bytes) -> None:
    listing = raw_request("listUsers")
    emptied = Answer(200, {"x-traceid": "4al018gzaztcr8nbukw"}, body)
    assert play(listing, emptied, OK).sends == 2
    play(listing, *[emptied] * 5).failed_with(GongConnectionError)


def test_refreshes_a_dead_token_once() -> None:
    seen = play(READ, UNAUTHORIZED, UNAUTHORIZED, refreshable=True)
    assert seen.kinds == [*SLOT, Send, RefreshToken, *SLOT, Send]
    seen.failed_with(GongAuthenticationError)


def test_does_not_refresh_an_access_key() -> None:
    seen = play(READ, UNAUTHORIZED)
    assert seen.of(RefreshToken) == []
    seen.failed_with(GongAuthenticationError)


@pytest.mark.parametrize("refreshable", [True, False])
def test_missing_scope_is_no_dead_token(refreshable: bool) -> None:
    missing = answer(401, "You don't have permission to use 'api:calls:create' in your app.")
    seen = play(READ, missing, refreshable=refreshable)
    assert seen.of(RefreshToken) == []
    assert "api:calls:create" in str(seen.failed_with(GongPermissionError))


# What an unanswered attempt turns out to have done


@pytest.mark.parametrize(
    "earlier",
    [[LOST], [answer(502)], [Answer(201, {}, b"<html>")], [LOST, REFUSED_CONNECTION], [LOST, answer(429)]],
    ids=["silence", "5xx", "garbage", "then never sent", "then refused"],
)
def test_duplicate_after_an_unanswered_attempt_is_our_own_call(earlier: list[Any]) -> None:
    assert play(CALL, *earlier, DUPLICATE).result.call_id == "7022652889306584427"


@pytest.mark.parametrize("earlier", [[], [REFUSED_CONNECTION], [answer(429)]], ids=["first", "never sent", "refused"])
def test_duplicate_without_an_unanswered_attempt_is_somebody_elses_call(earlier: list[Any]) -> None:
    error = play(CALL, *earlier, DUPLICATE).failed_with(GongDuplicateCallError)
    assert error.call_id == "7022652889306584427"
    assert error.unanswered == 0


def test_media_that_has_arrived_unanswered_counts_as_uploaded(tmp_path: Any) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    request = upload_call_media("123", MediaFile.at(tmp_path / "a.wav"))
    handled = answer(400, "Media for call 123 has already been handled")
    assert play(request, LOST, handled).result.call_id == "123"
    play(request, handled).failed_with(GongMediaAlreadyHandledError)


def test_meeting_that_is_gone_after_an_unanswered_delete_counts_as_deleted() -> None:
    request = delete_meeting("123")
    gone = answer(404, "The given meeting ID was not found.")
    assert play(request, LOST, gone).error is None
    play(request, gone).failed_with(GongNotFoundError)
    # The page of some gateway says nothing about the meeting.
    play(request, LOST, Answer(404, {}, b"<html>not here</html>")).failed_with(GongForeignAnswerError)


def test_other_refusals_after_an_unanswered_attempt_say_so() -> None:
    assert play(CALL, LOST, answer(400, "Bad request")).failed_with(GongValidationError).unanswered == 1
