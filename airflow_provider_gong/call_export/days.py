"""UTC days: the unit of an export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from airflow_provider_gong.call_export.errors import GongExportSettingsError

ONE_DAY = timedelta(days=1)
_DURATION = re.compile(r"(\d{1,4})([dh])")
_NO_INTERVAL = "Use a timetable with data intervals, such as CronDataIntervalTimetable, or set since and until."
_CENTURY = 36_500 * ONE_DAY
Window = tuple[datetime, datetime]


def days_of(since: str | date, until: str | date) -> list[date]:
    """
    Return all UTC days that an interval touches.

    :param since: its start, a date or a time
    :param until: its end (exclusive), a date or a time
    :raises GongExportSettingsError: if it is empty or not an interval
    """
    kind = "a date or time in ISO 8601"
    first, last = _moment("since", since, kind, _NO_INTERVAL), _moment("until", until, kind, _NO_INTERVAL)
    if first >= last:
        empty = f"The interval from {first.isoformat()} until {last.isoformat()} is empty."
        raise GongExportSettingsError(empty, remedy=_NO_INTERVAL)
    return list(day_range(first.date(), (last - timedelta(microseconds=1)).date()))


def day_range(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + number * ONE_DAY


def window_of(day: date) -> Window:
    """Return the start of a day and the start of the next day."""
    start = datetime.combine(day, time(), UTC)
    return start, datetime.max.replace(tzinfo=UTC) if day == date.max else start + ONE_DAY


def halves(window: Window) -> tuple[Window, Window]:
    """Return both halves of a window."""
    start, end = window
    middle = (start + (end - start) / 2).replace(microsecond=0)
    return (start, middle), (middle, end)


def wire(moment: datetime) -> str:
    """Return a time in the form that Gong reads."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_of(name: str, value: str | date) -> date:
    """
    Return the UTC day of a date or a time, such as ``2026-11-20``.

    :param name: the parameter's name, for errors
    :raises GongExportSettingsError: if it is neither
    """
    return _moment(name, value, "a day such as 2026-11-20").date()


def parse_days(name: str, text: str) -> list[date]:
    """
    Parse days, such as ``2026-11-20,2026-11-01..2026-11-07``.

    :param name: the parameter's name, for errors
    :raises GongExportSettingsError: if a part is not a day or a range of days
    """
    days: set[date] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        found = list(day_range(day_of(name, first), day_of(name, last or first)))
        if not found:
            raise GongExportSettingsError(f"{name}: {part.strip()!r} ends before it begins.")
        days.update(found)
    return sorted(days)


def duration_of(name: str, value: str | timedelta) -> timedelta:
    """
    Parse a duration, such as ``7d`` or ``36h``.

    :param name: the parameter's name, for errors
    :raises GongExportSettingsError: if it is none
    """
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return int(found[1]) * (ONE_DAY if found[2] == "d" else timedelta(hours=1))
    if isinstance(value, timedelta) and timedelta(0) <= value <= _CENTURY:
        return value
    raise GongExportSettingsError(f"{name}: {value!r} is not a duration such as 7d or 36h.")


def _moment(name: str, value: str | date, kind: str, remedy: str | None = None) -> datetime:
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        moment = found if isinstance(found, datetime) else datetime.combine(found, time())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise GongExportSettingsError(f"{name}: {value!r} is not {kind}.", remedy=remedy) from error
