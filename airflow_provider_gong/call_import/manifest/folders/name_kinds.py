"""Kinds of fields in a name: text, numbers, and times in a given format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from airflow_provider_gong.call_import.manifest.time_formats import (
    EPOCHS,
    check_clock,
    codes_of,
    read_moment,
    render_epoch,
)

_DIRECTIVE = re.compile(r"%(-?.?)|([^%]+)", re.DOTALL)
_TWO, _THREE = "[0-9]{2}", "[0-9]{3}"
_DIRECTIVES = {
    "Y": "[0-9]{4}",
    **dict.fromkeys("ymdHIMS", _TWO),
    **dict.fromkeys(("-m", "-d", "-H", "-I"), "[0-9]{1,2}"),
    "j": _THREE,
    "f": "[0-9]{1,6}",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]+",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]+",
    "p": "[AaPp][Mm]",
    "z": "(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
}
_FRACTION = re.compile(r"((?:%%|[^%]|%[^%f])*?)%f", re.DOTALL)
_VARIABLE = frozenset(("f", "B", "A", "-m", "-d", "-H", "-I"))
_DATES, _CLOCKS = set("YymbBdj"), set("HI")


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


def _epoch_kind(form: str) -> NameKind:
    def read(text: str) -> str:
        return read_moment(text, form).isoformat()

    def render(text: str) -> str:
        return render_epoch(datetime.fromisoformat(text), form)

    return NameKind(EPOCHS[form], read, render)


TEXT = NameKind(None)
_KINDS = {
    "digits": NameKind(re.compile("[0-9]+")),
    "phone": NameKind(re.compile(r"\+?[0-9]+")),
    "uuid": NameKind(re.compile("[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}"), is_fixed=True),
    **{form: _epoch_kind(form) for form in EPOCHS},
    "letters": NameKind(re.compile("[A-Za-z]+"), is_fixed=True),
}


def kind_of(text: str | None, around: tuple[str, str] = ("", "")) -> NameKind:
    """
    Return the kind that a template names.

    :param text: the text after the colon; None for a field without a colon
    :param around: the texts before and after the field
    :raises ValueError: if there is no such kind
    """
    if text is None:
        return TEXT
    if "%" in text:
        return _time_kind(text, around)
    if text not in _KINDS:
        raise ValueError(f"{text!r} is not a kind of field. Use {', '.join(_KINDS)}, or a time such as %Y%m%d-%H%M%S.")
    return _KINDS[text]


def _time_kind(form: str, around: tuple[str, str]) -> NameKind:
    codes = [found[1] for found in _DIRECTIVE.finditer(form) if found[2] is None]
    unknown = [f"%{code}" for code in codes if code not in _DIRECTIVES]
    if unknown:
        known = ", ".join(f"%{code}" for code in _DIRECTIVES)
        raise ValueError(f"{', '.join(unknown)} in {form!r} is not supported as a time code in names: use {known}.")
    pattern = "".join(
        re.escape(found[2]) if found[2] is not None else _DIRECTIVES[found[1]] for found in _DIRECTIVE.finditer(form)
    )
    is_fixed = _VARIABLE.isdisjoint(codes)
    codes = codes_of(form)
    has_date, has_clock = not _DATES.isdisjoint(codes), not _CLOCKS.isdisjoint(codes)
    if (has_date and not _is_whole_date(codes)) or (not has_date and not has_clock):
        raise ValueError(f"{form!r} is neither a date with year, month and day nor a time of day with an hour.")
    check_clock(form)

    def read(text: str) -> str:
        moment = read_moment(text, form, around)
        if has_date and has_clock:
            return moment.isoformat()
        return moment.date().isoformat() if has_date else moment.timetz().isoformat()

    def render(text: str) -> str:
        if has_date and has_clock:
            return _rendered(datetime.fromisoformat(text), form)
        return (date.fromisoformat(text) if has_date else time.fromisoformat(text)).strftime(form)

    return NameKind(re.compile(pattern), read, render, is_fixed=is_fixed)


def _rendered(moment: datetime, form: str) -> str:
    # Most programs write milliseconds, and strftime always microseconds.
    fraction = f"{moment.microsecond:06}"
    fraction = fraction.removesuffix("000") if moment.microsecond else fraction
    return moment.strftime(_FRACTION.sub(lambda found: found[1] + fraction, form))


def _is_whole_date(codes: list[str]) -> bool:
    has_day = "j" in codes or ("d" in codes and not {"m", "b", "B"}.isdisjoint(codes))
    return has_day and not {"Y", "y"}.isdisjoint(codes)
