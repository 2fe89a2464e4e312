"""Airflow and a person: they run a task for each meeting, until each has created its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_gong._compat import AirflowException, TaskDeferred
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator import InProcessEmulator
from tests.resilience.histories.airflow import Fate
from tests.resilience.histories.history import Attempt, Result
from tests.resilience.histories.meetings.attempt import TASK_STATE, TaskState, run_attempt
from tests.resilience.histories.recorder import Recorder
from tests.resilience.histories.world import Killed, Process
from tests.unit.hooks.support import DISCONNECTED, ORGANIZER, new_meeting

_TRIES = 3
_RETRY_DELAY = 60.0
_ZOMBIE_AFTER = 300.0
_MOST_ROUNDS = 30
_TASK = "meetings/create/manual__2026-03-02"
_TOKEN = re.compile(r"resolution='([0-9a-f]{8}):not-created'")
_CONTENT = re.compile(r"the meeting '(M\d+)'")
_CREATED = re.compile(r"This task created meeting (\d+) in this DAG run with different fields")
_ELSEWHERE = re.compile(r"Map index (\d+) of this task (?:created|sent)")
_COMPANY = re.compile(r"in Gong company (\S+), but its connection is now for")


@dataclass
class Hosts:
    """
    Where tasks run.

    :param folder: of all disks
    :param number: of hosts
    :param shared: URL of a database that all of them reach; empty for none
    """

    folder: Path
    number: int
    shared: str = ""
    _generations: dict[int, int] = field(default_factory=dict)

    def home(self, host: int) -> Path:
        """Return the folder that a host has now."""
        return self.folder / f"host{host}.{self._generations.get(host, 0)}"

    def replace(self, host: int) -> None:
        """Give a host an empty disk."""
        self._generations[host] = self._generations.get(host, 0) + 1


@dataclass
class Connection:
    """
    The Gong connection, as somebody may change it.

    :param company: its extra
    :param has_store: whether it names a store
    :param conn_id: the one that the task names
    :param is_there: whether the secrets back-end answers
    """

    company: str | None = None
    has_store: bool = False
    conn_id: str = "gong_default"
    is_there: bool = True

    def environment(self, gong: InProcessEmulator, home: Path, shared: dict[str, Any] | None) -> dict[str, str]:
        """Return the variables of a process on a host."""
        extra: dict[str, Any] = {"requests_per_second": 10_000}
        if self.company is not None:
            extra["company"] = self.company
        if self.has_store:
            extra["store_conn_id"] = "gong_store"
        own = {"conn_type": "sqlite", "host": str(home / "gong" / "another.db")}
        text = json.dumps(gong.connection(**extra))
        there = {"AIRFLOW_CONN_GONG_DEFAULT": text, "AIRFLOW_CONN_GONG_OTHER": text} if self.is_there else {}
        return {"AIRFLOW_HOME": str(home), "AIRFLOW_CONN_GONG_STORE": json.dumps(shared or own), **there}


class MeetingDag:
    """
    One run of a DAG that creates meetings, one by each map index of a task.

    :param contents: what the meetings are to be, by map index
    :param has_task_state: whether this Airflow has a task state store
    :param deferrable: whether tasks that wait leave their worker
    :param mistakes: what is wrong with the fields at first: ``typo``, ``organizer``
    """

    def __init__(
        self,
        gong: InProcessEmulator,
        recorder: Recorder,
        hosts: Hosts,
        fate: Fate,
        contents: list[str],
        *,
        has_task_state: bool,
        deferrable: bool,
        mistakes: set[str],
        shared: dict[str, Any] | None = None,
    ) -> None:
        self.contents = contents
        self.connection = Connection()
        self._gong = gong
        self._recorder = recorder
        self.hosts = hosts
        self._fate = fate
        self._deferrable = deferrable
        self._mistakes = mistakes
        self._shared = shared
        self._resolutions: list[str] = []
        self._known: dict[int, str] = {}
        self._numbers = dict.fromkeys(range(len(contents)), 0)
        self._kept: list[dict[str, Any]] | None = [{} for _ in contents] if has_task_state else None

    def live(self, person: Process) -> None:
        """Run all tasks, do what their errors ask for, and clear them, until all have succeeded in a calm round."""
        waiting = list(range(len(self.contents)))
        for _ in range(_MOST_ROUNDS):
            was_calm = person.world.now >= self._fate.until
            failed = self._run(person, waiting)
            for index, error in failed.items():
                self._look_into(person, index, error)
            if was_calm and not failed and len(waiting) == len(self.contents):
                return
            person.sleep(600.0)
            # Now and then somebody clears what has succeeded, too.
            is_cleared = self._fate.chance.random() < 0.3 or not failed
            waiting = list(range(len(self.contents))) if is_cleared else list(failed)

    def _run(self, person: Process, indexes: list[int]) -> dict[int, BaseException]:
        """Run tasks side by side, and return the errors of those that have failed."""

        def runs(index: int) -> Callable[[Process], Any]:
            return lambda runner: self._run_task(runner, index)

        runners = {index: person.world.start(f"runner{index}", runs(index)) for index in indexes}
        for runner in runners.values():
            person.wait_for([runner])
        return {index: runner.error for index, runner in runners.items() if runner.error is not None}

    def _run_task(self, airflow: Process, index: int) -> None:
        """Run a task, and retry it as Airflow does."""
        for attempt in range(1, _TRIES + 1):
            self._numbers[index] += 1
            error = self._attempt(airflow, index, is_resumed=False)
            while isinstance(error, TaskDeferred):
                airflow.world.note("parked", f"create[{index}]", "")
                airflow.sleep(max(error.trigger.due - airflow.world.time(), 0.0))
                error = self._attempt(airflow, index, is_resumed=True)
            if error is None:
                return
            if attempt == _TRIES or not _is_retried(error):
                raise error
            airflow.sleep(_RETRY_DELAY)

    def _attempt(self, airflow: Process, index: int, *, is_resumed: bool) -> BaseException | None:
        """Run an attempt until it ends, or until Airflow thinks that its process is gone; return its error."""
        world, number, content = airflow.world, self._numbers[index], self.contents[index]
        host = self._fate.chance.randrange(self.hosts.number)
        home = self.hosts.home(host)
        task_state = None
        fields = self._fields(index)

        def work(process: Process) -> str:
            nonlocal task_state
            if self._kept is not None:
                task_state = TaskState(
                    process,
                    self._recorder,
                    f"{_TASK}/{index}",
                    number,
                    self._kept[index],
                    lambda: self._numbers[index],
                )
            return run_attempt(
                process, fields, number=number, map_index=index, task_state=task_state, is_resumed=is_resumed
            )

        name = f"create[{index}]#{number}{'+' if is_resumed else ''}@{home.name}"
        process = world.start(name, work, **self._fate.draw(world.now))
        process.environment = self.connection.environment(self._gong, home, self._shared)
        self._recorder.history.attempts.append(self._described(process, index, home, is_resumed=is_resumed))
        while not process.is_over:
            airflow.wait_for([process], 60.0 if process.may_pause else float("inf"))
            since = process.paused_since
            if since is not None and world.now - since > _ZOMBIE_AFTER:
                world.note("given up", process.name, "it does not answer")
                return Killed()
        if process.error is None:
            result = Result(world.now, f"create[{index}]", content, process.result)
            self._recorder.history.results.append(result)
            self._known[index] = content
        elif not isinstance(process.error, TaskDeferred):
            is_expected = isinstance(process.error, GongError | AirflowException | Killed)
            what = f"{type(process.error).__name__}: {_TOKEN.sub('...', str(process.error))}"
            world.note(_kind(process.error) if is_expected else "crashed", process.name, what)
        return process.error

    def _described(self, process: Process, index: int, home: Path, *, is_resumed: bool) -> Attempt:
        number, places, shared = self._numbers[index], {f"{home.name}/gong_store"}, set()
        if self._kept is not None:
            places.add(TASK_STATE)
            shared.add(TASK_STATE)
        if self.connection.has_store and self._shared is not None:
            places.add(self._shared["schema"])
            shared.add(self._shared["schema"])
        elif self.connection.has_store:
            places.add(f"{home.name}/another")
        is_sure = number == 1 or is_resumed or self._kept is not None
        task = f"{_TASK}/{index}"
        return Attempt(process.name, task, number, frozenset(places), frozenset(shared), is_sure)

    def _fields(self, index: int) -> dict[str, Any]:
        content = self.contents[index]
        end = {"end_time": "yesterday"} if "typo" in self._mistakes else {}
        organizer = DISCONNECTED if "organizer" in self._mistakes else ORGANIZER
        return {
            **new_meeting(title=content, external_id=content, organizer_email=organizer, **end),
            "resolution": " ".join(self._resolutions) or None,
            "gong_conn_id": self.connection.conn_id,
            "deferrable": self._deferrable,
        }

    def _look_into(self, person: Process, index: int, error: BaseException) -> None:
        """Do what an error asks a person to do."""
        text = str(error)
        token, company = _TOKEN.search(text), _COMPANY.search(text)
        if token is not None:
            self._answer(person, index, token[1], text)
        elif company is not None:
            # Without one, the company is named after the host.
            self.connection.company = None if company[1] in self._gong.url else company[1]
        elif (created := _CREATED.search(text)) is not None:
            self._known[index] = self._meetings()[created[1]]
            self._restore_order()
        elif (elsewhere := _ELSEWHERE.search(text)) is not None:
            self._known[int(elsewhere[1])] = self.contents[index]
            self._restore_order()
        elif "endTime" in text:
            self._correct(person, "typo")
        elif "disconnected from Gong" in text:
            self._correct(person, "organizer")

    def _correct(self, person: Process, mistake: str) -> None:
        self._mistakes.discard(mistake)
        person.world.note("fields corrected", "DAG", mistake)

    def _answer(self, person: Process, index: int, token: str, text: str) -> None:
        """Look for a meeting in Gong, once nothing is on its way any more, and say what is there."""
        while any(process.name.startswith(f"create[{index}]#") for process in person.world.processes):
            person.sleep(600.0)
        about = _CONTENT.search(text)
        content = self.contents[index] if about is None else about[1]
        found = next((ident for ident, meeting in self._meetings().items() if meeting == content), "not-created")
        self._resolutions.append(f"{token}:{found}")

    def _restore_order(self) -> None:
        """Give each task whose meeting is known its own, and the others the rest."""
        rest = [content for content in sorted(self.contents) if content not in self._known.values()]
        self.contents[:] = [self._known[index] if index in self._known else rest.pop(0) for index in self._numbers]

    def _meetings(self) -> dict[str, str]:
        return meetings_in(self._gong)


def meetings_in(gong: InProcessEmulator) -> dict[str, str]:
    """Return what the meetings in Gong are, by id."""
    return {meeting["id"]: meeting["externalId"] for meeting in gong.state()["meetings"]}


def _is_retried(error: BaseException) -> bool:
    from airflow_provider_gong._compat import AirflowFailException

    return not isinstance(error, AirflowFailException)


def _kind(error: BaseException) -> str:
    if _TOKEN.search(str(error)):
        return "asked"
    return "refused" if "GongMeetingConflictError" in str(error) else "failed"
