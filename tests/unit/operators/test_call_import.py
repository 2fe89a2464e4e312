"""The import's operators: what they wait for, and when they give up."""

from __future__ import annotations

import contextlib
import csv
import os
import socket
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import text

from airflow_provider_gong._compat import AirflowFailException, ObjectStoragePath, TaskDeferred
from airflow_provider_gong.call_import.errors import GongImportError, GongImportUnfinishedError
from airflow_provider_gong.client.errors import GongDailyQuotaError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators import _waiting
from airflow_provider_gong.operators.call_import import (
    SUMMARY_KEY,
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from airflow_provider_gong.store.database import Store
from tests.support.budget import reopen_budget
from tests.support.recordings import manifest_row, write_manifest, write_night
from tests.unit.hooks.support import connection_json, task_context

pytestmark = pytest.mark.slow

IMPORT = {"import_id": "night"}


@pytest.fixture
def planned(gong: RunningEmulator, tmp_path: Path) -> dict[str, Any]:
    manifest = write_night(tmp_path, [manifest_row(1), manifest_row(2)])
    return GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT).execute(task_context())


class NoCredentialsError(Exception):
    """What libraries for object stores raise is no OSError."""


@pytest.fixture
def locked_storage(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a folder in an object storage that wants credentials."""

    def refuse(*_: object, **__: object) -> Any:
        raise NoCredentialsError("Unable to locate credentials")

    for name in ("info", "ls", "open", "mkdir", "makedirs"):
        monkeypatch.setattr(LocalFileSystem, name, refuse)
    return "file:///bucket"


def read_store(query: str, file: str = "gong_store.db") -> Any:
    with (
        contextlib.closing(sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "gong" / file)) as connection,
        connection,
    ):
        return connection.execute(query).fetchone()[0]


def upload(**options: Any) -> dict[str, int]:
    return GongUploadCallImportOperator(task_id="upload", **IMPORT, **options).execute(task_context())


def verify(**options: Any) -> dict[str, int]:
    return GongVerifyCallImportOperator(task_id="verify", **IMPORT, **options).execute(task_context())


def report(**options: Any) -> dict[str, Any]:
    context = task_context()
    try:
        GongReportCallImportOperator(task_id="report", **IMPORT, **options).execute(context)
    except AirflowFailException as error:
        return {**context["ti"].xcoms[SUMMARY_KEY], "error": str(error)}
    return context["ti"].xcoms[SUMMARY_KEY]


def test_the_plan_tells_what_is_going_to_happen(planned: dict[str, Any]) -> None:
    assert planned["planned"] == 2
    assert planned["requests_by_push"] == 5
    assert planned["bytes"] > 200_000
    assert planned["import_id"] == "night"


def test_the_phases_end_with_a_report(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    assert upload(store_id=planned["store_id"]) == {"uploaded": 2}
    gong.advance(3600)
    assert verify() == {"verified": 2}
    summary = report()
    assert summary["states"] == {"verified": 2}
    assert summary["requests_sent"] == len(gong.requests())


def test_the_upload_parks_when_the_day_is_spent(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    gong.add_faults(Fault(operation="addCall", nth=1, action="status", status=429, retry_after=7200))
    with pytest.raises(TaskDeferred) as parked:
        upload(deferrable=True)
    assert parked.value.trigger.serialize()[1]["due"] == pytest.approx(time.time() + 7200, abs=60)
    assert parked.value.method_name == "execute_complete"
    reopen_budget()
    operator = GongUploadCallImportOperator(task_id="upload", **IMPORT)
    assert operator.execute_complete(task_context(), {"status": "due"}) == {"uploaded": 2}


def test_without_a_triggerer_the_upload_leaves_it_to_its_retry(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    gong.add_faults(Fault(operation="addCall", nth=1, action="status", status=429, retry_after=7200))
    with pytest.raises(GongDailyQuotaError) as spent:
        upload(deferrable=False)
    assert spent.value.retry_after == pytest.approx(7200, abs=60)
    reopen_budget()
    assert upload(deferrable=False) == {"uploaded": 2}


def test_verification_parks_while_gong_processes(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    upload()
    with pytest.raises(TaskDeferred) as parked:
        verify(deferrable=True)
    assert parked.value.trigger.serialize()[1]["due"] == pytest.approx(time.time() + 15, abs=10)


def test_without_a_triggerer_long_waits_for_gong_are_left_to_the_retry(
    gong: RunningEmulator, planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload()
    monkeypatch.setattr(_waiting, "_LONGEST_SLEEP", 1.0)
    with pytest.raises(GongImportUnfinishedError, match=r"or has discarded some.* A retry looks again") as unfinished:
        verify(deferrable=False)
    assert unfinished.value.retry_after == pytest.approx(15, abs=10)


@pytest.mark.parametrize("import_path", [None, ""])  # empty, as a template may render it
def test_a_worker_that_sees_another_store_stops_before_any_request(
    gong: RunningEmulator,
    planned: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    import_path: str | None,
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "another host"))
    before = len(gong.requests())
    with pytest.raises(AirflowFailException, match=r"do not share a store.*store_conn_id") as caught:
        upload(store_id=planned["store_id"], import_path=import_path)
    for home in (tmp_path, tmp_path / "another host"):
        assert f"({home}/gong/gong_store.db on host {socket.gethostname()})" in str(caught.value)
    assert len(gong.requests()) == before


@pytest.mark.parametrize(
    ("executor", "named"),
    [
        ("LocalExecutor", None),
        ("airflow.executors.local_executor.LocalExecutor", None),
        ("CeleryExecutor", "CeleryExecutor"),
        ("LocalExecutor,big:airflow.providers.celery.executors.celery_executor.CeleryExecutor", "CeleryExecutor"),
        ("LocalExecutor;team1=KubernetesExecutor", "KubernetesExecutor"),
    ],
)
@pytest.mark.parametrize("is_shared", [False, True])
def test_the_plan_warns_of_a_store_that_other_hosts_do_not_see(
    gong: RunningEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[type], Callable[[], str]],
    executor: str,
    named: str | None,
    is_shared: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    manifest = write_night(tmp_path, [manifest_row(1)])
    shared = {"import_path": f"file://{tmp_path}/imports"} if is_shared else {}
    plan = GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT, **shared)
    text = logged(GongPlanCallImportOperator)
    plan.execute(task_context())
    warned = [line for line in text().splitlines() if "runs tasks on several hosts" in line]
    assert len(warned) == (named is not None and not is_shared)
    if warned:
        place = f"{tmp_path}/gong/gong_store.db on host {socket.gethostname()}"
        assert f"The import is kept in {place}, and {named} runs tasks" in warned[0]


def test_wrong_credentials_fail_the_upload_for_good(
    gong: RunningEmulator, planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, password="wrong-secret"))
    with pytest.raises(AirflowFailException, match=r"GongAuthenticationError.*access key"):
        upload()


def test_a_missing_manifest_fails_the_plan_for_good(gong: RunningEmulator, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match=r"nowhere\.csv cannot be read"):
        GongPlanCallImportOperator(task_id="plan", manifest=str(tmp_path / "nowhere.csv"), **IMPORT).execute(
            task_context()
        )


def test_an_object_storage_that_airflow_does_not_know(gong: RunningEmulator) -> None:
    operator = GongPlanCallImportOperator(task_id="plan", manifest="abfs://recordings/manifest.csv", **IMPORT)
    with pytest.raises(AirflowFailException, match=r"scheme abfs\. Install apache-airflow-providers-microsoft-azure "):
        operator.execute(task_context())


@pytest.mark.parametrize("name", ["manifest.csv", "*/manifest.csv"])
def test_an_object_storage_without_credentials(gong: RunningEmulator, locked_storage: str, name: str) -> None:
    operator = GongPlanCallImportOperator(task_id="plan", manifest=f"{locked_storage}/{name}", **IMPORT)
    with pytest.raises(
        GongImportError,
        match=r"Manifest file://.* cannot be (read|looked for) \(NoCredentialsError: .*Check the Airflow",
    ):
        operator.execute(task_context())


def test_a_report_that_cannot_be_written(gong: RunningEmulator, planned: dict[str, Any], locked_storage: str) -> None:
    operator = GongReportCallImportOperator(task_id="report", report_path=f"{locked_storage}/report", **IMPORT)
    with pytest.raises(
        GongImportError, match=r"cannot be written to file://.* \(NoCredentialsError: .*Correct report_path"
    ):
        operator.execute(task_context())


def test_rejected_rows_stop_the_import_when_asked_to(gong: RunningEmulator, tmp_path: Path) -> None:
    rows = [manifest_row(1), manifest_row(2, primary_user="nobody@example.com")]
    manifest = write_night(tmp_path, rows)
    with pytest.raises(AirflowFailException, match="1 of 2 rows rejected"):
        GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), on_rejected="stop", **IMPORT).execute(
            task_context()
        )
    summary = report()
    assert summary["states"] == {"planned": 1, "rejected": 1}
    assert "Import night is unfinished: 1 of 2 rows" in summary["error"]


def test_a_red_report_leaves_its_result_by_keys_too(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1, primary_user="nobody@example.com")])
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT).execute(task_context())
    context = task_context()
    with pytest.raises(AirflowFailException, match="1 row is wrong"):
        GongReportCallImportOperator(task_id="report", **IMPORT).execute(context)
    assert context["ti"].xcoms["states"] == {"rejected": 1}
    assert context["ti"].xcoms[SUMMARY_KEY]["states"] == {"rejected": 1}


def test_a_manifest_may_have_other_column_names(gong: RunningEmulator, tmp_path: Path) -> None:
    write_night(tmp_path, [manifest_row(1)])
    rows = [{"Call": "7", **manifest_row(1, client_unique_id="", title="", direction="")}]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    columns = {"client_unique_id": "pbx-{Call}", "title": "call", "direction": "=Conference"}
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), columns=columns, **IMPORT).execute(
        task_context()
    )
    assert upload() == {"uploaded": 1}
    assert "pbx-7" in [call["clientUniqueId"] for call in gong.state()["calls"]]


def test_hosts_may_be_overridden_and_have_a_default(gong: RunningEmulator, tmp_path: Path) -> None:
    rows = [manifest_row(1, primary_user="ext-7"), manifest_row(2, primary_user=""), manifest_row(3)]
    (tmp_path / "hosts.csv").write_text("manifest_value,gong_user\next-7,tobias.okafor@example.com\n")
    hosts = {"host_overrides": str(tmp_path / "hosts.csv"), "default_primary_user": "tobias.okafor@example.com"}
    plan = GongPlanCallImportOperator(task_id="plan", manifest=str(write_night(tmp_path, rows)), **hosts, **IMPORT)
    figures = plan.execute(task_context())
    assert (figures["planned"], figures["rejected"]) == (3, 0)


def test_a_default_host_makes_the_column_optional(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1, primary_user="")])
    default = {"default_primary_user": "tobias.okafor@example.com"}
    plan = GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **default, **IMPORT)
    assert plan.execute(task_context())["planned"] == 1


def test_a_pattern_on_an_object_store_is_a_manifest(gong: RunningEmulator, tmp_path: Path) -> None:
    for number in (1, 2):
        write_night(tmp_path / f"2026-11-0{number}", [manifest_row(number, title=str(number))], seconds=60 + number)
    plan = GongPlanCallImportOperator(task_id="plan", manifest=f"file://{tmp_path}/2026-11-*/manifest.csv", **IMPORT)
    assert plan.execute(task_context())["planned"] == 2
    assert upload() == {"uploaded": 2}


def test_a_mapping_that_does_not_fit_fails_the_plan_for_good(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1)])
    plan = GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), columns={"title": "Topic"}, **IMPORT)
    with pytest.raises(AirflowFailException, match="title is mapped to 'Topic', which is not a header"):
        plan.execute(task_context())


def as_url(path: Path) -> ObjectStoragePath:
    return ObjectStoragePath(f"file://{path}")


@pytest.mark.parametrize("kind", [str, Path, as_url])
@pytest.mark.parametrize("are_listed", [False, True])
def test_places_may_be_path_objects(
    gong: RunningEmulator, tmp_path: Path, kind: Callable[[Path], Any], *, are_listed: bool
) -> None:
    manifest = kind(write_night(tmp_path, [manifest_row(1)]))
    places = [manifest] if are_listed else manifest
    plan = GongPlanCallImportOperator(task_id="plan", manifest=places, media_base=kind(tmp_path), **IMPORT)
    plan.render_template_fields(task_context())
    assert plan.execute(task_context())["planned"] == 1


def test_a_dry_run_writes_nothing(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1)])
    plan = GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), dry_run=True, **IMPORT)
    assert plan.execute(task_context())["planned"] == 1
    assert upload() == {}
    assert not gong.requests("addCall")
    assert read_store("SELECT count(*) FROM gong_user_list", "gong_store_quick.db") == 0


def test_users_are_listed_once_a_day(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = str(write_night(tmp_path, [manifest_row(1)]))
    for name in ("monday", "tuesday"):
        plan = GongPlanCallImportOperator(task_id="plan", manifest=manifest, import_id=name)
        assert plan.execute(task_context())["planned"] == 1
    assert len(gong.requests("listUsers")) == 1
    kept = read_store("SELECT users FROM gong_user_list", "gong_store_quick.db")
    assert "tobias.okafor@example.com" in kept
    assert "phoneNumber" not in kept


def test_users_are_listed_again_when_a_host_is_refused(gong: RunningEmulator, tmp_path: Path) -> None:
    rows = [manifest_row(1), *(manifest_row(number, primary_user=f"{number}@example.com") for number in (2, 3))]
    manifest = str(write_night(tmp_path, rows))
    for number in (1, 2, 3):
        plan = GongPlanCallImportOperator(task_id="plan", manifest=manifest, **IMPORT)
        assert plan.execute(task_context())["rejected"] == 2
        assert len(gong.requests("listUsers")) == number


def test_the_plan_says_when_the_users_were_listed(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = str(write_night(tmp_path, [manifest_row(1)]))
    first, second = (
        GongPlanCallImportOperator(task_id="plan", manifest=manifest, **IMPORT).execute(task_context())
        for _ in range(2)
    )
    listed = datetime.fromisoformat(first["users_listed_at"])
    assert abs((datetime.now(UTC) - listed).total_seconds()) < 60
    assert abs((datetime.fromisoformat(second["users_listed_at"]) - listed).total_seconds()) <= 2


def test_finished_imports_are_forgotten_when_they_are_old(
    gong: RunningEmulator, planned: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"retention_days": 30}))
    upload()
    gong.advance(3600)
    verify()
    unsent = str(write_night(tmp_path / "unsent", [manifest_row(3)]))
    GongPlanCallImportOperator(task_id="plan", manifest=unsent, import_id="unsent").execute(task_context())

    def plan_next(import_id: str) -> None:
        manifest = str(write_manifest(tmp_path / "empty.csv", []))
        GongPlanCallImportOperator(task_id="plan", manifest=manifest, import_id=import_id).execute(task_context())

    plan_next("a day later")
    assert read_store("SELECT count(*) FROM gong_import_row") == 3
    store = Store(f"sqlite:///{tmp_path}/gong/gong_store.db")
    with store.begin() as connection:
        connection.execute(text("UPDATE gong_import SET planned_at = planned_at - 40 * 86400"))
    store.close()
    plan_next("40 days later")
    assert read_store("SELECT group_concat(import_id) FROM gong_import_row") == "unsent"
    assert read_store("SELECT count(*) FROM gong_import") == 2
    assert read_store("SELECT count(*) FROM gong_call WHERE call_id IS NOT NULL") == 2


def test_an_empty_manifest_is_an_import_of_nothing(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.csv", [])
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT).execute(task_context())
    assert upload() == {}
    assert verify() == {}
    assert report()["rows"] == 0


def test_the_report_has_all_warnings_of_the_plan(gong: RunningEmulator, tmp_path: Path) -> None:
    rows = [manifest_row(number, primary_user="", topic="<x>") for number in range(1, 61)]
    manifest = str(write_night(tmp_path, rows))
    default = {"default_primary_user": "tobias.okafor@example.com"}
    plan = GongPlanCallImportOperator(task_id="plan", manifest=manifest, **default, **IMPORT).execute(task_context())
    report(report_path=str(tmp_path / "report"))
    page = (tmp_path / "report/report.html").read_text()
    assert "Column &#39;topic&#39; is unknown" in page
    assert page.count("is required, so ") == 60
    with (tmp_path / "report/report.csv").open(newline="") as file:
        warnings = [row["warnings"] for row in csv.DictReader(file)]
    assert len(warnings) == 60
    assert all("primary_user: nothing is required, so " in warning for warning in warnings)
    assert plan["warning_count"] >= 61
    assert len(plan["warnings"]) == 50


def test_a_report_without_a_plan_fails(gong: RunningEmulator) -> None:
    with pytest.raises(AirflowFailException, match=r"no plan.*clear it"):
        GongReportCallImportOperator(task_id="report", **IMPORT).execute(task_context())


def test_a_report_does_not_judge_the_plan_of_an_earlier_try(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    """What the group gives as ``store_id`` is empty when its plan task was cleared and has failed."""
    with pytest.raises(AirflowFailException, match=r"plan of import night has failed.*clear that task"):
        GongReportCallImportOperator(task_id="report", store_id="", **IMPORT).execute(task_context())


def test_an_unfinished_import_names_the_task_to_clear(gong: RunningEmulator, planned: dict[str, Any]) -> None:
    """A task that a person has marked as successful is not the first failed one."""
    assert "or the upload task if only the report failed" in report()["error"]
    upload()
    assert "or the verify task if only the report failed" in report()["error"]


def test_failures_are_allowed_up_to_a_number(gong: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1, primary_user="nobody@example.com")])
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT).execute(task_context())
    assert "Import night has failed: 1 of 1 row is wrong; max_failed is 0" in report()["error"]
    assert "error" not in report(max_failed=1)
