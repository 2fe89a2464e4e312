"""A meeting whose task is killed on one host, tried again on another, and continued by a person."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from airflow_provider_gong.emulator.faults import Fault
from tests.e2e.airflow_standalone import AirflowStandalone

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

DAG_ID = "e2e_meeting"
TASK = "create"
# Longer than the test takes: the answer never arrives.
ANSWER_SECONDS = 300


def meetings(emulator: RunningEmulator, title: str) -> list[dict[str, Any]]:
    return [meeting for meeting in emulator.state()["meetings"] if meeting["title"] == title]


def lose_the_host(airflow: AirflowStandalone, run_id: str) -> None:
    """Kill the task, and take away what its host has stored."""
    (instance,) = airflow.task_instances(DAG_ID, run_id)
    shutil.rmtree(airflow.home / "gong")
    airflow.kill(instance["pid"])


def clear(airflow: AirflowStandalone, run_id: str) -> None:
    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [TASK], "only_failed": False}
    airflow.call("POST", f"/dags/{DAG_ID}/clearTaskInstances", json=body)


def test_a_meeting_is_created_once_whatever_happens_to_its_task(
    standalone: AirflowStandalone, emulator: RunningEmulator
) -> None:
    emulator.add_faults(Fault(action="delay", seconds=ANSWER_SECONDS, operation="addMeeting", when="after", nth=1))
    run_id = standalone.trigger(DAG_ID, {"title": "Once"})
    standalone.poll(lambda: meetings(emulator, "Once"), "the meeting")
    lose_the_host(standalone, run_id)
    assert standalone.wait(DAG_ID, run_id) == "failed"
    (instance,) = standalone.task_instances(DAG_ID, run_id)
    assert instance["try_number"] == 2
    text = standalone.task_problems(DAG_ID, run_id, TASK, try_number=2)
    (token,) = set(re.findall(r"resolution='([0-9a-f]{8}):not-created'", text))
    assert "the meeting 'Once' that starts at 2027-01-15T10:00:00+01:00" in text

    (meeting,) = meetings(emulator, "Once")
    variable = {"key": "gong_meeting_resolution", "value": f"{token}:{meeting['id']}"}
    standalone.call("POST", "/variables", json=variable)
    clear(standalone, run_id)
    assert standalone.wait(DAG_ID, run_id) == "success"
    assert standalone.xcom(DAG_ID, run_id, TASK)["meeting_id"] == meeting["id"]

    shutil.rmtree(standalone.home / "gong")
    clear(standalone, run_id)
    # Before Airflow 3.3, which has a task state store, only the lost store knew: nothing is better than a second one.
    is_known_to_airflow = Version(version("apache-airflow")) >= Version("3.3")
    assert standalone.wait(DAG_ID, run_id) == ("success" if is_known_to_airflow else "failed")
    if is_known_to_airflow:
        assert standalone.xcom(DAG_ID, run_id, TASK)["meeting_id"] == meeting["id"]
    assert len(meetings(emulator, "Once")) == 1
