"""What the texts of cells mean: times and JSON; never guessed."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_gong.call_import.manifest.records import distinct

# A bare date would be read as midnight.
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


class UnreadableCellError(Exception):
    """
    A cell does not hold what its column is for.

    :param rule: what is wrong, after the name of the column
    :param remedy: what to do
    """

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule, remedy)
        self.rule = rule
        self.remedy = remedy


def read_time(text: str, timezone: str | None) -> datetime:
    """
    Return the moment that a cell names.

    :param text: ISO 8601, such as ``2026-11-20T14:03:00+01:00`` or ``2026-11-20 14:03``
    :param timezone: IANA zone of times without an offset; None refuses them
    :raises UnreadableCellError: if it names none
    """
    moment = _from_text(text)
    if moment.tzinfo is not None:
        return moment
    if timezone is None:
        remedy = "Add an offset such as +01:00 or Z, or name the time zone in the Gong connection."
        raise UnreadableCellError("has no offset, so its moment is not known", remedy)
    return _in_zone(moment, timezone)


def read_json(text: str) -> Any:
    """
    Return what a cell holds in JSON, its objects in the order of their names.

    :raises UnreadableCellError: if it is not JSON
    """
    try:
        value = json.loads(text, object_pairs_hook=_sorted_object)
        # Halves of surrogate pairs can be written in JSON, but are no text.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        remedy = "Write it as in Gong's API, such as a list of objects in double quotes."
        raise UnreadableCellError(f"is not JSON ({error})", remedy) from error
    return value


def _from_text(text: str) -> datetime:
    if _DATE_AND_TIME.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise UnreadableCellError("is not a date and time in ISO 8601", "Write it like 2026-11-20T14:03:00+01:00.")


def _in_zone(moment: datetime, timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    earlier, later = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    # A time that the clocks skipped does not survive the way through UTC; one that they showed twice does.
    skipped = earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment
    what = "does not exist" if skipped else "happened twice"
    raise UnreadableCellError(f"{what} in {timezone}, where the clocks were changed", "Add the offset that is meant.")


def _sorted_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(distinct(pairs).items()))
