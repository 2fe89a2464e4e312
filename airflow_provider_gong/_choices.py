"""Choices, numbers, flags and lists that users give, checked by the same code wherever they enter."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self


class Choice(enum.StrEnum):
    """A choice that is named by a text."""

    @classmethod
    def of(cls, parameter: str, value: object) -> Self:
        """
        Return the choice that a text names.

        :param parameter: name of the parameter, for the error
        :param value: its value
        :raises ValueError: with the allowed values, if it is none of them
        """
        for choice in cls:
            if choice == value:
                return choice
        raise cls.error(_wrong(parameter, value, f"is not one of {', '.join(cls)}"))

    @staticmethod
    def error(wrong: str) -> ValueError:
        """Return the error for a text that names no choice."""
        return ValueError(wrong)


def whole_number(parameter: str, value: object, at_least: int) -> int:
    """
    Return a number of things.

    :param parameter: name of the parameter, for the error
    :raises ValueError: if it is no whole number, or too small
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(_wrong(parameter, value, f"is not a whole number of at least {at_least}"))
    return value


def seconds(parameter: str, value: object) -> float:
    """
    Return a length of time, given in seconds or as ``timedelta``.

    :param parameter: name of the parameter, for the error
    :raises ValueError: if it is none, or negative
    """
    found = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < math.inf:
        wrong = "is neither a number of seconds nor a timedelta, or is negative"
        raise ValueError(_wrong(parameter, value, wrong))
    return float(found)


def flag(parameter: str, value: object) -> bool:
    """
    Return True or False. Python takes every text for True, even "False" and templates.

    :param parameter: name of the parameter, for the error
    :raises ValueError: if it is neither
    """
    if not isinstance(value, bool):
        raise ValueError(_wrong(parameter, value, "is neither True nor False"))  # noqa: TRY004 - as for other values
    return value


def check_list(parameter: str, values: object, kind: str, fits: Callable[[Any], bool]) -> None:
    """
    Check a list.

    :param parameter: name of the parameter, for the error
    :param kind: what it is a list of
    :param fits: whether it may have an entry
    :raises ValueError: if it is none, or has another entry
    """
    if not isinstance(values, list | tuple) or not all(map(fits, values)):
        raise ValueError(f"{parameter}={values!r} is not a list of {kind}.")


def _wrong(parameter: str, value: object, wrong: str) -> str:
    is_later = "{{" in str(value) or hasattr(value, "resolve")
    hint = " It is needed when the DAG is parsed: templates and results of tasks are not possible." if is_later else ""
    return f"{parameter}={value!r} {wrong}.{hint}"
