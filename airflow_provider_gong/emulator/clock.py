"""The emulator's time: processing, cursors and quotas follow a clock that can be moved forward."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Protocol

MANUAL_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock(Protocol):
    """What the emulator asks the time of."""

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""


def _require_forward(seconds: float) -> None:
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a clock only moves forward, not by {seconds} seconds")


class RealClock:
    """The time of day plus whatever it was advanced by."""

    def __init__(self) -> None:
        # Counted from one reading: a corrected system clock must not reorder the emulator's events.
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward.

        :raises ValueError: for seconds that are negative or not finite.
        """
        _require_forward(seconds)
        self._offset += seconds


class ManualClock:
    """A clock that stands still until it is advanced.

    :param start: where the clock stands at first; needs a time zone.
    """

    def __init__(self, start: datetime = MANUAL_START) -> None:
        self._now = start.timestamp()

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward.

        :raises ValueError: for seconds that are negative or not finite.
        """
        _require_forward(seconds)
        self._now += seconds
