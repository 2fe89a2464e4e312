"""A server that misbehaves, and no proxy of the environment on the way to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.client.misbehaving_server import MisbehavingServer, misbehaving_server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with misbehaving_server() as running:
        yield running
