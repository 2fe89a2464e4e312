"""Finds out who sends a request: a holder of an access key or of an OAuth token, or an OAuth client."""

from __future__ import annotations

from starlette.requests import Request

from airflow_provider_gong.emulator.access.keys import Caller, credentials
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import GongApiError


def authenticate(emulator: Emulator, request: Request) -> Caller:
    """
    Return who sends a request for the API.

    :raises GongApiError: 401
    """
    settings = emulator.settings
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        caller = emulator.grants.caller(given.strip(), emulator.clock.now())
    else:
        caller = emulator.keys.caller(given.strip() if scheme.lower() == "basic" else "")
    if settings.company_host and request.url.hostname != settings.company_host:
        # What other hosts of Gong answer (observed on live tenants outside the US).
        raise GongApiError(401, "access token has been revoked")
    if not settings.company_active:
        raise GongApiError(401, "Company is inactive")
    return emulator.visibility.of(caller)


def require_client(emulator: Emulator, request: Request) -> Caller:
    """
    Return the OAuth client that sends a request.

    :raises GongApiError: 401
    """
    settings = emulator.settings
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or given.strip() != credentials(settings.client_id, settings.client_secret):
        raise GongApiError(401, "Access denied: the client id or its secret is wrong.")
    return Caller(name=settings.client_id)
