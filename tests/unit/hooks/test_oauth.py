"""Connections that authenticate by OAuth, from the authorization to tokens that clients of all kinds share."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync

from airflow_provider_gong.client.errors import GongAuthenticationError
from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import ManualClock, RunningEmulator
from airflow_provider_gong.hooks import gong as hook_module
from airflow_provider_gong.hooks.gong import GongHook
from tests.support.masking import airflows_redact
from tests.support.oauth import CALLBACK, CONNECTION, LIFETIME, agree, oauth_connection, workspaces


@pytest.fixture
def gong_emulator_settings() -> dict[str, Any]:
    return {
        "clock": ManualClock(),
        "requests_per_second": 0,
        "requests_per_day": 0,
        "reused_refresh_token": "revoke",
        "company_host": "127.0.0.1",
        # For tokens that no other test has had masked.
        "seed": uuid.uuid4().int % 10**9,
    }


@pytest.fixture
def gong(gong_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunningEmulator:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    # Loopback by another name: requests have to go where Gong says, which is not the connection's host.
    host = gong_emulator.url.replace("127.0.0.1", "localhost")
    monkeypatch.setenv(CONNECTION, oauth_connection(gong_emulator, host=host))
    return gong_emulator


Authorize = Callable[..., str]


@pytest.fixture
def authorize(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Authorize:
    """Go through the authorization as an administrator does, and return what the command printed."""

    def run(change: Callable[[str], str] = str) -> str:
        printed: list[str] = []

        def enter(_: str) -> str:
            printed.append(capsys.readouterr().err)
            return change(agree(printed[0]))

        monkeypatch.setattr("builtins.input", enter)
        main(["oauth", "authorize", "--redirect-uri", CALLBACK])
        return printed[0] + capsys.readouterr().out

    return run


def access_token() -> str:
    tokens = GongHook().tokens
    assert tokens is not None
    return tokens.token()


async def workspaces_async() -> list[str | None]:
    async with await GongHook().get_async_client() as client:
        return [workspace.name async for workspace in client.workspaces.list()]


async def workspaces_on_a_worker() -> list[str | None]:
    async with GongHook().async_client() as client:
        return [workspace.name async for workspace in client.workspaces.list()]


CLIENTS: dict[str, Callable[[], list[str | None]]] = {
    "client": workspaces,
    "async_client": lambda: asyncio.run(workspaces_on_a_worker()),
    "get_async_client": lambda: asyncio.run(workspaces_async()),
}


def test_authorized_connection_sends_requests_where_gong_says(gong: RunningEmulator, authorize: Authorize) -> None:
    printed = authorize()
    assert f"now go to {gong.url} ." in printed
    assert all(read() for read in CLIENTS.values())
    assert {request["status"] for request in gong.requests("listWorkspaces")} == {200}
    assert GongHook().base_url == gong.url


def test_the_app_asks_for_what_the_operators_need_and_prints_no_secret(
    gong: RunningEmulator, authorize: Authorize
) -> None:
    printed = authorize()
    (address,) = [line for line in printed.splitlines() if line.startswith("http")]
    query = parse_qs(urlsplit(address).query)
    assert query["redirect_uri"] == [CALLBACK]
    assert "api:calls:create" in query["scope"][0].split()
    assert gong.client_secret not in printed
    assert access_token() not in printed


def test_dead_token_is_replaced_once_for_all_clients(gong: RunningEmulator, authorize: Authorize) -> None:
    authorize()
    gong.advance(LIFETIME)
    assert all(read() for read in CLIENTS.values())
    assert gong.state()["tokens"] == {"issued": 2, "refreshed": 1, "reused": 0}


@pytest.mark.parametrize("client", CLIENTS)
def test_access_tokens_are_masked_before_and_after_a_refresh(
    gong: RunningEmulator, authorize: Authorize, client: str
) -> None:
    authorize()
    CLIENTS[client]()
    first = access_token()
    gong.advance(LIFETIME)
    CLIENTS[client]()
    second = access_token()
    assert first != second
    assert airflows_redact()(f"sent {first}, then {second}.") == "sent ***, then ***."


def test_airflow_is_asked_once_to_mask_a_token(
    gong: RunningEmulator, authorize: Authorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorize()
    token = access_token()
    asked: list[str] = []
    monkeypatch.setattr(hook_module, "mask_secret", asked.append)
    with GongHook() as hook:
        for _ in range(3):
            assert list(hook.workspaces.list())
    assert asked.count(token) == 1


def test_triggers_have_tokens_masked_over_the_loop_that_they_run_on(
    gong: RunningEmulator, authorize: Authorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, asyncio.AbstractEventLoop] = {}

    async def ask(secret: str) -> None:
        asked[secret] = asyncio.get_running_loop()

    async def trigger() -> asyncio.AbstractEventLoop:
        await workspaces_async()
        return asyncio.get_running_loop()

    authorize()
    token = access_token()
    # As Airflow 3.0 asks its supervisor; from any other loop that would mix up the answers.
    monkeypatch.setattr(hook_module, "mask_secret", lambda secret: async_to_sync(ask)(secret))
    loop = asyncio.run(trigger())
    assert set(asked.values()) == {loop}
    assert token in asked


def test_connection_test_works(gong: RunningEmulator, authorize: Authorize) -> None:
    authorize()
    ok, text = GongHook().test_connection()
    assert ok, text
    assert f"Host: {gong.url}" in text


def test_connection_that_nobody_has_authorized_says_what_to_do(gong: RunningEmulator) -> None:
    with pytest.raises(GongAuthenticationError, match="airflow-gong oauth authorize"):
        workspaces()
    ok, text = GongHook().test_connection()
    assert not ok
    assert "airflow-gong oauth authorize" in text


def _another_state(address: str) -> str:
    return address.replace("state=", "state=another-")


def _denied(address: str) -> str:
    return address.replace("code=", "error=access_denied&was=")


def _another_code(address: str) -> str:
    return address.replace("code=", "code=another-")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_another_state, "its state differs"),
        (_denied, "did not authorize the app: access_denied"),
        (lambda _: "code-1", "has no code"),
        (_another_code, "token endpoint refused"),
    ],
    ids=["foreign state", "denied", "code alone", "wrong code"],
)
def test_failed_authorizations_are_told_in_one_line(
    gong: RunningEmulator, authorize: Authorize, change: Callable[[str], str], said: str
) -> None:
    with pytest.raises(SystemExit, match=f"airflow-gong: .*{said}"):
        authorize(change)


def test_connection_with_an_access_key_needs_no_authorization(
    gong: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECTION, "gong://key:secret@us-1.api.gong.io")
    with pytest.raises(SystemExit, match="does not set auth_type to oauth"):
        main(["oauth", "authorize", "--redirect-uri", CALLBACK])
