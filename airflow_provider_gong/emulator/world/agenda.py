"""What happens at a later time of the emulator's clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count


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
