"""The demo as people see it: an import with a real Airflow, and in its pages the link to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.demo.night import FEWEST_ROWS
from tests.demo.nightly import DAG_ID, last_night, task
from tests.demo.run import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PATIENCE = 120_000  # milliseconds, of a busy machine


def test_the_report_is_a_click_away(chromium: Browser) -> None:
    with running() as stage, chromium.new_context() as context:
        imported = stage.import_night(stage.export(last_night(), FEWEST_ROWS))
        context.set_default_timeout(_PATIENCE)
        tab = context.new_page()

        for phase in ("report", "upload"):
            tab.goto(f"{stage.airflow.url}/dags/{DAG_ID}/runs/{imported.run_id}/tasks/{task(phase)}/details")
            with context.expect_page() as opened:
                tab.get_by_role("link", name="Report", exact=True).click()
            opened.value.locator(".verdict", has_text=f"{FEWEST_ROWS} rows").wait_for()
            opened.value.close()

    assert imported.agrees
