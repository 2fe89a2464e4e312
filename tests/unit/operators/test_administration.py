"""What docs/administration.md promises about keys, companies, shares and stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client.errors import GongDailyQuotaError
from airflow_provider_gong.emulator import ManualClock, RunningEmulator, running_emulator
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.call_import import (
    SUMMARY_KEY,
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from tests.support.postgres import PostgresServer
from tests.support.recordings import manifest_row, write_night
from tests.unit.hooks.support import connection_json, task_context

pytestmark = pytest.mark.slow


class Import:
    """The phases of an import, one by one."""

    def __init__(self, folder: Path, import_id: str = "night", **options: Any) -> None:
        self.manifest = str(write_night(folder, [manifest_row(1), manifest_row(2)]))
        self._options = {"import_id": import_id, **options}

    def plan(self) -> dict[str, Any]:
        plan = GongPlanCallImportOperator(task_id="plan", manifest=self.manifest, **self._options)
        return plan.execute(task_context())

    def upload(self) -> dict[str, int]:
        return GongUploadCallImportOperator(task_id="upload", **self._options).execute(task_context())

    def finish(self, emulator: RunningEmulator) -> dict[str, int]:
        """Verify, and return the rows by state of a report that succeeds."""
        emulator.advance(3600)
        GongVerifyCallImportOperator(task_id="verify", **self._options).execute(task_context())
        context = task_context()
        GongReportCallImportOperator(task_id="report", **self._options).execute(context)
        states: dict[str, int] = context["ti"].xcoms[SUMMARY_KEY]["states"]
        return states


def test_an_import_goes_on_with_another_access_key(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Import(tmp_path)
    night.plan()
    gong.set(company_active=False)
    with pytest.raises(AirflowFailException, match="GongAuthenticationError"):
        night.upload()
    gong.set(company_active=True)
    key = {"access_key": "new-key", "access_key_secret": "new-secret"}
    assert httpx.post(f"{gong.url}/_emulator/keys", json=key).is_success
    changed = connection_json(gong, login="new-key", password="new-secret")
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", changed)
    assert night.upload() == {"uploaded": 2}
    assert night.finish(gong) == {"verified": 2}
    assert {request["who"] for request in gong.requests("addCall") if request["status"] == 200} == {"new-key"}


def test_two_companies_share_a_store_and_nothing_else(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_emulator(clock=ManualClock(), requests_per_second=0, processing_seconds=0) as west:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_WEST", connection_json(west))
        imports = {gong: Import(tmp_path), west: Import(tmp_path, gong_conn_id="gong_west")}
        for emulator, night in imports.items():
            night.plan()
            assert night.upload() == {"uploaded": 2}
            assert night.finish(emulator) == {"verified": 2}
        for emulator in imports:
            # Rows are sent side by side.
            found = sorted(call["clientUniqueId"] for call in emulator.state()["calls"][-2:])
            assert found == ["pbx-00001", "pbx-00002"]


def test_a_backfill_leaves_what_its_own_connection_says(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"requests_per_day": 20}))
    extra = {"requests_per_day": 20, "reserved_requests": 16}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_BACKFILL", connection_json(gong, extra=extra))
    backfill = Import(tmp_path / "old", "backfill", gong_conn_id="gong_backfill")
    backfill.plan()
    with pytest.raises(GongDailyQuotaError):
        backfill.upload()
    assert len(gong.requests()) == 4
    with GongHook() as hook:
        hook.users.get(gong.state()["users"][0]["id"])
    night = Import(tmp_path)
    night.plan()
    assert sum(night.upload().values()) == 2


def test_a_new_store_finds_the_calls_of_the_old_one_in_gong(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer
) -> None:
    night = Import(tmp_path)
    night.plan()
    night.upload()
    assert night.finish(gong) == {"verified": 2}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", postgres.new_database().replace("postgresql+psycopg2", "postgres"))
    monkeypatch.setenv("AIRFLOW__GONG__STORE_CONN_ID", "gong_store")
    with pytest.raises(AirflowFailException):
        night.finish(gong)
    night.plan()
    night.upload()
    assert night.finish(gong) == {"exists": 2}
    assert len(gong.requests("addCall")) == 2
