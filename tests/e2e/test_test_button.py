"""The Test button of the connections in the pages of Airflow 3."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from tests.e2e.airflow_standalone import AirflowStandalone
from tests.support.chromium import chromium
from tests.support.connection_form import fill_in, tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from airflow_provider_gong.emulator import RunningEmulator

__all__ = ["chromium", "tab"]

pytestmark = pytest.mark.skipif(
    Version(version("apache-airflow")) < Version("3.3"), reason="the pages of earlier Airflows differ"
)


def add_connection(tab: Page, url: str, conn_id: str, emulator: RunningEmulator, secret: str) -> None:
    """Add a connection in the form of Airflow 3."""
    tab.goto(f"{url}/connections")
    tab.get_by_role("button", name="Add Connection").click()
    form = tab.get_by_role("dialog")
    form.locator("input[name=connection_id]").fill(conn_id)
    form.get_by_role("combobox").first.click()
    tab.get_by_role("option", name="Gong", exact=True).click()
    fill_in(form, emulator, secret)
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="hidden")


def click_test(tab: Page, conn_id: str) -> dict[str, Any]:
    """Click the button in the list of Airflow 3, and return what its API answers."""
    row = tab.get_by_role("row").filter(has=tab.get_by_text(conn_id, exact=True))
    with tab.expect_response("**/connections/test") as answer:
        row.get_by_role("button", name="Test Connection").click()
    found: dict[str, Any] = answer.value.json()
    return found


@pytest.mark.parametrize("is_right", [True, False])
def test_button_of_airflow_3(
    tab: Page, standalone: AirflowStandalone, emulator: RunningEmulator, is_right: bool
) -> None:
    conn_id = f"gong_clicked_{is_right}".lower()
    secret = emulator.access_key_secret if is_right else "a-wrong-secret"
    add_connection(tab, standalone.url, conn_id, emulator, secret)

    answer = click_test(tab, conn_id)

    assert answer["status"] is is_right
    assert ("Gong accepts the credentials" in answer["message"]) is is_right


def test_airflow_3_3_itself_refuses_to_test_a_connection_that_is_stored_without_port(
    tab: Page, standalone: AirflowStandalone, emulator: RunningEmulator
) -> None:
    """Once this fails, Airflow's button needs no port, and docs/connection.md can be shorter."""
    key = {"login": emulator.access_key, "password": emulator.access_key_secret}
    connection = {"connection_id": "gong_portless", "conn_type": "gong", "host": emulator.url, **key}
    standalone.call("POST", "/connections", json=connection)
    tab.goto(f"{standalone.url}/connections")

    answer = click_test(tab, "gong_portless")

    assert "host or port to test differs from the stored connection" in answer["detail"]
