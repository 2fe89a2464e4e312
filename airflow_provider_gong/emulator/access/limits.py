"""The company's request limits: how requests are counted per second and per day."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from airflow_provider_gong.emulator.world.settings import EmulatorSettings

DAY_SECONDS = 86_400.0


class Window(Protocol):
    """Counts requests and determines when the next one is allowed."""

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""

    def add(self, now: float) -> None:
        """Count a request."""


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


class FixedWindow:
    """Whole seconds of the clock, each counted separately."""

    def __init__(self) -> None:
        self._second = -math.inf
        self._count = 0

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        self._turn(now)
        return 0.0 if self._count < limit else self._second + 1 - now

    def add(self, now: float) -> None:
        """Count a request."""
        self._turn(now)
        self._count += 1

    def _turn(self, now: float) -> None:
        if math.floor(now) != self._second:
            self._second, self._count = math.floor(now), 0


class TokenBucket:
    """A token bucket that holds one second's requests and refills evenly."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = -math.inf
        self._rate = 1

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        self._drain(now, limit)
        return max(0.0, (self._level + 1 - limit) / limit)

    def add(self, now: float) -> None:
        """Count a request."""
        self._drain(now, self._rate)
        self._level += 1

    def _drain(self, now: float, limit: int) -> None:
        if self._level:
            self._level = max(0.0, self._level - (now - self._at) * limit)
        self._at, self._rate = now, limit


class CalendarDay:
    """
    The day of a time zone, from midnight to midnight.

    :param zone: e.g. ``America/Los_Angeles``
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._ends = -math.inf
        self._count = 0

    def count(self, now: float) -> int:
        """Return how many requests the day holds."""
        if now >= self._ends:
            self._count = 0
            midnight = datetime.fromtimestamp(now, self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
            self._ends = (midnight + timedelta(days=1)).timestamp()
        return self._count

    def wait(self, now: float, limit: int) -> float:
        """Return the seconds until a request fits under the limit; 0 when it fits now."""
        return 0.0 if self.count(now) < limit else self._ends - now

    def add(self, now: float, requests: int = 1) -> None:
        """Count requests."""
        self._count = self.count(now) + requests


class Limits:
    """The limits of a company: requests per second and per day, counted as configured."""

    def __init__(self) -> None:
        self._second: Window = SlidingWindow(1.0)
        self._second_kind = "sliding"
        self._day: SlidingWindow | CalendarDay = SlidingWindow(DAY_SECONDS, grain=1.0)
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


def _day_window(reset: str) -> SlidingWindow | CalendarDay:
    return SlidingWindow(DAY_SECONDS, grain=1.0) if reset == "rolling" else CalendarDay(reset)


def _second_window(kind: str) -> Window:
    match kind:
        case "fixed":
            return FixedWindow()
        case "bucket":
            return TokenBucket()
        case _:
            return SlidingWindow(1.0)
