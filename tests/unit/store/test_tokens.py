"""Rotating tokens that workers share, with a token endpoint that lets each refresh token be used once."""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import literal, select, text

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.errors import GongAuthenticationError, GongConnectionError, GongGrantRefusedError
from airflow_provider_gong.client.instructions import NoAnswer, NotSent
from airflow_provider_gong.client.oauth import OAuthClient
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.schema import token_table
from airflow_provider_gong.store.tokens import StoredTokens
from tests.support.postgres import PostgresServer

CLIENT = OAuthClient("app-1", "client-s3cret", "https://api.gong.io")
BASE_URL = "https://company-17.api.gong.io"
NOW = 1_800_000_000.0
DAY = 86_400.0


class TokenEndpoint:
    """Gong's token endpoint: every refresh token works once, and a second use revokes all."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.valid_refresh_token = ""
        self.asked: list[dict[str, str]] = []
        self.urls: list[str] = []
        self.reused = 0
        self.fails_with: list[Answer | NotSent | NoAnswer | BaseException] = []

    def __call__(self, url: str, form: dict[str, str], credentials: tuple[str, str]) -> Answer | NotSent | NoAnswer:
        with self._lock:
            self.asked.append(form)
            self.urls.append(url)
            assert credentials == (CLIENT.client_id, CLIENT.client_secret)
            failure = self.fails_with.pop() if self.fails_with else None
            if isinstance(failure, Answer | NotSent):
                return failure
            if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.valid_refresh_token:
                self.reused += 1
                return answer(400, {"error": "invalid_grant", "error_description": "Refresh token code is invalid"})
            number = next(self._numbers)
            self.valid_refresh_token = f"refresh-{number}"
            if isinstance(failure, BaseException):
                raise failure
            return failure or tokens(number)


def answer(status: int, content: dict[str, Any]) -> Answer:
    return Answer(status, {}, json.dumps(content).encode())


def tokens(number: int) -> Answer:
    content = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": int(DAY)}
    return answer(200, {**content, "api_base_url_for_customer": BASE_URL, "token_type": "bearer"})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return literal(self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> TokenEndpoint:
    return TokenEndpoint()


@pytest.fixture
def worker(database_url: str, endpoint: TokenEndpoint, clock: Clock) -> Any:
    """Return a function that makes a worker of its own; the app has been authorized before."""

    def make(client: OAuthClient = CLIENT, **options: Any) -> StoredTokens:
        return StoredTokens(Store(database_url), client, endpoint, clock=clock, sleep=clock.sleep, **options)

    make().authorize("code-1", "https://example.com/callback")
    return make


def test_tokens_of_an_authorization_are_for_everybody(worker: Any, endpoint: TokenEndpoint) -> None:
    assert worker().token() == "access-1"
    assert worker().base_url == BASE_URL
    (form,) = endpoint.asked
    assert form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "https://example.com/callback",
        "client_id": "app-1",
    }
    assert endpoint.urls == ["https://app.gong.io/oauth2/generate-customer-token"]


def test_refused_token_is_replaced_once_for_all(worker: Any, endpoint: TokenEndpoint) -> None:
    one, other = worker(), worker()
    refused = one.token()
    one.refresh(refused)
    other.refresh(refused)
    assert other.token() == one.token() == "access-2"
    assert len(endpoint.asked) == 2


def test_token_of_the_last_request_is_used_while_the_store_is_away(tmp_path: Path, endpoint: TokenEndpoint) -> None:
    now = 1000.0
    tokens = StoredTokens(Store.in_folder(tmp_path), CLIENT, endpoint, timer=lambda: now)
    tokens.authorize("code-1", "https://example.com/callback")
    assert tokens.token() == "access-1"
    for file in tmp_path.iterdir():
        file.unlink()
        file.mkdir()
    assert [tokens.token() for _ in range(2)] == ["access-1"] * 2
    with pytest.raises(GongStoreError):
        tokens.refresh("access-1")
    now += DAY - 59
    with pytest.raises(GongStoreError):
        tokens.token()


def test_token_that_is_about_to_expire_is_replaced_before_it_is_used(
    worker: Any, endpoint: TokenEndpoint, clock: Clock
) -> None:
    clock.now += DAY - 30
    assert worker().token() == "access-2"
    assert worker().token() == "access-2"
    assert len(endpoint.asked) == 2


def test_workers_that_are_refused_together_use_the_refresh_token_once(
    database_url: str, endpoint: TokenEndpoint
) -> None:
    StoredTokens(Store(database_url), CLIENT, endpoint).authorize("code-1", "https://example.com/callback")
    together = threading.Barrier(8)

    def refresh(_: int) -> str:
        source = StoredTokens(Store(database_url), CLIENT, endpoint)
        refused = source.token()
        together.wait()
        source.refresh(refused)
        return source.token()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(refresh, range(8))) == {"access-2"}
    assert len(endpoint.asked) == 2
    assert endpoint.reused == 0


def test_others_wait_for_the_worker_that_refreshes(
    worker: Any, endpoint: TokenEndpoint, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    other, slept = worker(), []

    class Slow(TokenEndpoint):
        def __call__(self, *arguments: Any) -> Any:
            def look_on(seconds: float) -> None:
                slept.append(seconds)
                if len(slept) == 3:
                    raise Killed

            other._sleep = look_on
            with pytest.raises(Killed):
                other.refresh("access-1")
            return endpoint(*arguments)

    refreshing = worker()
    refreshing._post = Slow()
    refreshing.refresh("access-1")
    assert slept == [0.25] * 3
    assert [record.getMessage().split(" until ")[0] for record in caplog.records] == ["Waiting"]
    assert other.token() == "access-2"
    assert endpoint.reused == 0


@pytest.mark.parametrize("failure", [NotSent("connection refused"), answer(503, {})], ids=["never sent", "5xx"])
def test_endpoint_that_is_away_is_asked_again_later(worker: Any, endpoint: TokenEndpoint, failure: Any) -> None:
    endpoint.fails_with.append(failure)
    with pytest.raises(GongConnectionError, match="token endpoint"):
        worker().refresh("access-1")
    worker().refresh("access-1")
    assert worker().token() == "access-2"


def test_worker_that_dies_before_it_asks_costs_a_minute(worker: Any, endpoint: TokenEndpoint, clock: Clock) -> None:
    dying = worker()
    dying._post = _dies
    with pytest.raises(Killed):
        dying.refresh("access-1")
    before = clock.now
    worker().refresh("access-1")
    assert worker().token() == "access-2"
    assert 59 <= clock.now - before <= 61


def test_worker_that_dies_before_the_clock_is_set_back_holds_nobody_up(
    worker: Any, endpoint: TokenEndpoint, clock: Clock
) -> None:
    dying = worker()
    dying._post = _dies
    with pytest.raises(Killed):
        dying.refresh("access-1")
    clock.now -= 2 * 3600
    before = clock.now
    worker().refresh("access-1")
    assert (worker().token(), clock.now) == ("access-2", before)


def _dies(*_: Any) -> Any:
    raise Killed


def test_worker_that_dies_with_the_new_token_in_hand_is_reported_with_what_to_do(
    worker: Any, endpoint: TokenEndpoint
) -> None:
    endpoint.fails_with.append(Killed())
    with pytest.raises(Killed):
        worker().refresh("access-1")
    with pytest.raises(GongAuthenticationError, match=r"died before it could store.*invalid.*airflow-gong oauth"):
        worker().refresh("access-1")
    worker().authorize("code-2", "https://example.com/callback")
    assert worker().token() == "access-3"


def test_a_signal_during_a_refresh_takes_effect_after_the_new_token_is_stored(
    worker: Any, endpoint: TokenEndpoint
) -> None:
    def die(*_: Any) -> None:
        raise Killed

    def answer_a_dying_task(*arguments: Any) -> Any:
        answered = endpoint(*arguments)
        os.kill(os.getpid(), signal.SIGUSR1)
        return answered

    dying = worker()
    dying._post = answer_a_dying_task
    before = signal.signal(signal.SIGUSR1, die)
    try:
        with pytest.raises(Killed):
            dying.refresh("access-1")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert worker().token() == "access-2"
    worker().refresh("access-2")
    assert (worker().token(), endpoint.reused) == ("access-3", 0)


def test_worker_that_stands_still_with_the_new_token_in_hand_keeps_it_when_it_goes_on(
    worker: Any, endpoint: TokenEndpoint, clock: Clock
) -> None:
    slow = worker()

    def stand_still(*arguments: Any) -> Any:
        answered = endpoint(*arguments)
        clock.now += 61
        with pytest.raises(GongAuthenticationError, match="airflow-gong oauth authorize"):
            worker().refresh("access-1")
        return answered

    slow._post = stand_still
    slow.refresh("access-1")
    assert worker().token() == "access-2"
    worker().refresh("access-2")
    assert worker().token() == "access-3"


def test_worker_that_comes_too_late_does_not_undo_a_later_refresh(
    worker: Any, endpoint: TokenEndpoint, clock: Clock
) -> None:
    slow = worker()

    def stand_still(*_: Any) -> Any:
        clock.now += 61
        worker().refresh("access-1")
        return tokens(99)

    slow._post = stand_still
    slow.refresh("access-1")
    assert worker().token() == "access-2"


def test_worker_that_comes_too_late_does_not_end_the_lease_of_another(
    worker: Any, endpoint: TokenEndpoint, clock: Clock
) -> None:
    slow, other, third = worker(), worker(), worker()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        raise Killed

    def refresh_meanwhile(*arguments: Any) -> Any:
        slow._end_lease(lease)
        third._sleep = wait
        with pytest.raises(Killed):
            third.refresh("access-1")
        return endpoint(*arguments)

    lease = slow._lease_unless(lambda _: False)
    clock.now += 61
    other._post = refresh_meanwhile
    other.refresh("access-1")
    assert waited
    assert endpoint.reused == 0


@pytest.mark.parametrize(
    "nonsense",
    [b"<html>", b"{}", b'{"access_token": "a", "refresh_token": "b", "api_base_url_for_customer": "ftp://x"}'],
)
def test_answer_that_is_not_the_endpoints_is_refused_without_quoting_it(
    worker: Any, endpoint: TokenEndpoint, nonsense: bytes
) -> None:
    endpoint.fails_with.append(Answer(200, {}, nonsense))
    with pytest.raises(GongConnectionError, match="not in its format") as caught:
        worker().refresh("access-1")
    assert caught.value.__suppress_context__


def test_app_that_nobody_has_authorized(database_url: str, endpoint: TokenEndpoint) -> None:
    source = StoredTokens(Store(database_url), CLIENT, endpoint)
    with pytest.raises(GongAuthenticationError, match=r"no tokens of the OAuth app app-1.*airflow-gong oauth"):
        source.token()
    with pytest.raises(GongAuthenticationError, match="airflow-gong oauth authorize"):
        source.refresh("access-1")


# Who refuses, and what is kept


FOREIGN = [
    pytest.param(Answer(403, {}, b"<html>Access denied</html>", "app.gong.io"), id="firewall"),
    pytest.param(Answer(302, {"location": "https://login.example.com"}, b""), id="login page"),
    pytest.param(Answer(401, {}, b""), id="401 without a word"),
    pytest.param(Answer(400, {}, b"Your request was blocked."), id="text"),
    pytest.param(Answer(400, {}, b'{"message": "no"}'), id="other JSON"),
    pytest.param(answer(403, {"error": "access_denied"}), id="403 of a gateway"),
    pytest.param(answer(403, {"errors": ["Blocked by policy"]}), id="403 with errors"),
    pytest.param(answer(400, {"status": 400, "error": "Bad Request", "path": "/oauth2"}), id="400 of a gateway"),
    pytest.param(answer(429, {"error": "slow_down"}), id="429"),
    pytest.param(answer(408, {"errors": ["timeout"]}), id="408"),
    pytest.param(answer(503, {"error": "temporarily_unavailable"}), id="503"),
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_only_the_endpoint_itself_can_refuse_and_the_old_token_is_kept(
    worker: Any, endpoint: TokenEndpoint, foreign: Answer
) -> None:
    endpoint.fails_with.append(foreign)
    with pytest.raises(GongConnectionError, match="token endpoint") as caught:
        worker().refresh("access-1")
    assert caught.value.retry_can_help
    assert caught.value.unanswered == 1
    worker().refresh("access-1")
    assert worker().token() == "access-2"


@pytest.mark.parametrize("lifetime", ["3600", 3600.5, 0, -5, "nan", "inf", 1e300, True, None, "soon", {}])
def test_tokens_are_kept_whatever_their_lifetime_is_said_to_be(
    worker: Any, endpoint: TokenEndpoint, lifetime: Any
) -> None:
    content = {"access_token": "access-9", "refresh_token": "refresh-9", "expires_in": lifetime}
    endpoint.fails_with.append(answer(200, {**content, "api_base_url_for_customer": BASE_URL}))
    worker().refresh("access-1")
    asked = len(endpoint.asked)
    for _ in range(3):
        assert worker().token() == "access-9"
    assert len(endpoint.asked) == asked


@pytest.mark.parametrize("missing", [{}, {"refresh_token": None, "api_base_url_for_customer": None}])
def test_what_the_endpoint_does_not_return_stays_as_it_is(
    worker: Any, endpoint: TokenEndpoint, missing: dict[str, Any]
) -> None:
    endpoint.fails_with.append(answer(200, {"access_token": "access-9", "expires_in": DAY, **missing}))
    worker().refresh("access-1")
    assert (worker().token(), worker().base_url) == ("access-9", BASE_URL)
    worker().refresh("access-9")
    assert endpoint.asked[-1]["refresh_token"] == endpoint.asked[-2]["refresh_token"]


@pytest.mark.parametrize("token", ["", "  ", None, 5, ["a"]])
def test_tokens_are_texts(worker: Any, endpoint: TokenEndpoint, token: Any) -> None:
    endpoint.fails_with.append(answer(200, {"access_token": token, "refresh_token": "r", "expires_in": DAY}))
    with pytest.raises(GongConnectionError, match="not in its format"):
        worker().refresh("access-1")
    assert worker().token() == "access-1"


REFUSALS = [
    {"error": "invalid_grant", "error_description": "The token is used"},
    {"errors": ["The token is used"]},
    {"requestId": "4al018gzaztcr8nbukw", "errors": ["The token is used"]},
]


@pytest.mark.parametrize("content", REFUSALS)
def test_endpoint_that_has_refused_is_asked_once_for_all(
    worker: Any, endpoint: TokenEndpoint, content: dict[str, Any]
) -> None:
    endpoint.fails_with.append(answer(400, content))
    asked = len(endpoint.asked)
    for _ in range(5):
        with pytest.raises(GongGrantRefusedError, match=r"The token is used.*airflow-gong oauth authorize"):
            worker().refresh("access-1")
    assert len(endpoint.asked) == asked + 1
    assert worker().token() == "access-1"
    worker().authorize("code-2", "https://example.com/callback")
    worker().refresh(worker().token())
    assert worker().token() == "access-3"


@pytest.mark.parametrize(
    "refusal",
    [
        answer(401, {"error": "invalid_client", "error_description": "Wrong secret"}),
        answer(401, {"errors": ["Wrong secret"]}),
    ],
)
def test_wrong_secret_of_the_app_is_reported_as_that_and_harms_nobody_else(
    worker: Any, endpoint: TokenEndpoint, refusal: Answer
) -> None:
    endpoint.fails_with.append(refusal)
    with pytest.raises(GongAuthenticationError, match=r"Wrong secret.*Check client_id and client_secret") as caught:
        worker().refresh("access-1")
    assert "refresh token" not in str(caught.value)
    worker().refresh("access-1")
    assert worker().token() == "access-2"


def test_words_of_the_endpoint_are_shown_safely(worker: Any, endpoint: TokenEndpoint) -> None:
    nasty = "\x1b[31mno\nuser https://a:hunter2@example.com/ " + "x" * 100_000
    endpoint.fails_with.append(answer(400, {"error": "invalid_grant", "error_description": nasty}))
    with pytest.raises(GongGrantRefusedError) as caught:
        worker().refresh("access-1")
    assert str(caught.value).isprintable()
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 5000


@pytest.mark.slow
def test_new_tokens_are_stored_when_the_database_comes_back(
    postgres: PostgresServer, endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []

    def lose_the_database(*arguments: Any) -> Any:
        answered = endpoint(*arguments)
        postgres.stop()
        return answered

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 7:
            postgres.restart()

    store = Store(postgres.new_database())
    StoredTokens(store, CLIENT, endpoint).authorize("code-1", "https://example.com/callback")
    StoredTokens(store, CLIENT, lose_the_database, sleep=sleep).refresh("access-1")
    assert slept == [0.25, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
    assert "cannot be stored yet" in caplog.text
    assert StoredTokens(store, CLIENT, endpoint).token() == "access-2"
    assert endpoint.reused == 0
    store.close()


@pytest.mark.parametrize("lifetime", [5, 30, 60, 90])
def test_token_that_lives_for_seconds_is_used_for_most_of_them(
    worker: Any, endpoint: TokenEndpoint, clock: Clock, lifetime: int
) -> None:
    content = {"access_token": "short", "refresh_token": "refresh-1", "expires_in": lifetime}
    endpoint.fails_with.append(answer(200, {**content, "api_base_url_for_customer": BASE_URL}))
    worker().refresh("access-1")
    asked = len(endpoint.asked)
    assert worker().token() == "short"
    clock.now += lifetime * 0.3
    assert worker().token() == "short"
    assert len(endpoint.asked) == asked
    clock.now += lifetime * 0.6
    assert worker().token() == "access-2"


def test_host_with_another_store_is_told_to_share_it_first(database_url: str, endpoint: TokenEndpoint) -> None:
    source = StoredTokens(Store(database_url), CLIENT, endpoint)
    with pytest.raises(GongAuthenticationError) as caught:
        source.token()
    said = str(caught.value)
    assert repr(Store(database_url)) in said
    assert said.index("store_conn_id") < said.index("airflow-gong oauth authorize")


# At rest


def test_tokens_are_encrypted_at_rest_and_in_no_repr(worker: Any, database_url: str) -> None:
    with Store(database_url).quick.read() as connection:
        (row,) = connection.execute(select(token_table)).all()
    assert "access-1" not in str(row)
    assert "refresh-1" not in str(row)
    assert "access-1" not in repr(worker()._look())
    assert "client-s3cret" not in repr(CLIENT)


def test_another_secret_does_not_decrypt_them(worker: Any) -> None:
    changed = OAuthClient(CLIENT.client_id, "another", CLIENT.host)
    with pytest.raises(GongAuthenticationError, match=r"cannot be decrypted.*client_secret or token_key"):
        worker(changed).token()


def test_key_of_its_own_outlives_a_change_of_the_clients_secret(worker: Any) -> None:
    worker(key="key of its own").authorize("code-2", "https://example.com/callback")
    changed = OAuthClient(CLIENT.client_id, "another", CLIENT.host)
    assert worker(changed, key="key of its own").token() == "access-2"


def test_equal_tokens_look_different_each_time(worker: Any, database_url: str) -> None:
    with Store(database_url).quick.begin() as connection:
        before = connection.execute(text("SELECT tokens FROM gong_token")).scalar_one()
    source = worker()
    found = source._look().tokens
    assert source._as_row(found)["tokens"] != before


def test_emulator_authorizes_by_itself() -> None:
    client = OAuthClient("app-1", "s", "http://127.0.0.1:8900")
    url = client.authorize_url("https://example.com/callback", "state-1")
    assert url.startswith("http://127.0.0.1:8900/oauth2/authorize?client_id=app-1&response_type=code&scope=api%3A")
    assert url.endswith("redirect_uri=https%3A%2F%2Fexample.com%2Fcallback&state=state-1")
