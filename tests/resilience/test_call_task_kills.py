"""A task that creates a call, with its recording or without, is killed and tried again on the same host or another."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallOperator
from tests.support.recordings import write_wav
from tests.support.task_process import TaskProcess
from tests.support.task_state import TaskState, task_state
from tests.unit.hooks.support import company_server, gong, new_call, task_context

__all__ = ["company_server", "gong", "task_state"]


def killed_attempt(arguments: dict[str, Any], operator: str, home: Path, state: TaskState, word: str) -> None:
    environment = {"AIRFLOW_HOME": str(home), "AIRFLOW_CONN_GONG_DEFAULT": os.environ["AIRFLOW_CONN_GONG_DEFAULT"]}
    process = TaskProcess(operator, arguments, environment, task_state=state, kill_at_write=word)
    assert process.run() == -signal.SIGKILL


def calls_in_gong(gong: RunningEmulator) -> list[dict[str, Any]]:
    return [call for call in gong.state()["calls"] if call["clientUniqueId"] == "pbx-1"]


@pytest.mark.parametrize("host", ["first", "second"])
@pytest.mark.parametrize("word", ["sending", "created", "uploaded", "done"])
def test_a_killed_upload_ends_with_one_call_and_one_recording(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task_state: TaskState, word: str, host: str
) -> None:
    recording = str(write_wav(tmp_path / "call.wav", seconds=61, seed=1))
    arguments = {"call": new_call(gong), "media": recording}
    killed_attempt(arguments, "GongUploadCallOperator", tmp_path / "first", task_state, word)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / host))
    context = {**task_context(try_number=2), "task_state_store": task_state.next()}
    result = GongUploadCallOperator(task_id="create", **arguments).execute(context)
    (call,) = calls_in_gong(gong)
    assert (result["call_id"], result["state"]) == (call["id"], "uploaded")
    assert call["media"]["received"] == 1
    assert len(gong.requests("addCallRecording")) == 1


@pytest.mark.parametrize("host", ["first", "second"])
@pytest.mark.parametrize("word", ["sending", "done"])
def test_a_killed_create_ends_with_one_call(
    gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task_state: TaskState, word: str, host: str
) -> None:
    arguments = {"call": new_call(gong)}
    killed_attempt(arguments, "GongCreateCallOperator", tmp_path / "first", task_state, word)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / host))
    context = {**task_context(try_number=2), "task_state_store": task_state.next()}
    result = GongCreateCallOperator(task_id="create", **arguments).execute(context)
    assert [call["id"] for call in calls_in_gong(gong)] == [result["call_id"]]
