"""Reading cells as phone systems and spreadsheets write them, without guessing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_gong.call_import.manifest.fields import Kind
from airflow_provider_gong.call_import.manifest.records import distinct
from airflow_provider_gong.call_import.manifest.texts import (
    MARKS,
    UnreadableCellError,
    check_id,
    check_text,
    without_groups,
    without_zeros,
)

# Looking up members of an enumeration is slow.
_TEXT, _ID, _JSON, _OTHER_ID, _START = Kind.TEXT, Kind.ID, Kind.JSON, Kind.OTHER_ID, Kind.START
_DIRECTION, _DURATION, _PHONE = Kind.DIRECTION, Kind.DURATION, Kind.PHONE
_FUTURE = timedelta(hours=24)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A bare date would be read as midnight.
_DATE_AND_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d|\d{8})[Tt ]\d\d:?\d\d", re.ASCII)
_UTC = re.compile(r"( \+0000|Z|\+00:00)? ?(UTC|GMT|Z|\[(UTC|GMT|Z)\])$")
# As Athena, Trino and Java write it.
_WITH_ZONE = re.compile(r"(.+?) ?\[?([A-Za-z_]+/[A-Za-z_/+\-0-9]+)\]?")
_SPACE_BEFORE_OFFSET = re.compile(r" (?=[+-]\d\d)")
_DURATIONS = (
    re.compile(r"(?:(\d+) days?,? )?(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII),
    # ISO 8601, without years and months.
    re.compile(
        r"P(?=T?\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII | re.IGNORECASE
    ),
)
_LONGEST_CALL = 24 * 60 * 60
# Of telephone numbers with a country code; shorter ones may be local.
_LOST_PLUS = re.compile(r"[1-9]\d{10,14}", re.ASCII)
# As RFC 3966, RFC 3261, Genesys and Twilio write telephone numbers.
_PHONE_URI = re.compile(r"tel:(.+)|(?:sips?|whatsapp):(\+?[0-9]+)(?:[@;].*)?", re.IGNORECASE | re.DOTALL)
# Full width, as in Japan, and invisible marks in copied text.
_PHONE_SIGNS = {0xFF01 + place: 0x21 + place for place in range(94)} | dict.fromkeys(map(ord, MARKS))
_DEEPEST = 32

# Not "originating" and "terminating", which PBXs and trunks use for opposite directions.
_DIRECTION_WORDS = {
    "Inbound": ("in", "inbound", "incoming", "ingoing", "received", "inbound-call", "incoming-call", "in-bound"),
    "Outbound": (
        *("out", "outbound", "outgoing", "outbound-api", "outbound-dial", "dialed", "dialled", "placed"),
        *("outbound-call", "outgoing-call", "outgoing-api", "outgoing-dial", "out-bound"),
    ),
    "Conference": ("conference", "conf"),
    "Unknown": ("unknown",),
}
_DIRECTIONS = {word: direction for direction, words in _DIRECTION_WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class CellRules:
    """
    How cells are read.

    :param timezone: IANA zone of times without an offset; None refuses them
    :param is_strict: whether unreadable optional cells reject their row instead of being left out
    :param now: when the plan is made
    """

    timezone: str | None = None
    is_strict: bool = False
    now: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))


def check_cell(kind: Kind, text: str) -> None:
    """
    Check that a cell contains the text that was meant, if it is not JSON or the id of the call.

    :raises UnreadableCellError: if it is missing, has lost something, or is of another kind
    """
    if kind is _OTHER_ID:
        check_id(text)
    elif kind is _PHONE:
        check_id(text, "a phone number")
    elif kind is not _JSON and kind is not _ID:
        check_text(text)


def read_cell(kind: Kind, text: str, rules: CellRules) -> tuple[Any, str]:
    """
    Return the value of a checked cell and a warning about it, which is empty if there is none.

    :raises UnreadableCellError: if its text is not of the kind
    """
    if kind is _TEXT or kind is _ID:
        return text, ""
    if kind is _DIRECTION:
        return read_direction(text), ""
    if kind is _PHONE:
        return read_phone(text)
    if kind is _JSON:
        return read_json(text), ""
    if kind is _OTHER_ID:
        return without_zeros(text), ""
    if kind is _DURATION:
        return read_duration(text), ""
    moment = read_time(text, rules.timezone)
    return moment, _check_start(moment, rules.now) if kind is _START else ""


def read_time(text: str, timezone: str | None) -> datetime:
    """
    Return the time in a cell.

    :param text: ISO 8601, such as ``2026-11-20T14:03:00+01:00`` or ``2026-11-20 14:03``, also with ``UTC`` or a time
        zone such as ``Europe/Berlin`` at its end
    :param timezone: IANA time zone of times without an offset; None rejects such times
    :raises UnreadableCellError: if it is not a valid time
    """
    named = _WITH_ZONE.fullmatch(text) if "/" in text else None
    if named is not None:
        text, timezone = named.groups()
    moment = _from_text(text)
    if moment.tzinfo is not None:
        return moment
    if timezone is None:
        remedy = "Add an offset such as +01:00 or Z, or name the time zone in the Gong connection."
        raise UnreadableCellError("has no offset, so the exact time is unknown", remedy)
    return _in_zone(moment, timezone)


def read_direction(text: str) -> str:
    """Return Gong's word for a direction; unknown words are returned unchanged."""
    word = text.lower()
    return _DIRECTIONS.get(word) or _DIRECTIONS.get(re.sub(r"[\s_]+", "-", word), text)


