"""Runs the emulator on a socket: in the foreground for the command, in a thread for tests."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import uvicorn

from airflow_provider_gong.emulator.server.app import EmulatorApp, create_app
from airflow_provider_gong.emulator.server.connection import DroppableProtocol
from airflow_provider_gong.emulator.server.running import RunningEmulator
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings

_TICK_SECONDS = 1
# What requests that are being answered get until the server ends, and how long it may take in all.
_GRACEFUL_SECONDS = 1
_OBEY_SECONDS = 4
_START_SECONDS = 30
_STOP_SECONDS = 30


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, and ends at once and quietly when it is told to."""

    def __init__(self, app: EmulatorApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=DroppableProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
            )
        )
        self._emulator = app.state.emulator
        self._on_ready = on_ready
        self._stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self._on_ready()

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second whether to stop.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn's own waits for clients, and tells of each request that it gives up.
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=_GRACEFUL_SECONDS)
        for connection in list(state.connections):
            connection.transport.abort()
        for task in state.tasks:
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at the end, so that a stop would look like a crash.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self._obey) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _obey(self, *_: object) -> None:
        if not self.should_exit:
            watchdog = threading.Timer(_OBEY_SECONDS, self._end_process)
            watchdog.daemon = True
            watchdog.start()
        self.stop()

    def _end_process(self) -> None:
        # Something long goes on, e.g. a large company is being made up.
        self._emulator.close()
        os._exit(0)

    def stop(self) -> None:
        """Let the server end; may be called from any thread."""
        self.should_exit = True
        self.loop.call_soon_threadsafe(self._stopping.set)


def open_socket(host: str, port: int) -> socket.socket:
    """
    Return a listening socket.

    :param port: 0 picks a free one
    :raises OSError: when the address cannot be used
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms.
    listening = socket.create_server((host, port), family=family)
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, listening.detach())


def url_of(listening: socket.socket) -> str:
    """Return the address of a listening socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: EmulatorApp, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """
    Serve until SIGINT or SIGTERM.

    :param app: see :func:`create_app`
    :param on_ready: called with the URL as soon as it answers
    :raises OSError: when the address cannot be used
    """
    with open_socket(host, port) as listening:
        url = url_of(listening)
        _Server(app, lambda: on_ready(url)).run(sockets=[listening])


@contextmanager
def running_emulator(
    settings: EmulatorSettings | None = None,
    *,
    clock: Clock | None = None,
    company: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[RunningEmulator]:
    """
    Run an emulator on a free loopback port for as long as the context lasts.

    :param settings: see :class:`EmulatorSettings`; the defaults without it
    :param clock: e.g. a :class:`ManualClock`; the time of day by default
    :param company: the users, workspaces and calls to begin with; a small company by default
    :param changes: single settings, e.g. ``requests_per_second=0``
    """
    app = create_app(replace(settings or EmulatorSettings(), **changes), clock=clock, company=company)
    with open_socket("127.0.0.1", 0) as listening:
        thread = _ServerThread(app, listening)
        try:
            yield RunningEmulator(url_of(listening), app.state.emulator, thread.run)
        finally:
            thread.stop()


class _ServerThread:
    """A server in a thread of its own; the state is only touched on its event loop."""

    def __init__(self, app: EmulatorApp, listening: socket.socket) -> None:
        ready = threading.Event()
        self._server = _Server(app, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="gong-emulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            raise RuntimeError(f"the emulator did not start within {_START_SECONDS} seconds")

    def run(self, action: Callable[[], Any]) -> Any:
        async def carry_out() -> Any:
            return action()

        return asyncio.run_coroutine_threadsafe(carry_out(), self._server.loop).result()

    def stop(self) -> None:
        self._server.stop()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            # It ends with the process; a test run must not wait for ever.
            warnings.warn(f"the emulator did not stop within {_STOP_SECONDS} seconds", ResourceWarning, stacklevel=2)
