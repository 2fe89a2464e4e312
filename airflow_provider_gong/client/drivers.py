"""
The two shells around the exchange, one for threads and one for event loops.

They carry out instructions and decide nothing. This is the only module that knows the HTTP library.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from airflow_provider_gong.client.answers import Answer, JsonObject
from airflow_provider_gong.client.auth import Authentication
from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
from airflow_provider_gong.client.endpoint import base_url
from airflow_provider_gong.client.errors import GongEmptyResultError
from airflow_provider_gong.client.exchange import (
    CloseGate,
    ConfirmSlot,
    ExchangePolicy,
    NoAnswer,
    NotSent,
    RefreshToken,
    ReserveSlot,
    Send,
    Wait,
    exchange,
)
from airflow_provider_gong.client.media import MultipartUpload
from airflow_provider_gong.client.pagination import next_page
from airflow_provider_gong.client.requests import GongRequest, Listing, raw_request

T = TypeVar("T")
log = logging.getLogger(__name__)

USER_AGENT = "airflow-provider-gong"
_CONNECT_SECONDS = 10.0
# Gong answers a recording only after it has taken all of it in.
_MEDIA_PATIENCE = 5
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_LONG_WAIT = 5.0


class _Shell:
    """What both drivers share: settings, and how a request and an answer look to the HTTP library."""

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        budget: RequestBudget | None = None,
        policy: ExchangePolicy | None = None,
        user_agent: str = USER_AGENT,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.base_url = base_url(host)
        self.budget = budget or LocalBudget()
        self._auth = auth
        self._policy = policy or ExchangePolicy()
        self.requests_sent = 0
        self.requests_refused = 0
        self._counting = threading.Lock()
        self._media_timeout = _timeout(timeout * _MEDIA_PATIENCE)
        self._http_options: dict[str, Any] = {
            "base_url": self.base_url,
            "headers": {"User-Agent": user_agent, "Accept": "application/json"},
            "timeout": _timeout(timeout),
            "proxy": proxy or None,
            "verify": ssl.create_default_context(cafile=ca_bundle) if ca_bundle else True,
            "follow_redirects": False,
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def take_usage(self) -> tuple[int, int]:
        """Return how many requests were sent and how many Gong refused with 429 since the last time this was asked."""
        usage = (self.requests_sent, self.requests_refused)
        self.requests_sent = self.requests_refused = 0
        return usage

    def _counted(self, outcome: Answer | NotSent | NoAnswer) -> Answer | NotSent | NoAnswer:
        with self._counting:
            self.requests_sent += not isinstance(outcome, NotSent)
            self.requests_refused += isinstance(outcome, Answer) and outcome.status == 429
        return outcome

    def _built(self, http: httpx.Client | httpx.AsyncClient, request: GongRequest[Any], header: str) -> httpx.Request:
        options: dict[str, Any] = {"headers": {"Authorization": header}, "params": request.query or None}
        if request.media is not None:
            upload = MultipartUpload(request.media)
            options["headers"] |= upload.headers
            content = upload.async_chunks() if isinstance(http, httpx.AsyncClient) else upload.chunks()
            options |= {"content": content, "timeout": self._media_timeout}
        elif request.body is not None:
            options["json"] = request.body
        return http.build_request(request.operation.method, request.path, **options)

    def _steps(self, request: GongRequest[T]) -> Any:
        return exchange(request, self._policy, refreshable=self._auth.refreshable)


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _answer(response: httpx.Response) -> Answer:
    # An answer without a date was made when it arrived (RFC 9110, 6.6.1).
    headers = {"date": formatdate(usegmt=True), **response.headers}
    return Answer(response.status_code, headers, response.content)


def _failure(error: httpx.HTTPError) -> NotSent | NoAnswer:
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    timeout = isinstance(error, httpx.TimeoutException)
    return NotSent(reason, timeout) if isinstance(error, _NEVER_SENT) else NoAnswer(reason, timeout)


def _log_wait(request: GongRequest[Any], wait: Wait) -> None:
    level = logging.INFO if wait.seconds >= _LONG_WAIT else logging.DEBUG
    log.log(level, "%s waits %.1f s %s", request.operation.name, wait.seconds, wait.reason)


class GongClient(_Shell):
    """
    Gong's API for threads. Usable as a context manager.

    :param host: the company's API base URL, such as ``https://us-12345.api.gong.io``
    :param auth: credentials, see :mod:`airflow_provider_gong.client.auth`
    :param budget: grants requests; default: a pacer of its own at Gong's default limits
    :param policy: how patient to be with one request
    :param user_agent: value of the ``User-Agent`` header
    :param proxy: URL of a proxy
    :param ca_bundle: file of certificate authorities to trust instead of the default ones
    :param timeout: seconds that Gong may be silent before an attempt is given up; five times as long for a recording
    :param sleep: waits for seconds
    :param transport: transport of the HTTP library, for tests
    :raises ValueError: if the host is not one that credentials may be sent to
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, **options)
        self._sleep = sleep
        self._http = httpx.Client(transport=transport, **self._http_options)

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
                        outcome = self.budget.reserve(max_wait)
                    case ConfirmSlot(slot):
                        outcome = self.budget.confirm(slot)
                    case CloseGate(retry_after):
                        self.budget.close(retry_after)
                    case Wait() as wait:
                        _log_wait(request, wait)
                        self._sleep(wait.seconds)
                    case RefreshToken():
                        self._auth.refresh(header)
                    case Send():
                        header = self._auth.header()
                        outcome = self._send_once(request, header)
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
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send_once(self, request: GongRequest[Any], header: str) -> Answer | NotSent | NoAnswer:
        try:
            return self._counted(_answer(self._http.send(self._built(self._http, request, header))))
        except httpx.HTTPError as error:
            return self._counted(_failure(error))


class AsyncGongClient(_Shell):
    """
    Gong's API for event loops: the same as :class:`GongClient`, awaited. Usable as an async context manager.

    Budget and credentials may reach a database, so they are asked outside of the event loop.
    """

    def __init__(
        self,
        host: str,
        auth: Authentication,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
        **options: Any,
    ) -> None:
        super().__init__(host, auth, **options)
        self._sleep = sleep
        self._http = httpx.AsyncClient(transport=transport, **self._http_options)

    async def send(self, request: GongRequest[T]) -> T:
        """Send a request and return its result, as :meth:`GongClient.send`."""
        steps = self._steps(request)
        outcome: Any = None
        header = ""
        try:
            while True:
                instruction, outcome = steps.send(outcome), None
                match instruction:
                    case ReserveSlot(max_wait):
                        outcome = await asyncio.to_thread(self.budget.reserve, max_wait)
                    case ConfirmSlot(slot):
                        outcome = await asyncio.to_thread(self.budget.confirm, slot)
                    case CloseGate(retry_after):
                        await asyncio.to_thread(self.budget.close, retry_after)
                    case Wait() as wait:
                        _log_wait(request, wait)
                        await self._sleep(wait.seconds)
                    case RefreshToken():
                        await asyncio.to_thread(self._auth.refresh, header)
                    case Send():
                        header = await asyncio.to_thread(self._auth.header)
                        outcome = await self._send_once(request, header)
        except StopIteration as end:
            result: T = end.value
            return result

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
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _send_once(self, request: GongRequest[Any], header: str) -> Answer | NotSent | NoAnswer:
        try:
            return self._counted(_answer(await self._http.send(self._built(self._http, request, header))))
        except httpx.HTTPError as error:
            return self._counted(_failure(error))
