"""Both drivers, one table: over real sockets against a server that misbehaves, and over a scripted transport."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import hashlib
import json
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_gong.client.auth import AccessKeyAuth, Authentication, BearerAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongAuthenticationError,
    GongConnectionError,
    GongDailyQuotaError,
    GongDuplicateMediaError,
    GongOutcomeUnknownError,
    GongRateLimitError,
    GongRedirectError,
    GongServerError,
    GongTimeoutError,
    GongValidationError,
)
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest, Listing, raw_request
from airflow_provider_gong.client.resources.calls import upload_call_media
from airflow_provider_gong.client.transport import post_form
from tests.unit.client import misbehaving_server as server_module
from tests.unit.client.misbehaving_server import (
    Behaviour,
    MisbehavingServer,
    answers,
    answers_json,
    misbehaving_server,
    refuses_early,
    resets_after_reading,
    resets_before_reading,
    says,
    speaks_first,
    stalls,
    stalls_within_the_body,
    unused_url,
)

READ = raw_request("getCall", path={"id": "7782342274025937895"})
MEETING = raw_request("addMeeting", body={"title": "Pricing"})
GONG = "https://us-12345.api.gong.io"
SECRET = "s3cret"
ENCODED_SECRET = base64.b64encode(f"KEY:{SECRET}".encode()).decode()
DONE = {"requestId": "4al018gzaztcr8nbukw"}
IMPATIENT = {"timeout": 0.5, "policy": ExchangePolicy(max_attempts=2)}


@dataclass
class Clock:
    """Seconds that pass when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


@dataclass
class Sent:
    """How a request ended, and what the client has counted."""

    result: Any = None
    error: Any = None
    requests_sent: int = 0
    requests_refused: int = 0
    slept: list[float] = field(default_factory=list)

    def failed_with(self, kind: type[GongApiError]) -> Any:
        assert type(self.error) is kind, self.error
        return self.error


def _options(clock: Clock, options: dict[str, Any]) -> dict[str, Any]:
    return {"auth": AccessKeyAuth("KEY", SECRET), "budget": LocalBudget(3, clock=clock), **options}


def in_thread(host: str, work: Callable[[GongClient], Any], **options: Any) -> Sent:
    clock = Clock()
    sent = Sent(slept=clock.slept)
    with GongClient(host, sleep=clock.sleep, **_options(clock, options)) as client:
        try:
            sent.result = work(client)
        except GongApiError as error:
            sent.error = error
        sent.requests_sent, sent.requests_refused = client.requests_sent, client.requests_refused
    return sent


def in_event_loop(host: str, work: Callable[[AsyncGongClient], Any], **options: Any) -> Sent:
    async def run() -> Sent:
        clock = Clock()
        sent = Sent(slept=clock.slept)
        async with AsyncGongClient(host, sleep=clock.sleep_async, **_options(clock, options)) as client:
            try:
                work_done = work(client)
                sent.result = await work_done if asyncio.iscoroutine(work_done) else [row async for row in work_done]
            except GongApiError as error:
                sent.error = error
            sent.requests_sent, sent.requests_refused = client.requests_sent, client.requests_refused
        return sent

    return asyncio.run(run())


Driver = Callable[..., Sent]


@pytest.fixture(params=[in_thread, in_event_loop], ids=["sync", "async"])
def drive(request: pytest.FixtureRequest) -> Driver:
    """Do the same work with either driver."""
    driver: Driver = request.param
    return driver


def sending(request: GongRequest[Any]) -> Callable[[Any], Any]:
    return lambda client: client.send(request)


# Over real sockets


