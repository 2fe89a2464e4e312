"""The examples that the reference shows run, and do in Gong what their pages say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from tests.scenario.support import new_calls, task_states
from tests.support.recordings import manifest_row, write_night, write_wav

if TYPE_CHECKING:
    from tests.scenario.support import Example, RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")


def test_import_in_tasks(example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    write_night(tmp_path, [manifest_row(1), manifest_row(2)])
    run = run_dag(example("example_gong_import_in_tasks"), run_conf={"folder": str(tmp_path)})
    assert run.state == "success", task_states(run)
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1]
    assert (tmp_path / "report" / "report.html").exists()


def test_create_call(example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    write_wav(tmp_path / "0043.wav", seconds=61, seed=1)
    run = run_dag(example("example_gong_create_call"), run_conf={"recording": str(tmp_path / "0043.wav")})
    assert run.state == "success", task_states(run)
    (call,) = new_calls(gong_emulator).values()
    assert (call["clientUniqueId"], call["received"]) == ("pbx-2026-11-20-0043", 1)


def test_export_of_an_interval(example: Example, run_dag: RunDag, tmp_path: Path) -> None:
    run = run_dag(
        example("example_gong_export_interval"),
        run_conf={"path": str(tmp_path), "since": "2026-02-02", "until": "2026-02-09"},
    )
    assert run.state == "success", task_states(run)
    assert list(tmp_path.glob("calls/started_date=2026-02-0*/part-0.parquet"))
