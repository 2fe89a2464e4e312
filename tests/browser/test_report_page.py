"""The report of an import on the screens and on the paper that people read it on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.call_import.report.report_page import report_page
from airflow_provider_gong.ledger.rows import CallState, Problem
from tests.unit.call_import.test_report_page import SUMMARY, row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = "s3://recordings.example.com/" + "a_very_long_name_without_a_space" * 8 + ".wav"


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    """Return a tab with a report in it; at the end the browser may have complained of nothing."""
    complaints: list[str] = []
    rows = [row(CallState.VERIFIED, sent_at=1_800_000_000.0 + 7 * number, title=LONG) for number in range(300)]
    rows.append(
        row(CallState.FAILED, Problem("media", LONG, f"{LONG} is refused", "Look at it.", "recording"), file=LONG)
    )
    with chromium.new_context() as context:
        context.on("console", lambda message: complaints.append(message.text))
        page = context.new_page()
        page.set_content(report_page(SUMMARY | {"import_id": LONG}, rows, [LONG]))
        yield page
    assert complaints == []


@pytest.mark.parametrize("width", [360, 390, 700, 1400])
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_nothing_is_wider_than_the_page(tab: Page, width: int, medium: str) -> None:
    tab.emulate_media(media=medium)  # type: ignore[arg-type]
    tab.set_viewport_size({"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_verdict_is_seen_first_on_a_phone(tab: Page) -> None:
    tab.emulate_media(media="screen")
    tab.set_viewport_size({"width": 360, "height": 640})
    box = tab.locator(".verdict").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 640
