"""The connection in Airflow's user interface: its form and its Test button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_gong.hooks.connection_form import FIELDS
from tests.e2e.airflow_standalone import AirflowStandalone

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator


def test_form_has_all_fields(standalone: AirflowStandalone) -> None:
    (form,) = (form for form in _connection_types(standalone) if form["connection_type"] == "gong")
    assert form["hook_name"] == "Gong"
    assert set(form["extra_fields"]) == {field.name for field in FIELDS}
    assert form["standard_fields"]["password"]["title"].startswith("Access key secret")
    assert not form["standard_fields"]["port"]["hidden"]


def test_button_accepts_the_right_key(standalone: AirflowStandalone, shared_emulator: RunningEmulator) -> None:
    answer = _test(standalone, shared_emulator, shared_emulator.access_key_secret)
    assert answer["status"] is True
    assert shared_emulator.url in answer["message"]
    assert shared_emulator.access_key_secret not in answer["message"]


def test_button_refuses_a_wrong_key(standalone: AirflowStandalone, shared_emulator: RunningEmulator) -> None:
    answer = _test(standalone, shared_emulator, "a-wrong-secret")
    assert answer["status"] is False
    assert "access key" in answer["message"]
    assert "a-wrong-secret" not in answer["message"]


def _test(airflow: AirflowStandalone, emulator: RunningEmulator, secret: str) -> dict[str, Any]:
    connection = {
        "connection_id": "gong_tested",
        "conn_type": "gong",
        "host": emulator.url,
        "login": emulator.access_key,
        "password": secret,
    }
    answer: dict[str, Any] = airflow.call("POST", "/connections/test", json=connection)
    return answer


def _connection_types(airflow: AirflowStandalone) -> list[dict[str, Any]]:
    token = httpx.get(f"{airflow.url}/auth/token", trust_env=False).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{airflow.url}/ui/connections/hook_meta", headers=headers, trust_env=False, timeout=60)
    types: list[dict[str, Any]] = answer.raise_for_status().json()
    return types
