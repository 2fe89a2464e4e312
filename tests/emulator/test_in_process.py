"""The emulator without a socket."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from airflow_provider_gong.client import AccessKeyAuth, AsyncGongClient, GongClient, GongDailyQuotaError
from airflow_provider_gong.emulator import Fault, InProcessEmulator, in_process_emulator

from .conftest import HOST_EMAIL, wav


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was used")

    for name in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture
def gong() -> Iterator[InProcessEmulator]:
    with in_process_emulator(processing_seconds=0, requests_per_second=0) as emulator:
        yield emulator


def http_client(gong: InProcessEmulator) -> httpx.Client:
    auth = (gong.access_key, gong.access_key_secret)
    return httpx.Client(transport=gong.transport, base_url=gong.url, auth=auth)


def call_of(gong: InProcessEmulator, client_unique_id: str) -> dict[str, Any]:
    host = next(user["id"] for user in gong.state()["users"] if user["emailAddress"] == HOST_EMAIL)
    return {
        "clientUniqueId": client_unique_id,
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}],
    }


# [START howto_in_process_emulator]
def test_my_client_survives_a_lost_answer() -> None:
    with in_process_emulator(processing_seconds=0) as emulator:
        auth = AccessKeyAuth(emulator.access_key, emulator.access_key_secret)
        emulator.add_faults(Fault(operation="listUsers", nth=1, when="after", action="reset"))
        with GongClient(emulator.url, auth, transport=emulator.transport, sleep=lambda seconds: None) as client:
            users = list(client.users.list())
        assert len(users) == len(emulator.state()["users"])
        assert [line["status"] for line in emulator.requests("listUsers")] == [None, 200]
    # [END howto_in_process_emulator]


def test_an_async_client_of_gong_needs_no_socket(gong: InProcessEmulator) -> None:
    async def created() -> list[str]:
        auth = AccessKeyAuth(gong.access_key, gong.access_key_secret)
        async with AsyncGongClient(gong.url, auth, transport=gong.transport) as client:
            answers = await asyncio.gather(
                *(client.calls.create(call_of(gong, f"pbx-{number}")) for number in range(2))
            )
        return [answer.call_id for answer in answers]

    call_ids = asyncio.run(created())

    assert {call["id"] for call in gong.state()["calls"]} >= set(call_ids)


def test_a_call_is_posted_uploaded_and_read(gong: InProcessEmulator) -> None:
    with http_client(gong) as http:
        call_id = http.post("/v2/calls", json=call_of(gong, "pbx-1")).json()["callId"]
        uploaded = http.put(f"/v2/calls/{call_id}/media", files={"mediaFile": ("a.wav", io.BytesIO(wav(90)))})
        gong.advance(1)
        read = http.get(f"/v2/calls/{call_id}").json()["call"]
    assert uploaded.status_code == 201
    assert (read["duration"], read["url"]) == (90, f"{gong.url}/call?id={call_id}")


def test_the_day_that_is_gone_is_the_clients_error() -> None:
    with in_process_emulator(requests_per_day=1, requests_per_second=0) as gong:
        auth = AccessKeyAuth(gong.access_key, gong.access_key_secret)
        with GongClient(gong.url, auth, transport=gong.transport) as client:
            client.run("listWorkspaces")
            with pytest.raises(GongDailyQuotaError):
                client.run("listWorkspaces")


@pytest.mark.parametrize("fault", [Fault(nth=1, action="reset"), Fault(nth=1, when="after", action="truncate")])
def test_a_dropped_connection_is_an_error_of_the_protocol(gong: InProcessEmulator, fault: Fault) -> None:
    gong.add_faults(fault)
    with http_client(gong) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="dropped the connection"):
            http.get("/v2/users")
        assert http.get("/v2/users").status_code == 200


def test_threads_share_one_emulator(gong: InProcessEmulator) -> None:
    with http_client(gong) as http, ThreadPoolExecutor(8) as pool:
        calls = [call_of(gong, f"pbx-{number}") for number in range(40)]
        found = list(pool.map(lambda call: http.post("/v2/calls", json=call).json()["callId"], calls))
    assert len(set(found)) == 40
    assert len(gong.requests("addCall")) == 40


def test_one_answer_that_is_late_holds_up_nobody_else(gong: InProcessEmulator) -> None:
    gong.add_faults(Fault(operation="listUsers", nth=1, action="delay", seconds=30))

    async def answered() -> bool:
        auth = httpx.BasicAuth(gong.access_key, gong.access_key_secret)
        async with httpx.AsyncClient(transport=gong.transport, base_url=gong.url, auth=auth) as http:
            late = asyncio.create_task(http.get("/v2/users"))
            await asyncio.sleep(0)
            workspaces = await http.get("/v2/workspaces")
            overtaken = workspaces.status_code == 200 and not late.done()
            late.cancel()
            return overtaken

    assert asyncio.run(answered())


def test_pages_and_control_need_no_socket_either(gong: InProcessEmulator) -> None:
    with http_client(gong) as http:
        assert "Gong emulator" in http.get("/").text
        assert http.post("/_emulator/settings", json={"strict": True}).status_code == 200
    assert gong.state()["settings"]["strict"] is True


def test_a_wrong_setting_is_said_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="requests_per_second"), in_process_emulator(requests_per_second=-1):
        pass
