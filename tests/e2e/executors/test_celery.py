"""CeleryExecutor over Redis: two hosts, each with its own AIRFLOW_HOME and without Airflow's metadata database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.demo.nightly import GROUP_ID, task
from tests.e2e.executors.airflow_components import AirflowComponents
from tests.support.postgres import PostgresServer
from tests.support.recordings import manifest_row, write_night
from tests.support.s3 import running_s3

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

QUEUES = {"first": "one", "second": "two"}
BUCKET = "gong-imports"


@pytest.fixture(scope="module")
def airflow(
    shared_emulator: RunningEmulator,
    postgres: PostgresServer,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[AirflowComponents]:
    """Run Airflow with its connections in the metadata database, which only its API reaches."""
    home, dags = tmp_path_factory.mktemp("celery"), Path(__file__).with_name("dags")
    store = sa.make_url(postgres.new_database())
    shared = shared_emulator.connection(store_conn_id="gong_store")
    with (
        running_s3() as s3,
        AirflowComponents(home, dags, postgres.new_database(), redis_url=redis_url, workers=QUEUES) as airflow,
    ):
        s3.create_bucket(BUCKET)
        airflow.add_connection("gong_default", shared_emulator.connection())
        airflow.add_connection("gong_with_store", shared)
        airflow.add_connection("aws_imports", json.loads(s3.airflow_connection))
        place = {"host": store.host, "port": store.port, "login": store.username, "schema": store.database}
        airflow.add_connection("gong_store", {"conn_type": "postgres", **place})
        yield airflow


class Import:
    """An import of four calls, which has ended."""

    def __init__(
        self, airflow: AirflowComponents, gong: RunningEmulator, dag_id: str, folder: Path, **params: str
    ) -> None:
        self._airflow, self._dag_id = airflow, dag_id
        rows = [manifest_row(number, client_unique_id=f"{dag_id}-{number}") for number in range(4)]
        write_night(folder, rows)
        self._folder = folder
        self.run_id = airflow.trigger(dag_id, {"folder": str(folder), **params})
        self.state = airflow.wait(dag_id, self.run_id)
        self.calls = [call for call in gong.state()["calls"] if call["clientUniqueId"].startswith(f"{dag_id}-")]

    @property
    def states(self) -> dict[str, str]:
        """The states of the rows by number."""
        summary: dict[str, Any] = json.loads((self._folder / "report" / "report.json").read_text())
        return dict(summary["states"])

    def problems(self, phase: str) -> str:
        """Return the warnings and errors of a task's last attempt."""
        (instance,) = (ti for ti in self.instances if ti["task_id"] == task(phase))
        return self._airflow.task_problems(self._dag_id, self.run_id, task(phase), instance["try_number"])

    @property
    def instances(self) -> list[dict[str, Any]]:
        """The task instances of the group."""
        return [ti for ti in self._airflow.task_instances(self._dag_id, self.run_id) if GROUP_ID in ti["task_id"]]

    def describe(self) -> str:
        """Return what helps to understand a failure."""
        states = {ti["task_id"]: ti["state"] for ti in self.instances}
        return "\n".join([str(states), *(self.problems(phase) for phase in ("plan", "upload", "verify", "report"))])


def assert_imported(done: Import) -> None:
    assert done.state == "success", done.describe()
    assert done.states == {"verified": 4}
    assert [(call["state"], call["received"]) for call in done.calls] == [("visible", 1)] * 4


@pytest.fixture
def gong(emulator: RunningEmulator) -> RunningEmulator:
    emulator.set(processing_seconds=0)
    return emulator


def test_hosts_share_a_store(airflow: AirflowComponents, gong: RunningEmulator, tmp_path: Path) -> None:
    done = Import(airflow, gong, "e2e_shared_store", tmp_path)
    assert_imported(done)
    assert "several hosts" not in done.problems("plan")


def test_hosts_share_the_rows(airflow: AirflowComponents, gong: RunningEmulator, tmp_path: Path) -> None:
    done = Import(airflow, gong, "e2e_shared_rows", tmp_path)
    assert_imported(done)
    assert len([ti for ti in done.instances if ti["task_id"] == task("upload")]) == 2


def test_hosts_share_nothing(airflow: AirflowComponents, gong: RunningEmulator, tmp_path: Path) -> None:
    done = Import(airflow, gong, "e2e_shared_nothing", tmp_path)
    assert done.state == "failed"
    assert done.calls == []
    (warning,) = (line for line in done.problems("plan").splitlines() if "several hosts" in line)
    assert "CeleryExecutor" in warning
    assert "store_conn_id" in warning
    assert str(airflow.worker_home("first")) in warning
    upload = done.problems("upload")
    assert "GongStoreNotSharedError" in upload
    for name in QUEUES:
        assert str(airflow.worker_home(name)) in upload
    # Another attempt would see the same.
    assert {ti["task_id"]: ti["try_number"] for ti in done.instances}[task("upload")] == 1


def test_hosts_share_a_folder(airflow: AirflowComponents, gong: RunningEmulator, tmp_path: Path) -> None:
    done = Import(airflow, gong, "e2e_shared_folder", tmp_path, import_path=f"s3://aws_imports@{BUCKET}/imports")
    assert_imported(done)
    assert "several hosts" not in done.problems("plan")
