"""Takes fields out of Gong's JSON one by one; the rest is kept, and unknown fields are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
        value = self._left.get(name)
        if isinstance(value, str):
            del self._left[name]
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            del self._left[name]
            return str(value)
        return None

    def integer(self, name: str) -> int | None:
        """Take a whole number."""
        value = self._left.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            return None
        del self._left[name]
        return int(value)

    def number(self, name: str) -> float | None:
        """Take a number."""
        value = self._left.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        del self._left[name]
        return float(value)

    def flag(self, name: str) -> bool | None:
        """Take true or false."""
        value = self._left.get(name)
        if not isinstance(value, bool):
            return None
        del self._left[name]
        return value

    def moment(self, name: str) -> int | None:
        """Take a time, as microseconds since 1970."""
        found = microseconds(self._left.get(name))
        if found is not None:
            del self._left[name]
        return found

    def texts(self, name: str) -> list[str] | None:
        """Take a list of texts."""
        value = self._left.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return None
        del self._left[name]
        return value

    def take(self, name: str) -> Any:
        """Take any value."""
        return self._left.pop(name, None)

    def look(self, name: str) -> Any:
        """Return a value without taking it."""
        return self._left.get(name)

    def put_back(self, name: str, value: Any) -> None:
        """Put a value, or the rest of it, back among the untaken fields."""
        self._left[name] = value

    def rest(self, known: Collection[str] = ()) -> dict[str, Any]:
        """
        Return the untaken fields that have a value.

        :param known: fields that are in Gong's reference although no column takes them
        """
        if not self._left:
            return {}
        left = {name: value for name, value in self._left.items() if value is not None}
        for name in left:
            if name not in known:
                self._unknown[f"{self._path}.{name}" if self._path else name] += 1
        return left


def microseconds(value: object) -> int | None:
    """Return a time from Gong as microseconds since 1970; times without an offset are UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def as_moment(value: int) -> datetime:
    """Return a time in UTC from microseconds since 1970."""
    return _EPOCH + value * _MICROSECOND


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a JSON list; nothing if it is not a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else ()
