"""Keeps web pages of other sites out: a browser on this machine reaches what listens on it, for any page."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive

from airflow_provider_gong.emulator.world.settings import EmulatorSettings

# A described company of tens of thousands of calls.
CONTROL_BODY_BYTES = 32 * 1024 * 1024


def wrong_host(headers: Headers, settings: EmulatorSettings) -> PlainTextResponse | None:
    """
    Return the refusal of a request that was sent to a name that is not the emulator's.

    A page can let a name of its own site lead to this machine, and would then be no other site's.
    """
    host = _without_port(headers.get("host", ""))
    if _is_loopback(host) or _is_allowed(host, settings):
        return None
    text = f"This emulator does not answer to the host name {host!r}; gong-emulator --allow-host NAME lets it.\n"
    return PlainTextResponse(text, status_code=421)


def _without_port(host: str) -> str:
    name, separator, port = host.lower().rpartition(":")
    return (name if separator and port.isdigit() else host.lower()).strip("[]").removesuffix(".")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_allowed(host: str, settings: EmulatorSettings) -> bool:
    allowed: Iterable[str] = (*settings.allowed_hosts.lower().split(), settings.company_host.lower())
    return bool(host) and (host in allowed or "*" in allowed)


def wrong_origin(method: str, headers: Headers) -> PlainTextResponse | None:
    """Return the refusal of a request of another site's page that would change something."""
    origin = headers.get("origin")
    if method in ("GET", "HEAD") or origin is None or origin.partition("://")[2] == headers.get("host"):
        return None
    return PlainTextResponse("Requests of other sites' pages change nothing here.\n", status_code=403)


def limited(receive: Receive) -> Receive:
    """Return what receives a body of the control API or the page, and refuses one that is too large."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > CONTROL_BODY_BYTES:
            raise HTTPException(413, f"A body is at most {CONTROL_BODY_BYTES} bytes.\n", {"connection": "close"})
        return message

    return receive_limited
