"""The form of Airflow's connections in a browser, which is the same in Airflow 2 and 3 in what tests fill in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from airflow_provider_gong.emulator import RunningEmulator

_PATIENCE = 120_000  # milliseconds, of a busy machine


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(_PATIENCE)
        yield context.new_page()


def fill_in(form: Locator, emulator: RunningEmulator, secret: str) -> None:
    """Type what the form asks for; the emulator's port stands in the field for it."""
    host, _, port = emulator.url.rpartition(":")
    for name, text in (("host", host), ("port", port), ("login", emulator.access_key), ("password", secret)):
        form.locator(f"input[name={name}]").fill(text)
