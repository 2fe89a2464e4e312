from __future__ import annotations

import re

import pytest

from .conftest import Api, errors_of, wav


def statuses(api: Api, count: int) -> list[int]:
    return [api("GET", "/v2/workspaces").status_code for _ in range(count)]


@pytest.mark.parametrize("auth", [None, ("gong-emulator-key", "wrong"), ("other", "gong-emulator-secret")])
def test_wrong_credentials_are_401_and_not_counted(api: Api, auth: tuple[str, str] | None) -> None:
    api.auth = auth
    answer = api("GET", "/v2/users")
    assert answer.status_code == 401
    assert set(answer.json()) == {"requestId", "errors"}
    assert api.state()["requests"]["accepted"] == 0


def test_a_bearer_token_is_not_let_in(api: Api) -> None:
    api.auth = None
    assert api("GET", "/v2/users", headers={"authorization": "Bearer abc"}).status_code == 401


@pytest.mark.parametrize("path", ["/v2/nothing", "/v2/calls/", "/v3/calls", "/calls"])
def test_unknown_paths_are_404(api: Api, path: str) -> None:
    answer = api("GET", path)
    assert (answer.status_code, errors_of(answer)) == (404, ["Not Found"])


def test_a_path_without_that_method_is_405(api: Api) -> None:
    assert api("DELETE", "/v2/users").status_code == 405


@pytest.mark.parametrize("path", ["/v2/users", "/v2/nothing", "/v2/calls"])
def test_every_answer_carries_a_request_id(api: Api, path: str) -> None:
    first, second = api("GET", path), api("GET", path)
    request_id = first.json()["requestId"]
    assert re.fullmatch("[0-9a-z]{18,19}", request_id)
    assert first.headers["x-traceid"] == request_id
    assert first.headers["content-type"] == "application/json;charset=UTF-8"
    assert second.json()["requestId"] != request_id


def test_a_second_takes_three_requests() -> None:
    api = Api(requests_per_second=3)
    assert statuses(api, 5) == [200, 200, 200, 429, 429]
    refused = api("GET", "/v2/workspaces")
    assert refused.headers["retry-after"] == "1"
    assert set(refused.json()) == {"requestId", "errors"}
    api.clock.advance(1)
    assert statuses(api, 1) == [200]


def test_the_second_slides() -> None:
    api = Api(requests_per_second=2)
    statuses(api, 1)
    api.clock.advance(0.6)
    assert statuses(api, 2) == [200, 429]
    api.clock.advance(0.4)
    assert statuses(api, 2) == [200, 429]


def test_the_day_is_24_rolling_hours() -> None:
    api = Api(requests_per_day=3)
    statuses(api, 1)
    api.clock.advance(3_600)
    assert statuses(api, 3) == [200, 200, 429]
    assert api("GET", "/v2/workspaces").headers["retry-after"] == str(23 * 3_600)
    api.clock.advance(23 * 3_600)
    assert statuses(api, 2) == [200, 429]


def test_refused_requests_are_counted_apart_and_take_no_effect() -> None:
    api = Api(requests_per_second=1)
    body = api.new_call()
    assert api("POST", "/v2/calls", json=body).status_code == 429
    requests = api.state()["requests"]
    assert (requests["accepted"], requests["refused"], requests["day_count"]) == (1, 1, 1)
    assert requests["by_operation"] == {"listUsers": 1}
    assert len(api.state()["calls"]) == 5


def test_limits_can_be_changed_while_it_runs() -> None:
    api = Api(requests_per_second=1)
    assert statuses(api, 2) == [200, 429]
    assert api("POST", "/_emulator/settings", json={"requests_per_second": 0}).status_code == 200
    assert statuses(api, 5) == [200] * 5


def test_uploads_count_as_requests_too() -> None:
    api = Api(requests_per_day=100)
    api.upload(api.add_call(), wav(60))
    assert api.state()["requests"]["by_operation"] == {"listUsers": 1, "addCall": 1, "addCallRecording": 1}
