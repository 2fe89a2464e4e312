"""
The two shells around the exchange, one for threads and one for event loops.

They carry out instructions and decide nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.auth import Authentication
from airflow_provider_gong.client.budget import RequestBudget
from airflow_provider_gong.client.errors import GongEmptyResultError
from airflow_provider_gong.client.exchange import (
    CloseGate,
    ConfirmSlot,
    ExchangePolicy,
    RefreshToken,
    ReserveSlot,
    Send,
    Wait,
)
from airflow_provider_gong.client.pagination import next_page
from airflow_provider_gong.client.requests import GongRequest, Listing, raw_request
from airflow_provider_gong.client.shell import Shell, Turn, log_wait
from airflow_provider_gong.client.transport import LoopTransport, ThreadTransport

T = TypeVar("T")


class GongClient(Shell):
    """
    Gong's API for threads. Usable as a context manager.

    :param host: the company's API base URL, such as ``https://us-12345.api.gong.io``
    :param auth: credentials, see :mod:`airflow_provider_gong.client.auth`
    :param budget: grants requests; default: a pacer of its own at Gong's default limits
    :param policy: how patient to be with one request
    :param sleep: waits for seconds
    :param options: how requests travel, see :class:`airflow_provider_gong.client.transport.ThreadTransport`
    :raises ValueError: if the host is not one that credentials may be sent to
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None = None,
        policy: ExchangePolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, budget=budget, policy=policy)
        self._sleep = sleep
        self._transport = ThreadTransport(self.base_url, **options)

    def send(self, request: GongRequest[T]) -> T:
        """
        Send a request and return its result.

        :raises GongError: the one that tells best why there is no result
        :raises OSError: if a recording cannot be read, or changed while it was being sent
        """
        steps = self._steps(request)
        outcome: Any = None
        header = ""
        try:
            while True:
                instruction, outcome = steps.send(outcome), None
                match instruction:
                    case ReserveSlot(max_wait):
                        outcome = self._noted(self.budget.reserve(max_wait))
                    case ConfirmSlot(slot):
                        outcome = self.budget.confirm(slot)
                    case CloseGate(retry_after):
                        self.budget.close(retry_after)
                    case Wait() as wait:
                        log_wait(request, wait)
                        self._sleep(wait.seconds)
                    case RefreshToken():
                        self._auth.refresh(header)
                    case Send():
                        header = self._auth.header()
                        outcome = self._counted(self._transport.send(request, header))
        except StopIteration as end:
            result: T = end.value
            return result

    def iterate(self, listing: Listing[T]) -> Iterator[T]:
        """Yield the rows of a listing, page after page; nothing where Gong finds nothing."""
        request: GongRequest[JsonObject] | None = listing.first
        while request is not None:
            try:
                page = self.send(request)
            except GongEmptyResultError:
                return
            yield from listing.rows(page)
            request = next_page(request, page)

    def run(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> JsonObject:
        """
        Send any operation of Gong's API with plain JSON in and out; of a listing, one page.

        :param operation: Gong's name of the operation, such as ``listFlows``
        :param path: parameters of the path
        :param query: query parameters
        :param body: JSON body
        :raises ValueError: for an unknown operation or wrong path parameters
        :raises GongError: the one that tells best why there is no result
        """
        return self.send(raw_request(operation, path=path, query=query, body=body))

    def run_all(
        self, operation: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Iterator[JsonObject]:
        """Yield the rows of all pages of any listing operation as plain JSON; parameters as in :meth:`run`."""
        yield from self.iterate(Listing(raw_request(operation, query=query, body=body), item=lambda row: row))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncGongClient(Shell):
    """
    Gong's API for event loops: the same as :class:`GongClient`, awaited. Usable as an async context manager.

    Budget and credentials may reach a database, so they are asked outside of the event loop.

    :param in_thread: calls a function that blocks outside of the event loop
    :param one_slot_ahead: of all requests of this client, book a slot for one at a time, so that others who share the
        budget need not wait for all that this client has in mind
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None = None,
        policy: ExchangePolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        one_slot_ahead: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, budget=budget, policy=policy)
        self._sleep = sleep
        self._in_thread = in_thread
        self._transport = LoopTransport(self.base_url, **options)
        self._turns = asyncio.Lock() if one_slot_ahead else None

    async def send(self, request: GongRequest[T]) -> T:
        """Send a request and return its result, as :meth:`GongClient.send`."""
        steps = self._steps(request)
        outcome: Any = None
        header = ""
        turn = Turn(self._turns)
        try:
            while True:
                instruction, outcome = steps.send(outcome), None
                match instruction:
                    case ReserveSlot(max_wait):
                        await turn.take()
                        outcome = self._noted(await self._in_thread(self.budget.reserve, max_wait))
                    case ConfirmSlot(slot):
                        outcome = await self._in_thread(self.budget.confirm, slot)
                    case CloseGate(retry_after):
                        await self._in_thread(self.budget.close, retry_after)
                    case Wait() as wait:
                        log_wait(request, wait)
                        await self._sleep(wait.seconds)
                    case RefreshToken():
                        await self._in_thread(self._auth.refresh, header)
                    case Send():
                        header = await self._in_thread(self._auth.header)
                        turn.give_up()
                        outcome = self._counted(await self._transport.send(request, header))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            turn.give_up()

    async def iterate(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Yield the rows of a listing, page after page, as :meth:`GongClient.iterate`."""
        request: GongRequest[JsonObject] | None = listing.first
        while request is not None:
            try:
                page = await self.send(request)
            except GongEmptyResultError:
                return
            for row in listing.rows(page):
                yield row
            request = next_page(request, page)

    async def run(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> JsonObject:
        """Send any operation of Gong's API with plain JSON in and out, as :meth:`GongClient.run`."""
        return await self.send(raw_request(operation, path=path, query=query, body=body))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
