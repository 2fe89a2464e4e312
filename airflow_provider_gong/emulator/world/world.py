"""Settings, time and ids: what everything in an emulated company shares."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.ids import mint_id, mint_request_id
from airflow_provider_gong.emulator.world.settings import EmulatorSettings


class Agenda:
    """Actions that are due at a time; they are carried out when somebody looks."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Carry an action out at a time."""
        heapq.heappush(self._due, (moment, next(self._numbers), action))

    def run(self, now: float) -> None:
        """Carry out what is due by now, in the order of the times."""
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()


@dataclass
class Job:
    """An asynchronous request: pending at first, in progress after a third of its time, then over."""

    begun: float
    ends: float

    def progress(self, now: float) -> str | None:
        """Return the state of a request that is not over at a time."""
        if now < self.begun + (self.ends - self.begun) / 3:
            return "PENDING"
        return "IN_PROGRESS" if now < self.ends else None


class World:
    """
    What everything in an emulated company shares.

    :param settings: see :class:`EmulatorSettings`
    :param clock: the time that processing, cursors and limits follow
    :ivar agenda: what is due later
    :ivar request_number: how many requests came
    """

    def __init__(self, settings: EmulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.agenda = Agenda()
        self.request_number = 0

    def tick(self) -> None:
        """Let happen what is due by now."""
        self.agenda.run(self.clock.now())

    def next_request_id(self) -> str:
        """Return the id of a new request."""
        self.request_number += 1
        return mint_request_id(self.settings.seed, self.request_number)

    def new_id(self, kind: str, key: object) -> str:
        """Return the id of the thing that ``kind`` and ``key`` name; the same whenever it is asked for."""
        return mint_id(self.settings.seed, kind, str(key))
