"""
Callers, a budget and Gong on virtual time: a night's worth of requests in seconds.

The budget decides with the code that is shipped. Between a caller and Gong lies a network that delays each request at
random; Gong's refusals travel back and close the gate, as the exchange has it.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from tests.benchmarks.gong_limits import Limit

_ANSWER_SECONDS = 0.05
_MAX_WAIT = 3600.0


class VirtualClock:
    """Seconds that pass when the next event is due."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class NoBudget:
    """What a program has that does not pace itself: each caller waits only where Gong told it to wait."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._opens_at = 0.0

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        return Slot(max(self._opens_at - self._clock(), 0.0), 0)

    def confirm(self, slot: Slot) -> bool:
        return True

    def close(self, retry_after: float) -> None:
        self._opens_at = self._clock() + retry_after


Budgets = Callable[[VirtualClock, int], list[RequestBudget]]


def one_shared(clock: VirtualClock, callers: int) -> list[RequestBudget]:
    """Return the budget that this package shares among all callers."""
    return [LocalBudget(3, 10**9, clock=clock)] * callers


def one_each(clock: VirtualClock, callers: int) -> list[RequestBudget]:
    """Return a pacer for each caller that knows nothing of the others."""
    return [LocalBudget(3, 10**9, clock=clock) for _ in range(callers)]


def none_at_all(clock: VirtualClock, callers: int) -> list[RequestBudget]:
    """Return no pacing, only obedience to ``Retry-After``."""
    return [NoBudget(clock) for _ in range(callers)]


@dataclass
class Result:
    """What came of a simulation."""

    seconds: float = 0.0
    sent: int = 0
    refused: int = 0
    grants: Counter[int] = field(default_factory=Counter)

    @property
    def accepted_per_second(self) -> float:
        return (self.sent - self.refused) / self.seconds

    @property
    def refused_share(self) -> float:
        return self.refused / self.sent

    @property
    def fairness(self) -> float:
        """Largest number of grants of a caller divided by the smallest."""
        return max(self.grants.values()) / max(min(self.grants.values()), 1)

    def as_row(self) -> dict[str, Any]:
        return {
            "requests": self.sent,
            "accepted/s": round(self.accepted_per_second, 3),
            "refused %": round(100 * self.refused_share, 3),
            "max/min": round(self.fairness, 2),
        }


def simulate(limit: Limit, budgets: Budgets, *, callers: int, jitter: float, requests: int, seed: int = 1) -> Result:
    """
    Let callers send as many requests as they may, each as soon as its last one is answered.

    :param limit: how Gong counts
    :param budgets: what paces the callers
    :param callers: number of callers
    :param jitter: longest time that a request is under way, in seconds; uniformly at random
    :param requests: when to stop
    """
    chance = random.Random(seed)
    clock = VirtualClock()
    start = clock.now
    result = Result(grants=Counter(dict.fromkeys(range(callers), 0)))
    events: list[tuple[float, int, str, Any]] = [(start, caller, "reserve", None) for caller in range(callers)]
    paced_by = budgets(clock, callers)

    def after(seconds: float, caller: int, what: str, detail: Any = None) -> None:
        # What happens at one moment happens in an order of its own, not in that of the callers' numbers.
        heapq.heappush(events, (clock.now + seconds + chance.random() * 1e-6, caller, what, detail))

    while result.sent < requests:
        clock.now, caller, what, detail = heapq.heappop(events)
        budget = paced_by[caller]
        if what == "reserve":
            slot = budget.reserve(_MAX_WAIT)
            assert isinstance(slot, Slot)
            after(slot.delay, caller, "send", slot)
        elif what == "send" and budget.confirm(detail):
            result.grants[caller] += 1
            after(chance.uniform(0.0, jitter), caller, "arrive")
        elif what == "send":
            after(0.0, caller, "reserve")
        elif what == "arrive":
            result.sent += 1
            retry_after = limit.refuses(clock.now)
            result.refused += retry_after > 0
            after(_ANSWER_SECONDS, caller, "answered", retry_after)
        else:
            if detail:
                budget.close(detail)
            after(0.0, caller, "reserve")
    result.seconds = clock.now - start
    return result
