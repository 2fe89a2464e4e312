"""Lets the reader of a format be written as if it could read, although the bytes arrive piece by piece."""

from __future__ import annotations

import struct
from collections.abc import Generator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exactly:
    """A wish for so many bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class AtMost:
    """A wish for what there is, up to so many bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A wish to go on so many bytes later."""

    count: int


Wish = Exactly | AtMost | Skip
# Four hours of Matroska are two million; what wants more is made of nothing but heads.
_MOST_WISHES = 10_000_000
# Yields wishes, is sent bytes, and ends where nothing more is wanted.
Reading = Generator[Wish, bytes, None]


class Feed:
    """
    Hands bytes that arrive to a reading.

    :param reading: what it wishes is fulfilled as the bytes arrive; where they end early, so does it
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._buffer = bytearray()
        self._wish: Wish | None = next(reading, None)
        self._wishes = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._buffer += data
        start = 0
        while self._wish is not None:
            there = len(self._buffer) - start
            taken = min(there, self._wish.count)
            if taken < self._wish.count and (isinstance(self._wish, Exactly) or not taken):
                break
            start += taken
            self._fulfil(start - taken, start)
        del self._buffer[: start if self._wish else None]

    def _fulfil(self, start: int, end: int) -> None:
        wish, rest = self._wish, 0
        if isinstance(wish, Skip):
            rest = wish.count - (end - start)
        given = b"" if isinstance(wish, Skip) else bytes(self._buffer[start:end])
        try:
            self._wish = Skip(rest) if rest else self._reading.send(given)
            self._wishes += 1
            if self._wishes > _MOST_WISHES:
                self._wish = None
        except (StopIteration, struct.error):
            # What describes itself wrongly is not read any further.
            self._wish = None
