"""Converts values of objects to the text of cells."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any
from uuid import UUID

# Below these, each whole number is represented exactly.
_EXACT, _EXACT_SINGLE = 2**53, 2**24
_UUID_BYTES = 16
# A decimal can represent more digits than fit into memory.
_MOST_DIGITS = 40


class ObjectText(str):
    """The text of an object or a list as JSON, or of another program's value."""

    __slots__ = ()


class BytesText(ObjectText):
    """Bytes that are not text, as Python shows them."""

    __slots__ = ()


class NumberText(str):
    """The text of a number with a fraction or of a boolean; neither is an id."""

    __slots__ = ()


class SingleFloat(float):
    """A number of single precision."""


def text_of(value: Any) -> str:
    """
    Return a value as the text of a cell; empty if it is missing.

    :raises UnicodeDecodeError: for bytes that are not text in UTF-8
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        # Including pandas' missing value.
        return ""
    if isinstance(value, bool):
        return NumberText(str(value).lower())
    if isinstance(value, Mapping | list | tuple):
        return ObjectText(json.dumps(value, default=text_of, ensure_ascii=False))
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        # Subclasses show it in other forms.
        return _number(value.total_seconds())
    if isinstance(value, int | Integral | UUID | os.PathLike):
        return str(value)
    if isinstance(value, Real):
        # Such as NumPy's smaller floats, which represent fewer whole numbers.
        number = float(value)
        is_exact = not number.is_integer() or type(value)(int(number) + 1) != value  # type: ignore[call-arg]
        return text_of(number if is_exact else SingleFloat(number))
    return ObjectText(value)


def inner_text(text: str, path: str) -> str:
    """
    Return the text of a value inside an object or a list; empty if there is none.

    :param text: the object's text as JSON; returned as an object if it is not JSON
    :param path: the object's name, the names of the values inside it in lower case, and numbers from 0 in lists
    """
    try:
        value = json.loads(text) if text[0] in "[{" else text
    except (ValueError, RecursionError):
        return ObjectText(text)
    for name in path.split(".")[1:]:
        value = _inner_value(value, name)
    return text_of(value)


def _inner_value(value: Any, name: str) -> Any:
    if isinstance(value, list) and not name.isdecimal():
        value = dict(value) if all(map(_is_entry, value)) else None
    if isinstance(value, list):
        return value[int(name)] if int(name) < len(value) else None
    named = [inner for key, inner in value.items() if key.lower() == name] if isinstance(value, dict) else []
    if named or name != "0":
        return named[0] if len(named) == 1 else None
    # XML does not tell a single element from a list.
    return value


def _is_entry(value: Any) -> bool:
    """Return whether a list is a name and a value, as in maps of Parquet."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def _number(value: float | Decimal) -> str:
    if isinstance(value, float):
        is_exact = abs(value) < (_EXACT_SINGLE if type(value) is SingleFloat else _EXACT)
    else:
        is_exact = value.is_finite() and value.adjusted() < _MOST_DIGITS
    return str(int(value)) if is_exact and value == int(value) else NumberText(value)


def _decoded(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        if len(value) != _UUID_BYTES:
            raise
        return str(UUID(bytes=value))
    return text.strip() if len(value) != _UUID_BYTES or text.isprintable() else str(UUID(bytes=value))
