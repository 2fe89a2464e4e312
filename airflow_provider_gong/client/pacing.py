"""
Who may send when: every decision about a company's request budget, on plain values and any clock.

The budget of one process keeps a :class:`Pace` in memory, the shared one in a row of the store. Both decide here, and
so does the simulation among the benchmarks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

REQUESTS_PER_SECOND = 3.0
REQUESTS_PER_DAY = 10_000
# Refusals for this long mean that the day's quota is used up, not that the last second was busy.
DAILY_WAIT = 600.0
# Gong measures arrivals, not departures: taking a little more than a second for the requests of a second absorbs the
# network's jitter.
_LEAST_MARGIN = 0.036
_LARGEST_MARGIN = 0.3
_COLD_MARGIN = 0.2
_WIDEN = 1.25
_NARROW_PER_SECOND = 0.009 / 3600
# After the day has reopened, one request is sent first; the others wait until its response could have closed the gate.
_PROBE_HEAD_START = 10.0
# A gateway's response does not close a company for long, unless it is repeated.
_FOREIGN_WAIT = 60.0
_LONGEST_FOREIGN_WAIT = 3600.0
_HOUR = 3600
_DAY = 24 * _HOUR

FOR_ITS_TURN = "for the next slot in the company's request budget"
FOR_THE_GATE = "because Gong refused the company's requests (429)"
FOR_THE_DAY = "because the company's requests for the day are used up"


@dataclass(frozen=True, slots=True)
class Slot:
    """
    A reserved slot: send the request after ``delay`` seconds if the budget's ``epoch`` is still the same.

    :param left: how many more requests the caller may send on this day, if known
    """

    delay: float
    epoch: int
    reason: str = FOR_ITS_TURN
    left: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SlotRefused:
    """No slot within the requested wait; the next one may be free in ``retry_after`` seconds."""

    retry_after: float
    daily: bool


class Day(Protocol):
    """How a day of the quota is counted, in buckets whose keys are the seconds at which they begin."""

    def bucket(self, moment: float) -> int:
        """Return the bucket that a request of this moment counts in."""

    def counted(self, buckets: Mapping[int, int], now: float) -> dict[int, int]:
        """Return the buckets that belong to the current day."""

    def room_at(self, counted: Mapping[int, int], surplus: int, now: float) -> float:
        """Return when at least ``surplus`` of the requests counted will have left the day."""


@dataclass(frozen=True, slots=True)
class RollingDay:
    """A rolling 24 hours, in buckets of an hour: a request counts for 24 to 25 hours."""

    def bucket(self, moment: float) -> int:
        """Return the hour."""
        return int(moment // _HOUR) * _HOUR

    def counted(self, buckets: Mapping[int, int], now: float) -> dict[int, int]:
        """Return the buckets that may hold requests of the last 24 hours."""
        return {start: count for start, count in buckets.items() if start + _DAY + _HOUR > now}

    def room_at(self, counted: Mapping[int, int], surplus: int, now: float) -> float:
        """Return when enough of the oldest hours have passed."""
        for start in sorted(counted):
            surplus -= counted[start]
            if surplus <= 0:
                return float(start + _DAY + _HOUR)
        return now


@dataclass(frozen=True, slots=True)
class DailyReset:
    """
    Days that end at a fixed time of day.

    :param time: when Gong resets the quota
    :param zone: the zone of that time
    """

    time: dt.time
    zone: ZoneInfo

    def bucket(self, moment: float) -> int:
        """Return the hour, or the reset if that was within it."""
        return max(int(moment // _HOUR) * _HOUR, int(self._reset(moment, days=0)))

    def counted(self, buckets: Mapping[int, int], now: float) -> dict[int, int]:
        """Return the buckets since the last reset."""
        last = int(self._reset(now, days=0))
        return {start: count for start, count in buckets.items() if start >= last}

    def room_at(self, counted: Mapping[int, int], surplus: int, now: float) -> float:
        """Return the next reset."""
        return self._reset(now, days=1)

    def _reset(self, now: float, *, days: int) -> float:
        """Return the last reset, or the one a number of days later."""
        today = dt.datetime.fromtimestamp(now, self.zone).date()
        if self._on(today) > now:
            days -= 1
        return self._on(today + dt.timedelta(days=days))

    def _on(self, date: dt.date) -> float:
        return dt.datetime.combine(date, self.time, self.zone).timestamp()


@dataclass(frozen=True, slots=True)
class Share:
    """
    The share of the company's limits that a caller may use.

    :param requests_per_second: requests per second
    :param requests_per_day: requests per day
    :param reserved_requests: how many requests of the day it leaves to others
    :param day: what counts as a day
    :raises ValueError: for an empty share
    """

    requests_per_second: float = REQUESTS_PER_SECOND
    requests_per_day: int = REQUESTS_PER_DAY
    reserved_requests: int = 0
    day: Day = field(default_factory=RollingDay)

    def __post_init__(self) -> None:
        if self.requests_per_second <= 0 or self.requests_per_day <= 0:
            raise ValueError("requests_per_second and requests_per_day must be greater than zero.")
        if not 0 <= self.reserved_requests < self.requests_per_day:
            raise ValueError("reserved_requests must be less than requests_per_day.")


@dataclass(slots=True)
class Pace:
    """
    The state of a company's budget. Times are seconds of a single clock, which does not have to be exact.

    :param seen_at: when it was last used
    :param next_slot: start of the next free slot
    :param opens_at: when the gate opens
    :param day_is_gone: whether the gate was closed for the day; then one request goes first when it opens
    :param epoch: number of times that the gate was closed
    :param margin: seconds in addition to the one second over which the requests of a second are spread
    :param refused_at: when Gong last refused a request; None if it never did
    :param hours: requests by bucket
    """

    seen_at: float = 0.0
    next_slot: float = 0.0
    opens_at: float = 0.0
    day_is_gone: bool = False
    epoch: int = 0
    margin: float = _LEAST_MARGIN
    refused_at: float | None = None
    hours: dict[int, int] = field(default_factory=dict)

    def reserve(self, share: Share, now: float, max_wait: float, *, cold: bool = False) -> Slot | SlotRefused:
        """
        Reserve the next free slot, unless it is more than ``max_wait`` seconds away.

        :param share: the caller's share
        :param now: the clock's time
        :param max_wait: seconds that the caller would wait
        :param cold: whether this is the caller's first request, which may arrive late because it still has to connect
        """
        self._move_to(now)
        day_opens = self._day_opens(share, now)
        start = max(now, self.next_slot, self.opens_at, day_opens)
        if start - now > max_wait:
            return SlotRefused(start - now, daily=day_opens > now)
        reason = FOR_THE_DAY if day_opens > now else FOR_THE_GATE if self.opens_at > now else FOR_ITS_TURN
        self._book(start, share, cold=cold)
        left = share.requests_per_day - share.reserved_requests - self.used(share, now)
        return Slot(start - now, self.epoch, reason, max(left, 0))

    def close(self, now: float, retry_after: float, *, foreign: bool = False) -> None:
        """
        Close the gate for ``retry_after`` seconds, because a request was refused.

        :param now: the clock's time
        :param retry_after: seconds that the response asked for
        :param foreign: whether something other than Gong refused it, such as a gateway
        """
        self._move_to(now)
        # No quota is gone for longer than a day, whatever date Gong gives.
        retry_after = min(retry_after, self._longest_foreign(now) if foreign else float(_DAY))
        is_daily = retry_after >= DAILY_WAIT and not foreign
        # Requests that were in flight when the gate closed may also be refused, which says nothing new about the
        # spacing.
        if now >= self.opens_at and not is_daily and not foreign:
            self.margin = min(self.margin * _WIDEN, _LARGEST_MARGIN)
        self.refused_at = now
        self.day_is_gone = self.day_is_gone or is_daily
        if now + retry_after > self.opens_at:
            self.epoch += 1
            self.opens_at = self.next_slot = now + retry_after

    def _longest_foreign(self, now: float) -> float:
        """Return for how long a gateway may close the gate, doubled each time in a row."""
        last = 0.0 if self.refused_at is None else self.opens_at - self.refused_at
        is_next_in_a_row = 0 <= now - self.opens_at <= last
        limit = 2 * last if is_next_in_a_row else last if now < self.opens_at else 0.0
        return min(max(limit, _FOREIGN_WAIT), _LONGEST_FOREIGN_WAIT)

    def spacing(self, share: Share) -> float:
        """Return the seconds between two slots."""
        return (1 + self.margin) / share.requests_per_second

    def used(self, share: Share, now: float) -> int:
        """Return how many requests of the current day were granted."""
        return sum(share.day.counted(self.hours, now).values())

    def _day_opens(self, share: Share, now: float) -> float:
        if self.day_is_gone:
            # Gong itself says when there is quota again; the count is only an estimate.
            return self.opens_at
        counted = share.day.counted(self.hours, now)
        surplus = sum(counted.values()) - (share.requests_per_day - share.reserved_requests) + 1
        return share.day.room_at(counted, surplus, now) if surplus > 0 else now

    def _book(self, start: float, share: Share, *, cold: bool) -> None:
        spacing = self.spacing(share) + (_COLD_MARGIN if cold else 0.0)
        if self.day_is_gone:
            self.day_is_gone = False
            self.hours.clear()
            spacing = _PROBE_HEAD_START
        self.next_slot = start + spacing
        bucket = share.day.bucket(start)
        self.hours[bucket] = self.hours.get(bucket, 0) + 1

    def _move_to(self, now: float) -> None:
        if now < self.seen_at:
            self._set_back(self.seen_at - now, now)
        elif self.margin > _LEAST_MARGIN:
            self.margin = max(self.margin - (now - self.seen_at) * _NARROW_PER_SECOND, _LEAST_MARGIN)
        self.seen_at = now
        self.hours = RollingDay().counted(self.hours, now)

    def _set_back(self, seconds: float, now: float) -> None:
        """Keep the remaining waiting times unchanged if the clock was set back."""
        self.next_slot -= seconds
        self.opens_at -= seconds
        if self.refused_at is not None:
            self.refused_at -= seconds
        ahead = sum(self.hours.pop(start) for start in list(self.hours) if start > now)
        if ahead:
            # Not in the hour of now, which may have begun before the day did.
            self.hours[int(now)] = self.hours.get(int(now), 0) + ahead