def test_request_arrives_as_gong_wants_it(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(answers_json(201, DONE))
    sent = drive(server.url, sending(MEETING), user_agent="airflow-provider-gong/1.0")
    assert sent.result == DONE
    (received,) = server.received
    assert received.line == "POST /v2/meetings HTTP/1.1"
    assert received.headers["authorization"] == f"Basic {ENCODED_SECRET}"
    assert received.headers["user-agent"] == "airflow-provider-gong/1.0"
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {"title": "Pricing"}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_proxies_of_the_environment_do_not_get_what_is_meant_for_this_host(
    server: MisbehavingServer, drive: Driver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with misbehaving_server() as proxy:
        monkeypatch.setenv(name, proxy.url)
        server.script += [answers_json(200, DONE)] * 2
        assert drive(server.url, sending(READ)).result == DONE
        post_form(f"{server.url}/oauth2/x", {}, ("KEY", SECRET))
        assert proxy.connections == 0
    assert [received.line.split()[0] for received in server.received] == ["GET", "POST"]


@pytest.mark.parametrize("request_", [READ, MEETING], ids=["read", "meeting"])
def test_refused_connection_is_repeated_and_counts_as_never_sent(drive: Driver, request_: GongRequest[Any]) -> None:
    sent = drive(unused_url(), sending(request_), policy=ExchangePolicy(max_attempts=3))
    error = sent.failed_with(GongConnectionError)
    assert "3 attempts" in str(error)
    assert error.unanswered == 0
    assert sent.requests_sent == 0


GONGS_TIME = 1_800_000_000


def http_date(seconds_from_now: float) -> str:
    return email.utils.formatdate(GONGS_TIME + seconds_from_now, usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("2", 2.0, 2.0),
        (http_date(30), 20.0, 30.0),
        (http_date(-3600), 0.5, 1.0),
        ("soon", 0.5, 1.0),
        ("-1", 0.5, 1.0),
        ("1e400", 0.5, 1.0),
        ("2,5", 0.5, 1.0),
        ("", 0.5, 1.0),
    ],
    ids=["seconds", "date", "date in the past", "nonsense", "negative", "infinite", "comma", "empty"],
)
def test_retry_after_of_any_kind_is_waited_out(
    server: MisbehavingServer, drive: Driver, retry_after: str, least: float, most: float
) -> None:
    date = http_date(0)
    server.script += [
        answers_json(429, {**DONE, "errors": ["Too many requests"]}, Retry_After=retry_after, Date=date),
        answers_json(200, DONE),
    ]
    sent = drive(server.url, sending(MEETING))
    assert sent.result == DONE
    assert least <= sum(sent.slept) <= most
    assert (sent.requests_sent, sent.requests_refused) == (2, 1)


@pytest.mark.parametrize("retry_after", ["14400", http_date(6 * 3600)], ids=["hours", "date"])
def test_retry_after_of_hours_ends_the_request_and_those_after_it(
    server: MisbehavingServer, drive: Driver, retry_after: str
) -> None:
    server.script.append(answers_json(429, {**DONE, "errors": ["Limit"]}, Retry_After=retry_after, Date=http_date(0)))
    budget = LocalBudget(3, clock=Clock())
    assert drive(server.url, sending(READ), budget=budget).failed_with(GongDailyQuotaError).retry_after > 4 * 3600 - 60
    later = drive(server.url, sending(READ), budget=budget)
    later.failed_with(GongDailyQuotaError)
    assert (later.slept, later.requests_sent, server.connections) == ([], 0, 1)


LOSING = pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(resets_before_reading, id="reset before reading"),
        pytest.param(resets_after_reading, id="reset after reading"),
        pytest.param(says(b""), id="hangs up"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nContent-Le"), id="half a head"),
        pytest.param(says(server_module.response(200, b'{"requestId": "4al"}')[:-5]), id="half a body"),
        pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), id="another protocol"),
        pytest.param(answers(200, b"<html>Sign in to the network</html>"), id="a captive portal"),
        pytest.param(answers(200, b"not gzip", Content_Encoding="gzip"), id="a broken encoding"),
        pytest.param(answers_json(502, {"errors": ["Bad gateway"]}), id="a gateway's error"),
        pytest.param(stalls, id="stalls"),
        pytest.param(stalls_within_the_body, id="stalls within the body"),
    ],
)


