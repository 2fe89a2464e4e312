"""What the drivers of the exchange have in common, and the order of requests in an event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any, TypeVar

from airflow_provider_gong._text import local_time
from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.auth import Authentication
from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
from airflow_provider_gong.client.endpoint import base_url
from airflow_provider_gong.client.exchange import ExchangePolicy, NotSent, Wait, exchange
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest
from airflow_provider_gong.client.transport import Outcome

T = TypeVar("T")
log = logging.getLogger(__name__)

_LONG_WAIT = 5.0


class Shell:
    """What both drivers share."""

    def __init__(
        self, host: str, auth: Authentication, *, budget: RequestBudget | None, policy: ExchangePolicy | None
    ) -> None:
        self.base_url = base_url(host)
        self.budget = budget or LocalBudget()
        self._auth = auth
        self._policy = policy or ExchangePolicy()
        self.requests_sent = 0
        self.requests_refused = 0
        self.requests_left: int | None = None
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def take_usage(self) -> tuple[int, int]:
        """Return how many requests were sent and how many Gong refused with 429 since the last time this was asked."""
        with self._counting:
            usage = (self.requests_sent, self.requests_refused)
            self.requests_sent = self.requests_refused = 0
        return usage

    def _noted(self, slot: Slot | SlotRefused) -> Slot | SlotRefused:
        self.requests_left = slot.left if isinstance(slot, Slot) else 0 if slot.daily else self.requests_left
        return slot

    def _counted(self, outcome: Outcome) -> Outcome:
        with self._counting:
            self.requests_sent += not isinstance(outcome, NotSent)
            self.requests_refused += isinstance(outcome, Answer) and outcome.status == 429
        return outcome

    def _steps(self, request: GongRequest[T]) -> Any:
        return exchange(request, self._policy, refreshable=self._auth.refreshable)


def log_wait(request: GongRequest[Any], wait: Wait) -> None:
    """Say why and until when a request waits."""
    level = logging.INFO if wait.seconds >= _LONG_WAIT else logging.DEBUG
    log.log(
        level,
        "%s waits %.1f s, until %s, %s.",
        request.operation.name,
        wait.seconds,
        local_time(time.time() + wait.seconds),
        wait.reason,
    )


class Turn:
    """The right of one request to book the client's next slot, held until the request is sent or has failed."""

    def __init__(self, turns: asyncio.Lock | None) -> None:
        self._turns = turns
        self._held = False

    async def take(self) -> None:
        """Wait for it, unless it is held already."""
        if self._turns is not None and not self._held:
            await self._turns.acquire()
            self._held = True

    def give_up(self) -> None:
        """Let the next request have it."""
        if self._turns is not None and self._held:
            self._turns.release()
            self._held = False
