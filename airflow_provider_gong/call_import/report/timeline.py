"""The chart of calls sent over time: each bar is a round length of time, and the axes have round numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from airflow_provider_gong._text import counted, zone_time

WIDTH, HEIGHT = 900, 120
_MOST_BARS = 60
_FEWEST_BARS = 10
_MOST_TICKS = 5
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second"))
_ROUND_SECONDS = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * hours for hours in (1, 2, 3, 6, 12)),
)
_ROUND_COUNTS = (1, 2, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    """One bar, measured from the left and the top in units of the picture."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tick:
    """
    A label on an axis.

    :param percent: its position from the left or the bottom
    """

    percent: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """
    A chart of times.

    :param summary: the chart in words
    :param per: length of a bar in words
    :param zone: name of the time zone
    """

    summary: str
    per: str
    zone: str
    bars: Sequence[Bar]
    times: Sequence[Tick]
    counts: Sequence[Tick]


def timeline(moments: Sequence[float], zone: tzinfo = UTC) -> Timeline:
    """
    Draw when calls were sent.

    :param moments: in seconds since 1970, at least one, sorted
    :param zone: time zone of the chart
    """
    first, last = moments[0], moments[-1]
    seconds = _round_seconds((last - first) / _MOST_BARS)
    # Hours and days of the time zone.
    ahead = int((datetime.fromtimestamp(first, zone).utcoffset() or timedelta()).total_seconds())
    start = math.floor((first + ahead) / seconds) * seconds - ahead
    number = max(int((last - start) // seconds) + 1, _FEWEST_BARS)
    heights = Counter(int((moment - start) // seconds) for moment in moments)
    peak = max(heights.values())
    top = _round_count(peak)
    sent = f"{counted(len(moments), 'call')} {'was' if len(moments) == 1 else 'were'} sent"
    times = f"from {zone_time(first, zone)} to {zone_time(last, zone)}"
    return Timeline(
        summary=f"{sent} {times}, at most {peak} in {_in_words(seconds)}",
        per=_in_words(seconds).removeprefix("1 "),
        zone=str(zone),
        bars=[_bar(place, count / top, WIDTH / number) for place, count in sorted(heights.items())],
        times=list(_time_ticks(start, number * seconds, ahead, zone)),
        counts=[Tick(100.0 * count / top, f"{count:,}") for count in ((0, top) if top % 2 else (0, top // 2, top))],
    )


def _bar(place: int, share: float, width: float) -> Bar:
    gap = width / 10
    return Bar(x=place * width, y=HEIGHT * (1 - share), width=width - gap, height=HEIGHT * share)


def _time_ticks(start: int, length: int, ahead: int, zone: tzinfo) -> Iterator[Tick]:
    step = _round_seconds(length / _MOST_TICKS)
    clock = "%H:%M" if step >= _MINUTE else "%H:%M:%S"
    form = "%-d %b" if step >= _DAY else f"%-d %b {clock}" if length >= _DAY else clock
    # Round by the clock, which may be set forward or back in between.
    for clock_time in range(math.ceil((start + ahead) / step) * step, start + ahead + length, step):
        moment = datetime.fromtimestamp(clock_time, UTC).replace(tzinfo=zone).timestamp()
        if moment < start + length:
            yield Tick(100.0 * (moment - start) / length, f"{datetime.fromtimestamp(moment, zone):{form}}")


def _round_seconds(least: float) -> int:
    """Return the shortest round length of time that is at least this long."""
    found = next((seconds for seconds in _ROUND_SECONDS if seconds >= least), None)
    return found or math.ceil(least / _DAY) * _DAY


def _round_count(least: int) -> int:
    power = int(10 ** (len(str(least)) - 1))
    return next(digit * power for digit in _ROUND_COUNTS if digit * power >= least)


def _in_words(seconds: int) -> str:
    unit, name = next((unit, name) for unit, name in _UNITS if seconds % unit == 0)
    return counted(seconds // unit, name)
