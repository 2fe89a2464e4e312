"""What mapped tasks and task groups hand to the provider's tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong._compat import AirflowSkipException
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.calls import GongUploadCallOperator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator, GongDeleteMeetingOperator
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, new_dag, retrying_dag
from tests.scenario.test_dag_settings import MEETING
from tests.scenario.test_dag_shapes import CALLS_BACK, call_fields, night
from tests.scenario.test_dag_variants import OWNER, ids
from tests.support.recordings import manifest_row, write_wav

try:
    from airflow.sdk import task, task_group
except ImportError:
    from airflow.decorators import task, task_group

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection", "executor")


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("what", ["rows", "manifests"])
def test_the_results_of_a_mapped_task_are_one_manifest(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, what: str, native: bool
) -> None:
    """They arrive as a sequence of Airflow's own, which asks for each result when it is needed."""
    night(tmp_path, 1, 2)
    with new_dag(f"mapped_{what}_{native}", render_template_as_native_obj=native) as made:

        @task
        def row(number: int) -> Any:
            return manifest_row(number) if what == "rows" else str(night(tmp_path / str(number), number))

        gong_call_import(row.expand(number=[1, 2]), media_base=str(tmp_path))

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert set(new_calls(gong_emulator)) == {"pbx-00001", "pbx-00002"}


def test_invitees_of_a_mapped_task(run_dag: RunDag, gong_emulator: RunningEmulator) -> None:
    with new_dag("mapped_invitees") as made:

        @task
        def invitee(name: str) -> dict[str, str]:
            return {"email": f"{name}@northwind.example.com"}

        GongCreateMeetingOperator(
            task_id="create",
            start_time="2026-12-01T10:00:00+01:00",
            end_time="2026-12-01T10:30:00+01:00",
            organizer_email=OWNER,
            invitees=invitee.expand(name=["dana", "kim"]),
        )

    run = run_dag(made)

    assert run.state == "success", ids(run)
    (meeting,) = gong_emulator.state()["meetings"]
    assert len(meeting["invitees"]) == 2


