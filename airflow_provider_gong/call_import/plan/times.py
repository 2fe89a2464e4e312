"""Times of a manifest: with an offset, or in a time zone that is named somewhere; never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from airflow_provider_gong.ledger.rows import Actor, Problem

# A bare date would be read as midnight.
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def parse_time(column: str, text: str, timezone: str | None) -> datetime | Problem:
    """
    Return the moment that a cell names.

    :param column: column of the cell, for the problem
    :param text: ISO 8601, such as ``2026-11-20T14:03:00+01:00`` or ``2026-11-20 14:03``
    :param timezone: IANA zone of times without an offset; None refuses them
    """
    moment = _from_text(text)
    if moment is None:
        remedy = "Write it like 2026-11-20T14:03:00+01:00."
        return Problem(column, text, "is not a date and time in ISO 8601", remedy, Actor.MANIFEST)
    if moment.tzinfo is not None:
        return moment
    if timezone is None:
        remedy = "Add an offset such as +01:00 or Z, or name the time zone in the Gong connection."
        return Problem(column, text, "has no offset, so its moment is not known", remedy, Actor.MANIFEST)
    return _in_zone(column, text, moment, timezone)


def _from_text(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _DATE_AND_TIME.match(text) else None
    except ValueError:
        return None


def _in_zone(column: str, text: str, moment: datetime, timezone: str) -> datetime | Problem:
    zone = ZoneInfo(timezone)
    earlier, later = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    # A time that the clocks skipped does not survive the way through UTC; one that they showed twice does.
    skipped = earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment
    what = "does not exist" if skipped else "happened twice"
    rule = f"{what} in {timezone}, where the clocks were changed"
    return Problem(column, text, rule, "Add the offset that is meant.", Actor.MANIFEST)
