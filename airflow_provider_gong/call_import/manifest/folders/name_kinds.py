"""Kinds of fields in a name: text, numbers, and times in a given format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIRECTIVE = re.compile(r"%(.?)|([^%]+)", re.DOTALL)
_TWO, _THREE = "[0-9]{2}", "[0-9]{3}"
_DIRECTIVES = {
    "Y": "[0-9]{4}",
    **dict.fromkeys("ymdHIMS", _TWO),
    "j": _THREE,
    "f": "[0-9]{1,6}",
    "b": "[A-Za-z]{3}",
    "p": "[AaPp][Mm]",
    "z": "(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
}
_DATES, _CLOCKS = set("Yymbdj"), set("HI")
# A separate letter after a time of day, as in ISO 8601.
_UTC_SIGN = re.compile(r"%[MSf]Z(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class NameKind:
    """
    A kind of field.

    :param pattern: regular expression that it matches; None for any text up to the next part of the template
    :param read: converts the text in a name to a value; raises ``ValueError`` if it is not valid
    :param render: converts a value to the text in a name
    :param is_fixed: whether its end is certain, so that another field may follow directly
    """

    pattern: re.Pattern[str] | None
    read: Callable[[str], str] = str
    render: Callable[[str], str] = str
    is_fixed: bool = False


def _from_epoch(text: str) -> str:
    seconds, _, fraction = text.partition(".")
    return (_EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")))).isoformat()


def _to_epoch(text: str) -> str:
    since = datetime.fromisoformat(text) - _EPOCH
    seconds, fraction = since.days * 86_400 + since.seconds, f"{since.microseconds:06}".rstrip("0")
    return f"{seconds}.{fraction}" if fraction else str(seconds)


TEXT = NameKind(None)
_KINDS = {
    "digits": NameKind(re.compile("[0-9]+")),
    "phone": NameKind(re.compile(r"\+?[0-9]+")),
    "uuid": NameKind(re.compile("[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}"), is_fixed=True),
    "epoch": NameKind(re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,6})?"), _from_epoch, _to_epoch),
}


def kind_of(text: str | None) -> NameKind:
    """
    Return the kind that a template names.

    :param text: the text after the colon; None for a field without a colon
    :raises ValueError: if there is no such kind
    """
    if text is None:
        return TEXT
    if "%" in text:
        return _time_kind(text)
    if text not in _KINDS:
        raise ValueError(f"{text!r} is not a kind of field. Use {', '.join(_KINDS)}, or a time such as %Y%m%d-%H%M%S.")
    return _KINDS[text]


def _time_kind(form: str) -> NameKind:
    codes = [found[1] for found in _DIRECTIVE.finditer(form) if found[2] is None]
    unknown = [f"%{code}" for code in codes if code not in _DIRECTIVES]
    if unknown:
        known = ", ".join(f"%{code}" for code in _DIRECTIVES)
        raise ValueError(f"{', '.join(unknown)} in {form!r} is not supported as a time code in names: use {known}.")
    pattern = "".join(
        re.escape(found[2]) if found[2] is not None else _DIRECTIVES[found[1]] for found in _DIRECTIVE.finditer(form)
    )
    has_date, has_clock = not _DATES.isdisjoint(codes), not _CLOCKS.isdisjoint(codes)
    if (has_date and not _is_whole_date(codes)) or (not has_date and not has_clock):
        raise ValueError(f"{form!r} is neither a date with year, month and day nor a time of day with an hour.")
    is_utc = _UTC_SIGN.search(form) is not None

    def read(text: str) -> str:
        moment = datetime.strptime(text, form)
        moment = moment.replace(tzinfo=UTC) if is_utc else moment
        if has_date and has_clock:
            return moment.isoformat()
        return moment.date().isoformat() if has_date else moment.timetz().isoformat()

    def render(text: str) -> str:
        if has_date and has_clock:
            return datetime.fromisoformat(text).strftime(form)
        return (date.fromisoformat(text) if has_date else time.fromisoformat(text)).strftime(form)

    return NameKind(re.compile(pattern), read, render, is_fixed="f" not in codes)


def _is_whole_date(codes: list[str]) -> bool:
    has_day = "j" in codes or ("d" in codes and not {"m", "b"}.isdisjoint(codes))
    return has_day and not {"Y", "y"}.isdisjoint(codes)
