"""Imports by workers that share no database, with manifest, recordings, state and report in S3 or in a folder."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongUploadCallImportOperator
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, retrying_dag, task_states
from tests.support.recordings import manifest_row, write_night
from tests.support.s3 import S3Server, running_s3
from tests.support.upload_process import UploadProcess

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")


@pytest.fixture(scope="module")
def _s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def s3(_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_RECORDINGS", _s3.airflow_connection)
    return _s3


@pytest.fixture
def bucket(s3: S3Server) -> str:
    name = f"recordings-{uuid.uuid4().hex}"
    s3.create_bucket(name)
    return name


def rows_in_store(tmp_path: Path) -> int:
    from sqlalchemy import func, select

    from airflow_provider_gong.ledger import tables

    with Store(f"sqlite:///{tmp_path}/store.db").begin() as connection:
        counts = (select(func.count()).select_from(table) for table in (tables.calls, tables.rows))
        return sum(connection.execute(count).scalar_one() for count in counts)


def test_everything_in_s3(
    run_dag: RunDag, gong_emulator: RunningEmulator, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    write_night(tmp_path / "night", [manifest_row(number) for number in range(1, 5)])
    s3.upload(tmp_path / "night", bucket)
    place = f"s3://aws_recordings@{bucket}"
    gong_emulator.add_faults(Fault(operation="addCallRecording", nth=2, action="reset", when="after"))

    with retrying_dag("everything_in_s3") as dag:
        gong_call_import(
            f"{place}/manifest.csv",
            import_path=f"{place}/imports",
            report_path=f"{place}/report",
            canary=1,
            deferrable=True,
        )
    run = run_dag(dag)

    assert run.state == "success", task_states(run)
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1, 1, 1]
    assert s3.read(bucket, "report/report.csv").count(b",verified,") == 4
    assert rows_in_store(tmp_path) == 0
    assert any(key.startswith("imports/") for key in s3.keys(bucket))


def test_a_worker_that_is_lost_with_its_disk(
    gong_emulator: RunningEmulator, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    write_night(tmp_path / "night", [manifest_row(number) for number in range(1, 7)])
    s3.upload(tmp_path / "night", bucket)
    place = f"s3://aws_recordings@{bucket}"
    options = {"import_id": "night", "import_path": f"{place}/imports"}
    GongPlanCallImportOperator(task_id="plan", manifest=f"{place}/manifest.csv", **options).execute({})
    worker = UploadProcess.of(
        gong_emulator,
        GongHook().company,
        environment={"AIRFLOW_CONN_AWS_RECORDINGS": s3.airflow_connection},
        **options,
        kill_at_state="uploaded",
    )

    assert worker.run() == -signal.SIGKILL
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1]
    upload = GongUploadCallImportOperator(task_id="upload", **options)

    assert upload.execute({}) == {"uploaded": 6}
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1] * 6


def test_workers_that_do_not_see_the_folder_stop_before_any_request(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    """Each worker has its own disk: the folder that the plan was written to is empty for the upload."""
    manifest = write_night(tmp_path / "night", [manifest_row(1)])
    failures: list[str] = []
    with retrying_dag("own_disks", failures) as dag:
        gong_call_import(str(manifest), import_path="{{ ti.start_date | ts_nodash }}" + f"{tmp_path}", deferrable=True)
    for task in dag.tasks:
        task.import_path = f"{tmp_path}/disk of {task.task_id}"

    run = run_dag(dag)

    assert task_states(run)["upload"] == ("failed", 1)
    assert "its workers do not share this folder" in failures[0]
    assert new_calls(gong_emulator) == {}


def test_several_workers_need_a_database() -> None:
    with (
        retrying_dag("several"),
        pytest.raises(ValueError, match=r"workers=2 requires a shared database \(store_conn_id\)"),
    ):
        gong_call_import("manifest.csv", import_path="s3://bucket/imports", workers=2)
