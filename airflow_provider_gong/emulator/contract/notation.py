"""
The notation that requests and answers are described in, and what it is read into.

A schema is ``Name: field, field type, ...``; lines that begin with spaces go on. A field without a type is a string.

====================  ==========================================================================================
``name*``             must be there: ``null`` or nothing is refused field by field
``name!``             must be there: without it the whole body is unreadable
``name~``             must be there as the reference says, but live tenants do without
``string..255``       bounds: characters of a string, size of a number, items of an array (``[string]1..100``)
``A|B``               an enum; ``A|`` has one value; ``Name = A|B`` names one
``[type]``, ``{type}``  an array, a map with free keys
====================  ==========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Kind = Literal[
    "string",
    "datetime",
    "date",
    "integer",
    "long",
    "number",
    "boolean",
    "object",
    "array",
    "map",
    "any",
    "binary",
]
_ABBREVIATIONS: Mapping[str, Kind] = {
    **{kind: kind for kind in get_args(Kind) if kind not in ("object", "array", "map")},
    "bool": "boolean",
    "int": "integer",
}
_FIELD = re.compile(r"(?P<name>[\w-]+)(?P<mark>[*!~]?)(?: (?P<type>.+))?")
_BOUNDS = re.compile(r"(?P<type>.*?)(?P<lowest>\d*)\.\.(?P<highest>\d*)")


@dataclass(frozen=True, kw_only=True)
class Field:
    """
    What is expected of one JSON value.

    :param kind: its type; ``datetime`` is ISO-8601 with ``Z`` or an offset, ``long`` an id as the reference types it
    :param required: whether ``null`` or nothing is refused field by field
    :param needed: whether ``null`` or nothing makes the whole body unreadable, as with ``filter``
    :param declared: whether only the reference says that it must be there
    :param fields: the fields of an object
    :param items: what is expected of each item of an array or map
    :param choices: the values of an enum
    :param lowest: the smallest number, the fewest characters or items
    :param highest: the largest number, the most characters or items
    :param schema: the name of an object's schema
    """

    kind: Kind = "string"
    required: bool = False
    needed: bool = False
    declared: bool = False
    fields: Mapping[str, Field] | None = None
    items: Field | None = None
    choices: tuple[str, ...] = ()
    lowest: int | None = None
    highest: int | None = None
    schema: str | None = None


class _Reader:
    """Reads schemas; each is resolved when it is first used."""

    def __init__(self, text: str) -> None:
        self._enums: dict[str, str] = {}
        self._bodies: dict[str, str] = {}
        self._read: dict[str, Field] = {}
        for line in logical_lines(text):
            name, separator, body = re.split(r"(:| =)", line, maxsplit=1)
            (self._bodies if separator == ":" else self._enums)[name] = body.strip()

    def schemas(self) -> dict[str, Field]:
        return {name: self._schema(name) for name in self._bodies}

    def _schema(self, name: str) -> Field:
        if name not in self._read:
            self._read[name] = Field(kind="object", fields=self.fields(self._bodies[name]), schema=name)
        return self._read[name]

    def fields(self, body: str) -> dict[str, Field]:
        return dict(self._field(text) for text in body.split(", ") if text)

    def _field(self, text: str) -> tuple[str, Field]:
        match = _FIELD.fullmatch(text)
        if match is None:
            raise ValueError(f"no field: {text!r}")
        found = self.type(match["type"] or "string")
        mark = match["mark"]
        return match["name"], replace(found, required=mark == "*", needed=mark == "!", declared=mark == "~")

    def type(self, text: str) -> Field:
        bounds = _BOUNDS.fullmatch(text)
        if bounds is not None:
            return replace(
                self.type(bounds["type"]), lowest=_number(bounds["lowest"]), highest=_number(bounds["highest"])
            )
        if text[0] in "[{":
            kind: Kind = "array" if text[0] == "[" else "map"
            return Field(kind=kind, items=replace(self.type(text[1:-1]), needed=kind == "array"))
        text = self._enums.get(text, text)
        if "|" in text:
            return Field(choices=tuple(filter(None, text.split("|"))))
        return Field(kind=_ABBREVIATIONS[text]) if text in _ABBREVIATIONS else self._schema(text)


def _number(text: str) -> int | None:
    return int(text) if text else None


def logical_lines(text: str) -> list[str]:
    """Return lines without comments, joined with those that go on with spaces."""
    kept = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    return kept.replace("|\n  ", "|").replace("\n  ", " ").splitlines()


_GONG = _Reader(Path(__file__).with_name("schemas.txt").read_text(encoding="utf-8"))


@cache
def schemas() -> Mapping[str, Field]:
    """Return the schemas of the Gong API by name."""
    return _GONG.schemas()


def read_fields(text: str) -> Mapping[str, Field]:
    """Return the fields that a text in the notation lists, e.g. the parameters of a query."""
    return _GONG.fields(text)


def read_type(text: str) -> Field:
    """Return what a type in the notation expects, e.g. a body."""
    return _GONG.type(text)


_ANY = Field(kind="any")


def converted(value: Any, expected: Field, convert: Callable[[Any, Field], Any]) -> Any:
    """
    Return JSON with each single value converted.

    :param convert: receives a value that is no object and no array, and what is expected of it
    """
    if isinstance(value, dict):
        inner, other = expected.fields or {}, expected.items or _ANY
        return {name: converted(item, inner.get(name, other), convert) for name, item in value.items()}
    if isinstance(value, list):
        return [converted(item, expected.items or _ANY, convert) for item in value]
    return convert(value, expected)


def as_numeric_id(value: Any, expected: Field) -> Any:
    """Return a number where the reference has numbers; on the wire they were seen as strings."""
    return int(value) if expected.kind in ("long", "integer") and isinstance(value, str) else value
