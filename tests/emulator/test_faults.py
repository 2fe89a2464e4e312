from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from airflow_provider_gong.emulator import Fault, RunningEmulator

from .conftest import Api, wav


@pytest.fixture
def client(running: RunningEmulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, auth=(running.access_key, running.access_key_secret)) as client:
        yield client


def new_call(client: httpx.Client, client_unique_id: str = "pbx-1") -> dict[str, Any]:
    users = client.get("/v2/users").json()["users"]
    host = next(user["id"] for user in users if user["settings"]["telephonyCallsImported"])
    return {
        "clientUniqueId": client_unique_id,
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}],
    }


def calls_with(running: RunningEmulator, client_unique_id: str) -> list[dict[str, Any]]:
    return [call for call in running.state()["calls"] if call["clientUniqueId"] == client_unique_id]


def test_a_lost_answer_takes_effect(
    running: RunningEmulator, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    body = new_call(client)
    running.add_faults(Fault(operation="addCall", nth=1, when="after", action="reset"))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.post("/v2/calls", json=body)

    call_id = calls_with(running, "pbx-1")[0]["id"]
    again = client.post("/v2/calls", json=body)
    assert (again.status_code, call_id in again.text) == (400, True)
    assert [line["status"] for line in running.requests("addCall")] == [None, 400]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_connection_dropped_before_takes_no_effect(running: RunningEmulator, client: httpx.Client) -> None:
    body = new_call(client)
    running.add_faults(Fault(operation="addCall", nth=1, action="reset"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.post("/v2/calls", json=body)
    assert calls_with(running, "pbx-1") == []
    assert client.post("/v2/calls", json=body).status_code == 200


def test_a_lost_answer_of_an_upload(running: RunningEmulator, client: httpx.Client) -> None:
    call_id = client.post("/v2/calls", json=new_call(client)).json()["callId"]
    running.add_faults(Fault(operation="addCallRecording", nth=1, when="after", action="reset"))
    files = {"mediaFile": ("a.wav", wav(90))}
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.put(f"/v2/calls/{call_id}/media", files=files)
    again = client.put(f"/v2/calls/{call_id}/media", files=files)
    assert "has already been handled" in again.text
    assert calls_with(running, "pbx-1")[0]["received"] == 2


def test_a_truncated_answer_breaks_off(running: RunningEmulator, client: httpx.Client) -> None:
    running.add_faults(Fault(operation="listUsers", nth=1, when="after", action="truncate"))
    with client.stream("GET", "/v2/users") as answer, pytest.raises(httpx.RemoteProtocolError):
        answer.read()
    assert answer.status_code == 200
    assert client.get("/v2/users").status_code == 200


def test_a_delay_is_longer_than_the_clients_patience(running: RunningEmulator, client: httpx.Client) -> None:
    body = new_call(client)
    running.add_faults(Fault(operation="addCall", nth=1, when="after", action="delay", seconds=60))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/v2/calls", json=body, timeout=httpx.Timeout(5, read=0.2))
    assert len(calls_with(running, "pbx-1")) == 1


def test_a_client_that_goes_away_in_the_middle_stores_nothing(running: RunningEmulator, client: httpx.Client) -> None:
    call_id = client.post("/v2/calls", json=new_call(client)).json()["callId"]

    def broken() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.wav"\r\n\r\n'
        yield wav(90)
        raise OSError("the worker died")

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with pytest.raises(OSError, match="died"):
        client.put(f"/v2/calls/{call_id}/media", content=broken(), headers=headers)

    again = client.put(f"/v2/calls/{call_id}/media", files={"mediaFile": ("a.wav", wav(90))})
    assert again.status_code == 201
    assert calls_with(running, "pbx-1")[0]["received"] == 1


def faults(api: Api, *rules: dict[str, Any]) -> None:
    answer = api("POST", "/_emulator/faults", json=list(rules))
    assert answer.status_code == 200, answer.text


def test_a_status_comes_once_with_its_retry_after(api: Api) -> None:
    rule = {"operation": "listUsers", "nth": 2, "action": "status", "status": 429, "retry_after": 7, "text": "Slow"}
    faults(api, rule)
    answers = [api("GET", "/v2/users") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert answers[1].headers["retry-after"] == "7"
    assert answers[1].json()["errors"] == ["Slow"]


def test_every_third_request_of_any_operation(api: Api) -> None:
    faults(api, {"every": 3, "action": "status", "status": 503})
    paths = ["/v2/users", "/v2/workspaces"] * 3
    assert [api("GET", path).status_code for path in paths] == [200, 200, 503, 200, 200, 503]


@pytest.mark.parametrize(("when", "calls"), [("before", 0), ("after", 1)])
def test_before_and_after_the_effect(api: Api, when: str, calls: int) -> None:
    body = api.new_call()
    faults(api, {"operation": "addCall", "nth": 1, "when": when, "action": "status", "status": 500})
    assert api("POST", "/v2/calls", json=body).status_code == 500
    assert len(api.state()["calls"]) == 5 + calls


def test_garbage_is_no_json(api: Api) -> None:
    faults(api, {"operation": "listUsers", "nth": 1, "action": "garbage"})
    answer = api("GET", "/v2/users")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_redirect_names_another_host(api: Api) -> None:
    faults(api, {"operation": "listUsers", "nth": 1, "action": "redirect", "url": "https://other.example.com/"})
    answer = api("GET", "/v2/users")
    assert (answer.status_code, answer.headers["location"]) == (307, "https://other.example.com/")


def test_rules_can_be_taken_back(api: Api) -> None:
    faults(api, {"every": 1, "action": "status"})
    assert api("GET", "/v2/users").status_code == 500
    assert api("DELETE", "/_emulator/faults").status_code == 204
    assert api("GET", "/v2/users").status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": "explode", "nth": 1},
        {"action": "reset"},
        {"action": "reset", "nth": 1, "every": 1},
        {"action": "reset", "nth": 0},
        {"action": "reset", "nth": "1"},
        {"action": "reset", "nth": 1, "when": "later"},
        {"action": "reset", "nth": 1, "operation": "addcall"},
        {"action": "status", "nth": 1, "status": 99},
        {"action": "status", "nth": 1, "retry_after": "soon"},
        {"action": "delay", "nth": 1, "seconds": -1},
        {"action": "redirect", "nth": 1},
        {"action": "reset", "nth": 1, "what": 1},
        "reset",
    ],
)
def test_wrong_rules_are_refused(api: Api, rule: Any) -> None:
    answer = api("POST", "/_emulator/faults", json=[{"action": "status", "every": 1}, rule])
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert api("GET", "/v2/users").status_code == 200


def test_rules_come_as_a_list(api: Api) -> None:
    assert api("POST", "/_emulator/faults", json={"action": "reset", "nth": 1}).status_code == 400


def test_a_rule_may_be_about_one_caller(api: Api) -> None:
    other = ("other-key", "other-secret")
    api("POST", "/_emulator/keys", json={"access_key": other[0], "access_key_secret": other[1]})
    faults(api, {"caller": "other-key", "every": 1, "action": "status", "status": 503})
    assert api("GET", "/v2/users").status_code == 200
    api.auth = other
    assert api("GET", "/v2/users").status_code == 503


def hits_of(seed: int) -> list[int]:
    api = Api()
    faults(api, {"probability": 0.3, "seed": seed, "action": "status", "status": 503})
    return [number for number in range(100) if api("GET", "/v2/workspaces").status_code == 503]


def test_a_probability_hits_the_same_requests_with_the_same_seed() -> None:
    first = hits_of(seed=7)
    assert 15 < len(first) < 45
    assert hits_of(seed=7) == first
    assert hits_of(seed=8) != first


def test_a_stale_read_shows_what_was_there_before(api: Api) -> None:
    old, new = api.processed_call("pbx-1"), api.add_call("pbx-2")
    api.upload(new, wav(90, seed=2))
    api.advance(240)
    wanted = {"filter": {"callIds": [old, new]}}

    def visible() -> set[str]:
        found = api("POST", "/v2/calls/extensive", json=wanted).json()["calls"]
        return {call["metaData"]["id"] for call in found}

    assert visible() == {old, new}
    faults(api, {"action": "stale", "seconds": 60, "every": 1})
    assert visible() == {old}
    assert "is not ready yet" in api("GET", f"/v2/calls/{new}").text
    api.advance(60)
    assert visible() == {old, new}


def test_rules_are_listed_with_their_hits_and_can_be_removed_one_by_one(api: Api) -> None:
    faults(api, {"every": 2, "action": "status"}, {"nth": 1, "operation": "addCall", "action": "reset"})
    for _ in range(3):
        api("GET", "/v2/users")
    first, second = api("GET", "/_emulator/faults").json()["faults"]
    assert (first["seen"], first["hits"], second["seen"]) == (3, 1, 0)
    assert api("DELETE", f"/_emulator/faults/{first['number']}").status_code == 204
    assert api("DELETE", f"/_emulator/faults/{first['number']}").status_code == 404
    assert [rule["operation"] for rule in api.state()["faults"]] == ["addCall"]


def test_the_log_tells_which_requests_were_hit(api: Api) -> None:
    faults(api, {"nth": 2, "action": "status", "status": 503})
    for _ in range(2):
        api("GET", "/v2/users")
    lines = api("GET", "/_emulator/requests").json()["requests"]
    assert [line["faults"] for line in lines] == [[], ["status before the effect"]]


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "reset", "probability": 1.5},
        {"action": "reset", "probability": 0.5, "nth": 1},
        {"action": "reset", "nth": 1, "seed": "x"},
        {"action": "stale", "every": 1, "when": "after"},
        {"action": "redirect", "nth": 1, "url": "https://a.example.com\r\nx: y"},
        {"action": "reset", "nth": 1, "caller": 5},
    ],
)
def test_further_wrong_rules_are_refused(api: Api, rule: dict[str, Any]) -> None:
    assert api("POST", "/_emulator/faults", json=[rule]).status_code == 400