@LOSING
def test_read_whose_answer_is_lost_is_repeated(server: MisbehavingServer, drive: Driver, behaviour: Behaviour) -> None:
    server.script.extend([behaviour, answers_json(200, DONE)])
    sent = drive(server.url, sending(READ), **IMPATIENT)
    assert sent.result == DONE
    assert sent.requests_sent == server.connections == 2
    assert len(sent.slept) >= 1


@LOSING
def test_meeting_whose_answer_is_lost_is_never_repeated(
    server: MisbehavingServer, drive: Driver, behaviour: Behaviour
) -> None:
    server.script.extend([behaviour, answers_json(200, DONE)])
    sent = drive(server.url, sending(MEETING), **IMPATIENT)
    assert sent.failed_with(GongOutcomeUnknownError).unanswered == 1
    assert server.connections == 1


@pytest.mark.slow
def test_host_that_stays_silent_times_out(server: MisbehavingServer, drive: Driver) -> None:
    server.script.extend([stalls, stalls])
    assert drive(server.url, sending(READ), **IMPATIENT).failed_with(GongTimeoutError).unanswered == 2


def test_host_without_tls_is_never_sent_anything(server: MisbehavingServer, drive: Driver) -> None:
    server.script.extend([speaks_first(b"HTTP/1.1 400 Bad Request\r\n\r\n")] * 2)
    sent = drive(server.url.replace("http:", "https:"), sending(MEETING), **IMPATIENT)
    assert sent.failed_with(GongConnectionError).unanswered == 0
    assert server.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [READ, MEETING], ids=["read", "meeting"])
def test_credentials_never_reach_a_second_host(
    server: MisbehavingServer, drive: Driver, status: int, request_: GongRequest[Any]
) -> None:
    with misbehaving_server() as other:
        server.script.append(answers(status, b"", Location=f"{other.url}/v2/calls"))
        drive(server.url, sending(request_)).failed_with(GongRedirectError)
        assert other.connections == 0
    assert server.connections == 1


