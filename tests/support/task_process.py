"""One attempt of a task in a process of its own that is killed, as by a machine that goes away, at a chosen moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallOperator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from tests.support.forks import FORKS
from tests.support.task_state import TaskState
from tests.unit.hooks.support import task_context

_OPERATORS = {
    kind.__name__: kind for kind in (GongCreateCallOperator, GongCreateMeetingOperator, GongUploadCallOperator)
}


@dataclass(frozen=True)
class TaskProcess:
    """
    An attempt.

    :param operator: name of the operator's class
    :param arguments: of the operator
    :param environment: of the host, such as ``AIRFLOW_HOME`` and connections
    :param task_state: the task state store of the attempt, if Airflow has one
    :param try_number: number of the attempt
    :param kill_at_commit: die when a store is about to commit for this time, counted from 1
    :param kill_at_write: die when a store is about to commit something that contains this word
    """

    operator: str
    arguments: Mapping[str, Any]
    environment: Mapping[str, str]
    task_state: TaskState | None = None
    try_number: int = 1
    kill_at_commit: int | None = None
    kill_at_write: str | None = None

    def run(self) -> int:
        """Run it to its end and return its exit code; ``-9`` if it was killed."""
        process = self.start()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def start(self) -> BaseProcess:
        """Start it."""
        process = FORKS.Process(target=self._execute)
        process.start()
        return process

    def _execute(self) -> None:
        os.environ.update(self.environment)
        if self.kill_at_commit is not None:
            _die_at_commit(self.kill_at_commit)
        if self.kill_at_write is not None:
            _die_at_write(self.kill_at_write)
        context = task_context(try_number=self.try_number)
        if self.task_state is not None:
            context["task_state_store"] = self.task_state
        _OPERATORS[self.operator](task_id="create", **self.arguments).execute(context)


def _die_at_commit(number: int) -> None:
    commits = 0

    def count(_: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count)


def _die_at_write(word: str) -> None:
    is_written = False

    def watch(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        nonlocal is_written
        if statement.startswith(("INSERT", "UPDATE")) and word in map(str, parameters):
            is_written = True

    def die(_: Any) -> None:
        if is_written:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", watch)
    event.listen(Engine, "commit", die)
