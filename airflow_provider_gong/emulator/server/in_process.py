"""Runs the emulator without a socket, for clients that are given an HTTPX transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from airflow_provider_gong.emulator.server.app import EmulatorApp, create_app
from airflow_provider_gong.emulator.server.running import RunningEmulator
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings

_URL = "https://gong.localhost"


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """
    Hands requests to an emulator in the same process; bodies are held in memory, timeouts never strike.

    :param app: the emulator
    :param portal: to the event loop that the emulator runs on
    """

    def __init__(self, app: EmulatorApp, portal: BlockingPortal) -> None:
        self._asgi = httpx.ASGITransport(app)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Answer a request of a thread.

        :raises httpx.RemoteProtocolError: when a fault drops the connection
        """
        request.read()
        return self._portal.call(self._answer, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Answer a request of an event loop.

        :raises httpx.RemoteProtocolError: when a fault drops the connection
        """
        await request.aread()
        return await asyncio.wrap_future(self._portal.start_task_soon(self._answer, request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = await self._asgi.handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class InProcessEmulator(RunningEmulator):
    """
    An emulator in the same process.

    :ivar transport: for :class:`httpx.Client` and :class:`httpx.AsyncClient`; the only way to it
    """

    def __init__(self, app: EmulatorApp, portal: BlockingPortal) -> None:
        super().__init__(_URL, app.state.emulator, portal.call)
        self.transport = EmulatorTransport(app, portal)


@contextmanager
def in_process_emulator(
    settings: EmulatorSettings | None = None,
    *,
    clock: Clock | None = None,
    company: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[InProcessEmulator]:
    """Run an emulator without a socket for as long as the context lasts; parameters as of :func:`running_emulator`."""
    app = create_app(replace(settings or EmulatorSettings(), **changes), clock=clock, company=company)
    with start_blocking_portal() as portal:
        try:
            yield InProcessEmulator(app, portal)
        finally:
            app.state.emulator.close()
