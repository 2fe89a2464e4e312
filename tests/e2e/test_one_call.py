"""Single operators in a real scheduler and triggerer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.demo.gong import user_ids
from tests.e2e.airflow_standalone import AirflowStandalone
from tests.support.recordings import write_wav

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

DAG_ID = "e2e_one_call"


def test_call_is_uploaded_and_waited_for(
    standalone: AirflowStandalone, emulator: RunningEmulator, tmp_path: Path
) -> None:
    recording = write_wav(tmp_path / "call.wav", seconds=70, seed=4711)
    host = user_ids(emulator.state())["priya.raman@example.com"]
    run_id = standalone.trigger(DAG_ID, {"id": "one-call", "host": host, "media": str(recording)})
    waited = standalone.wait_for_task(DAG_ID, run_id, "processed", "deferred")
    assert waited["trigger"]["classpath"].endswith(".GongCallProcessedTrigger")
    emulator.advance(3600)
    assert standalone.wait(DAG_ID, run_id) == "success"

    (call,) = (call for call in emulator.state()["calls"] if call["clientUniqueId"] == "one-call")
    assert (call["state"], call["received"]) == ("visible", 1)
    assert standalone.xcom(DAG_ID, run_id, "upload")["call_id"] == call["id"]
    assert standalone.xcom(DAG_ID, run_id, "processed")["id"] == call["id"]
    assert standalone.links(DAG_ID, run_id, "processed") == {"Call in Gong": f"{emulator.url}/call?id={call['id']}"}
