"""Runs the emulator on a socket: in the foreground for the command, in a thread for tests."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from starlette.applications import Starlette

from airflow_provider_gong.emulator.server.app import create_app
from airflow_provider_gong.emulator.server.connection import DroppableProtocol
from airflow_provider_gong.emulator.server.running import RunningEmulator
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings

_GRACEFUL_SECONDS = 1
_START_SECONDS = 30
_STOP_SECONDS = 30
_BACKLOG = 128


class _Server(uvicorn.Server):
    """uvicorn that says when it answers and ends quietly on SIGINT and SIGTERM."""

    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(_config(app))
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at the end, so that a stop would look like a crash.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self.should_exit = True


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=DroppableProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    :param port: 0 picks a free one.
    :raises OSError: when the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def url_of(listening: socket.socket) -> str:
    """Return the address of a listening socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: Starlette, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    :param app: see :func:`create_app`.
    :param on_ready: called with the URL as soon as it answers.
    :raises OSError: when the address cannot be used.
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
    """Run an emulator on a free loopback port for as long as the context lasts.

    :param settings: see :class:`EmulatorSettings`; the defaults without it.
    :param clock: e.g. a :class:`ManualClock`; the time of day by default.
    :param company: the users, workspaces and calls to begin with; a small company by default.
    :param changes: single settings, e.g. ``requests_per_second=0``.
    """
    app = create_app(replace(settings or EmulatorSettings(), **changes), clock=clock, company=company)
    thread = _ServerThread(app)
    with open_socket("127.0.0.1", 0) as listening:
        thread.start(listening)
        try:
            yield RunningEmulator(url_of(listening), app.state.emulator, thread.run)
        finally:
            thread.stop()


class _ServerThread:
    """A server in a thread of its own; the state is only touched on its event loop."""

    def __init__(self, app: Starlette) -> None:
        self._ready = threading.Event()
        self._server = _Server(app, self._note_ready)
        self._thread: threading.Thread | None = None

    def _note_ready(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()

    def start(self, listening: socket.socket) -> None:
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="gong-emulator", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError(f"the emulator did not start within {_START_SECONDS} seconds")

    def run(self, action: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()

        def carry_out() -> None:
            try:
                future.set_result(action())
            except Exception as error:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(carry_out)
        return future.result()

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread is None:
            return
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            # It ends with the process; a test run must not wait for ever.
            warnings.warn(f"the emulator did not stop within {_STOP_SECONDS} seconds", ResourceWarning, stacklevel=2)
