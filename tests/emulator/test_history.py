"""The request log as a history: what a checker of promises needs to know of each request."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from airflow_provider_gong.emulator import Fault, RunningEmulator

from .conftest import HOST_EMAIL, Api, wav


def history(api: Api, **query: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = api("GET", "/_emulator/requests", params=query).json()["requests"]
    return lines


def last(api: Api, **query: Any) -> dict[str, Any]:
    return history(api, **query)[-1]


def meeting(**changes: Any) -> dict[str, Any]:
    return {
        "startTime": "2026-03-03T10:00:00Z",
        "endTime": "2026-03-03T10:30:00Z",
        "organizerEmail": HOST_EMAIL,
        "invitees": [{"email": "dana@northwind.example.com"}],
        **changes,
    }


def test_a_created_call_and_its_recording(api: Api) -> None:
    body = api.new_call("pbx-7")
    call_id = api("POST", "/v2/calls", json=body).json()["callId"]
    named = {"id": call_id, "clientUniqueId": "pbx-7"}
    assert last(api)["effects"] == [
        {"action": "created", "kind": "call", **named, "primaryUserId": body["primaryUser"]}
    ]
    content = wav(90)
    api.upload(call_id, content)
    recording = {
        "kind": "recording",
        **named,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    assert last(api)["effects"] == [{"action": "stored", **recording}]
    api.upload(call_id, content)
    assert last(api)["effects"] == [{"action": "received", **recording}]
    assert "has already been handled" in last(api)["errors"][0]


def test_a_pulled_recording_is_stored_with_the_call(api: Api) -> None:
    api("POST", "/v2/calls", json=api.new_call(downloadMediaUrl="https://media.example.com/a.mp3"))
    assert [(effect["action"], effect["kind"]) for effect in last(api)["effects"]] == [
        ("created", "call"),
        ("stored", "recording"),
    ]


def test_meetings(api: Api) -> None:
    meeting_id = api("POST", "/v2/meetings", json=meeting(externalId="crm-1")).json()["meetingId"]
    named = {"kind": "meeting", "id": meeting_id, "organizerEmail": HOST_EMAIL}
    start = "2026-03-03T10:00:00Z"
    assert last(api)["effects"] == [{"action": "created", **named, "externalId": "crm-1", "startTime": start}]
    api("PUT", f"/v2/meetings/{meeting_id}", json=meeting())
    assert last(api)["effects"] == [{"action": "changed", **named, "externalId": None, "startTime": start}]
    api("DELETE", f"/v2/meetings/{meeting_id}", json={})
    assert last(api)["effects"] == [{"action": "deleted", **named}]


def test_reads_and_refused_writes_change_nothing(api: Api) -> None:
    api("GET", "/v2/users")
    api("POST", "/v2/calls", json={})
    api("POST", "/v2/meetings", json=meeting(organizerEmail="nobody@example.com"))
    api.set(requests_per_second=1)
    api("POST", "/v2/calls", json={})
    refused = api("POST", "/v2/calls", json={})
    assert refused.status_code == 429
    assert [line["effects"] for line in history(api)] == [[]] * 5
    assert last(api)["errors"] == refused.json()["errors"]


def test_what_gong_would_have_sent_stands_beside_what_was_sent(api: Api) -> None:
    body = api.new_call()
    rule = {"foreign": "not_found_page", "operation": "addCall", "nth": 1, "when": "after"}
    api("POST", "/_emulator/faults", json=[rule, {**rule, "nth": 2, "when": "before"}])
    for _ in range(3):
        api("POST", "/v2/calls", json=body)
    replaced, unseen, own = history(api, operation="addCall", bodies="true")
    assert (replaced["status"], replaced["gongStatus"]) == (404, 200)
    assert replaced["responseBody"].startswith("<!DOCTYPE html>")
    assert replaced["effects"][0]["id"] in replaced["gongBody"]
    assert replaced["faults"] == ["answer 404 after the effect"]
    assert (unseen["status"], unseen["gongStatus"], unseen["effects"], unseen["gongBody"]) == (404, None, [], None)
    assert (own["status"], own["gongStatus"], own["effects"]) == (400, 400, [])
    assert "has already been posted" in own["errors"][0]


def test_who_when_and_in_which_order(api: Api) -> None:
    api("GET", "/v2/users")
    first = last(api)
    api.advance(60)
    api("GET", "/v2/users")
    second = last(api)
    assert (first["who"], second["number"]) == (api.settings.access_key, first["number"] + 1)
    moments = [datetime.fromisoformat(line[name]) for line in (first, second) for name in ("time", "ended")]
    assert moments == sorted(moments)
    assert (moments[2] - moments[0]).total_seconds() == 60
    walls = [datetime.fromisoformat(line[name]) for line in (first, second) for name in ("wallTime", "wallEnded")]
    assert walls == sorted(walls)
    assert (walls[3] - walls[0]).total_seconds() < 60
    assert [line["number"] for line in history(api, after=first["number"])] == [second["number"]]
    assert api("GET", "/_emulator/requests?after=soon").status_code == 400


@pytest.fixture
def client(running: RunningEmulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, auth=(running.access_key, running.access_key_secret)) as client:
        yield client


def test_a_lost_answer_is_none_and_its_effect_is_known(running: RunningEmulator, client: httpx.Client) -> None:
    running.add_faults(Fault(operation="addMeeting", nth=1, when="after", action="reset"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.post("/v2/meetings", json=meeting())
    (line,) = running.requests("addMeeting", bodies=True)
    assert (line["status"], line["gongStatus"], line["responseBody"]) == (None, 200, None)
    assert [effect["id"] for effect in line["effects"]] == [found["id"] for found in running.state()["meetings"]]


def asks(client: httpx.Client, method: str, path: str, **content: Any) -> socket.socket:
    """Send a request over a connection of its own, and wait for nothing."""
    assert client.auth is not None
    request = next(client.auth.sync_auth_flow(client.build_request(method, path, **content)))
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    connection = socket.create_connection((request.url.host, request.url.port))
    connection.sendall(f"{method} {request.url.raw_path.decode()} HTTP/1.1\r\n{headers}\r\n".encode() + request.content)
    return connection


def test_an_effect_is_known_before_the_answer_is_sent(running: RunningEmulator, client: httpx.Client) -> None:
    running.add_faults(Fault(operation="addMeeting", nth=1, when="after", action="delay", seconds=3600))
    with asks(client, "POST", "/v2/meetings", json=meeting()):
        while not (found := running.requests("addMeeting")) or not found[0]["effects"]:
            client.get("/v2/workspaces")
        (line,) = found
    assert (line["status"], line["ended"], line["wallEnded"], line["duration"]) == (None, None, None, None)
    assert [effect["action"] for effect in line["effects"]] == ["created"]


def test_an_answer_that_nobody_waits_for_was_not_sent(running: RunningEmulator, client: httpx.Client) -> None:
    running.add_faults(Fault(operation="listUsers", nth=1, when="after", action="delay", seconds=1))
    with asks(client, "GET", "/v2/users"):
        while not running.requests("listUsers"):
            time.sleep(0)
    while (line := running.requests("listUsers")[0])["ended"] is None:
        client.get("/v2/workspaces")
    assert (line["status"], line["gongStatus"]) == (None, 200)


def test_a_history_is_read_in_process_bit_by_bit(running: RunningEmulator, client: httpx.Client) -> None:
    client.get("/v2/users")
    seen = running.requests()[-1]["number"]
    client.post("/v2/meetings", json=meeting())
    assert [line["operation"] for line in running.requests(after=seen)] == ["addMeeting"]
    assert running.requests("listUsers", after=seen) == []
