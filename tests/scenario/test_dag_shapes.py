"""DAGs in the forms that people write them in; runs on each supported version of Airflow."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from airflow_provider_gong._compat import AirflowSkipException, ObjectStoragePath
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator
from airflow_provider_gong.operators.calls import (
    GongCreateCallOperator,
    GongUploadCallMediaOperator,
    GongUploadCallOperator,
)
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator, GongDeleteMeetingOperator
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, new_dag, retrying_dag
from tests.support.recordings import manifest_row, write_night, write_wav

try:
    from airflow.sdk import task, task_group
except ImportError:
    from airflow.decorators import task, task_group

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")

AIRFLOW = Version(version("apache-airflow"))
# Before Airflow 3.3, DAG.test of Airflow 3 calls no callbacks.
CALLS_BACK = not (3, 0) <= AIRFLOW.release[:2] <= (3, 2)
HOST_ID = "6956765593072435850"
GROUP = ("plan", "upload", "verify", "report")


def night(folder: Path, *numbers: int) -> Path:
    return write_night(folder, [manifest_row(number) for number in numbers])


def states(run: DagRun) -> dict[str, str]:
    """Return the state of each task, of mapped ones with their index."""
    found = {}
    for ti in run.get_task_instances():
        index = f"[{ti.map_index}]" if ti.map_index >= 0 else ""
        found[ti.task_id.rpartition(".")[2] + index] = str(ti.state)
    return found


def results(run: DagRun, task_id: str) -> dict[str, Any]:
    (found,) = [ti for ti in run.get_task_instances() if ti.task_id == task_id]
    value = found.xcom_pull(task_ids=task_id)
    assert isinstance(value, dict)
    return value


def call_fields(**changes: Any) -> dict[str, Any]:
    host = {"userId": HOST_ID, "phoneNumber": "+15550100"}
    fields = {
        "clientUniqueId": "5550001",
        "actualStart": "2026-11-19T09:30:00+01:00",
        "direction": "Outbound",
        "primaryUser": HOST_ID,
        "parties": [host],
    }
    return fields | changes


@pytest.mark.parametrize("canary", [None, 1])
def test_a_skipped_task_before_the_group_skips_all_of_it(run_dag: RunDag, tmp_path: Path, canary: int | None) -> None:
    with new_dag("skipped") as dag:

        @task
        def find() -> None:
            raise AirflowSkipException("no calls today")

        find() >> gong_call_import(str(night(tmp_path, 1)), canary=canary)

    run = run_dag(dag)

    assert run.state == "success"
    assert set(states(run).values()) == {"skipped"}


def test_a_branch_that_leaves_the_group_out_ends_green_behind_it(run_dag: RunDag, tmp_path: Path) -> None:
    with new_dag("branched") as dag:

        @task.branch
        def choose() -> str:
            return "nothing"

        @task
        def nothing() -> None:
            """Stand for another way through the DAG."""

        @task(trigger_rule="none_failed_min_one_success")
        def join() -> None:
            """Run on either way."""

        [gong_call_import(str(night(tmp_path, 1))), nothing()] >> join()
        choose() >> [dag.get_task("gong_call_import.plan"), dag.get_task("nothing")]

    run = run_dag(dag)

    assert run.state == "success"
    assert states(run) == {
        "choose": "success",
        "nothing": "success",
        "join": "success",
        **dict.fromkeys(GROUP, "skipped"),
    }


def test_a_missing_manifest_is_one_red_task(run_dag: RunDag, tmp_path: Path) -> None:
    with new_dag("missing") as dag:
        gong_call_import(str(tmp_path / "none.csv"))

    run = run_dag(dag)

    assert run.state == "failed"
    # Earlier versions have no trigger rule for it.
    report = "upstream_failed" if Version("3.1") <= AIRFLOW else "failed"
    assert states(run) == {"plan": "failed", "upload": "upstream_failed", "verify": "upstream_failed", "report": report}


@pytest.mark.parametrize("number", [1, 3])
def test_a_mapped_group_imports_every_manifest(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, number: int
) -> None:
    manifests = [str(night(tmp_path / str(index), 2 * index, 2 * index + 1)) for index in range(number)]
    with new_dag("mapped_group") as dag:

        @task_group
        def one(manifest: Any) -> None:
            gong_call_import(manifest)

        one.expand(manifest=manifests)

    run = run_dag(dag)

    assert run.state == "success"
    assert states(run) == {f"{name}[{index}]": "success" for name in GROUP for index in range(number)}
    assert [call["state"] for call in new_calls(gong_emulator).values()] == ["visible"] * 2 * number
    plans = [ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index) for ti in plan_tasks(run)]
    assert len({plan["import_id"] for plan in plans}) == number


def plan_tasks(run: DagRun) -> list[Any]:
    return [ti for ti in run.get_task_instances() if ti.task_id.endswith(".plan")]


def test_a_group_mapped_over_nothing_is_skipped(run_dag: RunDag) -> None:
    with new_dag("mapped_over_nothing") as dag:

        @task
        def find() -> list[str]:
            return []

        @task_group
        def one(manifest: Any) -> None:
            gong_call_import(manifest)

        one.expand(manifest=find())

    run = run_dag(dag)

    assert run.state == "success"
    assert {state for name, state in states(run).items() if name != "find"} == {"skipped"}


def test_one_wrong_manifest_of_a_mapped_group_does_not_hold_up_the_others(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    with new_dag("mapped_with_a_wrong_one") as dag:

        @task_group
        def one(manifest: Any) -> None:
            gong_call_import(manifest)

        one.expand(manifest=[str(tmp_path / "none.csv"), str(night(tmp_path, 1))])

    run = run_dag(dag)

    assert run.state == "failed"
    assert states(run)["report[1]"] == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}


def test_workers_in_a_mapped_group_are_refused_with_the_reason() -> None:
    with new_dag("mapped_workers"):

        @task_group
        def one(manifest: Any) -> None:
            gong_call_import(manifest, workers=2)

        with pytest.raises(ValueError, match="workers=2 maps a task, which Airflow does not allow in a mapped"):
            one.expand(manifest=["a.csv", "b.csv"])


def mapped_plan(dag_id: str, import_id: str, manifests: list[str]) -> Any:
    with new_dag(dag_id) as dag:
        GongPlanCallImportOperator.partial(task_id="plan", import_id=import_id).expand(manifest=manifests)
    return dag


def test_a_mapped_plan_has_an_import_for_each_manifest(run_dag: RunDag, tmp_path: Path) -> None:
    manifests = [str(night(tmp_path / str(index), index)) for index in range(2)]

    run = run_dag(mapped_plan("mapped_plan", "{{ run_id }}__{{ ti.map_index }}", manifests))

    assert states(run) == {"plan[0]": "success", "plan[1]": "success"}


@pytest.mark.parametrize("import_path", [None, "imports"])
def test_a_second_planner_of_an_import_withdraws_nothing(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, import_path: str | None
) -> None:
    import_path = import_path and str(tmp_path / import_path)
    manifests = [str(night(tmp_path / str(index), index)) for index in range(2)]
    with new_dag("two_planners") as dag:
        first = gong_call_import(manifests[0], group_id="first", import_id="same", import_path=import_path)
        second = GongPlanCallImportOperator(
            task_id="second", import_id="same", manifest=manifests[1], import_path=import_path
        )
        first.plan >> second
        second >> first.upload
        first.upload.trigger_rule = "all_done"

    run = run_dag(dag)

    assert states(run)["second"] == "failed"
    assert states(run)["report"] == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00000"}


def test_the_same_task_may_plan_again(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    with new_dag("again") as dag:
        gong_call_import(str(night(tmp_path, 1)), import_id="again")
    run_dag(dag)
    night(tmp_path, 1, 2)

    run = run_dag(dag)

    assert run.state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001", "pbx-00002"}


@pytest.mark.parametrize("native", [False, True])
def test_text_stays_text(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, native: bool) -> None:
    recording = write_wav(tmp_path / "42", seconds=61, seed=1)
    with new_dag("native_call", render_template_as_native_obj=native, params={"title": "1e5", "id": 42}) as dag:
        GongUploadCallOperator(
            task_id="upload",
            call=call_fields(title="{{ params.title }}", customData="{{ params.id }}", purpose="00042"),
            media=str(recording),
        )

    run = run_dag(dag)

    assert run.state == "success"
    (call,) = new_calls(gong_emulator).values()
    assert call["clientUniqueId"] == "5550001"
    sent = sent_call(gong_emulator)
    assert sent["parties"][0] == {"userId": HOST_ID, "phoneNumber": "+15550100"}
    assert (sent["title"], sent["customData"], sent["purpose"]) == ("1e5", "42", "00042")


def sent_call(emulator: RunningEmulator) -> dict[str, Any]:
    (sent,) = emulator.requests("addCall", bodies=True)
    body = json.loads(sent["requestBody"])
    assert isinstance(body, dict)
    return body


def test_objects_of_native_templates_reach_the_operator(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    night(tmp_path, 1)
    with new_dag("native_objects", render_template_as_native_obj=True) as dag:

        @task
        def find() -> list[dict[str, Any]]:
            return [manifest_row(1) | {"client_unique_id": 5550002, "primary_user": int(HOST_ID)}]

        @task
        def one_call() -> dict[str, Any]:
            return call_fields(clientUniqueId=5550003, primaryUser=int(HOST_ID))

        group = gong_call_import("{{ ti.xcom_pull(task_ids='find') }}", media_base=str(tmp_path))
        find() >> group
        create = GongCreateCallOperator(task_id="create", call="{{ ti.xcom_pull(task_ids='one_call') }}")
        one_call() >> create

    run = run_dag(dag)

    assert states(run) == {"find": "success", "one_call": "success", "create": "success"} | dict.fromkeys(
        GROUP, "success"
    )
    assert set(new_calls(gong_emulator)) == {"5550002", "5550003"}


def test_a_host_may_be_named_by_id_with_native_templates(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifest = write_night(tmp_path, [manifest_row(1, primary_user="nobody@example.com")])
    with new_dag("native_host", render_template_as_native_obj=True) as dag:
        gong_call_import(str(manifest), default_primary_user=HOST_ID)

    assert run_dag(dag).state == "success"
    assert sent_call(gong_emulator)["primaryUser"] == HOST_ID


def test_meetings_with_native_templates(run_dag: RunDag, gong_emulator: RunningEmulator) -> None:
    with new_dag("native_meeting", render_template_as_native_obj=True) as dag:
        create = GongCreateMeetingOperator(
            task_id="create",
            start_time="2026-12-01T10:00:00+01:00",
            end_time="2026-12-01T10:30:00+01:00",
            organizer_email="tobias.okafor@example.com",
            invitees=[{"email": "dana@northwind.example.com", "displayName": "007"}],
            title="2026",
            external_id="{{ 7 * 6 }}",
        )
        pulled = "{{ ti.xcom_pull(task_ids='create')['meeting_id'] }}"
        delete = GongDeleteMeetingOperator(
            task_id="delete", meeting_id=pulled, organizer_email="tobias.okafor@example.com"
        )
        create >> delete

    run = run_dag(dag)

    assert states(run) == {"create": "success", "delete": "success"}
    assert results(run, "delete") == {"meeting_id": results(run, "create")["meeting_id"], "deleted": True}


@pytest.mark.parametrize("native", [False, True])
def test_an_upstream_task_without_a_result_is_a_clear_error(run_dag: RunDag, tmp_path: Path, native: bool) -> None:
    failures: list[str] = []
    with retrying_dag("none", failures, render_template_as_native_obj=native) as dag:

        @task
        def find() -> None:
            """Forget to return what was found."""

        found = find()
        gong_call_import(found)
        pulled = gong_call_import("{{ ti.xcom_pull(task_ids='find') }}", group_id="pulled")
        media = GongUploadCallMediaOperator(task_id="media", call_id=found, media=str(tmp_path / "1.wav"))
        call = GongCreateCallOperator(task_id="call", call=found)
        found >> [pulled, media, call]

    run = run_dag(dag)

    assert run.state == "failed"
    assert {name: states(run)[name] for name in ("plan", "media", "call")} == dict.fromkeys(
        ("plan", "media", "call"), "failed"
    )
    if CALLS_BACK:
        said = "\n".join(failures)
        assert said.count("The manifest is None: the task or template") == 2
        assert "call_id: must be an id (got None)" in said


def test_an_empty_list_is_an_empty_import(run_dag: RunDag, tmp_path: Path) -> None:
    with new_dag("empty") as dag:

        @task
        def find() -> list[Any]:
            return []

        gong_call_import(find(), report_path=str(tmp_path))

    run = run_dag(dag)

    assert run.state == "success"
    assert results(run, "gong_call_import.report")["rows"] == 0


@pytest.mark.parametrize("kind", ["pathlib", "object storage", "upstream"])
def test_a_manifest_may_be_a_path_object(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, kind: str
) -> None:
    path = night(tmp_path, 1)
    with new_dag(f"path_object_{kind.replace(' ', '_')}") as dag:

        @task
        def find() -> Any:
            return ObjectStoragePath(f"file://{path}")

        manifest: Any = {"pathlib": path, "object storage": ObjectStoragePath(f"file://{path}")}.get(kind)
        gong_call_import(find() if manifest is None else manifest)

    assert run_dag(dag).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}
