"""The section ``[gong]`` of Airflow's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.get_provider_info import get_provider_info
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.hooks.gong import GongHook
from tests.unit.hooks.support import connection_json


def test_every_option_is_documented() -> None:
    (section,) = get_provider_info()["config"].values()
    for option in section["options"].values():
        assert option["description"].strip().endswith(".")
        assert option["example"]
        assert option["version_added"] == "0.1.0"


def test_store_folder_is_where_the_store_is(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__GONG__STORE_FOLDER", str(tmp_path / "volume"))
    with GongHook() as hook:
        list(hook.workspaces.list())
    assert (tmp_path / "volume" / "gong_store_quick.db").exists()


def test_store_of_the_section_serves_connections_that_name_none(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__GONG__STORE_CONN_ID", "shared")
    monkeypatch.setenv("AIRFLOW_CONN_SHARED", f"sqlite:///{tmp_path}/shared.db")
    assert GongHook().settings.store_conn_id == "shared"
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", connection_json(gong, extra={"store_conn_id": "own"}))
    assert GongHook("other").settings.store_conn_id == "own"


def test_a_store_connection_that_does_not_exist_is_named(
    gong: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", connection_json(gong, extra={"store_conn_id": "nowhere"}))
    with pytest.raises(GongConnectionConfigError, match=r"'other': store_conn_id is 'nowhere', .* not defined"):
        GongHook("other").store  # noqa: B018 - opening it reads the connection
