"""Takes fields out of Gong's JSON one by one; the rest is kept, and unknown fields are counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Names of fields, each with the names of the fields inside, or None for values that are not looked into.
Names = Mapping[str, Any]
NO_NAMES: Names = {}


class Fields:
    """
    The fields of one JSON object.

    A value of an unexpected type stays among the untaken fields, so it is not lost.

    :param block: the object; anything else counts as an empty object
    :param path: Gong's name of the object, such as ``metaData``
    :param unknown: counts the fields that are not in Gong's reference
    """

    __slots__ = ("_left", "_path", "_unknown")

    def __init__(self, block: object, path: str, unknown: Counter[str]) -> None:
        self._left: dict[str, Any] = dict(block) if isinstance(block, Mapping) else {}
        self._path = path
        self._unknown = unknown

    def text(self, name: str) -> str | None:
        """Take a text; ids may be numbers on the wire."""
        return self._taken(name, as_text)

    def integer(self, name: str) -> int | None:
        """Take a whole number."""
        return self._taken(name, as_integer)

    def number(self, name: str) -> float | None:
        """Take a number."""
        return self._taken(name, as_number)

    def flag(self, name: str) -> bool | None:
        """Take true or false."""
        return self._taken(name, _as_flag)

    def moment(self, name: str) -> int | None:
        """Take a time, as microseconds since 1970."""
        return self._taken(name, microseconds)

    def texts(self, name: str) -> list[str] | None:
        """Take a list of texts."""
        return self._taken(name, _as_texts)

    def inner(self, name: str) -> Fields:
        """Return the fields of an object, to be taken one by one; the untaken ones stay."""
        inner = Fields(self._left.get(name), "", self._unknown)
        if inner._left:
            self._left[name] = inner._left
        return inner

    def take_objects(self, name: str, is_usable: Callable[[Mapping[str, Any]], bool]) -> None:
        """Take the objects of a list that hold what is expected and nothing else; the others stay."""
        value = self._left.get(name)
        if isinstance(value, list):
            self._left[name] = [item for item in value if not isinstance(item, Mapping) or not is_usable(item)] or None

    def take(self, name: str) -> Any:
        """Take any value."""
        return self._left.pop(name, None)

    def look(self, name: str) -> Any:
        """Return a value without taking it."""
        return self._left.get(name)

    def rest(self, known: Names = NO_NAMES) -> dict[str, Any]:
        """
        Return the untaken fields that have a value.

        :param known: fields that are in Gong's reference although no column takes them
        """
        if not self._left:
            return {}
        left = {name: value for name, value in self._left.items() if value is not None and value != {}}
        count_unknown(left, known, self._path, self._unknown)
        return left

    def _taken(self, name: str, convert: Callable[[object], T | None]) -> T | None:
        found = convert(self._left.get(name))
        if found is not None:
            del self._left[name]
        return found


def names(*leaves: str, **inner: Names) -> Names:
    """Return names of fields: those of plain values, and those of objects or lists of objects."""
    return {**dict.fromkeys(leaves), **inner}


def count_unknown(value: object, known: Names, path: str, unknown: Counter[str]) -> None:
    """Count the fields of an object, or of a list of objects, that Gong's reference does not name."""
    for item in (value,) if isinstance(value, Mapping) else objects(value):
        for name, inner in item.items():
            below = f"{path}.{name}" if path else name
            if name not in known:
                unknown[below] += 1
            elif known[name] is not None:
                count_unknown(inner, known[name], below, unknown)


def as_text(value: object) -> str | None:
    """Return a text, also one that is a whole number on the wire, as ids may be."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def as_integer(value: object) -> int | None:
    """Return a whole number that fits into a column."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**63:
        return None
    return int(value) if value == int(value) else None


def as_number(value: object) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _as_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_texts(value: object) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def microseconds(value: object) -> int | None:
    """Return a time from Gong as microseconds since 1970; times without an offset are UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // _MICROSECOND


def as_moment(value: int) -> datetime:
    """Return a time in UTC from microseconds since 1970."""
    return _EPOCH + value * _MICROSECOND


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a JSON list; nothing if it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()
