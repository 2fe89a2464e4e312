"""Tables, columns, and the kinds of values in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1

Row = tuple[Any, ...]


class Kind(StrEnum):
    """
    The kind of values in a column.

    In a row, times are microseconds since 1970 in UTC, and JSON is Python objects; files have their own forms.
    """

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "boolean"
    MOMENT = "timestamp"
    TEXTS = "list of text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table.

    :param name: its name
    :param kind: what it holds
    :param about: description for the documentation
    """

    name: str
    kind: Kind
    about: str


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table of the export.

    :param name: its name, also the name of its folder
    :param about: what a row is, for the documentation
    :param key: the columns that identify a row; in tables of calls, the first is the call's id
    :param columns: its columns, in the order of its rows
    :param rows: returns the rows of one call, or of one row of another listing
    :param from_transcripts: whether its rows come from transcripts
    """

    name: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Callable[..., Sequence[Row]]
    from_transcripts: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)


def extra_column(about: str = "Gong fields without a column") -> Column:
    """Return the column for Gong fields without a column."""
    return Column("extra", Kind.JSON, about)
