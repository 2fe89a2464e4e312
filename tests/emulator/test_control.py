from __future__ import annotations

import hashlib
from typing import Any

import pytest

from .conftest import Api, wav


def test_the_state_tells_about_calls_and_their_recordings(api: Api) -> None:
    call_id = api.add_call("pbx-1", title="Hello")
    api.upload(call_id, wav(90))
    call = api.call_state(call_id)
    assert (call["clientUniqueId"], call["title"], call["primaryUser"]) == ("pbx-1", "Hello", api.user_id())
    assert call["state"] == "not_ready"
    assert call["media"] == {
        "sha256": hashlib.sha256(wav(90)).hexdigest(),
        "bytes": len(wav(90)),
        "duration": 90.0,
        "received": 1,
        "discardedBecause": None,
    }


def test_the_log_has_every_request_and_no_secrets(api: Api) -> None:
    api("GET", "/v2/users")
    api("GET", "/v2/calls/1")
    api("GET", "/v2/nothing")
    answer = api("GET", "/_emulator/requests")
    lines = answer.json()["requests"]
    assert [(line["method"], line["path"], line["operation"], line["status"]) for line in lines] == [
        ("GET", "/v2/users", "listUsers", 200),
        ("GET", "/v2/calls/1", "getCall", 404),
        ("GET", "/v2/nothing", None, 404),
    ]
    assert {line["who"] for line in lines} == {"gong-emulator-key"}
    assert "gong-emulator-secret" not in answer.text
    assert "gong-emulator-secret" not in api("GET", "/_emulator/state").text


def test_the_log_can_be_narrowed(api: Api) -> None:
    for path in ("/v2/users", "/v2/workspaces", "/v2/users", "/v2/users"):
        api("GET", path)
    users = api("GET", "/_emulator/requests", params={"operation": "listUsers", "limit": 2}).json()["requests"]
    assert [line["operation"] for line in users] == ["listUsers"] * 2
    latest = api("GET", "/v2/users").json()["requestId"]
    assert api("GET", "/_emulator/requests?limit=1").json()["requests"][0]["requestId"] == latest
    assert api("GET", "/_emulator/requests?limit=none").status_code == 400


def test_the_clock_is_moved_forward_only(api: Api) -> None:
    before = api.clock.now()
    assert api("POST", "/_emulator/clock", json={"advance_seconds": 90}).status_code == 200
    assert api.clock.now() == before + 90
    wrong: list[Any] = [
        {"speed": 60, "advance_seconds": -1},
        {"speed": -1, "advance_seconds": 5},
        {"advance_seconds": "soon"},
        {"advance_seconds": "nan"},
        {},
        [],
    ]
    for body in wrong:
        assert api("POST", "/_emulator/clock", json=body).status_code == 400
    assert (api.clock.now(), api.clock.speed) == (before + 90, 0)


def test_reset_goes_back_to_the_seed(api: Api) -> None:
    fresh = api.state()
    api("POST", "/_emulator/settings", json={"key_sees_calls": False})
    api("POST", "/_emulator/faults", json=[{"action": "status", "every": 1}])
    assert api("GET", "/v2/users").status_code == 500

    assert api("POST", "/_emulator/reset").status_code == 204

    assert api.state() == fresh
    assert api("GET", "/v2/users").status_code == 200


def test_after_a_reset_ids_and_recordings_are_free_again(api: Api) -> None:
    for _ in range(2):
        assert api.upload(api.add_call("pbx-1"), wav(90)).status_code == 201
        assert api("POST", "/_emulator/reset").status_code == 204


@pytest.mark.parametrize(
    "settings",
    [
        {"requests_per_second": -1},
        {"requests_per_second": "3"},
        {"requests_per_day": True},
        {"processing_seconds": -0.1},
        {"key_sees_calls": 1},
        {"duplicate_status": 410},
        {"duplicate_media_text": "none"},
        {"access_key": "other"},
        {"nothing": 1},
        [],
    ],
)
def test_wrong_settings_change_nothing(api: Api, settings: Any) -> None:
    before = api.state()["settings"]
    answer = api("POST", "/_emulator/settings", json=settings)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert api.state()["settings"] == before


def test_processing_time_is_a_setting(api: Api) -> None:
    api("POST", "/_emulator/settings", json={"processing_seconds": 10})
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    api.clock.advance(10)
    assert api("GET", f"/v2/calls/{call_id}").status_code == 200


def test_control_requests_are_neither_limited_nor_logged() -> None:
    api = Api(requests_per_second=1)
    api.auth = None
    assert [api("GET", "/_emulator/state").status_code for _ in range(4)] == [200] * 4
    assert api("GET", "/_emulator/requests").json()["requests"] == []


def test_the_log_is_filtered_by_what_is_asked_for(api: Api) -> None:
    api("GET", "/v2/users")
    api("GET", "/v2/calls/1")
    api("POST", "/v2/calls", json={})

    def paths(**query: object) -> list[str]:
        lines = api("GET", "/_emulator/requests", params=query).json()["requests"]
        return [line["path"] for line in lines]

    assert paths(status=404) == ["/v2/calls/1"]
    assert paths(method="POST") == ["/v2/calls"]
    assert paths(path="calls") == ["/v2/calls/1", "/v2/calls"]
    assert paths(who="nobody") == []
    assert api("GET", "/_emulator/requests?colour=red").status_code == 400
    assert api("GET", "/_emulator/requests?status=ok").status_code == 400


def test_the_log_has_bodies_when_asked_for(api: Api) -> None:
    api("POST", "/v2/calls", json=api.new_call("pbx-9"))
    plain, full = (
        api("GET", "/_emulator/requests", params={"operation": "addCall", "bodies": bodies}).json()["requests"][0]
        for bodies in ("false", "true")
    )
    assert "requestBody" not in plain
    assert "pbx-9" in full["requestBody"]
    assert "callId" in full["responseBody"]


def test_the_log_keeps_the_latest_requests_and_fewer_bodies() -> None:
    from airflow_provider_gong.emulator.access.request_log import (
        LOGGED_BODIES,
        LOGGED_REQUESTS,
        LoggedRequest,
        RequestLog,
    )

    log = RequestLog()
    for number in range(LOGGED_REQUESTS + 5):
        line = LoggedRequest(number, 0.0, 0.0, "GET", "/", "", None, str(number), sent=b"x", answered=b"y")
        log.append(line)
    lines = list(log)
    assert (len(lines), lines[0].request_id) == (LOGGED_REQUESTS, "5")
    assert sum(line.answered is not None for line in lines) == LOGGED_BODIES
    assert log.find("3") is None


def test_the_memory_of_calls_does_not_hold_parsed_bodies(api: Api) -> None:
    api.add_call("pbx-1", customData="x" * 1_000)
    call = next(call for call in api.app.state.emulator.calls if call.client_unique_id == "pbx-1")
    assert isinstance(call.document, bytes)
    assert len(call.document) < 1_600
    assert call.posted["customData"] == "x" * 1_000
