"""The emulator's time: processing, cursors, quotas and tokens follow a clock that can be moved or run faster."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

MANUAL_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_FASTEST = 1e9


def require_speed(speed: float) -> None:
    """
    Refuse a speed that no clock can run at.

    :raises ValueError: for a speed that is negative or above a billion
    """
    if not 0 <= speed <= _FASTEST:
        raise ValueError(f"the speed of a clock is from 0 to {_FASTEST:.0f}, not {speed}")


class Clock:
    """
    The emulator's time.

    :param start: seconds since the epoch that it begins at
    :param speed: emulated seconds in a real second; 0 stands still
    """

    def __init__(self, start: float, speed: float) -> None:
        self._base = start
        # Counted from one reading: a corrected system clock must not reorder the emulator's events.
        self._since = time.monotonic()
        self._speed = speed

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._base + (time.monotonic() - self._since) * self._speed if self._speed else self._base

    @property
    def speed(self) -> float:
        """Emulated seconds in a real second."""
        return self._speed

    def advance(self, seconds: float) -> None:
        """
        Move the emulator's time forward.

        :raises ValueError: for seconds that are negative, not finite or beyond what dates can name
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a clock only moves forward, not by {seconds} seconds")
        try:
            datetime.fromtimestamp(self.now() + seconds + 366 * 86_400, UTC)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{seconds} seconds are further than dates go") from error
        self._base += seconds

    def run_at(self, speed: float) -> None:
        """
        Let the emulator's time run faster or slower from now on.

        :param speed: emulated seconds in a real second; 0 stands still
        :raises ValueError: for a speed that is negative or above a billion
        """
        require_speed(speed)
        self._base, self._since = self.now(), time.monotonic()
        self._speed = speed


class RealClock(Clock):
    """
    The time of day at first, running as fast as it or faster.

    :param speed: emulated seconds in a real second
    """

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(time.time(), speed)


class ManualClock(Clock):
    """
    A clock that stands still until it is advanced.

    :param start: where the clock stands at first; needs a time zone
    """

    def __init__(self, start: datetime = MANUAL_START) -> None:
        super().__init__(start.timestamp(), 0.0)
