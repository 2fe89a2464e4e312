"""The request budget: the protocol by which the client asks for it, and the pacer of one process."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

REQUESTS_PER_SECOND = 3.0
REQUESTS_PER_DAY = 10_000
# Refusals for this long mean that the day's quota is gone, not that the last second was busy.
DAILY_WAIT = 600.0
# Gong measures arrivals, not departures: a little more than the exact spacing absorbs the network's jitter.
_SPACING_MARGIN = 0.012
_HOUR = 3600.0
_HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True)
class Slot:
    """A booked request: send it after ``delay`` seconds, if the budget's ``epoch`` is still the same."""

    delay: float
    epoch: int


@dataclass(frozen=True, slots=True)
class SlotRefused:
    """No slot within the wait asked for; the next may be free in ``retry_after`` seconds."""

    retry_after: float
    daily: bool


class RequestBudget(Protocol):
    """Grants the right to send one request at a time. Calls may block shortly, but never wait for a slot."""

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """Book the next free slot, unless it is more than ``max_wait`` seconds away."""

    def confirm(self, slot: Slot) -> bool:
        """Tell, after the slot's delay, whether it is still good: no gate has closed since it was booked."""

    def close(self, retry_after: float) -> None:
        """Close the gate for everybody for ``retry_after`` seconds, because Gong answered 429."""


class LocalBudget:
    """
    Paces the requests of one process; other processes and hosts are not known to it.

    :param requests_per_second: share of the company's limit that this process may use
    :param requests_per_day: requests in any 24 hours, counted from the start of the process
    :param clock: seconds that only go forward
    :raises ValueError: for a share that is not greater than zero
    """

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        requests_per_day: int = REQUESTS_PER_DAY,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if requests_per_second <= 0 or requests_per_day <= 0:
            raise ValueError("requests_per_second and requests_per_day must be greater than zero.")
        self._spacing = 1 / requests_per_second + _SPACING_MARGIN
        self._per_day = requests_per_day
        self._clock = clock
        self._lock = threading.Lock()
        self._next_slot = 0.0
        self._opens_at = 0.0
        self._day_opens_at = 0.0
        self._epoch = 0
        self._hours: deque[tuple[float, int]] = deque()

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """Book the next free slot, unless it is more than ``max_wait`` seconds away."""
        with self._lock:
            now = self._clock()
            day_opens = self._day_opens(now)
            start = max(now, self._next_slot, self._opens_at, day_opens)
            if start - now > max_wait:
                return SlotRefused(start - now, daily=day_opens > now)
            self._next_slot = start + self._spacing
            self._count(start)
            return Slot(start - now, self._epoch)

    def confirm(self, slot: Slot) -> bool:
        """Tell whether no gate has closed since the slot was booked."""
        with self._lock:
            return slot.epoch == self._epoch

    def close(self, retry_after: float) -> None:
        """Close the gate for ``retry_after`` seconds."""
        with self._lock:
            self._epoch += 1
            opens_at = self._clock() + retry_after
            self._opens_at = max(self._opens_at, opens_at)
            self._next_slot = self._opens_at
            if retry_after >= DAILY_WAIT:
                self._day_opens_at = max(self._day_opens_at, opens_at)

    def _day_opens(self, now: float) -> float:
        while self._hours and self._hours[0][0] <= now - (_HOURS_PER_DAY + 1) * _HOUR:
            self._hours.popleft()
        if sum(count for _, count in self._hours) < self._per_day:
            return self._day_opens_at
        return max(self._day_opens_at, self._hours[0][0] + (_HOURS_PER_DAY + 1) * _HOUR)

    def _count(self, moment: float) -> None:
        hour = moment - moment % _HOUR
        if self._hours and self._hours[-1][0] == hour:
            hour, count = self._hours.pop()
            self._hours.append((hour, count + 1))
        else:
            self._hours.append((hour, 1))


@functools.lru_cache(maxsize=32)
def process_budget(company: str, requests_per_second: float, requests_per_day: int) -> LocalBudget:
    """Return the pacer that all clients of one company share in this process."""
    return LocalBudget(requests_per_second, requests_per_day)
