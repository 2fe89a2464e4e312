"""
The two clients, one for threads and one for event loops.

They carry out the instructions of an exchange and make no decisions.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from airflow_provider_gong._text import local_time
from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.auth import Authentication, base_url
from airflow_provider_gong.client.budget import LocalBudget, RequestBudget, Turn
from airflow_provider_gong.client.errors import GongEmptyResultError
from airflow_provider_gong.client.exchange import ExchangePolicy, exchange
from airflow_provider_gong.client.instructions import (
    CloseGate,
    ConfirmSlot,
    Instruction,
    NotSent,
    OpenMedia,
    Outcome,
    Record,
    RefreshToken,
    ReserveSlot,
    Send,
    Shared,
    Steps,
    Wait,
)
from airflow_provider_gong.client.media import OpenPath, media_file
from airflow_provider_gong.client.pacing import Slot, SlotRefused
from airflow_provider_gong.client.requests import GongRequest, Listing, Pages
from airflow_provider_gong.client.resources.api import GongApi
from airflow_provider_gong.client.resources.methods import D, LoopDriver, ThreadDriver
from airflow_provider_gong.client.transport import LoopTransport, ThreadTransport

T = TypeVar("T")
log = logging.getLogger(__name__)

_LONG_WAIT = 5.0


class _Client(GongApi[D]):
    """What both clients share."""

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None,
        policy: ExchangePolicy | None,
        open_path: OpenPath,
    ) -> None:
        self.base_url = base_url(host)
        self.budget = budget or LocalBudget()
        self._auth = auth
        self._policy = policy or ExchangePolicy()
        self._open_path = open_path
        self.requests_sent = 0
        self.requests_refused = 0
        self.requests_left: int | None = None
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def take_usage(self) -> tuple[int, int]:
        """Return how many requests were sent and how many Gong refused with 429 since the last call."""
        with self._counting:
            usage = (self.requests_sent, self.requests_refused)
            self.requests_sent = self.requests_refused = 0
        return usage

    def steps(self, request: GongRequest[T]) -> Steps[T]:
        """Return the steps of sending a request."""
        return exchange(request, self._policy, refreshable=self._auth.refreshable)

    def _noted(self, outcome: Any) -> Any:
        if isinstance(outcome, Slot):
            self.requests_left = outcome.left
        elif isinstance(outcome, SlotRefused) and outcome.daily:
            self.requests_left = 0
        return outcome

    def _counted(self, outcome: Outcome) -> Outcome:
        with self._counting:
            self.requests_sent += not isinstance(outcome, NotSent)
            self.requests_refused += isinstance(outcome, Answer) and outcome.status == 429
        return outcome

    def _work(self, instruction: Shared, header: str) -> tuple[Any, ...]:
        """Return the function that carries out an instruction, and its arguments; ``header`` was sent last."""
        match instruction:
            case ReserveSlot(max_wait):
                return self.budget.reserve, max_wait
            case ConfirmSlot(slot):
                return self.budget.confirm, slot
            case CloseGate(retry_after, foreign):
                return self.budget.close, retry_after, foreign
            case RefreshToken():
                return self._auth.refresh, header
            case OpenMedia(media):
                return media_file, media, self._open_path
            case Record(write):
                return (write,)


class GongClient(_Client[ThreadDriver], AbstractContextManager["GongClient"]):
    """
    Gong's API for threads. Can be used as a context manager.

    :param host: the company's API base URL, such as ``https://us-12345.api.gong.io``
    :param auth: credentials, see :mod:`airflow_provider_gong.client.auth`
    :param budget: grants requests; default: a separate pacer with Gong's default limits
    :param policy: limits for waiting and attempts of one request
    :param open_path: creates the path object of a recording that is given as text; default: files on this host
    :param sleep: waits for a number of seconds
    :param options: how requests are sent, see :class:`airflow_provider_gong.client.transport.ThreadTransport`
    :raises ValueError: for a host that credentials must not be sent to
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None = None,
        policy: ExchangePolicy | None = None,
        open_path: OpenPath = Path,
        sleep: Callable[[float], None] = time.sleep,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, budget=budget, policy=policy, open_path=open_path)
        self._sleep = sleep
        self._transport = ThreadTransport(self.base_url, **options)

    @property
    def _driver(self) -> ThreadDriver:
        return self

    def send(self, request: GongRequest[T]) -> T:
        """
        Send a request and return its result.

        :raises GongApiError: if the request has no result
        :raises OSError: if a recording cannot be read, or changed while it was being sent
        """
        return self.perform(self.steps(request))

    def perform(self, steps: Steps[T]) -> T:
        """Carry out the steps of one or more exchanges and return their result; raises errors like :meth:`send`."""
        header = ""

        def carry_out(instruction: Instruction) -> Any:
            nonlocal header
            match instruction:
                case Wait() as wait:
                    _log_wait(wait)
                    return self._sleep(wait.seconds)
                case Send(request):
                    header = self._auth.header()
                    return self._counted(self._transport.send(request, header))
                case ReserveSlot() if self._auth.refreshable:
                    # A refresh may take a minute, during which a slot would pass and the gate may close.
                    self._auth.header()
            function, *arguments = self._work(instruction, header)
            return self._noted(function(*arguments))

        try:
            instruction = next(steps)
            while True:
                try:
                    outcome = carry_out(instruction)
                except Exception as error:
                    # The caller may know more about the failure.
                    instruction = steps.throw(error)
                else:
                    instruction = steps.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result

    def iterate(self, listing: Listing[T]) -> Iterator[T]:
        """Yield the rows of a listing, page by page; none if Gong finds nothing."""
        pages = Pages(listing)
        while pages.request is not None:
            try:
                page = self.send(pages.request)
            except GongEmptyResultError:
                return
            yield from pages.take(page)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncGongClient(_Client[LoopDriver], AbstractAsyncContextManager["AsyncGongClient"]):
    """
    Gong's API for event loops: the same as :class:`GongClient`, but awaited. Can be used as an async context manager.

    Budget, credentials and files of recordings may block, so they are used outside of the event loop.

    :param host: the company's API base URL, such as ``https://us-12345.api.gong.io``
    :param auth: credentials, see :mod:`airflow_provider_gong.client.auth`
    :param budget: grants requests; default: a separate pacer with Gong's default limits
    :param policy: limits for waiting and attempts of one request
    :param open_path: creates the path object of a recording that is given as text; default: files on this host
    :param sleep: waits for a number of seconds, awaited
    :param in_thread: calls a blocking function outside of the event loop
    :param one_slot_ahead: reserve a slot for only one request of this client at a time, so others who share the budget
        do not have to wait for all requests of this client
    :param options: how requests are sent, see :class:`airflow_provider_gong.client.transport.LoopTransport`
    :raises ValueError: for a host that credentials must not be sent to
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None = None,
        policy: ExchangePolicy | None = None,
        open_path: OpenPath = Path,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        one_slot_ahead: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, budget=budget, policy=policy, open_path=open_path)
        self._sleep = sleep
        self._in_thread = in_thread
        self._transport = LoopTransport(self.base_url, **options)
        self._turns = asyncio.Lock() if one_slot_ahead else None

    @property
    def _driver(self) -> LoopDriver:
        return self

    async def send(self, request: GongRequest[T]) -> T:
        """Send a request and return its result, like :meth:`GongClient.send`."""
        return await self.perform(self.steps(request))

    async def perform(self, steps: Steps[T]) -> T:
        """Carry out the steps of one or more exchanges, like :meth:`GongClient.perform`."""
        header, turn = "", Turn(self._turns)

        async def carry_out(instruction: Instruction) -> Any:
            nonlocal header
            match instruction:
                case Wait() as wait:
                    _log_wait(wait)
                    return await self._sleep(wait.seconds)
                case Send(request):
                    header = await self._in_thread(self._auth.header)
                    turn.give_up()
                    return self._counted(await self._transport.send(request, header))
                case ReserveSlot():
                    await turn.take()
                    if self._auth.refreshable:
                        # See GongClient.
                        await self._in_thread(self._auth.header)
            return self._noted(await self._in_thread(*self._work(instruction, header)))

        try:
            instruction = next(steps)
            while True:
                try:
                    outcome = await carry_out(instruction)
                except Exception as error:
                    instruction = steps.throw(error)
                else:
                    instruction = steps.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            turn.give_up()

    async def iterate(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Yield the rows of a listing, page by page, like :meth:`GongClient.iterate`."""
        pages = Pages(listing)
        while pages.request is not None:
            try:
                page = await self.send(pages.request)
            except GongEmptyResultError:
                return
            for row in pages.take(page):
                yield row

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _log_wait(wait: Wait) -> None:
    """Log why and until when a request waits."""
    level = logging.INFO if wait.seconds >= _LONG_WAIT else logging.DEBUG
    until = local_time(time.time() + wait.seconds)
    log.log(level, "%s waits %.1f s, until %s, %s.", wait.operation, wait.seconds, until, wait.reason)
