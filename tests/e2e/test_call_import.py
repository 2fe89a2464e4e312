"""The nightly import in a real scheduler and triggerer, compared with the emulated Gong call by call."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo.compare import ImportReport, State, differences, request_differences
from tests.demo.gong import user_ids
from tests.demo.night import FEWEST_ROWS, Night, export_night
from tests.demo.nightly import DAG_ID, PHASES, last_night, read_report, start_import, task, task_states
from tests.e2e.airflow_rest import AirflowRest
from tests.e2e.airflow_standalone import AirflowStandalone

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

QUICK_RETRIES = "e2e_quick_retries"


@dataclass(frozen=True)
class NightlyRun:
    """A run of the example DAG that has ended."""

    run_id: str
    state: str
    waited: dict[str, Any]
    night: Night
    report: ImportReport
    before: State
    after: State


@pytest.fixture(scope="module")
def nightly(
    standalone: AirflowStandalone, shared_emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
) -> NightlyRun:
    """
    Import a night with a row of every mistake; Gong processes the recordings only once the import waits for it.

    While it waits, the triggerer is killed, and another one has to take over.
    """
    before = shared_emulator.state()
    folder = tmp_path_factory.mktemp("recordings")
    night = export_night(folder, last_night(), user_ids(before), FEWEST_ROWS + 2)
    run_id = start_import(standalone, night)
    waited = standalone.wait_for_task(DAG_ID, run_id, task("verify"), "deferred")
    standalone.replace_triggerer()
    shared_emulator.advance(3600)
    state = standalone.wait(DAG_ID, run_id)
    report = read_report(standalone, night, run_id)
    return NightlyRun(run_id, state, waited, night, report, before, shared_emulator.state())


def test_report_agrees_with_gong(nightly: NightlyRun) -> None:
    assert differences(nightly.night, nightly.report, nightly.before, nightly.after) == []
    assert request_differences(nightly.report, nightly.before, nightly.after) == []


def test_verify_waits_in_the_triggerer(nightly: NightlyRun, standalone: AirflowStandalone) -> None:
    assert nightly.waited["trigger"]["classpath"].endswith(".GongTimerTrigger")
    # Resumed after the wait, not tried again.
    assert _tries(standalone, DAG_ID, nightly.run_id) == {"plan": 1, "upload": 1, "verify": 1, "report": 1}


def test_run_fails_for_rejected_rows(nightly: NightlyRun, standalone: AirflowStandalone) -> None:
    states = task_states(standalone, nightly.run_id)
    assert {phase: states[task(phase)] for phase in PHASES} == {
        "plan": "success",
        "upload": "success",
        "verify": "success",
        "report": "failed",
    }
    assert nightly.state == "failed"


def test_files_of_the_report(nightly: NightlyRun) -> None:
    folder = nightly.night.folder / str(nightly.night.day) / "report"
    retry = (folder / "retry.csv").read_text(encoding="utf-8").splitlines()
    permanent = (folder / "permanent.csv").read_text(encoding="utf-8").splitlines()
    hopeless = [row for row in nightly.night.wrong if row.mistake and "lasts 30 seconds" in row.mistake.what]
    assert len(permanent) == 1 + len(hopeless)
    assert len(retry) == 1 + len(nightly.night.wrong) - len(hopeless)


def test_secrets_are_written_nowhere(
    nightly: NightlyRun, standalone: AirflowStandalone, shared_emulator: RunningEmulator
) -> None:
    pair = f"{shared_emulator.access_key}:{shared_emulator.access_key_secret}"
    secrets = [shared_emulator.access_key_secret, base64.b64encode(pair.encode()).decode()]
    log = "".join(standalone.task_log(DAG_ID, nightly.run_id, task(phase)) for phase in ("plan", "upload", "verify"))
    assert "Uploaded" in log
    assert [secret for secret in secrets if secret in log] == []
    assert [path for path in _files(standalone.home) if _holds(path, secrets)] == []


def test_second_run_sends_nothing_again(
    nightly: NightlyRun, standalone: AirflowStandalone, shared_emulator: RunningEmulator
) -> None:
    before = shared_emulator.state()
    run_id = start_import(standalone, nightly.night, QUICK_RETRIES)
    standalone.wait(QUICK_RETRIES, run_id)
    after = shared_emulator.state()
    assert after["calls"] == before["calls"]
    report = read_report(standalone, nightly.night, run_id, QUICK_RETRIES)
    # Both reports name the same calls.
    assert [row["call_id"] for row in report.rows] == [row["call_id"] for row in nightly.report.rows]
    assert differences(nightly.night, report, nightly.before, after) == []


def test_worker_killed_while_uploading(
    standalone: AirflowStandalone, emulator: RunningEmulator, tmp_path: Path
) -> None:
    from airflow_provider_gong.emulator.faults import Fault

    before = emulator.state()
    night = export_night(tmp_path, last_night() - timedelta(days=7), user_ids(before), 8, mistakes=())
    # Gong takes what is sent, and the worker dies before it learns of it.
    late: dict[str, Any] = {"action": "delay", "when": "after", "seconds": 600}
    emulator.add_faults(
        Fault(operation="addCall", nth=3, **late),
        Fault(operation="addCallRecording", every=1, **late),
    )
    run_id = start_import(standalone, night, QUICK_RETRIES)
    standalone.poll(lambda: _arrived(before, emulator) == (4, 3), "four calls, three of them with recordings")
    upload = standalone.wait_for_task(QUICK_RETRIES, run_id, task("upload"), "running")
    emulator.clear_faults()
    standalone.kill(upload["pid"])

    emulator.set(processing_seconds=0)
    assert standalone.wait(QUICK_RETRIES, run_id) == "success"
    assert _tries(standalone, QUICK_RETRIES, run_id)["upload"] == 2
    report = read_report(standalone, night, run_id, QUICK_RETRIES)
    assert differences(night, report, before, emulator.state()) == []


def _arrived(before: State, emulator: RunningEmulator) -> tuple[int, int]:
    known = {call["id"] for call in before["calls"]}
    calls = [call for call in emulator.state()["calls"] if call["id"] not in known]
    return len(calls), sum(1 for call in calls if call["media"])


def _tries(airflow: AirflowRest, dag_id: str, run_id: str) -> dict[str, int]:
    tries = {instance["task_id"]: instance["try_number"] for instance in airflow.task_instances(dag_id, run_id)}
    return {phase: tries[task(phase)] for phase in PHASES}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _holds(path: Path, secrets: list[str]) -> bool:
    content = path.read_bytes()
    return any(secret.encode() in content for secret in secrets)
