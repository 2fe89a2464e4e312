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
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette

from airflow_provider_gong.emulator.app import create_app
from airflow_provider_gong.emulator.clock import Clock
from airflow_provider_gong.emulator.connection import DroppableProtocol
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.emulator.settings import EmulatorSettings
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.control import (
    add_faults,
    add_to_company,
    change_settings,
    change_user,
    requests_logged,
)
from airflow_provider_gong.emulator.web.state import company_state

_GRACEFUL_SECONDS = 1
_START_SECONDS = 30
_STOP_SECONDS = 30
_BACKLOG = 128

Result = TypeVar("Result")


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


class RunningEmulator:
    """An emulator that answers on a loopback address, with what a test wants from it.

    :ivar url: the base URL, without a path.
    :ivar access_key: the access key that is let in.
    :ivar access_key_secret: its secret.
    :ivar client_id: the OAuth client that may fetch tokens.
    :ivar client_secret: its secret.
    """

    def __init__(self, url: str, emulator: Emulator, run: Callable[[Callable[[], Any]], Any]) -> None:
        self.url = url
        self.access_key = emulator.settings.access_key
        self.access_key_secret = emulator.settings.access_key_secret
        self.client_id = emulator.settings.client_id
        self.client_secret = emulator.settings.client_secret
        self._emulator = emulator
        self._run = run

    def state(self) -> dict[str, Any]:
        """Return what ``GET /_emulator/state`` answers."""
        return self._in_loop(lambda: company_state(self._emulator))

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the request log, oldest first, of one operation where it is named."""
        return self._in_loop(lambda: requests_logged(self._emulator, operation))

    def set(self, **settings: Any) -> None:
        """Change settings, see :class:`EmulatorSettings`.

        :raises ValueError: for an unknown setting or a wrong value.
        """
        self._in_loop(lambda: change_settings(self._emulator, settings))

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""
        self._in_loop(lambda: self._emulator.clock.advance(seconds))

    def run_at(self, speed: float) -> None:
        """Let the emulator's time run at a speed: emulated seconds in a real one."""
        self._in_loop(lambda: self._emulator.clock.run_at(speed))

    def change_user(self, email_address: str, **changes: Any) -> None:
        """Change a user, e.g. ``telephonyCallsImported=True``; the names are those of ``POST /_emulator/users``.

        :raises ValueError: when there is no such user, or a field cannot be changed.
        """
        self._in_loop(lambda: change_user(self._emulator, {"emailAddress": email_address, **changes}))

    def seed(self, company: Mapping[str, Any]) -> None:
        """Add users and calls, as described or generated, e.g. ``{"generate": {"calls": 1000}}``.

        :raises ValueError: when the description is wrong.
        """
        self._in_loop(lambda: add_to_company(self._emulator, company))

    def authorize(self, scope: str = "") -> dict[str, Any]:
        """Return OAuth tokens, as after a technical administrator has agreed.

        :param scope: scopes, separated by spaces; all when it is empty.
        """
        return self._in_loop(lambda: self._emulator.grants.authorize(scope))

    def add_faults(self, *rules: Fault) -> None:
        """Put fault rules in force.

        :raises ValueError: for an operation that the emulator does not serve.
        """
        self._in_loop(lambda: add_faults(self._emulator, rules))

    def clear_faults(self) -> None:
        """Put all fault rules out of force."""
        self._in_loop(self._emulator.faults.clear)

    def reset(self) -> None:
        """Go back to the seeded company and the settings of the start."""
        self._in_loop(self._emulator.reset)

    def _in_loop(self, action: Callable[[], Result]) -> Result:
        result: Result = self._run(action)
        return result


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
