"""Settings of DAGs, groups and tasks that reach the provider's tasks, and the less usual ways to run them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from airflow_provider_gong._compat import TaskGroup
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallOperator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator, GongDeleteMeetingOperator
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, new_dag
from tests.scenario.test_dag_shapes import AIRFLOW, call_fields, night, results, states
from tests.scenario.test_dag_variants import OWNER, ids
from tests.support.recordings import write_wav

try:
    from airflow.sdk import DAG, Asset, dag, get_current_context, task, task_group
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task, task_group
    from airflow.operators.python import get_current_context

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection", "executor")

START = datetime(2026, 1, 1, tzinfo=UTC)
DATE = "logical_date" if AIRFLOW.major > 2 else "execution_date"
MEETING = {
    "start_time": "2026-12-01T10:00:00+01:00",
    "end_time": "2026-12-01T10:30:00+01:00",
    "organizer_email": OWNER,
    "invitees": [{"email": "dana@northwind.example.com"}],
}


@pytest.mark.parametrize("is_mapped", [False, True])
def test_default_arguments_that_reach_every_task(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, is_mapped: bool
) -> None:
    settings = {
        "depends_on_past": True,
        "do_xcom_push": False,
        "execution_timeout": timedelta(hours=1),
        "max_active_tis_per_dag": 1,
        "on_failure_callback": print,
        "on_success_callback": [print],
        "owner": "telephony",
        "priority_weight": 5,
        "queue": "gong",
        "retries": 3,
        "retry_delay": timedelta(seconds=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
        "weight_rule": "upstream",
    }
    manifest = str(night(tmp_path, 1, 2))
    with new_dag(f"settings_{is_mapped}", default_args=settings) as made:
        if is_mapped:

            @task_group
            def one(manifest: Any) -> None:
                gong_call_import(manifest, canary=1, notifiers=[print])

            one.expand(manifest=[manifest])
        else:
            gong_call_import(manifest, workers=2, notifiers=[print])

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert set(new_calls(gong_emulator)) == {"pbx-00001", "pbx-00002"}


def test_settings_of_the_group_around_it_reach_the_tasks(tmp_path: Path) -> None:
    with new_dag("group_settings"), TaskGroup("imports", default_args={"retries": 7, "queue": "gong"}):
        group = gong_call_import(str(tmp_path / "manifest.csv"))

    assert {(step.retries, step.queue) for step in group.children.values()} == {(7, "gong")}


@pytest.mark.parametrize("prefix", [True, False])
def test_ids_with_dashes_and_dots(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, prefix: bool
) -> None:
    manifest = str(night(tmp_path, 1))
    with (
        new_dag(f"team.night-import_{prefix}") as made,
        TaskGroup("phone-system_2", prefix_group_id=prefix),
    ):
        group = gong_call_import(manifest, group_id="import-1", import_path=str(tmp_path / "imports"))

    assert run_dag(made).state == "success"
    assert group.plan.task_id == ("phone-system_2." if prefix else "") + "import-1.plan"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


@pytest.mark.parametrize("is_parallel", [False, True])
def test_two_imports_of_one_manifest(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, is_parallel: bool
) -> None:
    manifest = str(night(tmp_path, 1, 2))
    with new_dag(f"twice_{is_parallel}") as made:
        first, second = (gong_call_import(manifest, group_id=name) for name in ("first", "second"))
        if not is_parallel:
            first >> second

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert len(gong_emulator.requests("addCall")) == 2
    for name in ("first", "second"):
        assert results(run, f"{name}.report")["rows"] == 2


def test_dags_of_a_factory(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    def nightly(team: str, number: int) -> Any:
        @dag(dag_id=f"factory_{team}", schedule=None, start_date=START, tags=[team])
        def import_calls() -> None:
            @task
            def find() -> str:
                return str(night(tmp_path / team, number))

            gong_call_import(find())

        return import_calls()

    runs = [run_dag(nightly(team, number)) for number, team in enumerate(("sales", "support"))]

    assert [run.state for run in runs] == ["success", "success"]
    assert set(new_calls(gong_emulator)) == {"pbx-00000", "pbx-00001"}


def test_macros_params_and_filters_of_the_dag(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    night(tmp_path / "2026/11/19", 1)
    with new_dag(
        "macros",
        params={"root": str(tmp_path), "owner": OWNER},
        user_defined_macros={"night_before": lambda day: day.replace("20", "19").replace("1926", "2026")},
        user_defined_filters={"as_folders": lambda day: day.replace("-", "/")},
    ) as made:
        folder = "{{ params.root }}/{{ macros.ds_add(ds, -1) | as_folders }}"
        gong_call_import(
            f"{folder}/manifest.csv",
            import_id="{{ night_before(ds) }}",
            default_primary_user="{{ params.owner }}",
            report_path=f"{folder}/{{{{ run_id | replace(':', '_') }}}}",
        )

    run = run_dag(made, **{DATE: datetime(2026, 11, 20, tzinfo=UTC)})

    assert run.state == "success"
    assert results(run, "gong_call_import.plan")["import_id"] == "2026-11-19"


def test_a_run_that_is_processed_again(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    """A backfill with ``--reprocess-behavior`` clears the run, and all tasks run again."""
    manifest = str(night(tmp_path, 1))
    with new_dag("reprocessed") as made:
        gong_call_import(manifest)
    day = {DATE: datetime(2026, 11, 20, tzinfo=UTC)}
    run_dag(made, **day)
    night(tmp_path, 1, 2)

    run = run_dag(made, **day)

    assert run.state == "success"
    assert results(run, "gong_call_import.report")["states"] == {"verified": 2}
    assert len(gong_emulator.requests("addCall")) == 2


@pytest.mark.skipif(AIRFLOW.major == 2, reason="each run of Airflow 2 has a date")
def test_a_run_without_a_date(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = str(night(tmp_path, 1))
    with new_dag("dateless") as made:
        group = gong_call_import(manifest, report_path=str(tmp_path / "report"))
        upload = GongUploadCallOperator(
            task_id="one",
            call=call_fields(),
            media=str(write_wav(tmp_path / "one.wav", seconds=61, seed=9)),
        )
        group >> upload

    run = run_dag(made, logical_date=None)

    assert run.state == "success", ids(run)
    assert run.logical_date is None
    assert set(new_calls(gong_emulator)) == {"pbx-00001", "5550001"}


def test_a_dag_that_is_scheduled_by_assets(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    exported, imported = Asset("file://telephony/night"), Asset("gong://emulated/calls")
    manifest = str(night(tmp_path, 1))
    with DAG("by_asset", schedule=[exported], start_date=START) as made:
        gong_call_import(manifest, outlets=[imported], event_on="end")

    assert run_dag(made).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


def test_a_short_circuit_that_ignores_trigger_rules(run_dag: RunDag, tmp_path: Path) -> None:
    manifest = str(night(tmp_path, 1))
    with new_dag("short_circuit_all") as made:

        @task.short_circuit
        def is_workday() -> bool:
            return False

        is_workday() >> gong_call_import(manifest, workers=2)

    run = run_dag(made)

    assert run.state == "success"
    assert {state for name, state in states(run).items() if name != "is_workday"} == {"skipped"}


def test_a_dag_that_fails_fast(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = str(night(tmp_path, 1))
    with new_dag("fails_fast", **{"fail_fast" if AIRFLOW.major > 2 else "fail_stop": True}) as made:
        gong_call_import(manifest)

    assert run_dag(made).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


def test_a_group_behind_a_failed_task_does_not_run(run_dag: RunDag, tmp_path: Path) -> None:
    manifest = str(night(tmp_path, 1))
    with new_dag("behind_a_failure") as made:

        @task
        def fetch() -> None:
            raise ValueError("the telephone system is down")

        fetch() >> gong_call_import(manifest)

    run = run_dag(made)

    assert run.state == "failed"
    found = states(run)
    assert {found[phase] for phase in ("plan", "upload", "verify")} == {"upstream_failed"}
    assert found["report"] == ("upstream_failed" if Version("3.1") <= AIRFLOW else "failed")


def test_an_operator_inside_a_task(run_dag: RunDag, gong_emulator: RunningEmulator) -> None:
    with new_dag("inside_a_task") as made:

        @task
        def create(number: int) -> str:
            operator = GongCreateCallOperator(task_id="inner", call=call_fields(clientUniqueId=f"555000{number}"))
            return str(operator.execute(get_current_context())["call_id"])

        create.expand(number=[1, 2])

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert len(gong_emulator.requests("addCall")) == 2


@pytest.mark.parametrize("goes_well", [True, False])
def test_a_meeting_is_cancelled_by_a_teardown(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, goes_well: bool
) -> None:
    manifest = str(night(tmp_path, 1)) if goes_well else str(tmp_path / "none.csv")
    with new_dag(f"teardown_{goes_well}") as made:
        create = GongCreateMeetingOperator(task_id="create", **MEETING).as_setup()
        cancel = GongDeleteMeetingOperator(
            task_id="cancel", meeting_id=create.output["meeting_id"], organizer_email=OWNER
        ).as_teardown(setups=create)
        create >> gong_call_import(manifest) >> cancel

    run = run_dag(made)

    assert run.state == ("success" if goes_well else "failed")
    assert ids(run)["cancel[-1]"] == "success"
    assert len(gong_emulator.requests("deleteMeeting")) == 1
