"""A real Chromium in front of an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from airflow_provider_gong.emulator import ManualClock, RunningEmulator
from tests.support.chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["chromium"]


@pytest.fixture
def gong_emulator_settings() -> dict[str, Any]:
    """Let the emulator's clock stand still."""
    return {"clock": ManualClock(), "requests_per_second": 0}


@pytest.fixture
def gong(gong_emulator: RunningEmulator) -> RunningEmulator:
    return gong_emulator


@pytest.fixture
def api(gong: RunningEmulator) -> Iterator[httpx.Client]:
    """Return a client of the emulated API."""
    with httpx.Client(base_url=gong.url, auth=(gong.access_key, gong.access_key_secret)) as client:
        yield client


@pytest.fixture
def page(chromium: Browser, gong: RunningEmulator) -> Iterator[Page]:
    """Return an empty tab; at the end nothing may have gone wrong in it, and nothing may have left the emulator."""
    with chromium.new_context(base_url=gong.url) as context:
        complaints, addresses = _watched(context)
        yield context.new_page()
    assert complaints == []
    assert {urlsplit(address).netloc for address in addresses} == {urlsplit(gong.url).netloc}


def _watched(context: BrowserContext) -> tuple[list[str], list[str]]:
    complaints: list[str] = []
    addresses: list[str] = []
    context.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    context.on("request", lambda request: addresses.append(request.url))
    return complaints, addresses