def test_recording_arrives_whole(server: MisbehavingServer, drive: Driver, tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(bytes(range(256)) * 4000)
    server.script.append(answers_json(201, {**DONE, "callId": "123"}))
    media = MediaFile.at(path)
    assert drive(server.url, sending(upload_call_media("123", media))).result.call_id == "123"
    (received,) = server.received
    assert received.line == "PUT /v2/calls/123/media HTTP/1.1"
    assert "transfer-encoding" not in received.headers
    message = message_from_bytes(
        f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode() + received.body, policy=policy.HTTP
    )
    (part,) = message.get_payload()
    assert part.get_payload(decode=True) == path.read_bytes()
    assert part.get_content_type() == "audio/mpeg"
    assert media.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_recording_is_read_anew_for_each_attempt(server: MisbehavingServer, drive: Driver, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFF" * 100_000)
    server.script.extend([resets_after_reading, answers_json(201, {"callId": "123"})])
    assert drive(server.url, sending(upload_call_media("123", MediaFile.at(path)))).result.call_id == "123"
    first, second = server.received
    assert first.headers["content-length"] == second.headers["content-length"]
    assert b"RIFF" * 100_000 in second.body


def test_refusal_during_the_upload_is_heard(server: MisbehavingServer, drive: Driver, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    refusal = {**DONE, "errors": ["A media file with the same content was uploaded, callID with the same content: 7"]}
    server.script.append(refuses_early(400, json.dumps(refusal).encode()))
    sent = drive(server.url, sending(upload_call_media("123", MediaFile.at(path))))
    assert sent.failed_with(GongDuplicateMediaError).call_id == "7"
    assert server.connections == 1


def test_unreadable_recording_is_no_error_of_gong(server: MisbehavingServer, drive: Driver, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFF" * 1000)
    media = MediaFile.at(path)
    path.write_bytes(b"RIFF" * 900)
    server.script.append(answers_json(201, DONE))
    with pytest.raises(OSError, match=r"call\.wav changed"):
        drive(server.url, sending(upload_call_media("123", media)))


# Credentials


class Tokens:
    """A source of tokens; each refresh makes the next."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.refused: list[str] = []
        self.threads: set[int] = set()

    def token(self) -> str:
        self.threads.add(threading.get_ident())
        return self.left[0]

    def refresh(self, refused: str) -> None:
        self.threads.add(threading.get_ident())
        self.refused.append(refused)
        self.left.pop(0)


def test_refused_token_is_replaced_and_the_request_repeated(server: MisbehavingServer, drive: Driver) -> None:
    tokens = Tokens("old", "new")
    server.script.extend([answers_json(401, {"errors": ["Unauthorized"]}), answers_json(200, DONE)])
    assert drive(server.url, sending(READ), auth=BearerAuth(tokens)).result == DONE
    assert tokens.refused == ["old"]
    assert [received.headers["authorization"] for received in server.received] == ["Bearer old", "Bearer new"]


def test_failure_to_refresh_is_the_error_of_the_request(server: MisbehavingServer, drive: Driver) -> None:
    class Revoked(Tokens):
        def refresh(self, refused: str) -> None:
            raise GongAuthenticationError("The refresh token was used before.")

    server.script.append(answers_json(401, {"errors": ["Unauthorized"]}))
    sent = drive(server.url, sending(READ), auth=BearerAuth(Revoked("old")))
    assert "refresh token was used" in str(sent.failed_with(GongAuthenticationError))


@pytest.mark.parametrize("auth", [AccessKeyAuth("KEY", SECRET), BearerAuth(SECRET)])
def test_secret_is_in_no_log_error_or_repr(
    server: MisbehavingServer, drive: Driver, auth: Authentication, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script.extend([resets_after_reading, answers_json(403, {"errors": ["Forbidden"]})])
    sent = drive(server.url, sending(READ), auth=auth)
    client = GongClient(GONG, auth)
    text = "\n".join([caplog.text, str(sent.error), repr(sent.error), repr(sent.error.__cause__), repr(client)])
    assert "getCall" in text
    assert SECRET not in text
    assert ENCODED_SECRET not in text


@pytest.mark.parametrize("token", [f"{SECRET}\n", f"{SECRET}\u00fc", f"{SECRET}\r\nX-Other: 1"])
def test_token_that_no_header_can_carry_is_refused_without_telling_it(
    server: MisbehavingServer, drive: Driver, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = drive(server.url, sending(READ), auth=BearerAuth(Tokens(token))).failed_with(GongAuthenticationError)
    assert SECRET not in caplog.text + repr(error) + str(error)
    assert server.connections == 0


def test_host_that_must_not_get_credentials_is_refused_at_once() -> None:
    for client in (GongClient, AsyncGongClient):
        with pytest.raises(ValueError, match="must use https"):
            client("http://us-12345.api.gong.io", AccessKeyAuth("KEY", SECRET))


# Budget


def transport(*responses: httpx.Response, seen: list[httpx.Request] | None = None) -> httpx.MockTransport:
    script = iter(responses)

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return next(script)

    return httpx.MockTransport(handle)


def ok(content: Any = DONE) -> httpx.Response:
    return httpx.Response(200, json=content)


def refused(**headers: str) -> httpx.Response:
    return httpx.Response(429, json={**DONE, "errors": ["Too many requests"]}, headers={"Retry-After": "7", **headers})


def test_waits_for_its_slots_and_for_the_gate(drive: Driver) -> None:
    sent = drive(GONG, sending(READ), transport=transport(refused(), refused(), ok()))
    assert sent.result == DONE
    assert (sent.requests_sent, sent.requests_refused) == (3, 2)
    assert sent.slept == [7.0, 7.0]


def test_date_of_retry_after_counts_from_the_answers_arrival_and_is_not_believed_beyond_a_day(drive: Driver) -> None:
    sent = drive(GONG, sending(READ), transport=transport(refused(**{"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})))
    assert sent.failed_with(GongDailyQuotaError).retry_after == 24 * 3600


def test_long_waits_are_announced_with_their_reason_and_end(drive: Driver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_provider_gong")
    began = datetime.now().astimezone()
    drive(GONG, sending(READ), transport=transport(refused(), ok()))
    (record,) = [record for record in caplog.records if record.name.startswith("airflow_provider_gong")]
    wait, until, reason = record.getMessage().split(", ")
    assert wait == "getCall waits 7.0 s"
    moment = datetime.fromisoformat(until.removeprefix("until "))
    assert began + timedelta(seconds=6) <= moment <= datetime.now().astimezone() + timedelta(seconds=7)
    assert reason == "because Gong refused the company's requests (429)."


def test_refusal_holds_back_the_other_clients_of_the_budget(drive: Driver) -> None:
    clock = Clock()
    budget = LocalBudget(3, clock=clock)
    hurried = ExchangePolicy(max_wait=0.0)
    first = drive(GONG, sending(READ), transport=transport(refused()), budget=budget, policy=hurried)
    second = drive(GONG, sending(READ), transport=transport(ok()), budget=budget, policy=hurried)
    assert first.failed_with(GongRateLimitError).retry_after == 7.0
    assert second.failed_with(GongRateLimitError).retry_after == 7.0
    assert second.requests_sent == 0
    clock.now = 7.0
    assert drive(GONG, sending(READ), transport=transport(ok()), budget=budget, policy=hurried).result == DONE


class WatchedBudget:
    """Notes which threads ask it; the first slot it grants does not survive."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.granted = 0
        self.closed_for: list[float] = []

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        self.threads.add(threading.get_ident())
        self.granted += 1
        return Slot(1.0, self.granted)

    def confirm(self, slot: Slot) -> bool:
        self.threads.add(threading.get_ident())
        return slot.epoch > 1

    def close(self, retry_after: float, foreign: bool = False) -> None:
        self.threads.add(threading.get_ident())
        self.closed_for.append(retry_after)


def test_slot_that_is_no_longer_good_is_booked_again(drive: Driver) -> None:
    budget = WatchedBudget()
    sent = drive(GONG, sending(READ), transport=transport(refused(), ok()), budget=budget)
    assert (sent.requests_sent, budget.granted, budget.closed_for) == (2, 3, [7.0])
    assert sent.slept == [1.0, 1.0, 1.0]


class SlowTokens:
    """Tokens that take so long to get that Gong refuses the request of another worker meanwhile."""

    def __init__(self, budget: LocalBudget) -> None:
        self.budget = budget
        self.is_current = False

    def token(self) -> str:
        if not self.is_current:
            self.budget.close(7.0)
            self.is_current = True
        return "new"

    def refresh(self, refused: str) -> None:
        """Nothing is refused."""


def test_gate_that_closes_while_a_token_is_refreshed_holds_the_request_back(drive: Driver) -> None:
    budget = LocalBudget(3, clock=Clock())
    sent = drive(GONG, sending(READ), transport=transport(ok()), budget=budget, auth=BearerAuth(SlowTokens(budget)))
    assert (sent.result, sent.slept) == (DONE, [7.0])


def test_what_blocks_is_called_where_the_caller_wants() -> None:
    called: list[str] = []

    async def note(function: Callable[..., Any], *arguments: Any) -> Any:
        called.append(function.__name__)
        return function(*arguments)

    tokens = Tokens("old", "new")
    scripted = transport(refused(), httpx.Response(401, json={"errors": ["Unauthorized"]}), ok())
    in_event_loop(
        GONG, sending(READ), transport=scripted, budget=WatchedBudget(), auth=BearerAuth(tokens), in_thread=note
    )
    assert set(called) == {"reserve", "confirm", "close", "header", "refresh"}


def test_budget_and_credentials_never_block_the_event_loop() -> None:
    budget, tokens = WatchedBudget(), Tokens("old", "new")
    unauthorized = httpx.Response(401, json={"errors": ["Unauthorized"]})
    scripted = transport(refused(), unauthorized, ok())
    sent = in_event_loop(GONG, sending(READ), transport=scripted, budget=budget, auth=BearerAuth(tokens))
    assert sent.result == DONE
    assert threading.get_ident() not in budget.threads | tokens.threads


def test_threads_share_a_client_and_its_counters() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return ok()

    budget = LocalBudget(1e6, clock=Clock())
    client = GongClient(
        GONG, AccessKeyAuth("KEY", SECRET), transport=httpx.MockTransport(handle), budget=budget, sleep=lambda _: None
    )
    threads = [threading.Thread(target=lambda: [client.send(READ) for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.requests_sent == 100


def test_usage_is_counted_since_it_was_last_asked_for() -> None:
    scripted = transport(refused(), ok(), ok())
    with GongClient(GONG, AccessKeyAuth("KEY", SECRET), transport=scripted, sleep=lambda _: None) as client:
        client.send(READ)
        assert client.take_usage() == (2, 1)
        client.send(READ)
        assert client.take_usage() == (1, 0)
        assert client.take_usage() == (0, 0)


def test_leaving_the_client_closes_its_connections(drive: Driver) -> None:
    closed: list[str] = []

    class Noting(httpx.MockTransport):
        def close(self) -> None:
            closed.append("closed")

        async def aclose(self) -> None:
            closed.append("closed")

    drive(GONG, sending(READ), transport=Noting(lambda _: ok()))
    assert closed == ["closed"]


def raising(error: Exception) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(handle)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError("no route to host"), GongConnectionError),
        (httpx.ConnectTimeout("no answer"), GongTimeoutError),
        (httpx.PoolTimeout("all connections are busy"), GongTimeoutError),
        (httpx.ProxyError("407 Proxy Authentication Required"), GongConnectionError),
    ],
)
def test_failure_to_connect_is_repeated_even_for_a_meeting(drive: Driver, failure: Exception, kind: Any) -> None:
    sent = drive(GONG, sending(MEETING), transport=raising(failure), policy=ExchangePolicy(max_attempts=3))
    error = sent.failed_with(kind)
    assert str(failure) in str(error)
    assert (error.unanswered, sent.requests_sent) == (0, 0)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("no answer"),
        httpx.WriteTimeout("no progress"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("hung up"),
    ],
)
def test_failure_after_connecting_leaves_the_outcome_of_a_meeting_open(drive: Driver, failure: Exception) -> None:
    sent = drive(GONG, sending(MEETING), transport=raising(failure))
    assert str(failure) in str(sent.failed_with(GongOutcomeUnknownError))
    assert sent.requests_sent == 1


# What is sent, and what becomes of the answer


@pytest.mark.parametrize(
    ("request_", "line", "body"),
    [
        (READ, "GET /v2/calls/7782342274025937895", None),
        (raw_request("getCall", path={"id": "a/b"}), "GET /v2/calls/a%2Fb", None),
        (raw_request("listFlows", query={"a": "x y", "b": ["1", "2"]}), "GET /v2/flows?a=x%20y&b=1&b=2", None),
        (raw_request("listCallsExtensive", body={"filter": {}}), "POST /v2/calls/extensive", {"filter": {}}),
        (raw_request("deleteMeeting", path={"meetingId": "1"}, body={}), "DELETE /v2/meetings/1", {}),
        (raw_request("getCrmObjects", body=["1"]), "GET /v2/crm/entities", ["1"]),
    ],
)
def test_request_line_and_body(drive: Driver, request_: GongRequest[Any], line: str, body: Any) -> None:
    seen: list[httpx.Request] = []
    drive(GONG, sending(request_), transport=transport(ok(), seen=seen))
    (request,) = seen
    assert f"{request.method} {request.url.raw_path.decode().replace('+', '%20')}" == line
    assert request.url.host == "us-12345.api.gong.io"
    assert (json.loads(request.content) if request.content else None) == body


@pytest.mark.parametrize(
    "content",
    [{"body": {"from": datetime(2026, 3, 1)}}, {"body": {"rate": math.nan}}, {"body": {"name": "\ud83d"}}],
    ids=["no JSON", "no number", "half a character"],
)
def test_content_that_cannot_be_written_is_no_reason_to_try_again(drive: Driver, content: dict[str, Any]) -> None:
    request = raw_request("listMultipleUsers", **content)
    error = drive(GONG, sending(request), transport=transport(ok())).failed_with(GongValidationError)
    assert "The request cannot be encoded: " in str(error)
    assert not error.retry_can_help
    assert not error.may_have_taken_effect


def test_recording_may_take_five_times_as_long(drive: Driver, tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(b"RIFF")
    seen: list[httpx.Request] = []
    for request in (READ, upload_call_media("123", MediaFile.at(tmp_path / "call.wav"))):
        drive(GONG, sending(request), transport=transport(ok({"callId": "123"}), seen=seen), timeout=30.0)
    assert [request.extensions["timeout"]["read"] for request in seen] == [30.0, 150.0]


def test_runs_any_operation_by_name(drive: Driver) -> None:
    seen: list[httpx.Request] = []
    sent = drive(
        GONG,
        lambda client: client.run("getUser", path={"id": "1"}, query={"x": "y"}),
        transport=transport(ok({"user": {"id": "1"}}), seen=seen),
    )
    assert sent.result == {"user": {"id": "1"}}
    assert seen[0].url.raw_path == b"/v2/users/1?x=y"


def rows_of(drive: Driver, listing: Listing[Any], *responses: httpx.Response, **options: Any) -> Sent:
    def work(client: Any) -> Any:
        rows = client.iterate(listing)
        return rows if isinstance(client, AsyncGongClient) else list(rows)

    return drive(GONG, work, transport=transport(*responses, **options))


LISTING = Listing(raw_request("listCallsExtensive", body={"filter": {"x": 1}}), item=lambda row: row["id"])
NOTHING = httpx.Response(404, json={"errors": ["No calls found corresponding to the provided filters"]})


def test_walks_through_all_pages(drive: Driver) -> None:
    seen: list[httpx.Request] = []
    pages = [
        ok({"calls": [{"id": "1"}, {"id": "2"}], "records": {"totalRecords": 9, "cursor": "c1"}}),
        ok({"calls": [], "records": {"cursor": "c2"}}),
        ok({"calls": [{"id": "3"}], "records": {"totalRecords": 9}}),
    ]
    assert rows_of(drive, LISTING, *pages, seen=seen).result == ["1", "2", "3"]
    bodies = [json.loads(request.content) for request in seen]
    assert bodies == [{"filter": {"x": 1}}, *({"filter": {"x": 1}, "cursor": cursor} for cursor in ("c1", "c2"))]


def test_nothing_found_is_an_empty_listing(drive: Driver) -> None:
    assert rows_of(drive, LISTING, httpx.Response(NOTHING.status_code, content=NOTHING.content)).result == []


def test_nothing_found_on_a_later_page_ends_the_listing(drive: Driver) -> None:
    first = ok({"calls": [{"id": "1"}], "records": {"cursor": "c1"}})
    ending = httpx.Response(NOTHING.status_code, content=NOTHING.content)
    assert rows_of(drive, LISTING, first, ending).result == ["1"]


def test_other_failures_of_a_listing_are_raised(drive: Driver) -> None:
    rows_of(drive, LISTING, httpx.Response(401, json={"errors": ["no"]})).failed_with(GongAuthenticationError)
    rows_of(drive, LISTING, ok({"calls": [{"other": "1"}]})).failed_with(GongServerError)


def test_all_rows_of_an_operation_by_name() -> None:
    pages = [ok({"flows": [{"id": "1"}], "records": {"cursor": "c1"}}), ok({"flows": [{"id": "2"}]})]
    sent = in_thread(GONG, lambda client: list(client.run_all("listFlows")), transport=transport(*pages))
    assert sent.result == [{"id": "1"}, {"id": "2"}]
