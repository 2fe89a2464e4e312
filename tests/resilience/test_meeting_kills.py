"""A task that creates a meeting is killed anywhere, and tried again on the same host or another."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import Intent, IntentState
from tests.support.task_process import TaskProcess
from tests.support.task_state import TaskState, task_state
from tests.unit.hooks.support import company_server, gong, meetings_in_gong, new_meeting, task_context

__all__ = ["company_server", "gong", "task_state"]

TASK = "meetings/create/manual__2026-03-02/-1"
# What an attempt commits: the schema, reading the record, begun, reading it again for other map indexes, the slot and
# its confirmation, sending, done.
COMMITS = range(1, 9)
SETS = range(1, 4)


class Task:
    """A task that creates one meeting, in an Airflow with a task state store or without."""

    def __init__(self, folder: Path, state: TaskState | None) -> None:
        self._folder = folder
        self._task_state = state
        self._attempts = 0

    def killed_attempt(self, host: str = "first", *, at_commit: int | None = None, at_set: int | None = None) -> int:
        """Run the next attempt in a process, and return its exit code."""
        state = self._next_state(kill_at_set=at_set)
        environment = {**self._host(host), "AIRFLOW_CONN_GONG_DEFAULT": os.environ["AIRFLOW_CONN_GONG_DEFAULT"]}
        process = TaskProcess(
            "GongCreateMeetingOperator",
            new_meeting(),
            environment,
            task_state=state,
            try_number=self._attempts,
            kill_at_commit=at_commit,
        )
        return process.run()

    def attempt(self, host: str, monkeypatch: pytest.MonkeyPatch, resolution: str | None = None) -> str:
        """Run the next attempt, and return the id of its meeting."""
        for name, value in self._host(host).items():
            monkeypatch.setenv(name, value)
        state = self._next_state()
        context = task_context(try_number=self._attempts)
        if state is not None:
            context["task_state_store"] = state
        operator = GongCreateMeetingOperator(task_id="create", resolution=resolution, **new_meeting())
        return str(operator.execute(context)["meeting_id"])

    def must_ask(self, host: str) -> bool:
        """Return whether what an attempt on this host sees leaves open what an earlier one has sent."""
        found = [Intent.of_json(self._task_state.get("gong_intent"))] if self._is_in_task_state() else []
        if (self._folder / host / "gong").exists():
            found += filter(None, [IntentRecord(Store.in_folder(self._folder / host / "gong"), TASK).find()])
        states = [intent.state for intent in found]
        # Without a task state store, an attempt that this host has not recorded may have run on another.
        is_unrecorded = self._task_state is None and all(intent.try_number < self._attempts for intent in found)
        return IntentState.DONE not in states and (IntentState.SENDING in states or is_unrecorded)

    def _is_in_task_state(self) -> bool:
        return self._task_state is not None and self._task_state.get("gong_intent") is not None

    def _next_state(self, kill_at_set: int | None = None) -> TaskState | None:
        self._attempts += 1
        if self._task_state is not None and self._attempts > 1:
            self._task_state = self._task_state.next()
        return self._task_state and TaskState(self._task_state.folder, self._task_state.attempt, kill_at_set)

    def _host(self, name: str) -> dict[str, str]:
        return {"AIRFLOW_HOME": str(self._folder / name)}


@pytest.fixture(params=[False, True], ids=["without task state store", "with task state store"])
def task(request: pytest.FixtureRequest, gong: RunningEmulator, tmp_path: Path) -> Task:
    return Task(tmp_path, request.getfixturevalue("task_state") if request.param else None)


def finish(gong: RunningEmulator, task: Task, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Run the task again, with what a person sees in Gong where it has to ask, and check that there is one meeting."""
    if task.must_ask(host):
        with pytest.raises(AirflowFailException) as unknown:
            task.attempt(host, monkeypatch)
        (token,) = re.findall(r"resolution='(\w+):not-created'", str(unknown.value))
        there = [meeting["id"] for meeting in meetings_in_gong(gong)]
        task.attempt(host, monkeypatch, f"{token}:{there[0] if there else 'not-created'}")
    else:
        task.attempt(host, monkeypatch)
    assert len(meetings_in_gong(gong)) == 1
    assert task.attempt(host, monkeypatch) == meetings_in_gong(gong)[0]["id"]


@pytest.mark.parametrize("host", ["first", "second"])
@pytest.mark.parametrize("commit", COMMITS)
def test_killed_before_a_commit(
    gong: RunningEmulator, task: Task, monkeypatch: pytest.MonkeyPatch, commit: int, host: str
) -> None:
    assert task.killed_attempt(at_commit=commit) == -signal.SIGKILL
    finish(gong, task, monkeypatch, host)


@pytest.mark.parametrize("host", ["first", "second"])
@pytest.mark.parametrize("number", SETS)
def test_killed_before_it_is_in_the_task_state_store(
    gong: RunningEmulator,
    task_state: TaskState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    host: str,
) -> None:
    task = Task(tmp_path, task_state)
    assert task.killed_attempt(at_set=number) == -signal.SIGKILL
    finish(gong, task, monkeypatch, host)


@pytest.mark.parametrize("commit", COMMITS)
def test_killed_twice(gong: RunningEmulator, task: Task, monkeypatch: pytest.MonkeyPatch, commit: int) -> None:
    for _ in range(2):
        task.killed_attempt(at_commit=commit)
    finish(gong, task, monkeypatch, "first")


def test_killed_on_one_host_after_the_other(
    gong: RunningEmulator, task_state: TaskState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(tmp_path, task_state)
    for number, host in enumerate(("first", "second", "third"), 1):
        assert task.killed_attempt(host, at_commit=COMMITS.stop - 2 - number) == -signal.SIGKILL
    finish(gong, task, monkeypatch, "fourth")


def test_the_process_that_is_not_killed_ends_well(
    gong: RunningEmulator, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert task.killed_attempt() == 0
    (meeting,) = meetings_in_gong(gong)
    assert task.attempt("first", monkeypatch) == meeting["id"]
