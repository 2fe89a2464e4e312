"""One surface: the same methods with threads, in event loops and on the hook, each written once."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import airflow_provider_gong.client as package
from airflow_provider_gong.client import AccessKeyAuth, AsyncGongClient, GongClient, GongNotFoundError, errors
from airflow_provider_gong.emulator import InProcessEmulator, in_process_emulator
from airflow_provider_gong.hooks.gong import GongHook
from tests.support.recordings import write_wav

HOST = "tobias.okafor@example.com"
WINDOW = {"fromDateTime": "2026-01-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z"}
METHODS = {
    "calls": ["create", "get", "list", "list_extensive", "list_transcripts", "upload_media"],
    "meetings": ["create", "delete", "integration_status", "update"],
    "users": ["get", "list", "list_extensive", "settings_history"],
    "workspaces": ["list"],
}
KEY = AccessKeyAuth("KEY", "SECRET")


@pytest.fixture
def gong() -> Any:
    with in_process_emulator(processing_seconds=0, requests_per_second=0) as emulator:
        yield emulator


def async_client(gong: InProcessEmulator, **options: Any) -> AsyncGongClient:
    auth = AccessKeyAuth(gong.access_key, gong.access_key_secret)
    return AsyncGongClient(gong.url, auth, transport=gong.transport, **options)


def new_call(gong: InProcessEmulator) -> dict[str, Any]:
    host = next(user["id"] for user in gong.state()["users"] if user["emailAddress"] == HOST)
    return {
        "clientUniqueId": "pbx-1",
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}],
    }


@pytest.mark.parametrize(
    "api",
    [
        GongClient("https://api.gong.io", KEY),
        AsyncGongClient("https://api.gong.io", KEY),
        pytest.param(GongHook(), id="GongHook"),
    ],
    ids=lambda api: type(api).__name__,
)
def test_clients_and_hook_have_the_same_methods(api: Any) -> None:
    found = {name: [method for method in dir(getattr(api, name)) if method[0] != "_"] for name in METHODS}
    assert found == METHODS
    for name, methods in METHODS.items():
        for method in methods:
            assert inspect.getdoc(getattr(getattr(api, name), method)), f"{name}.{method}"
    assert "Gong's name of the operation" in (inspect.getdoc(api.run) or "")


def test_signatures_name_parameters_and_results() -> None:
    client = GongClient("https://api.gong.io", KEY)
    assert str(inspect.signature(client.calls.get)) == "(call_id: 'str') -> 'Call'"
    assert client.calls.get.__name__ == "get"
    assert inspect.signature(client.calls.list).return_annotation == "Iterator[Call]"
    assert inspect.signature(client.users.settings_history).return_annotation == "SettingsHistory"
    assert list(inspect.signature(type(client).run).parameters) == ["self", "operation", "path", "query", "body"]
    assert inspect.signature(client.run_all).return_annotation == "Iterator[JsonObject]"


def test_an_event_loop_awaits_what_a_thread_gets(gong: InProcessEmulator, tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "1.wav", seconds=61, seed=1)

    async def work() -> dict[str, Any]:
        async with async_client(gong) as client:
            created = await client.calls.create(new_call(gong))
            await client.calls.upload_media(created.call_id, recording)
            return {
                "created": created.call_id,
                "read": (await client.calls.get(created.call_id)).id,
                "listed": [call.id async for call in client.calls.list(WINDOW)],
                "missing": await client.meetings.delete("123", missing_ok=True),
                "statuses": [status.email for status in await client.meetings.integration_status([HOST])],
                "workspaces": [row["name"] async for row in client.run_all("listWorkspaces")],
            }

    found = asyncio.run(work())
    assert found["read"] == found["created"]
    assert found["created"] in found["listed"]
    assert found["missing"] is None
    assert found["statuses"] == [HOST]
    assert found["workspaces"] == ["Sales", "Customer Success"]


def test_a_method_of_many_requests_stops_at_the_first_that_fails(gong: InProcessEmulator) -> None:
    async def work() -> Any:
        async with async_client(gong) as client:
            await client.meetings.delete("123")

    with pytest.raises(GongNotFoundError):
        asyncio.run(work())


def test_recordings_are_opened_outside_of_the_event_loop(gong: InProcessEmulator) -> None:
    opened: list[tuple[Any, bool]] = []

    def open_path(place: Any) -> Path:
        opened.append((place, _runs_in_a_loop()))
        raise FileNotFoundError(place)

    async def work() -> None:
        async with async_client(gong, open_path=open_path) as client:
            await client.calls.upload_media("1", "s3://recordings/1.wav")

    with pytest.raises(FileNotFoundError):
        asyncio.run(work())
    assert opened == [("s3://recordings/1.wav", False)]
    assert gong.requests() == []


def _runs_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_the_package_offers_all_that_its_users_need() -> None:
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds <= set(package.__all__)
    assert [name for name in package.__all__ if getattr(package, name).__name__ != name] == []
    assert sorted(package.__all__) == package.__all__ == dir(package)
    with pytest.raises(AttributeError, match="no attribute 'GongKlient'"):
        _ = package.GongKlient


def test_importing_the_package_loads_neither_http_nor_models() -> None:
    code = "import sys, airflow_provider_gong.client; print({'httpx', 'pydantic', 'airflow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_what_is_logged_of_an_answer_forges_no_line(caplog: pytest.LogCaptureFixture) -> None:
    nasty = "7\n2026-11-20 INFO All is well \x1b[31m"
    transport = httpx.MockTransport(lambda _: httpx.Response(201, json={"callId": nasty, "meetingId": nasty}))
    caplog.set_level("INFO")
    host = {"userId": "1"}
    with GongClient("https://api.gong.io", KEY, transport=transport) as client:
        client.calls.create(
            {
                "clientUniqueId": "pbx-1",
                "actualStart": "2026-03-01T10:00:00Z",
                "direction": "Inbound",
                "primaryUser": "1",
                "parties": [host],
            }
        )
        client.meetings.create(
            {
                "startTime": "2026-03-02T10:00:00Z",
                "endTime": "2026-03-02T10:30:00Z",
                "organizerEmail": HOST,
                "invitees": [{"email": "buyer@example.com"}],
            }
        )
    ours = [record for record in caplog.records if record.name.startswith("airflow_provider_gong")]
    said = [record.getMessage() for record in ours if "Created" in record.getMessage()]
    assert len(said) == 2
    assert all(message.isprintable() for message in said)
