"""Three ways in which Gong may count 3 requests per second; which one it uses is not documented."""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

PER_SECOND = 3


class Limit(Protocol):
    """Lets requests in or refuses them."""

    def refuses(self, now: float) -> int:
        """Return 0 for a request that is let in, otherwise the ``Retry-After`` in whole seconds."""


class SlidingWindow:
    """No second may hold more than the limit."""

    def __init__(self) -> None:
        self._accepted: deque[float] = deque(maxlen=PER_SECOND)

    def refuses(self, now: float) -> int:
        if len(self._accepted) == PER_SECOND and now - self._accepted[0] < 1.0:
            return max(math.ceil(self._accepted[0] + 1.0 - now), 1)
        self._accepted.append(now)
        return 0


class FixedWindow:
    """Each second of the clock has the limit anew."""

    def __init__(self) -> None:
        self._second = -1
        self._count = 0

    def refuses(self, now: float) -> int:
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        if self._count >= PER_SECOND:
            return 1
        self._count += 1
        return 0


class TokenBucket:
    """A bucket of the limit's size is filled at the limit's rate."""

    def __init__(self) -> None:
        self._tokens = float(PER_SECOND)
        self._seen = 0.0

    def refuses(self, now: float) -> int:
        self._tokens = min(self._tokens + (now - self._seen) * PER_SECOND, float(PER_SECOND))
        self._seen = now
        if self._tokens < 1.0:
            return max(math.ceil((1.0 - self._tokens) / PER_SECOND), 1)
        self._tokens -= 1.0
        return 0


LIMITS = {"sliding window": SlidingWindow, "fixed window": FixedWindow, "token bucket": TokenBucket}
