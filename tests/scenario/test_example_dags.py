"""Every example DAG runs against the emulator and leaves in Gong what its description says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from tests.support.recordings import manifest_row, write_manifest, write_night

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

    Example = Callable[[str], DAG]
    RunDag = Callable[..., DagRun]

pytestmark = pytest.mark.usefixtures("gong_connection")


def calls_in_gong(emulator: RunningEmulator) -> dict[str, dict[str, Any]]:
    """Return the calls that were created here, by client unique id."""
    found = [call for call in emulator.state()["calls"] if call["clientUniqueId"].startswith("pbx-")]
    by_id = {call["clientUniqueId"]: call for call in found}
    assert len(by_id) == len(found)
    return by_id


def states(run: DagRun) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


def test_nightly_import_takes_the_folder_of_the_interval(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    write_night(tmp_path / "2026-11-19", [manifest_row(1), manifest_row(2)])
    write_night(tmp_path / "2026-11-20", [manifest_row(3)])

    run = run_dag(
        example("example_gong_nightly_call_import"),
        logical_date=datetime(2026, 11, 20, 3, 0, tzinfo=UTC),
        run_conf={"recordings": str(tmp_path)},
    )

    assert run.state == "success"
    calls = calls_in_gong(gong_emulator)
    assert {ident: call["state"] for ident, call in calls.items()} == {"pbx-00001": "visible", "pbx-00002": "visible"}
    assert [call["received"] for call in calls.values()] == [1, 1]
    report = (tmp_path / "2026-11-19" / "report" / "report.csv").read_text()
    assert all(call["id"] in report for call in calls.values())
