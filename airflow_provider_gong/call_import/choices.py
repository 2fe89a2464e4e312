"""The choices that an import offers, checked by the same code wherever a value enters."""

from __future__ import annotations

import enum
from typing import Self


class _Choice(enum.StrEnum):
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
        raise ValueError(f"{parameter}={value!r} is not one of {', '.join(cls)}.")


class MediaMode(_Choice):
    """Who moves the recordings: we push them, Gong pulls them, or Gong pulls those that it can reach."""

    PUSH = "push"
    PULL = "pull"
    AUTO = "auto"


class OnRejected(_Choice):
    """Whether the upload starts while some rows were rejected."""

    CONTINUE = "continue"
    STOP = "stop"


class OnExisting(_Choice):
    """What becomes of a row whose ``clientUniqueId`` has a call in Gong already."""

    RESUME = "resume"
    SKIP = "skip"
    FAIL = "fail"
