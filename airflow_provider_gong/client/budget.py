"""The request budget: the protocol that the client uses, and a budget for a single process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Protocol

from airflow_provider_gong.client.pacing import REQUESTS_PER_DAY, REQUESTS_PER_SECOND, Pace, Share, Slot, SlotRefused


class RequestBudget(Protocol):
    """Grants permission to send one request at a time. Methods may block briefly but never wait for a slot."""

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """Book the next free slot, unless it is more than ``max_wait`` seconds away."""

    def confirm(self, slot: Slot) -> bool:
        """Return, after the slot's delay, whether it is still valid: no gate has closed since it was reserved."""

    def close(self, retry_after: float, foreign: bool = False, /) -> None:
        """Close the gate for all callers for ``retry_after`` seconds, or less if this did not come from Gong."""


class LocalBudget:
    """
    Paces the requests of a single process, without knowing other processes and hosts.

    :param requests_per_second: share of the company's limit that this process may use
    :param requests_per_day: requests in any 24 hours, counted from the start of the process
    :param share: the complete share, instead of these two
    :param clock: seconds
    :raises ValueError: for a share that is not greater than zero
    """

    def __init__(
        self,
        requests_per_second: float = REQUESTS_PER_SECOND,
        requests_per_day: int = REQUESTS_PER_DAY,
        *,
        share: Share | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._share = share or Share(requests_per_second, requests_per_day)
        self._clock = clock
        self._lock = threading.Lock()
        self._pace = Pace()

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """Book the next free slot, unless it is more than ``max_wait`` seconds away."""
        with self._lock:
            return self._pace.reserve(self._share, self._clock(), max_wait)

    def confirm(self, slot: Slot) -> bool:
        """Return whether no gate has closed since the slot was reserved."""
        with self._lock:
            return slot.epoch == self._pace.epoch

    def close(self, retry_after: float, foreign: bool = False, /) -> None:
        """Close the gate for ``retry_after`` seconds, or less if this did not come from Gong."""
        with self._lock:
            self._pace.close(self._clock(), retry_after, foreign=foreign)


class Turn:
    """The right of one request to reserve the client's next slot, held until the request is sent or has failed."""

    def __init__(self, turns: asyncio.Lock | None) -> None:
        self._turns = turns
        self._held = False

    async def take(self) -> None:
        """Wait for the right, unless it is already held."""
        if self._turns is not None and not self._held:
            await self._turns.acquire()
            self._held = True

    def give_up(self) -> None:
        """Let the next request have it."""
        if self._turns is not None and self._held:
            self._turns.release()
            self._held = False
