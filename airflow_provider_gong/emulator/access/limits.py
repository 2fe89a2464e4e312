"""The company's request limits: how requests are counted per second and per day."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow_provider_gong.emulator.world.settings import EmulatorSettings

DAY_SECONDS = 86_400.0


class SlidingWindow:
    """
    A sliding window of seconds.

    :param seconds: length of the window
    :param grain: requests closer together than this are counted as one moment, which bounds the memory
    """

    def __init__(self, seconds: float, grain: float = 0.0) -> None:
        self._seconds = seconds
        self._grain = grain
        self._moments: deque[tuple[float, int]] = deque()
        self._count = 0

    def count(self, now: float) -> int:
        """Return how many requests the window holds."""
        while self._moments and self._moments[0][0] <= now - self._seconds:
            self._count -= self._moments.popleft()[1]
        return self._count

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        surplus = self.count(now) - limit
        if surplus < 0:
            return 0.0
        for moment, count in self._moments:
            surplus -= count
            if surplus < 0:
                return moment + self._seconds - now
        return self._seconds

    def add(self, now: float, requests: int = 1) -> None:
        """Count requests."""
        self._count += requests
        if self._moments and now - self._moments[-1][0] <= self._grain:
            moment, count = self._moments.pop()
            self._moments.append((moment, count + requests))
        else:
            self._moments.append((now, requests))


class CalendarWindow:
    """
    Spans of the clock, each counted separately, e.g. whole seconds, or the days of a time zone.

    :param end_of: returns when the span of a time ends
    """

    def __init__(self, end_of: Callable[[float], float]) -> None:
        self._end_of = end_of
        self._ends = -math.inf
        self._count = 0

    def count(self, now: float) -> int:
        """Return how many requests the span holds."""
        if now >= self._ends:
            self._count, self._ends = 0, self._end_of(now)
        return self._count

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        return 0.0 if self.count(now) < limit else self._ends - now

    def add(self, now: float, requests: int = 1) -> None:
        """Count requests."""
        self._count = self.count(now) + requests


class TokenBucket:
    """A token bucket that holds one second's requests and refills evenly."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = -math.inf

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        if self._level:
            self._level = max(0.0, self._level - (now - self._at) * limit)
        self._at = now
        return max(0.0, (self._level + 1 - limit) / limit)

    def add(self, now: float) -> None:
        """Count a request; the bucket has been drained up to now."""
        self._level, self._at = self._level + 1, now


class Limits:
    """The limits of a company: requests per second and per day, counted as configured."""

    def __init__(self) -> None:
        self._second = _second_window("sliding")
        self._second_kind = "sliding"
        self._day = _day_window("rolling")
        self._day_reset = "rolling"

    def admit(self, now: float, settings: EmulatorSettings) -> float:
        """Accept a request and return 0, or return the seconds until one is allowed."""
        self._follow(settings, now)
        second, day = settings.requests_per_second, settings.requests_per_day
        wait = max(
            self._second.wait(now, second) if second else 0.0,
            self._day.wait(now, day) if day else 0.0,
        )
        if not wait or settings.count_refused:
            if second:
                self._second.add(now)
            self._day.add(now)
        return wait

    def used_today(self, now: float, settings: EmulatorSettings) -> int:
        """Return how many requests the day holds."""
        self._follow(settings, now)
        return self._day.count(now)

    def _follow(self, settings: EmulatorSettings, now: float) -> None:
        if settings.limit_window != self._second_kind:
            self._second_kind = settings.limit_window
            self._second = _second_window(settings.limit_window)
        if settings.day_reset != self._day_reset:
            used = self._day.count(now)
            self._day_reset, self._day = settings.day_reset, _day_window(settings.day_reset)
            # Requests that were counted stay counted.
            self._day.add(now, used)


def _second_window(kind: str) -> SlidingWindow | CalendarWindow | TokenBucket:
    if kind == "bucket":
        return TokenBucket()
    return SlidingWindow(1.0) if kind == "sliding" else CalendarWindow(lambda now: math.floor(now) + 1.0)


def _day_window(reset: str) -> SlidingWindow | CalendarWindow:
    if reset == "rolling":
        return SlidingWindow(DAY_SECONDS, grain=1.0)
    zone = ZoneInfo(reset)
    return CalendarWindow(lambda now: _midnight_after(datetime.fromtimestamp(now, zone)))


def _midnight_after(moment: datetime) -> float:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=1)).timestamp()
