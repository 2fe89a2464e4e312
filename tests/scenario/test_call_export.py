"""Exports as DAGs: an interval, a folder that keeps itself up to date, S3, and parking."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.call_export import GongPlanCallExportOperator
from airflow_provider_gong.task_groups import gong_call_export
from airflow_provider_gong.transfers.calls_to_object_storage import GongCallsToObjectStorageOperator
from tests.scenario.support import change_connection, retrying_dag, task_states
from tests.support.s3 import S3Server, running_s3

if TYPE_CHECKING:
    from tests.scenario.support import Example, RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


def exported(folder: Path, table: str = "calls") -> set[str]:
    files = folder.glob(f"{table}/*/*.parquet")
    return {row["call_id"] for file in files for row in parquet.ParquetFile(file).read().to_pylist()}


def in_gong(emulator: RunningEmulator) -> set[str]:
    return {call["id"] for call in emulator.state()["calls"]}


def result_of(run: Any, task_id: str, key: str = "return_value") -> Any:
    return next(ti for ti in run.get_task_instances() if ti.task_id == task_id).xcom_pull(task_ids=task_id, key=key)


def test_an_interval_is_exported(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    with retrying_dag("interval") as dag:
        GongCallsToObjectStorageOperator(
            task_id="export",
            path=f"file://{tmp_path}/gong",
            since=str(TODAY - timedelta(days=25)),
            until="{{ macros.datetime.now().date() + macros.timedelta(days=1) }}",
        )
    run = run_dag(dag)
    assert run.state == "success", task_states(run)
    assert exported(tmp_path / "gong") == exported(tmp_path / "gong", "call_documents") == in_gong(gong_emulator)
    result = result_of(run, "export")
    assert result["days_read"] == 26
    assert result["rows"]["calls"] == 5
    assert result["manifests"] == f"{tmp_path}/gong/_manifests"
    assert run_dag(dag).state == "success"
    again = result_of(run_dag(dag), "export")
    assert (again["days_changed"], again["requests"]) == (0, 31)


def test_an_empty_interval_fails_at_once(run_dag: RunDag, tmp_path: Path) -> None:
    failures: list[str] = []
    with retrying_dag("empty_interval", failures) as dag:
        GongCallsToObjectStorageOperator(task_id="export", path=str(tmp_path), since="2026-02-01", until="2026-02-01")
    run = run_dag(dag)
    assert run.state == "failed"
    assert len(failures) == 1
    assert "is empty" in failures[0]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_group_keeps_an_export_up_to_date(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, workers: int
) -> None:
    with retrying_dag(f"up_to_date_{workers}") as dag:
        gong_call_export(
            str(tmp_path / "gong"), backfill_from=str(TODAY - timedelta(days=30)), lookback="3d", workers=workers
        )
    run = run_dag(dag)
    assert run.state == "success", task_states(run)
    assert exported(tmp_path / "gong") == in_gong(gong_emulator)
    assert result_of(run, "gong_call_export.report")["days_read"] == 31
    plan = result_of(run, "gong_call_export.plan", "summary")
    assert plan["reasons"] == {"lookback": 4, "new": 27}
    late = {"clientUniqueId": "late", "title": "Late", "host": "tobias.okafor@example.com", "daysAgo": 2, "minutes": 3}
    gong_emulator.seed({"calls": [late | {"parties": [{"name": "Dana Ortiz", "emailAddress": "dana@example.org"}]}]})
    run = run_dag(dag)
    report = result_of(run, "gong_call_export.report")
    assert report["changed_days"] == [str(TODAY - timedelta(days=2))]
    assert exported(tmp_path / "gong") == in_gong(gong_emulator)
    assert report["days_read"] <= 6


def test_workers_leave_what_is_gone_to_one_task(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    """Each of these calls is all that its worker's days hold of their hosts."""
    with retrying_dag("several_workers") as dag:
        gong_call_export(str(tmp_path / "gong"), lookback="30d", workers=3)
    assert run_dag(dag).state == "success"
    parties = [{"name": "Dana Ortiz", "emailAddress": "dana@example.org"}]
    erased = [
        {"clientUniqueId": f"erased-{ago}", "title": "Late", "host": "tobias.okafor@example.com", "daysAgo": ago}
        for ago in (2, 3)
    ]
    gong_emulator.seed({"calls": [call | {"minutes": 3, "parties": parties} for call in erased]})
    assert run_dag(dag).state == "success"
    assert exported(tmp_path / "gong") == in_gong(gong_emulator)
    gong_emulator.set(erase_seconds=0)
    with GongHook() as hook:
        hook.client.run("purgeEmailAddress", query={"emailAddress": "dana@example.org"})
    run = run_dag(dag)
    assert run.state == "success", task_states(run)
    report = result_of(run, "gong_call_export.report")
    assert (report["days_read"], report["suspects"], report["removed_calls"]) == (31, 2, 0)
    assert report["changed_days"] == []
    assert result_of(run, "gong_call_export.settle")["days_read"] == 2


