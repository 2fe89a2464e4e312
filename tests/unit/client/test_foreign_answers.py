"""What somebody answers in Gong's place: its effect is unknown, its fate follows from what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongAuthenticationError,
    GongConnectionError,
    GongDuplicateCallError,
    GongError,
    GongForeignAnswerError,
    GongOutcomeUnknownError,
    GongPermissionError,
    GongRateLimitError,
    GongRedirectError,
    GongServerError,
    GongValidationError,
)
from airflow_provider_gong.client.exchange import ExchangePolicy, exchange
from airflow_provider_gong.client.instructions import (
    CloseGate,
    ConfirmSlot,
    NoAnswer,
    RefreshToken,
    ReserveSlot,
    Send,
    Wait,
)
from airflow_provider_gong.client.pacing import Pace, Share, Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest, raw_request
from airflow_provider_gong.client.resources.calls import create_call
from tests.unit.client.test_exchange import CALL, DUPLICATE, LOST, MEETING, OK, READ, answer, play

HOST = "us-12345.api.gong.io"
PAGE = b"<html>Access denied</html>"
WRITES = pytest.mark.parametrize("request_", [CALL, MEETING], ids=["call", "meeting"])
SLOT_NOW, NO_SLOT = Slot(0.0, 0), SlotRefused(90.0, daily=False)
CREATED = Answer(201, {}, b'{"callId": "7", "meetingId": "7"}')


def foreign(status: int, body: bytes = PAGE, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, HOST)


def unmarked(status: int, *errors: str) -> Answer:
    return foreign(status, json.dumps({"errors": errors}).encode())


FINAL = [
    pytest.param(302, GongRedirectError, id="login page"),
    pytest.param(401, GongAuthenticationError, id="401"),
    pytest.param(403, GongForeignAnswerError, id="firewall"),
    pytest.param(404, GongForeignAnswerError, id="wrong path"),
    pytest.param(407, GongForeignAnswerError, id="proxy"),
    pytest.param(413, GongValidationError, id="too large"),
]


# Fate


@pytest.mark.parametrize(("status", "kind"), FINAL)
@pytest.mark.parametrize("request_", [READ, CALL, MEETING], ids=["read", "call", "meeting"])
def test_ends_the_request_at_once_and_for_good_and_names_the_host(
    request_: GongRequest[Any], status: int, kind: type[GongApiError]
) -> None:
    seen = play(request_, foreign(status))
    error = seen.failed_with(kind)
    assert seen.sends == 1
    assert not error.retry_can_help
    assert HOST in str(error)


@pytest.mark.parametrize("status", [408, 425, 499, 500, 502, 503, 504])
def test_passing_failures_are_repeated_where_that_is_safe(status: int) -> None:
    assert play(READ, foreign(status), OK).result
    assert play(CALL, foreign(status), DUPLICATE).result.call_id == "7022652889306584427"
    error = play(MEETING, foreign(status)).failed_with(GongOutcomeUnknownError)
    assert (error.status, error.retry_can_help) == (status, False)
    assert HOST in str(error)


def test_failures_that_stay_name_the_host() -> None:
    error = play(READ, *[foreign(502)] * 5).failed_with(GongServerError)
    assert error.retry_can_help
    assert HOST in str(error)


def test_text_of_a_gateway_is_no_reason_to_send_a_meeting_again() -> None:
    blocked = foreign(400, b"Your request was blocked. Support id: 1742.")
    error = play(MEETING, blocked).failed_with(GongOutcomeUnknownError)
    assert not error.retry_can_help
    assert play(CALL, blocked).failed_with(GongConnectionError).may_have_taken_effect


def test_page_of_a_gateway_says_nothing_about_permissions() -> None:
    assert not isinstance(play(READ, foreign(403)).error, GongPermissionError)
    assert not isinstance(play(READ, unmarked(403, "Forbidden")).error, GongPermissionError)


# Effect


@WRITES
@pytest.mark.parametrize(("status", "kind"), FINAL)
def test_leaves_the_effect_of_a_write_unknown(
    request_: GongRequest[Any], status: int, kind: type[GongApiError]
) -> None:
    error = play(request_, foreign(status)).failed_with(kind)
    assert error.may_have_taken_effect
    assert error.unanswered == 1
    assert ("Check in Gong" in str(error)) is (request_ is MEETING)


@pytest.mark.parametrize(("status", "kind"), FINAL)
def test_changes_nothing_where_nothing_is_written(status: int, kind: type[GongApiError]) -> None:
    assert not play(READ, foreign(status)).failed_with(kind).may_have_taken_effect


@WRITES
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413])
def test_gongs_own_refusal_has_no_effect(request_: GongRequest[Any], status: int) -> None:
    by_body, by_header = answer(status, "no"), foreign(status, b"", x_traceid="4al018gzaztcr8nbukw")
    for refusal in (by_body, by_header):
        error = play(request_, refusal).error
        assert isinstance(error, GongApiError)
        assert not error.may_have_taken_effect
        assert error.request_id == "4al018gzaztcr8nbukw"
    assert isinstance(play(request_, foreign(status, PAGE)).error, GongApiError)


@WRITES
@pytest.mark.parametrize("status", [301, 304, 400, 401, 403, 404, 405, 409, 413, 422, 429, 451])
@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        b'{"message": "Forbidden"}',
        b'{"requestId": "4al018gzaztcr8nbukw", "callId": "7", "meetingId": "7"}',
        b'{"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "message": "Forbidden"}',
    ],
    ids=["page", "JSON", "Gong's success", "id of its own"],
)
def test_headers_or_body_that_a_gateway_keeps_do_not_make_its_error_gongs(
    request_: GongRequest[Any], status: int, body: bytes
) -> None:
    seen = play(request_, foreign(status, body, x_traceid="4al018gzaztcr8nbukw"), slots=[SLOT_NOW, NO_SLOT])
    assert isinstance(seen.error, GongApiError)
    assert seen.error.may_have_taken_effect
    assert seen.sends == 1


@WRITES
@pytest.mark.parametrize(
    "created", [{"callId": "", "meetingId": ""}, {"callId": None, "meetingId": None}, {"callId": [], "meetingId": {}}]
)
def test_success_without_an_id_counts_as_unanswered(request_: GongRequest[Any], created: dict[str, Any]) -> None:
    no_success = foreign(201, json.dumps({"requestId": "4al018gzaztcr8nbukw", **created}).encode())
    error = play(request_, *[no_success] * 5).error
    assert isinstance(error, GongApiError)
    assert error.may_have_taken_effect


def test_words_that_only_gong_knows_are_gongs() -> None:
    text = "A call with clientUniqueId 'pbx-1' has already been posted for the call 7"
    error = play(CALL, unmarked(400, text)).failed_with(GongDuplicateCallError)
    assert (error.call_id, error.may_have_taken_effect) == ("7", False)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 429, 499])
def test_call_that_was_created_behind_a_gateways_answer_is_recognized_later(status: int) -> None:
    request = create_call(json.loads(json.dumps(CALL.body)), resume=False)
    first = play(request, foreign(status), NoAnswer("lost"), DUPLICATE)
    error = first.error
    assert isinstance(error, GongApiError)
    assert error.may_have_taken_effect


# Success that is none


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"{}", b'{"status": "ok"}', b"[]"])
@pytest.mark.parametrize(
    "request_",
    [
        raw_request("listCalls"),
        raw_request("listCallsExtensive", body={}),
        raw_request("updateMeeting", path={"meetingId": "1"}, body={}),
        raw_request("assignProspects", body={}),
    ],
    ids=lambda request: request.operation.name,
)
def test_success_that_is_neither_marked_nor_documented_counts_as_unanswered(
    request_: GongRequest[Any], body: bytes
) -> None:
    seen = play(request_, foreign(200, body), OK)
    if request_.operation.repeatable:
        assert seen.result == {"requestId": "4al018gzaztcr8nbukw"}
    else:
        seen.failed_with(GongOutcomeUnknownError)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (raw_request("listCalls"), b'{"calls": []}'),
        (raw_request("getUser", path={"id": "1"}), b'{"user": {}}'),
        (MEETING, b'{"meetingId": "7"}'),
        (MEETING, b'{"meeting": {"id": "7"}}'),
        (raw_request("updateMeeting", path={"meetingId": "1"}, body={}), b'{"meetingId": "1"}'),
        (raw_request("deleteMeeting", path={"meetingId": "1"}), b'{"organizerEmail": "rosa@example.com"}'),
        (raw_request("deleteMeeting", path={"meetingId": "1"}), b""),
    ],
    ids=["list", "read", "created", "nested", "updated", "deleted", "deleted without a word"],
)
def test_documented_success_needs_no_mark(request_: GongRequest[Any], body: bytes) -> None:
    assert play(request_, foreign(200, body)).error is None


def test_marked_success_needs_no_documented_content() -> None:
    update = raw_request("updateMeeting", path={"meetingId": "1"}, body={})
    assert play(update, foreign(200, b"", x_traceid="4al018gzaztcr8nbukw")).result == {}


# 429


def test_refusal_of_a_gateway_holds_everybody_back_by_its_own_measure() -> None:
    seen = play(CALL, foreign(429, retry_after="30"), DUPLICATE)
    assert seen.of(CloseGate) == [CloseGate(30.0, foreign=True)]
    assert seen.result.call_id == "7022652889306584427"


def test_refusal_of_a_gateway_does_not_say_that_a_meeting_was_not_made() -> None:
    seen = play(MEETING, foreign(429, retry_after="30"))
    assert seen.of(CloseGate) == [CloseGate(30.0, foreign=True)]
    assert seen.failed_with(GongOutcomeUnknownError).may_have_taken_effect


def test_gongs_own_refusal_says_so() -> None:
    assert play(MEETING, answer(429), CREATED).result.meeting_id == "7"
    assert play(MEETING, answer(429), CREATED).of(CloseGate) == [CloseGate(1.0)]


def test_budget_error_after_a_gateways_refusal_keeps_the_effect_unknown() -> None:
    seen = play(CALL, foreign(429), slots=[Slot(0.0, 0), SlotRefused(90.0, daily=False)])
    assert seen.failed_with(GongRateLimitError).may_have_taken_effect


NOON = 1_800_000_000.0


def opening(pace: Pace, now: float) -> float:
    slot = pace.reserve(Share(), now, max_wait=float("inf"))
    assert isinstance(slot, Slot)
    return slot.delay


def test_gateway_closes_the_company_for_a_minute_at_most() -> None:
    pace = Pace()
    pace.close(NOON, 1e9, foreign=True)
    assert opening(pace, NOON) == 60.0
    assert not pace.day_is_gone


def test_each_further_refusal_in_a_row_counts_twice_as_long_up_to_an_hour() -> None:
    pace, now, waits = Pace(), NOON, []
    for _ in range(9):
        pace.close(now, 1e9, foreign=True)
        waits.append(opening(pace, now))
        now += waits[-1] + 0.2
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert not pace.day_is_gone
    pace.close(now + 7300, 1e9, foreign=True)
    assert opening(pace, now + 7300) == 60.0


def test_refusals_of_what_was_under_way_do_not_count_as_further_ones() -> None:
    pace = Pace()
    for step in range(4):
        pace.close(NOON + step * 0.1, 1e9, foreign=True)
    assert opening(pace, NOON + 0.3) == pytest.approx(60.0)


def test_short_wait_that_a_gateway_asks_for_is_honoured() -> None:
    pace = Pace()
    pace.close(NOON, 7.0, foreign=True)
    assert opening(pace, NOON) == 7.0


# 401 and refreshed tokens


def test_token_is_replaced_whoever_refuses_it_and_a_meeting_is_not_sent_again() -> None:
    assert play(READ, foreign(401), OK, refreshable=True).of(RefreshToken)
    seen = play(MEETING, foreign(401), refreshable=True)
    assert seen.of(RefreshToken)
    assert seen.failed_with(GongOutcomeUnknownError).may_have_taken_effect
    assert play(MEETING, answer(401, "Unauthorized"), CREATED, refreshable=True).result.meeting_id == "7"


@WRITES
@pytest.mark.parametrize("step", [RefreshToken, CloseGate])
def test_store_that_fails_after_a_foreign_answer_does_not_make_its_effect_known(
    request_: GongRequest[Any], step: type
) -> None:
    steps = exchange(request_, ExchangePolicy(), refreshable=True)
    outcomes = {ReserveSlot: Slot(0.0, 0), ConfirmSlot: True, Send: foreign(401 if step is RefreshToken else 429)}
    instruction = next(steps)
    while not isinstance(instruction, step):
        instruction = steps.send(outcomes[type(instruction)])
    with pytest.raises(GongError, match="database is away") as caught:
        steps.throw(GongError("The database is away."))
    assert caught.value.operation == request_.operation.name
    assert caught.value.may_have_taken_effect


@pytest.mark.parametrize("error", [GongError("The database is away."), GongConnectionError("No token.", unanswered=1)])
@pytest.mark.parametrize("is_lost", [False, True], ids=["first attempt", "after a lost answer"])
def test_token_that_cannot_be_had_does_not_forget_what_was_sent_before(error: GongError, is_lost: bool) -> None:
    steps = exchange(CALL, ExchangePolicy(), refreshable=True)
    outcomes: dict[type, Any] = {ReserveSlot: Slot(0.0, 0), ConfirmSlot: True, Wait: None}
    lost = [LOST] if is_lost else []
    instruction = next(steps)
    while not isinstance(instruction, Send) or lost:
        instruction = steps.send(lost.pop() if isinstance(instruction, Send) else outcomes[type(instruction)])
    with pytest.raises(type(error)) as caught:
        steps.throw(error)
    assert (caught.value.operation, caught.value.may_have_taken_effect) == ("addCall", is_lost)


def test_failed_refresh_does_not_forget_what_was_sent_before() -> None:
    for earlier, known in (([LOST], True), ([], False)):
        seen = play(CALL, *earlier, answer(401, "Unauthorized"), refreshable=True, refresh_fails=True)
        error = seen.failed_with(GongConnectionError)
        assert (error.operation, error.may_have_taken_effect) == ("addCall", known)
    assert seen.of(Wait) == []
