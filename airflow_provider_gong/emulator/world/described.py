"""Dataclasses that JSON describes: their names, types and bounds are checked, and an error says what is wrong where."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from datetime import datetime
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_FINITE = sys.float_info.max

Described = TypeVar("Described", bound="DataclassInstance")


def number(default: Any, lowest: float = 0, highest: float = _FINITE) -> Any:
    """Return a field of a number with bounds; ``None`` by default makes it optional."""
    return field(default=default, metadata={"bounds": (lowest, highest)})


def read(kind: type[Described], given: Any, place: str) -> Described:
    """
    Return the dataclass that a JSON object describes.

    :param place: names the object in errors
    :raises ValueError: if a name or a value is wrong
    """
    found = kind(**named(kind, given, place))
    check(found, f"{place}.")
    return found


def named(kind: type[DataclassInstance], given: Any, place: str) -> dict[str, Any]:
    """
    Return the fields of a dataclass that a JSON object has.

    :param place: names the object in errors
    :raises ValueError: if it is no object, a name is unknown, or a field is missing
    """
    known = {field.name: field for field in fields(kind)}
    if not isinstance(given, Mapping):
        message = f"{place} must be an object with {', '.join(known)}, not {given!r}"
        raise ValueError(message)  # noqa: TRY004 (wrong JSON, no wrong argument)
    unknown = sorted(set(map(str, given)) - set(known))
    if unknown:
        raise ValueError(f"{place}: unknown name {', '.join(unknown)}; known: {', '.join(known)}")
    missing = [
        name
        for name, field in known.items()
        if name not in given and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{place}: {', '.join(missing)} missing")
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        # YAML reads times.
        return value.isoformat()
    return tuple(value) if isinstance(value, list) else value


def check(thing: DataclassInstance, place: str = "") -> None:
    """
    Check the types and bounds of a dataclass.

    :param place: what precedes the name of a field in errors
    :raises ValueError: if a value is wrong
    """
    hints = _hints(type(thing))
    for known in fields(thing):
        value = getattr(thing, known.name)
        if not _fits(value, hints[known.name]):
            # Settings come from a command line as well, where the name of a type says little.
            hint = Literal[True, False] if hints[known.name] is bool and not place else hints[known.name]
            raise ValueError(f"{place}{known.name} must {_described(hint)}, not {value!r}")
        lowest, highest = known.metadata.get("bounds", (-math.inf, math.inf))
        if isinstance(value, int | float) and not lowest <= value <= highest:
            bounds = f"from {lowest}" if highest >= _FINITE else f"from {lowest} to {highest}"
            noun = "an integer" if int in (hints[known.name], *get_args(hints[known.name])) else "a number"
            raise ValueError(f"{place}{known.name} must be {noun} {bounds}, not {value!r}")


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        # Compared with the type, because 1 == True.
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin is UnionType:
        return any(_fits(value, inner) for inner in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    accepted = int | float if hint is float else origin or hint
    return isinstance(value, accepted) and isinstance(value, bool) is (hint is bool)


def _described(hint: Any) -> str:
    inner = next((part for part in get_args(hint) if part is not type(None)), hint)
    if get_origin(hint) is UnionType:
        return _described(inner)
    if get_origin(hint) is Literal:
        return f"be one of {', '.join(map(str, get_args(hint)))}"
    if get_origin(hint) is tuple:
        return "contain texts" if inner is str else "contain objects"
    return f"be of type {(get_origin(hint) or hint).__name__}"
