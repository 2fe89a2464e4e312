"""The emulator as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from airflow_provider_gong.emulator.clock import Clock
from airflow_provider_gong.emulator.control import control_routes
from airflow_provider_gong.emulator.gateway import Gateway
from airflow_provider_gong.emulator.page import page_routes
from airflow_provider_gong.emulator.settings import EmulatorSettings
from airflow_provider_gong.emulator.state import Emulator


def create_app(settings: EmulatorSettings | None = None, *, clock: Clock | None = None) -> Starlette:
    """Return an application that is one emulated Gong company; its state is ``app.state.emulator``.

    :param settings: see :class:`EmulatorSettings`.
    :param clock: the time that processing, cursors and limits follow; the time of day by default.
    """
    emulator = Emulator(settings, clock)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        emulator.close()

    routes = [*page_routes(), *control_routes(), Mount("/", app=Gateway(emulator))]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.emulator = emulator
    return app
