"""Values that parameters get from DAGs: path objects of all kinds, and templates without a value."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallOperator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from airflow_provider_gong.task_groups import gong_call_export, gong_call_import
from airflow_provider_gong.transfers.calls_to_object_storage import GongCallsToObjectStorageOperator
from airflow_provider_gong.transfers.reference_to_object_storage import GongReferenceToObjectStorageOperator
from tests.scenario.support import new_calls, new_dag, retrying_dag, task_states
from tests.scenario.test_dag_settings import MEETING
from tests.scenario.test_dag_shapes import CALLS_BACK, call_fields, night, sent_call, states
from tests.scenario.test_dag_variants import ids
from tests.support.recordings import write_wav

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection", "executor")


def object_storage(path: Path) -> ObjectStoragePath:
    return ObjectStoragePath(f"file://{path}")


path_objects = pytest.mark.parametrize("place", [Path, object_storage])


@path_objects
def test_places_of_an_import_are_path_objects(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, place: Callable[[Path], Any]
) -> None:
    manifest = night(tmp_path, 1)
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("manifest_value,gong_user\nnobody,tobias.okafor@example.com\n")
    with new_dag(f"places_{place.__name__}") as made:
        gong_call_import(
            place(manifest),
            media_base=place(tmp_path),
            host_overrides=place(hosts),
            import_path=place(tmp_path / "imports"),
            report_path=place(tmp_path / "report"),
        )

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert set(new_calls(gong_emulator)) == {"pbx-00001"}
    assert (tmp_path / "report" / "report.html").exists()
    (report,) = [ti for ti in run.get_task_instances() if ti.task_id.endswith("report")]
    assert report.xcom_pull(task_ids=report.task_id, key="report_path") == str(place(tmp_path / "report"))


@path_objects
def test_places_and_days_of_exports_are_objects(run_dag: RunDag, tmp_path: Path, place: Callable[[Path], Any]) -> None:
    with new_dag(f"exports_{place.__name__}") as made:
        gong_call_export(
            place(tmp_path / "calls"),
            lookback=timedelta(days=1),
            backfill_from=date(2026, 11, 1),
            file_format="jsonl",
        )
        GongCallsToObjectStorageOperator(
            task_id="interval",
            path=place(tmp_path / "interval"),
            since=pendulum.datetime(2026, 11, 1),
            until=date(2026, 11, 2),
            file_format="jsonl",
        )
        GongReferenceToObjectStorageOperator(task_id="users", path=place(tmp_path / "reference"), file_format="jsonl")

    run = run_dag(made)

    assert run.state == "success", ids(run)


@path_objects
def test_a_recording_and_times_are_objects(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, place: Callable[[Path], Any]
) -> None:
    recording = write_wav(tmp_path / "1.wav", seconds=61, seed=1)
    start = pendulum.datetime(2026, 11, 19, 9, 30, tz="Europe/Berlin")
    with new_dag(f"objects_{place.__name__}") as made:
        GongUploadCallOperator(task_id="upload", call=call_fields(actualStart=start), media=place(recording))

    assert run_dag(made).state == "success"
    assert sent_call(gong_emulator)["actualStart"] == "2026-11-19T09:30:00+01:00"


@pytest.mark.parametrize("native", [False, True])
def test_templates_without_a_value_leave_options_out(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = str(night(tmp_path, 1))
    nothing: Any = "{{ params.nothing }}"
    parameters: dict[str, Any] = {"nothing": None}
    with new_dag(f"left_out_{native}", render_template_as_native_obj=native, params=parameters) as made:
        gong_call_import(
            manifest,
            media_base=nothing,
            host_overrides=nothing,
            default_primary_user=nothing,
            import_path=nothing,
            report_path=nothing,
        )
        gong_call_export(
            str(tmp_path / "export"),
            workspace_id=nothing,
            primary_user_ids=nothing,
            backfill_from=nothing,
            file_format="jsonl",
        )
        GongCreateCallOperator(task_id="call", call=call_fields(title=nothing, customData=nothing))
        GongCreateMeetingOperator.partial(task_id="meeting", title=nothing, resolution=nothing).expand_kwargs(
            [{**MEETING, "external_id": nothing, "provider": nothing}]
        )

    run = run_dag(made)

    assert run.state == "success", ids(run)
    assert not (tmp_path / "None").exists()
    assert new_calls(gong_emulator)["5550001"]["title"] != "None"
    assert "None" not in json.dumps(gong_emulator.requests("addMeeting", bodies=True))


@pytest.mark.parametrize("native", [False, True])
def test_templates_without_a_value_name_what_is_missing(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, native: bool
) -> None:
    failures: list[str] = []
    manifest = str(night(tmp_path, 1))
    nothing: Any = "{{ params.nothing }}"
    parameters: dict[str, Any] = {"nothing": None}
    with retrying_dag(f"missing_{native}", failures, render_template_as_native_obj=native, params=parameters) as made:
        gong_call_import(manifest, import_id=nothing)
        GongCallsToObjectStorageOperator(task_id="interval", path=nothing, since="2026-11-01", until="2026-11-02")
        GongUploadCallOperator(task_id="upload", call=call_fields(), media=nothing)
        GongCreateCallOperator(task_id="call", call=call_fields(clientUniqueId=nothing))

    run = run_dag(made)

    assert states(run) | dict.fromkeys(("plan", "interval", "upload", "call"), "failed") == states(run)
    assert not new_calls(gong_emulator)
    if CALLS_BACK:
        said = "\n".join(failures)
        assert "import_id: must be an id (got None)" in said
        assert "media: must be a path or URL (got None)" in said
        assert "clientUniqueId: must be text (got None)" in said
        assert "path is empty" in said


def test_a_choice_from_a_template_that_is_none_fails_at_once(run_dag: RunDag, tmp_path: Path) -> None:
    options: Any = {"media_mode": "{{ params.mode }}", "on_rejected": "stop"}
    with retrying_dag("choices", params={"mode": "pul"}) as made:
        gong_call_import(str(night(tmp_path, 1)), **options)

    assert task_states(run_dag(made))["plan"] == ("failed", 1)
