"""Connections that can be dropped without an answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "gong_emulator.transport"


class DroppableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, handing the connection's transport to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the application of this connection know its transport."""
        super().connection_made(transport)
        self.app = _with_transport(self.app, transport)


def _with_transport(app: ASGIApp, transport: asyncio.Transport) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[_EXTENSION] = transport
        # Only a server that ends gives requests up; nobody has to be told.
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return wrapped


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """
    Close the connection after what was sent so far.

    :raises ConnectionResetError: when the application runs in process, where there is no connection to close
    """
    transport = scope.get("extensions", {}).get(_EXTENSION)
    if transport is None:
        raise ConnectionResetError("the emulator dropped the connection")
    transport.close()
    # uvicorn answers 500 to an application that returns before the connection is gone.
    while (await receive())["type"] != "http.disconnect":
        pass
