"""The export's operators: they wait for requests without a worker, and go on where they were."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong._compat import AirflowFailException, TaskDeferred
from airflow_provider_gong.client.errors import GongDailyQuotaError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators.call_export import GongPlanCallExportOperator, GongReadCallExportOperator
from airflow_provider_gong.transfers.calls_to_object_storage import GongCallsToObjectStorageOperator
from tests.support.budget import reopen_budget
from tests.unit.hooks.support import task_context

SHARE = 9


class DagRun:
    """The run that a task belongs to."""

    start_date = datetime.now(UTC)


def context() -> Any:
    return {**task_context(), "dag_run": DagRun()}


def days_of(gong: RunningEmulator) -> list[str]:
    """Return all days from the first call to the last one."""
    started = sorted(datetime.fromisoformat(call["started"]).astimezone(UTC).date() for call in gong.state()["calls"])
    return [str(started[0] + timedelta(days=number)) for number in range((started[-1] - started[0]).days + 1)]


def read(path: Path, days: list[str], **options: Any) -> GongReadCallExportOperator:
    return GongReadCallExportOperator(task_id="read", path=str(path / "gong"), days=days, **options)


def let_a_day_go_by(path: Path) -> None:
    """Let the requests that the export has noted be those of yesterday."""
    (note,) = (path / "gong" / "_manifests" / "_notes").iterdir()
    content = json.loads(note.read_text())
    content["requests"] = {
        (datetime.fromisoformat(hour) - timedelta(hours=25)).isoformat(): count
        for hour, count in content["requests"].items()
    }
    note.write_text(json.dumps(content))


def test_it_waits_in_the_triggerer_for_its_share_of_the_day_and_goes_on(gong: RunningEmulator, tmp_path: Path) -> None:
    days = days_of(gong)
    operator = read(tmp_path, days, daily_requests=SHARE, deferrable=True)
    parked = 0
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context())
    while True:
        parked += 1
        due = waiting.value.trigger.serialize()[1]["due"]
        assert 23 * 3600 <= due - time.time() <= 25 * 3600
        assert len(gong.requests()) == parked * SHARE
        let_a_day_go_by(tmp_path)
        try:
            result = operator.execute_complete(context(), {"status": "due"})
            break
        except TaskDeferred as again:
            waiting.value.trigger = again.trigger
    assert parked == (len(days) + 5 - 1) // SHARE > 1
    assert (result["days_read"], result["rows"]["calls"], result["requests"]) == (len(days), 5, len(days) + 5)
    assert result["changed_days"] == days


def test_woken_too_early_it_waits_again_and_asks_for_nothing(gong: RunningEmulator, tmp_path: Path) -> None:
    operator = read(tmp_path, days_of(gong), daily_requests=SHARE, deferrable=True)
    with pytest.raises(TaskDeferred):
        operator.execute(context())
    with pytest.raises(TaskDeferred):
        operator.execute_complete(context(), {"status": "due"})
    assert len(gong.requests()) == SHARE


@pytest.mark.parametrize("is_interval", [False, True])
def test_it_waits_for_the_quota_of_the_company(gong: RunningEmulator, tmp_path: Path, is_interval: bool) -> None:
    days = days_of(gong)
    end = str(datetime.fromisoformat(days[-1]).date() + timedelta(days=1))
    operator: Any = read(tmp_path, days, deferrable=True)
    if is_interval:
        options = {"path": str(tmp_path / "gong"), "since": days[0], "until": end, "deferrable": True}
        operator = GongCallsToObjectStorageOperator(task_id="export", **options)
    gong.add_faults(Fault(operation="listCallsExtensive", nth=7, action="status", status=429, retry_after=7200))
    with pytest.raises(TaskDeferred) as waiting:
        operator.execute(context())
    assert waiting.value.trigger.serialize()[1]["due"] == pytest.approx(time.time() + 7200, abs=60)
    reopen_budget()
    result = operator.execute_complete(context(), {"status": "due"})
    assert (result["days_read"], result["rows"]["calls"], result["changed_days"]) == (len(days), 5, days)


def test_without_a_triggerer_it_leaves_the_rest_to_its_retry(gong: RunningEmulator, tmp_path: Path) -> None:
    days = days_of(gong)
    with pytest.raises(GongDailyQuotaError) as spent:
        read(tmp_path, days, daily_requests=SHARE, deferrable=False).execute(context())
    assert 23 * 3600 <= (spent.value.retry_after or 0) <= 25 * 3600
    let_a_day_go_by(tmp_path)
    assert read(tmp_path, days, deferrable=False).execute(context())["days_read"] == len(days)


@pytest.mark.parametrize(
    "options",
    [
        {"tables": ["emails"]},
        {"exclude_columns": ["call_id"]},
        {"primary_user_ids": "123"},
        {"lookback": "soon"},
        {"backfill_from": "last year"},
        {"sweep": 5.0},
        {"daily_requests": -1},
        {"lookback": timedelta(days=-1)},
    ],
    ids=str,
)
def test_wrong_settings_fail_the_plan_at_once(gong: RunningEmulator, tmp_path: Path, options: dict[str, Any]) -> None:
    plan = GongPlanCallExportOperator(task_id="plan", path=str(tmp_path / "gong"), **options)
    with pytest.raises(AirflowFailException):
        plan.execute(context())
    assert gong.requests() == []
    assert not (tmp_path / "gong").exists()
