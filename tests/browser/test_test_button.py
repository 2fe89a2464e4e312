"""The Test button of the connection form, clicked in Airflow 3 and in Airflow 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from tests.browser import airflow_2
from tests.conftest import PROJECT
from tests.e2e.airflow_standalone import AirflowStandalone

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


AIRFLOW_2 = PROJECT / ".venv-2.11.2" / "bin" / "airflow"
_PATIENCE = 120_000  # milliseconds, of a busy machine


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStandalone]:
    """Run Airflow 3 without DAGs."""
    with AirflowStandalone(tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("dags")) as airflow:
        yield airflow


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        context.set_default_timeout(_PATIENCE)
        yield context.new_page()


@pytest.fixture(scope="module")
def webserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the web server of Airflow 2; without its environment the test is skipped."""
    if not AIRFLOW_2.exists():
        pytest.skip("needs Airflow 2: make test-button")
    with airflow_2.running_webserver(AIRFLOW_2, tmp_path_factory.mktemp("airflow-2")) as url:
        yield url


def fill_in(form: Locator, emulator: RunningEmulator, secret: str) -> None:
    """Type what the form asks for; the emulator's port stands in the field for it."""
    host, _, port = emulator.url.rpartition(":")
    for name, text in (("host", host), ("port", port), ("login", emulator.access_key), ("password", secret)):
        form.locator(f"input[name={name}]").fill(text)


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
