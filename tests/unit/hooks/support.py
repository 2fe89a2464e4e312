"""What the tests of hooks, operators, sensors and triggers share: an emulated company and the context of a task."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from airflow_provider_gong._compat import BaseHook, Connection
from airflow_provider_gong.emulator import ManualClock, RunningEmulator, running_emulator
from airflow_provider_gong.hooks.gong import GongHook

ORGANIZER = "tobias.okafor@example.com"
DISCONNECTED = "jonas.weidner@example.com"
PROCESSING_SECONDS = 240


class OtherWebServer(ThreadingHTTPServer):
    """A web server that knows nothing of Gong."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _NothingHere)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.user_agents: list[str] = []


class _NothingHere(BaseHTTPRequestHandler):
    server: OtherWebServer

    def do_GET(self) -> None:
        self.server.user_agents.append(self.headers["User-Agent"])
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def company_server() -> Iterator[RunningEmulator]:
    """Run one emulated company, without limits, for all tests."""
    with running_emulator(
        clock=ManualClock(), requests_per_second=0, requests_per_day=0, processing_seconds=PROCESSING_SECONDS
    ) as emulator:
        yield emulator


@pytest.fixture
def gong(company_server: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningEmulator:
    """Make the company, in its initial state, the Gong of ``gong_default``, with an AIRFLOW_HOME of its own."""
    company_server.reset()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(company_server))
    return company_server


@pytest.fixture
def other_web_server() -> Iterator[OtherWebServer]:
    """Run a web server that knows nothing of Gong."""
    with OtherWebServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[type], Callable[[], str]]:
    """Return a function that catches what a class of hooks or operators logs, whatever Airflow's logging does."""

    def catch(kind: type) -> Callable[[], str]:
        monkeypatch.setattr(kind, "log", logging.getLogger(f"caught.{kind.__name__}"))
        caplog.set_level(logging.INFO)
        return lambda: caplog.text

    return catch


def list_workspaces(**options: Any) -> list[Any]:
    """Send one request, by a hook of its own."""
    with GongHook(**options) as hook:
        return list(hook.workspaces.list())


def connection_json(emulator: RunningEmulator, *, extra: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return an Airflow connection to the emulator as JSON, quick but for what is changed."""
    return json.dumps(emulator.connection(**{"requests_per_second": 10_000, **(extra or {})}) | changes)


def stored_connection(text: str, conn_id: str = "gong_default") -> Connection:
    """Return a connection as Airflow reads it from a URI or JSON in the environment."""
    with mock.patch.dict("os.environ", {f"AIRFLOW_CONN_{conn_id.upper()}": text}):
        return BaseHook.get_connection(conn_id)


@dataclass
class TaskInstance:
    """As much of a task instance as operators use."""

    dag_id: str = "meetings"
    task_id: str = "create"
    run_id: str = "manual__2026-03-02"
    map_index: int = -1
    try_number: int = 1
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def task_context(**changes: Any) -> Any:
    """Return the context of one try of a task."""
    ti = TaskInstance(**changes)
    return {"ti": ti, "run_id": ti.run_id, "ds": "2026-03-02", "params": {}}


def new_call(emulator: RunningEmulator, client_unique_id: str = "pbx-1", **changes: Any) -> dict[str, Any]:
    """Return a call that Gong takes, in Gong's names."""
    host = user_id(emulator)
    return {
        "clientUniqueId": client_unique_id,
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}, {"phoneNumber": "+1 202-555-0199"}],
        **changes,
    }


def user_id(emulator: RunningEmulator, email: str = ORGANIZER) -> str:
    """Return Gong's id of a user."""
    return next(user["id"] for user in emulator.state()["users"] if user["emailAddress"] == email)


def new_meeting(**changes: Any) -> dict[str, Any]:
    """Return a meeting that Gong takes, in snake_case."""
    return {
        "start_time": datetime(2026, 3, 9, 10, tzinfo=UTC),
        "end_time": "2026-03-09T10:30:00+00:00",
        "organizer_email": ORGANIZER,
        "invitees": [{"email": "dana@northwind.example.com", "display_name": "Dana Ortiz"}],
        "title": "Kick-off",
        **changes,
    }


def meetings_in_gong(emulator: RunningEmulator) -> list[dict[str, Any]]:
    """Return the meetings that exist."""
    return [meeting for meeting in emulator.state()["meetings"] if not meeting["deleted"]]
