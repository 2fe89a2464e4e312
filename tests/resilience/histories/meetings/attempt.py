"""One attempt of a task that creates a meeting, as a process on one of the hosts."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from sqlalchemy import event, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.transport import ThreadTransport
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators import _waiting
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import intent_table
from tests.resilience.histories.history import Noted
from tests.resilience.histories.recorder import Line, Recorder
from tests.resilience.histories.world import Killed, Process, World
from tests.support.task_state import AttemptNotFoundError
from tests.unit.hooks.support import task_context

TASK_STATE = "task state store"
_WRITES = ("INSERT", "UPDATE")
# What differs from host to host and from attempt to attempt.
_VARIABLES = ("AIRFLOW_HOME", *(f"AIRFLOW_CONN_GONG_{name}" for name in ("DEFAULT", "OTHER", "STORE")))


@dataclass
class TaskState:
    """
    Airflow's task state store as one attempt sees it; a replaced one sees nothing, and may write nothing.

    :param kept: what the task has stored
    :param present: returns the number of the task's present attempt
    """

    process: Process
    recorder: Recorder
    task: str
    number: int
    kept: dict[str, Any]
    present: Callable[[], int]

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is stored."""
        self.process.step("before a look at the task state store")
        return json.loads(self.kept[key]) if key in self.kept and self._is_present() else default

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        """Store something."""
        self.process.step("before it is in the task state store")
        if not self._is_present():
            raise AttemptNotFoundError("Server returned error")
        self.kept[key] = json.dumps(value)
        self._note(value["state"], value["try_number"])
        self.process.step("after it is in the task state store")

    def _note(self, state: str, number: int) -> None:
        history, now = self.recorder.history, self.process.world.now
        history.noted.append(Noted(now, TASK_STATE, self.task, number, state, self.process.name))

    def _is_present(self) -> bool:
        return self.present() == self.number


def run_attempt(
    process: Process,
    fields: Mapping[str, Any],
    *,
    number: int,
    map_index: int,
    task_state: TaskState | None,
    is_resumed: bool,
) -> str:
    """Execute the operator, and return the id of the meeting."""
    operator = GongCreateMeetingOperator(task_id="create", **fields)
    context = task_context(try_number=number, map_index=map_index)
    if task_state is not None:
        context["task_state_store"] = task_state
    process.step("before the task begins")
    result = operator.execute_complete(context, {"status": "due"}) if is_resumed else operator.execute(context)
    return str(result["meeting_id"])


@contextlib.contextmanager
def as_processes(world: World, recorder: Recorder, line_of: Callable[[Process], Line]) -> Iterator[None]:
    """Let all that operators do while the block runs be done by the processes of a world, each on its host."""
    clock = _Clock(world)

    def change_host(process: Process) -> None:
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(process.environment)

    with (
        contextlib.ExitStack() as stack,
        mock.patch.dict(os.environ),
        mock.patch.dict(GongClient.__init__.__kwdefaults__, sleep=clock.sleep),
        mock.patch.dict(ThreadTransport.__init__.__kwdefaults__, transport=_Transport(world, line_of)),
        mock.patch.object(_waiting, "time", clock),
        mock.patch.dict(SharedBudget.__init__.__kwdefaults__, timer=clock.monotonic),
        mock.patch.object(os, "getpid", _process_id(os.getpid())),
    ):
        world.on_turn = change_host
        # In Python 3.11, all processes here would share the locks of cached properties.
        for cached in (*vars(Store).values(), *vars(GongHook).values()):
            if hasattr(cached, "attrname") and hasattr(cached, "lock"):
                stack.enter_context(mock.patch.object(cached, "lock", contextlib.nullcontext()))
        for target, name, listener in _listeners(world, recorder):
            event.listen(target, name, listener)
            stack.callback(event.remove, target, name, listener)
        yield


class _Clock:
    """The time of the world, for modules that ask for the time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def time(self) -> float:
        return self._world.time()

    def monotonic(self) -> float:
        return self._world.now

    def sleep(self, seconds: float) -> None:
        Process.current().sleep(seconds)


class _Transport(httpx.BaseTransport):
    """The line of whichever process is running: the client sends from threads of its own."""

    def __init__(self, world: World, line_of: Callable[[Process], Line]) -> None:
        self._world = world
        self._line_of = line_of

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert self._world.running is not None
        return self._line_of(self._world.running).handle_request(request)


def _process_id(own: int) -> Callable[[], int]:
    """Return a function that tells processes apart, as forks are: each keeps open what it has opened itself."""
    return lambda: own if (process := Process.current_or_none()) is None else own + 1_000_000 + process.number


def _listeners(world: World, recorder: Recorder) -> Iterator[tuple[Any, str, Callable[..., None]]]:
    """Yield what makes transactions steps of processes, and notes what they record."""
    opened = threading.local()

    def on_checkout(*_: Any) -> None:
        process = Process.current_or_none()
        opened.number = getattr(opened, "number", 0) + 1
        # Within another transaction nobody else could go on.
        if process is not None and opened.number == 1:
            process.step("before a transaction")

    def on_checkin(*_: Any) -> None:
        process = Process.current_or_none()
        opened.number = max(getattr(opened, "number", 0) - 1, 0)
        if process is not None and opened.number == 0 and not process.is_dead:
            # Who is killed here comes to know it at the next step.
            with contextlib.suppress(Killed):
                process.step("after a transaction")

    def on_statement(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().startswith(_WRITES) and intent_table.name in statement:
            connection.info["has_intents"] = True

    def on_commit(connection: Connection) -> None:
        if connection.info.pop("has_intents", False):
            _note_intents(connection, recorder, world.now)

    yield Pool, "checkout", on_checkout
    yield Pool, "checkin", on_checkin
    yield Engine, "before_cursor_execute", on_statement
    yield Engine, "commit", on_commit


def _note_intents(connection: Connection, recorder: Recorder, now: float) -> None:
    """Note the present state of each intent of a store."""
    url = connection.engine.url
    place = place_name(Path(url.database or "")) if url.get_backend_name() == "sqlite" else str(url.database)
    by = Process.current().name
    for row in connection.execute(select(intent_table)):
        noted = Noted(now, place, row.key, row.try_number, row.state, by)
        last = next((entry for entry in reversed(recorder.history.noted) if _is_about(entry, noted)), None)
        if last is None or (last.number, last.state) != (noted.number, noted.state):
            recorder.history.noted.append(noted)


def place_name(file: Path) -> str:
    """Return the name of a store in a file: that of its host and of the file."""
    return f"{file.parent.parent.name}/{file.stem.removesuffix('_quick')}"


def _is_about(one: Noted, other: Noted) -> bool:
    return (one.place, one.task) == (other.place, other.task)
