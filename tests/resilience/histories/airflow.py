"""Airflow and a person: they run the tasks of an import, retry what failed and clear it, until the report is green."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_gong.call_import.errors import GongImportUnfinishedError
from airflow_provider_gong.client.errors import GongError, GongRateLimitError
from airflow_provider_gong.store.errors import GongStoreError, GongStoreNotSharedError
from tests.resilience.histories.history import Manifest
from tests.resilience.histories.phases import Company, Phase
from tests.resilience.histories.world import Killed, Process

_TRIES = 3
_RETRY_DELAY = 60.0
_ZOMBIE_AFTER = 300.0
# Triggers wake up late; without, long processing would mean many looks.
_LEAST_WAIT = 120.0
# A task that waits for its turn is no failed one, but nobody waits without end.
_MOST_WAITS = 200
# What errors say that ask for the plan to be made again.
_PLAN_AGAIN = ("clear the plan task", "has no plan")


class TaskFailedError(Exception):
    """A task has used its retries up, or none would help."""


@dataclass
class Fate:
    """
    What happens to processes while there is a storm.

    :param kills: share of the processes that are killed
    :param pauses: share of the processes that stand still for a while
    :param steps: before which of their steps that is; most of what can go wrong is near the beginning
    """

    chance: random.Random
    kills: float = 0.0
    pauses: float = 0.0
    until: float = 0.0
    steps: tuple[int, ...] = (20, 80, 300)

    def draw(self, now: float) -> dict[str, Any]:
        """Return what happens to the next process."""
        kill, pause = self.chance.random() < self.kills, self.chance.random() < self.pauses
        kill_at, pause_at = (int(self.chance.choice(self.steps) * self.chance.random()) + 1 for _ in range(2))
        seconds = self.chance.choice((5.0, 45.0, 400.0, 2000.0))
        if now >= self.until:
            return {}
        return {"kill_at": kill_at if kill else None, "pauses": {pause_at: seconds} if pause else {}}


@dataclass
class ImportDag:
    """
    A DAG that imports one manifest.

    :param workers: number of upload tasks
    :param options: of the upload
    :param clock_skews: how far the clocks of hosts that share nothing are ahead
    :param rounds: how often somebody clears what has failed once the storm is over
    """

    company: Company
    import_id: str
    path: Path
    manifest: Manifest
    fate: Fate
    workers: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    verify_timeout: float = 3600.0
    rounds: int = 4
    clock_skews: tuple[float, ...] = (0.0,)
    is_green: bool = False
    store_id: str | None = None
    _attempts: int = 0

    def live(self, person: Process) -> None:
        """Run the tasks until the report is green, or nobody clears them any more."""
        calm = 0
        while calm < self.rounds:
            calm += person.world.now >= self.fate.until
            self._run_tasks(person)
            if self._report(person):
                self.is_green = True
                return
            person.sleep(900.0)
            if self._last_rows().count("incomplete"):
                # The ids of these manifests never repeat.
                self.options["on_existing"] = "complete"

    def _run_tasks(self, person: Process) -> None:
        try:
            if self.store_id is None:
                self.store_id = self._task(person, "plan", lambda phase: phase.plan(self.path, self.manifest))
            self._upload(person)
            self._task(person, "verify", lambda phase: phase.verify(self.verify_timeout))
        except TaskFailedError:
            return

    def _upload(self, person: Process) -> None:
        """Run the upload's tasks side by side."""

        def runs(worker: int) -> Callable[[Process], Any]:
            return lambda runner: self._task(
                runner, f"upload{worker}", lambda phase: phase.upload(worker, **self.options)
            )

        runners = [
            person.world.start(f"{self.import_id}/runner{worker}", runs(worker)) for worker in range(self.workers)
        ]
        for runner in runners:
            person.wait_for([runner])
        for runner in runners:
            if runner.error is not None:
                raise runner.error

    def _report(self, person: Process) -> bool:
        try:
            return bool(self._task(person, "report", lambda phase: phase.report()))
        except TaskFailedError:
            return False

    def _last_rows(self) -> list[str]:
        reports = [report for report in self.company.recorder.history.reports if report.import_id == self.import_id]
        return list(reports[-1].rows.values()) if reports else []

    def _task(self, airflow: Process, name: str, work: Callable[[Phase], Any]) -> Any:
        """
        Run a task until it succeeds.

        :raises TaskFailedError: if it does not
        """
        failures = waits = 0
        while True:
            process = self._attempt(airflow, name, work)
            if process.is_over and process.error is None:
                return process.result
            error = process.error if process.is_over else Killed()
            if isinstance(error, GongImportUnfinishedError | GongRateLimitError) and waits < _MOST_WAITS:
                waits += 1
                airflow.sleep(max(error.retry_after, _LEAST_WAIT))
                continue
            is_expected = isinstance(error, GongError | Killed)
            airflow.world.note("failed" if is_expected else "crashed", process.name, f"{type(error).__name__}: {error}")
            failures += 1
            self._look_into(error)
            must_plan = self.store_id is None and name != "plan"
            if failures >= _TRIES or must_plan or not getattr(error, "retry_can_help", True):
                raise TaskFailedError(name) from error
            airflow.sleep(_RETRY_DELAY)

    def _attempt(self, airflow: Process, name: str, work: Callable[[Phase], Any]) -> Process:
        """Run a task once, or until Airflow thinks that its process is gone."""
        world = airflow.world
        self._attempts += 1
        store_id = None if name == "plan" else self.store_id or ""
        process = world.start(
            f"{self.import_id}/{name}#{self._attempts}",
            lambda process: work(Phase(self.company, process, self.import_id, store_id)),
            **self.fate.draw(world.now),
        )
        process.clock_skew = self.fate.chance.choice(self.clock_skews)
        while not process.is_over:
            airflow.wait_for([process], 60.0 if process.may_pause else float("inf"))
            since = process.paused_since
            if since is not None and world.now - since > _ZOMBIE_AFTER:
                world.note("given up", process.name, "it does not answer")
                break
        return process

    def _look_into(self, error: BaseException) -> None:
        """Do what the error asks a person to do."""
        if isinstance(error, GongStoreNotSharedError) or any(text in str(error) for text in _PLAN_AGAIN):
            self.store_id = None
        elif isinstance(error, GongStoreError) and "with another import_id" in str(error):
            self.import_id, self.store_id = f"{self.import_id}+", None
