"""The emulator as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from airflow_provider_gong.emulator.server.gateway import Exchange
from airflow_provider_gong.emulator.server.guard import limited, wrong_host, wrong_origin
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.control import control_routes
from airflow_provider_gong.emulator.web.page import page_routes
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings


class EmulatorApp(Starlette):
    """
    One emulated Gong company; its state is ``app.state.emulator``.

    :param emulator: the company
    """

    def __init__(self, emulator: Emulator) -> None:
        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            yield
            emulator.close()

        routes = [*page_routes(), *control_routes()]
        super().__init__(routes=routes, lifespan=lifespan)
        self._own_paths = {route.path for route in routes}
        self.state.emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; requests for the Gong API take the shortest path."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        path, headers = scope["path"], Headers(scope=scope)
        refused = wrong_host(headers, self.state.emulator.settings) or wrong_origin(scope["method"], headers)
        if refused is None and not path.startswith("/_emulator/") and path not in self._own_paths:
            await Exchange(self.state.emulator, scope, receive, send).run()
            return
        await (refused or super().__call__)(scope, limited(receive), send)


def create_app(
    settings: EmulatorSettings | None = None, *, clock: Clock | None = None, company: Mapping[str, Any] | None = None
) -> EmulatorApp:
    """
    Return an application for one emulated Gong company; its state is ``app.state.emulator``.

    :param settings: see :class:`EmulatorSettings`
    :param clock: the time that processing, cursors, tokens and limits follow; the time of day by default
    :param company: the initial users, workspaces and calls, as in a file for ``--company``
    :raises ValueError: if the description of the company is wrong
    """
    return EmulatorApp(Emulator(settings, clock, company))
