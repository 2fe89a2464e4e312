"""The Test button of the connection form of Airflow 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from tests.browser import airflow_2
from tests.conftest import PROJECT
from tests.support.connection_form import fill_in, tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["tab"]

AIRFLOW_2 = PROJECT / ".venv-2.11.2" / "bin" / "airflow"


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def webserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the web server of Airflow 2; without its environment the test is skipped."""
    if not AIRFLOW_2.exists():
        pytest.skip("needs Airflow 2: make test-button")
    with airflow_2.running_webserver(AIRFLOW_2, tmp_path_factory.mktemp("airflow-2")) as url:
        yield url


@pytest.mark.parametrize("is_right", [True, False])
def test_button_of_airflow_2(tab: Page, webserver: str, emulator: RunningEmulator, is_right: bool) -> None:
    tab.goto(f"{webserver}/login/")
    tab.locator("#username").fill(airflow_2.USER)
    tab.locator("#password").fill(airflow_2.PASSWORD)
    tab.get_by_role("button", name="Sign In").click()
    tab.goto(f"{webserver}/connection/add")
    tab.locator("#conn_id").fill("gong_clicked")
    tab.locator("#conn_type").select_option("gong", force=True)
    form = tab.locator("form#model_form")
    fill_in(form, emulator, emulator.access_key_secret if is_right else "a-wrong-secret")
    form.locator("input[name=extra__gong__timezone]").fill("Europe/Berlin")

    with tab.expect_response("**/connections/test") as answer:
        tab.locator("#test-connection").click()

    posted = answer.value.request.post_data_json
    assert '"extra__gong__timezone"' in posted["extra"], "this form is known to post each extra twice"
    found = answer.value.json()
    assert found["status"] is is_right, found["message"]
    tab.locator(".alert", has_text="Gong accepts the credentials" if is_right else "access key").wait_for()
