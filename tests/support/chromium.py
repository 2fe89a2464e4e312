"""A real Chromium, with the program of Debian's package or any other installation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


# Not for the whole session: in a thread where Playwright runs, other tests can start no event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window; where there is none, the test is skipped, but never in CI."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None and not os.environ.get("CI"):
        pytest.skip("needs Chromium; on Debian: apt install chromium")
    if program is None:
        raise FileNotFoundError("Chromium is not installed. On Debian: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, driver.chromium.launch(executable_path=program) as browser:
        yield browser
