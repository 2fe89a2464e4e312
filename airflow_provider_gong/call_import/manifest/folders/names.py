"""Templates for names of recordings: they read fields from a name, and build a name from fields."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.folders.name_kinds import NameKind, kind_of

_PIECE = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
# Characters of a name that an error shows.
_SHOWN = 60
_IGNORED = "_"


class NameMisfitError(Exception):
    """A name does not match the template; the message says where."""


@dataclass(frozen=True, slots=True)
class _Field:
    """
    A field in a template.

    :param column: the column that it fills
    :param text: the field as written in the template
    :param kind: its kind
    :param until: the text that follows it; empty at the end
    """

    column: str
    text: str
    kind: NameKind
    until: str

    def end(self, name: str, start: int) -> int | None:
        """Return where the field ends in a name; None if the name does not match."""
        if self.kind.pattern is not None:
            found = self.kind.pattern.match(name, start)
            return None if found is None else found.end()
        end = name.find(self.until, start) if self.until else len(name)
        return end if end > start and "/" not in name[start:end] else None


class NameTemplate:
    """
    A template such as ``{direction}-{party_1_phone}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav``.

    Each ``{column}`` matches text up to the first occurrence of the text that follows it in the template;
    ``{column:kind}`` matches text of a kind: ``digits``, ``letters``, ``phone``, ``uuid``, ``epoch``, or a time in the
    codes of ``strftime``. A template with slashes also matches the names of as many folders above the recording.

    :param text: the template
    :raises GongManifestError: if it is not valid
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[str | _Field] = []
        try:
            self._parse(composed(text))
        except ValueError as error:
            raise GongManifestError(f"name_template {shown(repr(text))} is wrong: {error}") from error
        self._folders = text.count("/")

    @property
    def columns(self) -> list[str]:
        """The columns that it fills; fields whose names begin with an underscore are ignored."""
        return [field.column for field in self._fields if not field.column.startswith(_IGNORED)]

    def read(self, place: str) -> dict[str, str]:
        """
        Return the fields of a recording, times in ISO 8601.

        :param place: its path or URL
        :raises NameMisfitError: if its name does not match
        """
        name = composed("/".join(place.split("/")[-self._folders - 1 :]))
        found: dict[str, str] = {}
        position = 0
        for part in self._parts:
            end = part.end(name, position) if isinstance(part, _Field) else _end_of(part, name, position)
            if end is None:
                raise NameMisfitError(_misfit(name, position, part))
            if isinstance(part, _Field):
                try:
                    found[part.column] = part.kind.read(name[position:end])
                except ValueError:
                    raise NameMisfitError(_misfit(name, position, part)) from None
            position = end
        if position < len(name):
            raise NameMisfitError(f"it continues with {shown(name[position:], _SHOWN)!r} after the end of the template")
        return found

    def render(self, values: Mapping[str, str]) -> str:
        """Return the name that has these fields, as ``read`` returns them."""
        return "".join(
            part.kind.render(values[part.column]) if isinstance(part, _Field) else part for part in self._parts
        )

    @property
    def _fields(self) -> list[_Field]:
        return [part for part in self._parts if isinstance(part, _Field)]

    def _parse(self, text: str) -> None:
        position = 0
        pieces = list(_PIECE.finditer(text))
        for piece, following in itertools.zip_longest(pieces, pieces[1:]):
            until = text[piece.end() : following.start() if following else None]
            before = text[position : piece.start()]
            self._add_literal(before)
            kind = kind_of(piece[2], (before, until))
            if following and not until and not kind.is_fixed:
                raise ValueError(f"nothing separates {piece[0]} from {following[0]}. Put text between them.")
            self._parts.append(_Field(_column(piece[1]), piece[0], kind, until))
            position = piece.end()
        self._add_literal(text[position:])
        columns = [field.column for field in self._fields]
        if not columns:
            raise ValueError("it has no fields. Write each as {column}.")
        repeated = {column for column in columns if columns.count(column) > 1}
        if repeated:
            raise ValueError(f"it has {', '.join(sorted(repeated))} more than once. Keep one each.")

    def _add_literal(self, text: str) -> None:
        if "{" in text or "}" in text:
            raise ValueError(f"{text!r} has an unpaired brace. Write each field as {{column}}.")
        if text:
            self._parts.append(text)


def composed(text: str) -> str:
    """Return a name in the form that looks the same on every system: some write accents as characters of their own."""
    return unicodedata.normalize("NFC", text)


def _column(text: str) -> str:
    column = column_of(text)
    if not column:
        raise ValueError("a field has no name. Name it after a column, or {_} to ignore it.")
    if column == "media":
        raise ValueError("media is the recording itself. Use other fields for the parts of its name.")
    return column


def _end_of(literal: str, name: str, position: int) -> int | None:
    return position + len(literal) if name.startswith(literal, position) else None


def _misfit(name: str, position: int, part: str | _Field) -> str:
    expected = repr(part) if isinstance(part, str) else part.text
    rest = f"where {shown(name[position:], _SHOWN)!r} follows" if position < len(name) else "where the name ends"
    return f"it stops fitting at character {position + 1}, {rest} and {expected} is expected"