def read_duration(text: str) -> str | float:
    """
    Return the seconds of a duration like ``00:12:30`` or ``PT12M30S``; other text is returned unchanged.

    :raises UnreadableCellError: if no call lasts that long
    """
    found = _DURATIONS[0].fullmatch(text) or _DURATIONS[1].fullmatch(text)
    if found is not None:
        days, hours, minutes, seconds = found.groups("0")
        return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)
    with contextlib.suppress(ValueError):
        if float(text) > _LONGEST_CALL:
            raise UnreadableCellError("is more than 24 hours", "Give it in seconds; it may be in milliseconds.")
    return text


def read_phone(text: str) -> tuple[str, str]:
    """
    Return a phone number and a warning about it, which is empty if there is none.

    :raises UnreadableCellError: if it is a list
    """
    if text[0] in "[{" or text.count("+") > 1:
        raise UnreadableCellError("is a list, not a phone number", "Give one number for each participant.")
    if text[0] == "+" and text.isascii():
        return text, ""
    text = text if text.isascii() else text.translate(_PHONE_SIGNS)
    uri = _PHONE_URI.fullmatch(text)
    text = text if uri is None else uri[1] or uri[2]
    if text.startswith("+"):
        return text, ""
    digits = without_zeros(text)
    if not _LOST_PLUS.fullmatch(without_groups(digits)):
        return digits, ""
    return digits, f"{digits} has no + before its country code; a spreadsheet may have treated it as a number"


def read_json(text: str) -> Any:
    """
    Return the JSON value in a cell, with the names in objects sorted.

    :raises UnreadableCellError: if it is not JSON, or nested without end
    """
    remedy = "Write it as in Gong's API, such as a list of objects in double quotes."
    try:
        value = json.loads(text, object_pairs_hook=_sorted_object)
        # JSON can contain incomplete surrogate pairs, which are not valid text.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UnreadableCellError(f"is not JSON ({error})", remedy) from error
    if _is_too_deep(value):
        raise UnreadableCellError(f"is nested more than {_DEEPEST} levels deep", remedy)
    return value


def _check_start(moment: datetime, now: datetime) -> str:
    """
    Return a warning about the start of a call; empty if it is plausible.

    :raises UnreadableCellError: if no call can have started then
    """
    if moment <= now:
        is_early = moment < _EARLIEST
        return f"{moment.isoformat()} is before the year 2000; it may have another unit" if is_early else ""
    if moment > now + _FUTURE:
        raise UnreadableCellError("is more than 24 hours in the future", "Correct it; Gong cannot change it later.")
    return f"{moment.isoformat()} is in the future; its offset or time zone may be wrong"


def _from_text(text: str) -> datetime:
    if _DATE_AND_TIME.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            # The form of other programs.
            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(_SPACE_BEFORE_OFFSET.sub("", _UTC.sub("Z", text.upper())))
    remedy = "Write it like 2026-11-20T14:03:00+01:00, or give the right format in columns."
    raise UnreadableCellError("is not a date and time in ISO 8601", remedy)


def _in_zone(moment: datetime, timezone: str) -> datetime:
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, LookupError, OSError) as error:
        remedy = "Give an offset such as +01:00 instead."
        raise UnreadableCellError(f"is in the unknown time zone {timezone}", remedy) from error
    earlier, later = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if earlier.utcoffset() == later.utcoffset():
        return earlier
    # A time that the clocks skipped changes when it is converted to UTC and back; one that they showed twice does not.
    skipped = earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment
    what = "does not exist" if skipped else "happened twice"
    raise UnreadableCellError(f"{what} in {timezone}, where the clocks were changed", "Add the right offset.")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _sorted_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(sorted(distinct(pairs).items()))
    if isinstance(ident := found.get("objectId"), str):
        try:
            check_id(ident)
        except UnreadableCellError as error:
            raise UnreadableCellError(f"has an objectId that {error.rule}", error.remedy) from error
        found["objectId"] = without_zeros(ident)
    return found
