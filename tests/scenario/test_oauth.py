"""An OAuth app from its authorization to workers that share its tokens, and die with them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from airflow_provider_gong.client.errors import GongAuthenticationError
from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.schema import token_table
from tests.support.oauth import (
    CALLBACK,
    CONNECTION,
    LIFETIME,
    agree,
    die_with_the_new_tokens,
    oauth_connection,
    read_together,
    workspaces,
)
from tests.support.processes import start, together

WORKERS = 4


@pytest.fixture
def environment(gong_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Return what workers see: an OAuth app of a Gong that ends all tokens when a refresh token is used twice."""
    gong_emulator.set(reused_refresh_token="revoke")
    seen = {"AIRFLOW_HOME": str(tmp_path), CONNECTION: oauth_connection(gong_emulator)}
    for name, value in seen.items():
        monkeypatch.setenv(name, value)
    return seen


@pytest.fixture
def authorize(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs ``airflow-gong oauth authorize`` and agrees, as an administrator does."""
    monkeypatch.setattr("builtins.input", lambda _: agree(capsys.readouterr().err))
    return lambda: main(["oauth", "authorize", "--redirect-uri", CALLBACK])


def test_processes_refresh_the_tokens_once_whenever_they_expire(
    gong_emulator: RunningEmulator, environment: dict[str, str], authorize: Any
) -> None:
    authorize()
    names = workspaces()
    assert names
    gong_emulator.advance(LIFETIME)
    assert together(WORKERS, read_together, environment) == [names] * WORKERS
    assert gong_emulator.state()["tokens"] == {"issued": 2, "refreshed": 1, "reused": 0}
    # With the refresh token that one of the workers has stored.
    gong_emulator.advance(LIFETIME)
    assert workspaces() == names
    assert gong_emulator.state()["tokens"] == {"issued": 3, "refreshed": 2, "reused": 0}


def test_worker_that_is_killed_with_the_new_tokens_in_hand_is_reported_with_what_to_do(
    gong_emulator: RunningEmulator, environment: dict[str, str], authorize: Any
) -> None:
    authorize()
    gong_emulator.advance(LIFETIME)
    killed = start(die_with_the_new_tokens, environment)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert gong_emulator.state()["tokens"]["refreshed"] == 1

    _let_the_lease_of_the_dead_end()
    with pytest.raises(GongAuthenticationError, match=r"died before it could.*airflow-gong oauth"):
        workspaces()
    authorize()
    assert workspaces()


def _let_the_lease_of_the_dead_end() -> None:
    """Have its minute pass, without waiting for it."""
    with GongHook() as hook, hook.store.quick.begin() as connection:
        connection.execute(update(token_table).values(lease_until=0.0))
