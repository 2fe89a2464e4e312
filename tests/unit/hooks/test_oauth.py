"""Connections that authenticate by OAuth, from the authorization to tokens that many workers share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_gong.client.api.users import list_workspaces
from airflow_provider_gong.client.errors import GongAuthenticationError
from airflow_provider_gong.commands.oauth import main
from airflow_provider_gong.hooks.gong import GongHook
from tests.support.masking import airflows_redact
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, oauth_server

CALLBACK = "https://example.com/callback"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OAuthServer]:
    with oauth_server() as running:
        extra = {"auth_type": "oauth", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        # Loopback by another name: requests have to go where Gong says, which is not the connection's host.
        connection = {"conn_type": "gong", "host": f"http://localhost:{running.server_port}", "extra": extra}
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(connection))
        yield running


Authorize = Callable[..., str]


@pytest.fixture
def authorize(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Authorize:
    """Go through the authorization as an administrator does, and return what the command printed."""

    def run(answer: str = f"{CALLBACK}?code=code-1&state={{state}}") -> str:
        printed: list[str] = []

        def enter(_: str) -> str:
            printed.append(capsys.readouterr().out)
            (url,) = [line for line in printed[0].splitlines() if line.startswith("http")]
            query = parse_qs(urlsplit(url).query)
            assert query["redirect_uri"] == [CALLBACK]
            assert "api:calls:create" in query["scope"][0].split()
            return answer.format(state=query["state"][0])

        monkeypatch.setattr("builtins.input", enter)
        main(["--redirect-uri", CALLBACK])
        return printed[0] + capsys.readouterr().out

    return run


def names() -> list[str | None]:
    with GongHook() as hook:
        return [workspace.name for workspace in hook.list_workspaces()]


async def names_async() -> list[str | None]:
    async with await GongHook().get_async_client() as client:
        return [workspace.name async for workspace in client.iterate(list_workspaces())]


def test_authorized_connection_sends_requests_where_gong_says(server: OAuthServer, authorize: Authorize) -> None:
    printed = authorize()
    assert f"go to {server.url} from now on" in printed
    assert names() == ["Sales"]
    assert asyncio.run(names_async()) == ["Sales"]
    assert GongHook().base_url == server.url
    assert CLIENT_SECRET not in printed
    assert "access-" not in printed


def test_dead_token_is_replaced_once_for_all_hooks(server: OAuthServer, authorize: Authorize) -> None:
    authorize()
    server.revoke()
    assert names() == ["Sales"]
    assert asyncio.run(names_async()) == ["Sales"]
    assert server.refreshed == 1
    assert server.refused_grants == 0


def test_access_tokens_are_masked_in_the_logs_of_tasks(server: OAuthServer, authorize: Authorize) -> None:
    authorize()
    names()
    tokens = GongHook().tokens
    assert tokens is not None
    assert airflows_redact()(f"sent {tokens.token()}.") == "sent ***."


def test_connection_test_works(server: OAuthServer, authorize: Authorize) -> None:
    authorize()
    ok, text = GongHook().test_connection()
    assert ok, text
    assert f"Host: {server.url}" in text


def test_connection_that_nobody_has_authorized_says_what_to_do(server: OAuthServer) -> None:
    with pytest.raises(GongAuthenticationError, match="gong-oauth"):
        names()
    ok, text = GongHook().test_connection()
    assert not ok
    assert "gong-oauth" in text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"{CALLBACK}?code=code-1&state=another", "its state differs"),
        (f"{CALLBACK}?error=access_denied&state={{state}}", "did not authorize the app: access_denied"),
        ("code-1", "has no code"),
        (f"{CALLBACK}?code=wrong&state={{state}}", "token endpoint refused"),
    ],
    ids=["foreign state", "denied", "code alone", "wrong code"],
)
def test_failed_authorizations_are_told_in_one_line(
    server: OAuthServer, authorize: Authorize, answer: str, said: str
) -> None:
    with pytest.raises(SystemExit, match=f"gong-oauth: .*{said}"):
        authorize(answer)


def test_connection_with_an_access_key_needs_no_authorization(
    server: OAuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", "gong://key:secret@us-1.api.gong.io")
    with pytest.raises(SystemExit, match="has no auth_type oauth"):
        main(["--redirect-uri", CALLBACK])
