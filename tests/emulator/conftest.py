from __future__ import annotations

import asyncio
import io
import random
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from airflow_provider_gong.emulator import EmulatorSettings, ManualClock, RunningEmulator, create_app, running_emulator

HOST_EMAIL = "tobias.okafor@example.com"


class Api:
    """Sends requests to an emulator in process, one event loop per request."""

    def __init__(self, company: dict[str, Any] | None = None, **settings: Any) -> None:
        chosen = {"requests_per_second": 0, "requests_per_day": 0, "allowed_hosts": "*", **settings}
        self.clock = ManualClock()
        self.settings = EmulatorSettings(**chosen)
        self.app = create_app(self.settings, clock=self.clock, company=company)
        self.auth: tuple[str, str] | None = (self.settings.access_key, self.settings.access_key_secret)

    def __call__(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, **kwargs))

    async def _send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gong.example.com", auth=self.auth) as client:
            return await client.request(method, path, **kwargs)

    def users(self) -> dict[str, dict[str, Any]]:
        users = self("GET", "/v2/users").json()["users"]
        return {user["emailAddress"]: user for user in users}

    def user_id(self, email: str = HOST_EMAIL) -> str:
        return str(self.users()[email]["id"])

    def new_call(self, client_unique_id: str = "pbx-1", **changes: Any) -> dict[str, Any]:
        host = self.user_id()
        return {
            "clientUniqueId": client_unique_id,
            "title": "A call",
            "actualStart": "2026-03-01T10:00:00Z",
            "direction": "Inbound",
            "primaryUser": host,
            "parties": [{"userId": host}, {"phoneNumber": "+1 202-555-0199"}],
            **changes,
        }

    def add_call(self, client_unique_id: str = "pbx-1", **changes: Any) -> str:
        answer = self("POST", "/v2/calls", json=self.new_call(client_unique_id, **changes))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["callId"])

    def upload(self, call_id: str, content: bytes) -> httpx.Response:
        return self("PUT", f"/v2/calls/{call_id}/media", files={"mediaFile": ("a.wav", content)})

    def processed_call(self, client_unique_id: str, seed: int = 1, **changes: Any) -> str:
        call_id = self.add_call(client_unique_id, **changes)
        assert self.upload(call_id, wav(90, seed)).status_code == 201
        self.clock.advance(self.settings.processing_seconds)
        return call_id

    def set(self, **settings: Any) -> None:
        answer = self("POST", "/_emulator/settings", json=settings)
        assert answer.status_code == 200, answer.text

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def authorize(self, scope: str = "") -> dict[str, Any]:
        tokens: dict[str, Any] = self("POST", "/_emulator/oauth", json={"scope": scope}).json()
        return tokens

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self("GET", "/_emulator/state").json()
        return state

    def call_state(self, call_id: str) -> dict[str, Any]:
        return next(call for call in self.state()["calls"] if call["id"] == call_id)


def wav(seconds: float, seed: int | None = 1) -> bytes:
    """Return a WAV recording; with a seed noise of its own, without one silence."""
    size = int(seconds * 1000) * 2
    return wav_of(bytes(size) if seed is None else random.Random(seed).randbytes(size))


def wav_of(samples: bytes) -> bytes:
    """Return a WAV recording of samples of two bytes, a thousand in a second."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(1000)
        file.writeframes(samples)
    return buffer.getvalue()


def errors_of(answer: httpx.Response) -> list[str]:
    errors: list[str] = answer.json()["errors"]
    return errors


def outcome(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, errors_of(answer)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningEmulator]:
    with running_emulator(clock=ManualClock(), requests_per_second=0, requests_per_day=0) as emulator:
        yield emulator


@pytest.fixture
def running(server: RunningEmulator) -> RunningEmulator:
    server.reset()
    return server
