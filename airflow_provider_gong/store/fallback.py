"""The request budget that is used while the shared budget cannot be reached."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
from airflow_provider_gong.client.pacing import Share, Slot, SlotRefused
from airflow_provider_gong.store.errors import GongStoreError

log = logging.getLogger(__name__)

# A tenth of the deployment's share: ten processes without a store stay within it.
UNSHARED_PART = 0.1
_TRY_AGAIN_SECONDS = 30.0
_LOG_AGAIN_SECONDS = 600.0


class _OwnSlot(Slot):
    """A slot of the pacer of this process."""


class FallbackBudget:
    """
    The shared budget, or a tenth of the share for this process alone while the store cannot be reached.

    :param shared: the shared budget
    :param share: the share of the company's limits
    :param clock: monotonic seconds
    """

    def __init__(self, shared: RequestBudget, share: Share, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._own_share = Share(
            share.requests_per_second * UNSHARED_PART, max(int(share.requests_per_day * UNSHARED_PART), 1)
        )
        self._own = LocalBudget(share=self._own_share)
        self._clock = clock
        self._lock = threading.Lock()
        self._try_again_at = self._log_again_at = clock()

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        """Reserve the next free slot, unless it is more than ``max_wait`` seconds away."""
        if self._may_be_reachable():
            try:
                return self._shared.reserve(max_wait)
            except GongStoreError as error:
                self._fall_back(error)
        slot = self._own.reserve(max_wait)
        return _OwnSlot(slot.delay, slot.epoch, slot.reason, slot.left) if isinstance(slot, Slot) else slot

    def confirm(self, slot: Slot) -> bool:
        """Return whether the slot is still valid; a slot of the shared budget is not if the store cannot be reached."""
        if isinstance(slot, _OwnSlot):
            return self._own.confirm(slot)
        try:
            return self._shared.confirm(slot)
        except GongStoreError as error:
            self._fall_back(error)
            return False

    def close(self, retry_after: float, foreign: bool = False, /) -> None:
        """Close the gate for all callers, or only for this process while the store cannot be reached."""
        self._own.close(retry_after, foreign)
        if self._may_be_reachable():
            try:
                self._shared.close(retry_after, foreign)
            except GongStoreError as error:
                self._fall_back(error)

    def _may_be_reachable(self) -> bool:
        return self._clock() >= self._try_again_at

    def _fall_back(self, error: GongStoreError) -> None:
        now = self._clock()
        with self._lock:
            self._try_again_at = now + _TRY_AGAIN_SECONDS
            if now < self._log_again_at:
                return
            self._log_again_at = now + _LOG_AGAIN_SECONDS
        log.warning(
            "The shared request budget cannot be reached: %s Until it can, this process limits itself to %g requests "
            "per second and %d per day, without counting the requests of other processes.",
            error,
            self._own_share.requests_per_second,
            self._own_share.requests_per_day,
        )