def test_one_index_of_a_mapped_group_skips_itself(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    """Branches have no effect in mapped groups of Airflow, not even on tasks of its own (3.3.2)."""
    folders = [str(night(tmp_path / "0", 0)), str(tmp_path / "1" / "manifest.csv")]
    with new_dag("skips_itself") as made:

        @task
        def find() -> list[str]:
            return folders

        @task_group
        def one(manifest: Any) -> None:
            @task
            def existing(manifest: str) -> str:
                if not Path(manifest).exists():
                    raise AirflowSkipException("no calls from there")
                return manifest

            gong_call_import(existing(manifest))

        one.expand(manifest=find())

    run = run_dag(made)

    assert run.state == "success", ids(run)
    found = ids(run)
    assert [found[f"one.gong_call_import.report[{index}]"] for index in range(2)] == ["success", "skipped"]
    assert set(new_calls(gong_emulator)) == {"pbx-00000"}


@pytest.mark.parametrize("deferrable", [False, True])
def test_sensors_are_mapped_over_calls(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, deferrable: bool
) -> None:
    gong_emulator.set(processing_seconds=1)
    recordings = [str(write_wav(tmp_path / f"{number}.wav", seconds=61, seed=number)) for number in range(2)]
    with new_dag(f"mapped_sensors_{deferrable}") as made:

        @task
        def calls() -> list[dict[str, Any]]:
            return [call_fields(clientUniqueId=f"555000{number}") for number in range(2)]

        @task
        def media() -> list[str]:
            return recordings

        pairs = calls().zip(media()).map(lambda pair: {"call": pair[0], "media": pair[1]})
        upload = GongUploadCallOperator.partial(task_id="upload").expand_kwargs(pairs)
        wait = GongCallProcessedSensor.partial(task_id="wait", poke_interval=1, deferrable=deferrable)
        wait.expand(call_id=upload.output.map(call_id_of))

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert set(new_calls(gong_emulator)) == {"5550000", "5550001"}


def test_meetings_are_mapped(run_dag: RunDag, gong_emulator: RunningEmulator) -> None:
    with new_dag("mapped_meetings") as made:

        @task
        def plan() -> list[dict[str, Any]]:
            return [{"title": title, "external_id": title} for title in ("one", "two")]

        create = GongCreateMeetingOperator.partial(task_id="create", **MEETING).expand_kwargs(plan())
        GongDeleteMeetingOperator.partial(task_id="cancel", organizer_email=OWNER).expand(
            meeting_id=create.output.map(lambda meeting: meeting["meeting_id"])
        )

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert len(gong_emulator.requests("deleteMeeting")) == 2


def test_a_group_inside_a_group_of_a_mapped_group(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifests = [str(night(tmp_path / str(number), number)) for number in range(2)]
    with new_dag("nested_mapped") as dag:

        @task
        def find() -> list[str]:
            return manifests

        @task_group
        def outer(manifest: Any) -> None:
            @task_group
            def inner(manifest: Any) -> Any:
                group = gong_call_import(manifest, canary=1)
                count(group.summary)

            inner(manifest)

        @task
        def count(summary: dict[str, Any]) -> int:
            return int(summary["rows"])

        outer.expand(manifest=find())

    run = run_dag(dag)

    assert run.state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00000", "pbx-00001"}
    assert {ids(run)[f"outer.inner.count[{index}]"] for index in range(2)} == {"success"}


@pytest.mark.parametrize("manifests", [("0", "1"), ("0", "none")])
def test_a_group_mapped_over_what_a_task_finds(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, manifests: tuple[str, str]
) -> None:
    """Airflow knows the number of map indexes only when that task has ended."""
    for number in range(2):
        night(tmp_path / str(number), number)
    with new_dag(f"mapped_later_{manifests[1]}") as dag:

        @task
        def find() -> list[str]:
            return [str(tmp_path / name / "manifest.csv") for name in manifests]

        @task_group
        def one(manifest: Any) -> None:
            gong_call_import(manifest, report_path=f"{tmp_path}/{{{{ ti.map_index }}}}")

        one.expand(manifest=find())

    run = run_dag(dag)

    right = [index for index, name in enumerate(manifests) if name != "none"]
    assert run.state == ("success" if len(right) == 2 else "failed")
    assert {ids(run)[f"one.gong_call_import.report[{index}]"] for index in right} == {"success"}
    assert {ids(run)[f"one.gong_call_import.plan[{index}]"] for index in {0, 1} - {*right}} <= {"failed"}
    assert len(new_calls(gong_emulator)) == len(right)


def test_a_mapped_group_over_several_arguments(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    folders = [{"manifest": str(night(tmp_path / str(number), number)), "report": str(tmp_path)} for number in range(2)]
    with new_dag("mapped_kwargs") as dag:

        @task_group
        def one(manifest: Any, report: Any) -> None:
            gong_call_import(manifest, report_path=report)

        one.expand_kwargs(folders)

    assert run_dag(dag).state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00000", "pbx-00001"}


@pytest.mark.parametrize("native", [False, True])
def test_an_argument_of_a_mapped_group_inside_a_text_is_explained(
    run_dag: RunDag, tmp_path: Path, native: bool
) -> None:
    failures: list[str] = []
    with retrying_dag(f"mapped_text_{native}", failures, render_template_as_native_obj=native) as dag:

        @task_group
        def one(folder: Any) -> None:
            gong_call_import(f"{folder}/manifest.csv")

        one.expand(folder=[str(tmp_path)])

    run = run_dag(dag)

    assert ids(run)["one.gong_call_import.plan[0]"] == "failed"
    if CALLS_BACK:
        assert "an argument of a mapped task group, which has no value inside a text" in failures[0]


@pytest.mark.parametrize("native", [False, True])
def test_single_calls_are_mapped_over_what_a_task_finds(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, native: bool
) -> None:
    recordings = [write_wav(tmp_path / f"{number}.wav", seconds=61, seed=number) for number in range(2)]
    with new_dag("mapped_calls", render_template_as_native_obj=native) as dag:

        @task
        def find() -> list[dict[str, Any]]:
            return [
                {"call": call_fields(clientUniqueId=f"555000{number}"), "media": str(recording)}
                for number, recording in enumerate(recordings)
            ]

        upload = GongUploadCallOperator.partial(task_id="upload").expand_kwargs(find())
        GongCallProcessedSensor.partial(task_id="wait", poke_interval=1).expand(call_id=upload.output.map(call_id_of))

    run = run_dag(dag)

    assert run.state == "success", ids(run)
    assert set(new_calls(gong_emulator)) == {"5550000", "5550001"}


def call_id_of(result: dict[str, Any]) -> str:
    return str(result["call_id"])