def test_companies_that_cannot_be_told_apart_are_not_mixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    change_connection(monkeypatch, host="https://api.gong.io")
    operator = GongPlanCallExportOperator(task_id="plan", path=str(tmp_path))
    with pytest.raises(GongConnectionConfigError, match="company is required"):
        _ = operator.export


def test_the_share_of_the_sweep_has_one_default() -> None:
    shares = [
        inspect.signature(function).parameters["sweep"].default
        for function in (gong_call_export, GongPlanCallExportOperator.__init__)
    ]
    assert shares == [PlanSettings().sweep_share] * 2


def test_an_export_in_s3(
    run_dag: RunDag, gong_emulator: RunningEmulator, s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_WAREHOUSE", s3.airflow_connection)
    bucket = f"warehouse-{uuid.uuid4().hex}"
    s3.create_bucket(bucket)
    with retrying_dag("in_s3") as dag:
        gong_call_export(f"s3://aws_warehouse@{bucket}/gong", lookback="20d", file_format="parquet")
    run = run_dag(dag)
    assert run.state == "success", task_states(run)
    keys = s3.keys(bucket)
    for key in (key for key in keys if key.endswith(".parquet")):
        place = tmp_path / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(s3.read(bucket, key))
    assert exported(tmp_path / "gong") == in_gong(gong_emulator)
    run = run_dag(dag)
    assert result_of(run, "gong_call_export.report")["days_changed"] == 0


def test_it_parks_when_its_share_of_the_day_is_spent(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a triggerer: the task fails for now, and its retry goes on where it was."""
    change_connection(monkeypatch, extra={"requests_per_second": 1000})
    failures: list[str] = []
    with retrying_dag("parks", failures) as dag:
        gong_call_export(str(tmp_path / "gong"), lookback="25d", daily_requests=12)
    run = run_dag(dag)
    assert run.state == "failed"
    assert len(gong_emulator.requests("listCallsExtensive") + gong_emulator.requests("getCallTranscripts")) == 12
    assert "may send in 24 hours" in failures[0]
    with retrying_dag("goes_on") as dag:
        gong_call_export(str(tmp_path / "gong"), lookback="25d")
    assert run_dag(dag).state == "success"
    assert exported(tmp_path / "gong") == in_gong(gong_emulator)


def test_the_example_for_warehouses(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    first = str(TODAY - timedelta(days=25))
    run = run_dag(
        example("example_gong_export_to_warehouse"), run_conf={"export": str(tmp_path), "backfill_from": first}
    )
    assert run.state == "success", task_states(run)
    assert exported(tmp_path) == in_gong(gong_emulator)
    statements = result_of(run, "statements_for")
    assert len(statements) == 26
    assert f"DELETE FROM gong.calls WHERE file_name LIKE '%calls/started_date={first}/%'" in statements[0]
    (users,) = tmp_path.glob("users/*.parquet")
    assert "tobias.okafor@example.com" in {
        row["email_address"] for row in parquet.ParquetFile(users).read().to_pylist()
    }


def test_the_example_for_search(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    run = run_dag(example("example_gong_transcripts_for_search"), run_conf={"documents": str(tmp_path)})
    assert run.state == "success", task_states(run)
    recent = [call for call in gong_emulator.state()["calls"] if call["started"] > str(TODAY - timedelta(days=7))]
    assert result_of(run, "index_documents") == len(recent) == 2
