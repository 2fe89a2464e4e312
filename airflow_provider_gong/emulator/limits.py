"""The company's request limits."""

from __future__ import annotations

import math
from collections import deque

DAY_SECONDS = 86_400.0


class SlidingWindow:
    """Counts requests over the last seconds and says when the next one fits.

    :param seconds: length of the window.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()

    def count(self, now: float) -> int:
        """Return how many requests the window holds."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return len(self._times)

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now or there is no limit."""
        surplus = self.count(now) - limit
        if limit == 0 or surplus < 0:
            return 0.0
        return self._times[surplus] + self._seconds - now

    def add(self, now: float) -> None:
        """Count a request."""
        self._times.append(now)


class Limits:
    """The limits of a company: requests per second and requests per rolling 24 hours."""

    def __init__(self) -> None:
        self._second = SlidingWindow(1.0)
        self._day = SlidingWindow(DAY_SECONDS)

    def admit(self, now: float, per_second: int, per_day: int) -> int:
        """Let a request in, or return the ``Retry-After`` of its refusal in whole seconds.

        A refused request does not count against the limits; whether it does at Gong is not known.
        """
        wait = max(self._second.wait(now, per_second), self._day.wait(now, per_day))
        if wait > 0:
            return max(1, math.ceil(wait))
        self._second.add(now)
        self._day.add(now)
        return 0

    def used_today(self, now: float) -> int:
        """Return how many requests were let in during the last 24 hours."""
        return self._day.count(now)
