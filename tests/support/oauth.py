"""Authorizing an OAuth app of the emulator, and workers in processes of their own that share its tokens."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.gong import GongHook

CALLBACK = "https://example.com/callback"
LIFETIME = 86_400.0
CONNECTION = "AIRFLOW_CONN_GONG_DEFAULT"


def oauth_connection(emulator: RunningEmulator, **fields: Any) -> str:
    """Return the Airflow connection of an OAuth app as JSON; fields of the connection may be changed."""
    extra = {
        "auth_type": "oauth",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        # The tests are about tokens: nothing is to wait for its turn.
        "requests_per_second": 10_000,
    }
    return json.dumps({"conn_type": "gong", "host": emulator.url, "extra": extra} | fields)


def agree(printed: str) -> str:
    """Open the address that the command has printed, as an administrator, and return where the browser ends up."""
    (address,) = [line for line in printed.splitlines() if line.startswith("http")]
    location: str = httpx.get(address).headers["location"]
    return location


def workspaces() -> list[str | None]:
    """Return the names of the company's workspaces."""
    with GongHook() as hook:
        return [workspace.name for workspace in hook.workspaces.list()]


def read_together(environment: dict[str, str], begin: Any, results: Any) -> None:
    """Read the workspaces at the same moment as others, and hand back their names or the error."""
    os.environ.update(environment)
    begin.wait(120)
    try:
        results.put(workspaces())
    except Exception as error:
        results.put(repr(error))


def die_with_the_new_tokens(environment: dict[str, str]) -> None:
    """Read the workspaces, and be killed when new tokens have come and are about to be stored."""
    os.environ.update(environment)

    def die(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("UPDATE gong_token") and "tokens=" in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die)
    workspaces()
