"""Formats of times in cells and names: the codes of ``strptime``, and numbers of seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCHS = {
    "epoch": re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,9})?"),
    "epoch_ms": re.compile("[0-9]{12,13}"),
    "epoch_us": re.compile("[0-9]{15,16}"),
    "epoch_ns": re.compile("[0-9]{18,19}"),
}
"""Formats of numbers: seconds, with or without a fraction, milliseconds, microseconds and nanoseconds."""

_PER_SECOND = {"epoch_ms": 1000, "epoch_us": 1_000_000, "epoch_ns": 1_000_000_000}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers with a minus sign are written without a leading zero.
_CODE = re.compile("%-?(.)", re.DOTALL)
_PLAIN = re.compile("(%%)|%-")
# Signs of UTC and offsets, which strptime takes for any other text.
_UTC_SIGN = re.compile(r"(?<![A-Za-z])(?:Z|UTC|GMT)(?![A-Za-z])")
# Around a format; Zoom writes GMT20261120-093000_Recording.mp4.
_UTC_PRECEDES = re.compile(r"(?<![A-Za-z])(?:UTC|GMT)[ _.-]?$")
_UTC_FOLLOWS = re.compile(r"(?:Z|[ _.-]?(?:UTC|GMT))(?![A-Za-z]|[+-]\d)")
_OFFSET = re.compile(r"%[MSfp][0.]* ?[+-]\d\d:?\d\d|(?:UTC|GMT)[+-]\d")
_ZONE_NAME = re.compile(r"(?<![A-Za-z])(?!GMT)(?:[A-Z]{2,4}T|MSK)(?![A-Za-z])")
_MONTH_AFTER_HOUR = re.compile(r"%-?[HI]\W?%-?m")
# Of a fraction, behind the six that Python reads.
_MORE_DIGITS = re.compile(r"(?<=[.,]\d{6})\d{1,3}(?!\d)")
_YEARS = frozenset("YyGcx")
_SAMPLE = datetime(2026, 11, 22, 21, tzinfo=UTC)


def codes_of(form: str) -> list[str]:
    """Return the codes in a format, without their percent signs."""
    return _CODE.findall(form)


def check_clock(form: str) -> None:
    """
    Check that a format cannot mistake one time for another.

    :raises ValueError: if it can
    """
    codes = [code for code in codes_of(form) if code != "%"]
    repeated = next((code for code in codes if codes.count(code) > 1), None)
    if repeated:
        raise ValueError(f"{form!r} has %{repeated} more than once. The month is %m, and minutes are %M.")
    if "Z" in codes:
        raise ValueError(f"{form!r} has %Z, but names of time zones are ambiguous. Use %z for offsets, or write UTC.")
    if "I" in codes and "p" not in codes:
        raise ValueError(f"{form!r} has %I without %p, so morning and afternoon cannot be distinguished. Add %p.")
    if "H" in codes and "p" in codes:
        raise ValueError(f"{form!r} has %p beside %H, which ignores it. Use %I for hours up to 12.")
    zone = _ZONE_NAME.search(_CODE.sub("0", form))
    if zone:
        raise ValueError(
            f"{form!r} has the time zone {zone[0]}, which would be ignored. Give times with offsets, as %z."
        )
    if _OFFSET.search(form):
        raise ValueError(f"{form!r} has an offset from UTC, which would be ignored. Write it as %z.")
    if _MONTH_AFTER_HOUR.search(form):
        raise ValueError(f"{form!r} has the month, %m, after the hour. Minutes are %M.")


def check_moment(form: str) -> None:
    """
    Check that a format describes a moment: a date with a year, and a time of day.

    :raises ValueError: if not
    """
    if form in EPOCHS:
        return
    check_clock(form)
    try:
        # From Python 3.13 on, strptime warns of dates without a year.
        has_year = not _YEARS.isdisjoint(codes_of(form))
        is_whole = has_year and read_moment(_SAMPLE.strftime(form), form).replace(tzinfo=UTC) == _SAMPLE
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"{form!r} is not a date with a year and a time of day, such as '%d.%m.%Y %H:%M:%S'.")


def read_moment(text: str, form: str, around: tuple[str, str] = ("", "")) -> datetime:
    """
    Return the moment of a text.

    :param around: the texts before and after it
    :raises ValueError: if the text does not have the format
    """
    if form in EPOCHS:
        return _from_epoch(text, form)
    if "%f" in form:
        text = _MORE_DIGITS.sub("", text)
    moment = datetime.strptime(text, _PLAIN.sub(lambda found: found[1] or "%", form))
    before, after = around
    is_utc = _UTC_SIGN.search(_CODE.sub("0", form)) or _UTC_PRECEDES.search(before) or _UTC_FOLLOWS.match(after)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None and is_utc else moment


def render_epoch(moment: datetime, form: str) -> str:
    """Return the number of a moment."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    if form in _PER_SECOND:
        return str(micros * _PER_SECOND[form] // 1_000_000)
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds}.{fraction:06}".rstrip("0").rstrip(".")


def _from_epoch(text: str, form: str) -> datetime:
    if EPOCHS[form].fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a number of seconds since 1970")
    if form in _PER_SECOND:
        return _EPOCH + timedelta(microseconds=int(text) * 1_000_000 // _PER_SECOND[form])
    seconds, _, fraction = text.partition(".")
    return _EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction[:6].ljust(6, "0")))
