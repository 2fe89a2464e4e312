"""LocalExecutor with PostgreSQL as the metadata database, and each component a process of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.demo.compare import differences, request_differences
from tests.demo.gong import user_ids
from tests.demo.night import FEWEST_ROWS, export_night
from tests.demo.nightly import DAG_ID, last_night, read_report, start_import, task, task_states
from tests.e2e.executors.airflow_components import AirflowComponents
from tests.e2e.test_dags_test import readme_dag
from tests.support.postgres import PostgresServer
from tests.support.recordings import manifest_row, write_night

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

README_DAG = "nightly_gong_import"


@pytest.fixture(scope="module")
def airflow(
    shared_emulator: RunningEmulator, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowComponents]:
    """Run Airflow with the example DAGs and the README's, and with the connection in the metadata database."""
    dags = tmp_path_factory.mktemp("dags")
    shutil.copytree(PROJECT / "example_dags", dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (dags / "nightly.py").write_text(readme_dag())
    with AirflowComponents(tmp_path_factory.mktemp("components"), dags, postgres.new_database()) as airflow:
        airflow.add_connection("gong_default", shared_emulator.connection())
        yield airflow


def test_triggerer_is_replaced_while_an_import_waits(
    airflow: AirflowComponents, emulator: RunningEmulator, tmp_path: Path
) -> None:
    before = emulator.state()
    night = export_night(tmp_path, last_night(), user_ids(before), FEWEST_ROWS + 2)
    run_id = start_import(airflow, night)
    airflow.wait_for_task(DAG_ID, run_id, task("verify"), "deferred")
    airflow.replace_triggerer()
    emulator.advance(3600)

    # The report is red for the rows that are wrong.
    assert airflow.wait(DAG_ID, run_id) == "failed"
    assert task_states(airflow, run_id)[task("verify")] == "success"
    report, after = read_report(airflow, night, run_id), emulator.state()
    assert differences(night, report, before, after) == []
    assert request_differences(report, before, after) == []


def test_backfill_as_the_docs_show_it(airflow: AirflowComponents, emulator: RunningEmulator, tmp_path: Path) -> None:
    emulator.set(processing_seconds=0)
    nights = ("2026-03-01", "2026-03-02", "2026-03-03")
    for number, night in enumerate(nights):
        row = manifest_row(number, client_unique_id=f"backfill-{night}", actual_start=f"{night}T09:00:00+00:00")
        write_night(tmp_path / night, [row])
    airflow.unpause(README_DAG)
    conf = json.dumps({"recordings": str(tmp_path)})
    # The folder of the last date is left out: its run has the logical date 03:00 of that day.
    dates = ("--from-date", "2026-03-01", "--to-date", "2026-03-03")
    command = ("backfill", "create", "--dag-id", README_DAG, "--max-active-runs", "1", "--dag-run-conf", conf, *dates)
    airflow.run("airflow", *command)

    runs = airflow.call("GET", f"/dags/{README_DAG}/dagRuns")["dag_runs"]
    assert [airflow.wait(README_DAG, run["dag_run_id"]) for run in runs] == ["success", "success"]
    found = [call["clientUniqueId"] for call in emulator.state()["calls"]]
    assert [name for name in found if name.startswith("backfill-")] == ["backfill-2026-03-01", "backfill-2026-03-02"]


def test_command_finds_the_connection(airflow: AirflowComponents, shared_emulator: RunningEmulator) -> None:
    known = json.loads(airflow.run("airflow-gong", "budget", "show", "--json"))
    assert shared_emulator.url.rpartition("/")[2] in json.dumps(known)
