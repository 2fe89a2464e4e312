"""Further forms of DAGs: what wraps the group, what feeds the operators, and what takes their results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.call_import import (
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from airflow_provider_gong.operators.calls import (
    GongCreateCallOperator,
    GongUploadCallMediaOperator,
)
from airflow_provider_gong.operators.meetings import (
    GongCreateMeetingOperator,
    GongDeleteMeetingOperator,
    GongMeetingIntegrationStatusOperator,
    GongUpdateMeetingOperator,
)
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, new_dag
from tests.scenario.test_dag_shapes import AIRFLOW, GROUP, call_fields, night, results, states
from tests.support.recordings import manifest_row, write_wav

try:
    from airflow.sdk import setup, task, task_group, teardown
except ImportError:
    from airflow.decorators import setup, task, task_group, teardown

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection", "executor")

OWNER = "tobias.okafor@example.com"


def ids(run: Any) -> dict[str, str]:
    """Return states by whole task ids and map indexes."""
    return {f"{ti.task_id}[{ti.map_index}]": str(ti.state) for ti in run.get_task_instances()}


def test_a_group_inside_groups(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    with new_dag("nested") as dag:

        @task_group
        def outer() -> None:
            @task_group
            def inner() -> None:
                gong_call_import(str(night(tmp_path, 1)), canary=1)

            inner()

        outer()

    assert run_dag(dag).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


def test_groups_of_a_loop(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    with new_dag("loop") as dag:
        before = None
        for number in range(2):
            group = gong_call_import(str(night(tmp_path / str(number), number)), group_id=f"import_{number}")
            if before is not None:
                before >> group
            before = group

    assert run_dag(dag).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00000", "pbx-00001"}


def test_a_short_circuit_skips_the_group_and_nothing_behind_a_join(run_dag: RunDag, tmp_path: Path) -> None:
    with new_dag("short_circuit") as dag:

        @task.short_circuit(ignore_downstream_trigger_rules=False)
        def is_workday() -> bool:
            return False

        @task(trigger_rule="all_done")
        def after() -> None:
            """Run in any case."""

        is_workday() >> gong_call_import(str(night(tmp_path, 1))) >> after()

    run = run_dag(dag)

    assert run.state == "success"
    assert states(run) == {"is_workday": "success", "after": "success", **dict.fromkeys(GROUP, "skipped")}


@pytest.mark.parametrize("rule", ["none_failed", "none_failed_min_one_success", "all_done"])
def test_one_of_two_groups_behind_a_branch(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, rule: str
) -> None:
    with new_dag(f"two_groups_{rule}") as dag:

        @task.branch
        def choose() -> str:
            return "second.plan"

        @task(trigger_rule=rule)
        def join() -> None:
            """Run on either way."""

        groups = [
            gong_call_import(str(night(tmp_path / name, number)), group_id=name)
            for number, name in enumerate(("first", "second"))
        ]
        choose() >> [group.plan for group in groups]
        groups >> join()

    run = run_dag(dag)

    assert run.state == "success"
    found = ids(run)
    assert {found[f"first.{phase}[-1]"] for phase in GROUP} == {"skipped"}
    assert {found[f"second.{phase}[-1]"] for phase in GROUP} == {"success"}
    assert found["join[-1]"] == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


def test_default_arguments_of_the_dag(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    settings = {
        "retries": 0,
        "deferrable": False,
        "in_flight": 1,
        "max_failed": 1,
        "execution_timeout": timedelta(hours=1),
    }
    manifest = night(tmp_path, 1)
    manifest.write_text(manifest.read_text() + manifest.read_text().splitlines()[1].replace("00001", "00009", 1) + "\n")
    with new_dag("defaults", default_args=settings) as dag:
        group = gong_call_import(str(manifest))

    assert group.report.max_failed == 1
    assert group.upload.in_flight == 1
    assert run_dag(dag).state == "success"


def test_setup_and_teardown_around_the_group(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    done: list[str] = []
    with new_dag("setup") as dag:

        @setup
        def mount() -> str:
            return str(night(tmp_path, 1))

        @teardown
        def unmount() -> None:
            done.append("unmounted")

        mounted = mount()
        mounted >> gong_call_import(mounted) >> unmount().as_teardown(setups=mounted)

    run = run_dag(dag)

    assert run.state == "success"
    assert states(run)["report"] == "success"
    assert states(run)["unmount"] == "success"


def test_a_red_import_is_torn_down_too(run_dag: RunDag, tmp_path: Path) -> None:
    with new_dag("setup_red") as dag:

        @setup
        def mount() -> str:
            return str(tmp_path / "none.csv")

        @teardown
        def unmount() -> None:
            """Give the folder back."""

        mounted = mount()
        mounted >> gong_call_import(mounted) >> unmount().as_teardown(setups=mounted)

    run = run_dag(dag)

    assert run.state == "failed"
    assert states(run)["unmount"] == "success"


def test_operators_one_by_one_with_results_of_others(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    with new_dag("one_by_one") as dag:

        @task
        def settings() -> dict[str, str]:
            return {"import_id": "own", "manifest": str(night(tmp_path, 1)), "report": str(tmp_path / "report")}

        given = settings()
        plan = GongPlanCallImportOperator(task_id="plan", import_id=given["import_id"], manifest=given["manifest"])
        shared = {"import_id": plan.output["import_id"], "store_id": plan.output["store_id"]}
        upload = GongUploadCallImportOperator(task_id="upload", **shared)
        verify = GongVerifyCallImportOperator(task_id="verify", **shared)
        report = GongReportCallImportOperator(task_id="report", report_path=given["report"], **shared)
        upload >> verify >> report

    run = run_dag(dag)

    assert run.state == "success"
    assert results(run, "report")["states"] == {"verified": 1}
    assert (tmp_path / "report" / "report.html").exists()


def test_options_from_other_tasks(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    night(tmp_path, 1)
    with new_dag("options") as dag:

        @task
        def rows() -> list[dict[str, str]]:
            return [manifest_row(1, primary_user="")]

        @task(multiple_outputs=True)
        def options() -> dict[str, Any]:
            return {
                "base": str(tmp_path),
                "host": OWNER,
                "conn": "gong_default",
                "id": 20261120,
                "report": str(tmp_path),
            }

        given: Any = options()
        gong_call_import(
            rows(),
            import_id=given["id"],
            media_base=given["base"],
            default_primary_user=given["host"],
            gong_conn_id=given["conn"],
            report_path=given["report"],
        )

    assert run_dag(dag).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


@pytest.mark.parametrize("native", [False, True])
def test_results_by_key_pass_through_all_operators(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, native: bool
) -> None:
    recording = write_wav(tmp_path / "1.wav", seconds=61, seed=1)
    with new_dag("by_key", render_template_as_native_obj=native) as dag:
        create = GongCreateCallOperator(task_id="create", call=call_fields())
        upload = GongUploadCallMediaOperator(task_id="upload", call_id=create.output["call_id"], media=str(recording))
        GongCallProcessedSensor(task_id="wait", call_id=upload.output["call_id"], poke_interval=1)
        meeting = GongCreateMeetingOperator(
            task_id="meet",
            start_time="{{ '2026-12-01T10:00:00+01:00' }}",
            end_time="2026-12-01T10:30:00+01:00",
            organizer_email=OWNER,
            invitees=[{"email": "dana@northwind.example.com"}],
            title="{{ 2026 }}",
            external_id="0042",
        )
        move = GongUpdateMeetingOperator(
            task_id="move",
            meeting_id=meeting.output["meeting_id"],
            start_time="2026-12-01T11:00:00+01:00",
            end_time="2026-12-01T11:30:00+01:00",
            organizer_email=OWNER,
            invitees=[{"email": "dana@northwind.example.com"}],
        )
        GongDeleteMeetingOperator(task_id="cancel", meeting_id=move.output["meeting_id"], organizer_email=OWNER)
        GongMeetingIntegrationStatusOperator(task_id="status", emails=["{{ 'tobias.okafor@example.com' }}"])

    run = run_dag(dag)

    assert run.state == "success", ids(run)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_dag_without_schedule_and_with_parameters(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, deferrable: bool
) -> None:
    night(tmp_path / "2026-11-20", 1)
    gong_emulator.set(processing_seconds=1)
    with new_dag("by_hand", params={"folder": str(tmp_path)}) as dag:
        folder = "{{ params.folder }}/{{ dag_run.conf.get('day', '2026-11-20') }}"
        gong_call_import(f"{folder}/manifest.csv", report_path=f"{folder}/report", deferrable=deferrable)

    assert run_dag(dag, run_conf={"day": "2026-11-20"}).state == "success"
    assert (tmp_path / "2026-11-20" / "report" / "retry.csv").exists()


def test_a_run_of_another_day_has_another_import(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    for day in (19, 20):
        night(tmp_path / f"2026-11-{day}", day)
    with new_dag("days") as dag:
        gong_call_import(f"{tmp_path}/{{{{ ds }}}}/manifest.csv")

    date = "logical_date" if AIRFLOW.major > 2 else "execution_date"
    for day in (19, 20):
        run = run_dag(dag, **{date: datetime(2026, 11, day, tzinfo=UTC)})
        assert run.state == "success"

    assert set(new_calls(gong_emulator)) == {"pbx-00019", "pbx-00020"}
