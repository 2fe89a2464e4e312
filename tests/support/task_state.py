"""Airflow's task state store (3.3 and later) as attempts of one task see it, also from several processes."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest


class AttemptNotFoundError(Exception):
    """What Airflow answers to an attempt that it has replaced."""


@dataclass(frozen=True)
class TaskState:
    """
    The store, as the accessor in the context of one attempt.

    It answers "not found" to an attempt that was replaced, and refuses what that writes, as Airflow 3.3.2 does: see
    ``tests/scenario/test_meetings.py``.

    :param folder: what has been stored, and which attempt is the present one
    :param attempt: the attempt that this one is the accessor of
    :param kill_at_set: die instead of storing something for this time, counted from 1
    :param is_down: whether Airflow's API server does not answer
    """

    folder: Path
    attempt: int = 1
    kill_at_set: int | None = None
    is_down: bool = False

    def next(self, **changes: Any) -> Self:
        """Let another attempt begin, and return its accessor."""
        (self.folder / "attempt").write_text(str(self.attempt + 1))
        return replace(self, attempt=self.attempt + 1, **changes)

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is stored."""
        self._check_server()
        file = self.folder / f"{key}.json"
        return json.loads(file.read_text()) if file.exists() and self._is_present() else default

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        """Store something."""
        self._check_server()
        if not self._is_present():
            raise AttemptNotFoundError("Server returned error")
        if self._counted() == self.kill_at_set:
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / f"{key}.json").write_text(json.dumps(value))

    def clear(self) -> None:
        """Forget everything, as with ``clear_on_success``."""
        for file in self.folder.glob("*.json"):
            file.unlink()

    def _is_present(self) -> bool:
        present = self.folder / "attempt"
        return not present.exists() or present.read_text() == str(self.attempt)

    def _check_server(self) -> None:
        if self.is_down:
            raise ConnectionError("the API server is away")

    def _counted(self) -> int:
        file = self.folder / f"sets of {self.attempt}"
        number = int(file.read_text()) + 1 if file.exists() else 1
        file.write_text(str(number))
        return number


@pytest.fixture
def task_state(tmp_path: Path) -> TaskState:
    """Return the task state store of a task's first attempt, where Airflow has one."""
    pytest.importorskip("airflow.sdk.execution_time.context", reason="needs Airflow 3.3")
    from airflow.sdk.execution_time import context

    if not hasattr(context, "TaskStateStoreAccessor"):
        pytest.skip("needs Airflow 3.3")
    (tmp_path / "task_state").mkdir()
    return TaskState(tmp_path / "task_state")
