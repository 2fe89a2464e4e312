"""The connection test: one request that uses neither the request budget nor a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongPermissionError
from airflow_provider_gong.hooks.store_url import store_url

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Connection
    from airflow_provider_gong.hooks.connection import GongConnection

_WORKSPACES_SHOWN = 3
_LONGEST_NAME = 100
# A person is waiting in front of a form.
_TIMEOUT_SECONDS = 15.0


def check_connection(
    settings: GongConnection,
    base_url: str,
    client_options: dict[str, Any],
    get_connection: Callable[[str], Connection],
) -> str:
    """
    Return a description of a working connection.

    :param settings: the connection's settings
    :param base_url: base URL of its requests
    :param client_options: options of its clients
    :param get_connection: looks up the connection of the store
    :raises GongError: if Gong does not accept the connection
    """
    return " ".join(
        (
            f"Gong accepts the credentials. Company: {settings.company}. Host: {base_url}.",
            _workspaces(base_url, client_options),
            f"Request budget: {settings.requests_per_second:g} per second and {settings.requests_per_day} per day, of "
            f"which imports leave {settings.reserved_requests} for everything else.",
            _scope(settings, get_connection),
        )
    )


def _workspaces(base_url: str, client_options: dict[str, Any]) -> str:
    from airflow_provider_gong.client.budget import LocalBudget
    from airflow_provider_gong.client.clients import GongClient
    from airflow_provider_gong.client.exchange import ExchangePolicy

    policy = ExchangePolicy(max_wait=0.0, max_attempts=1)
    alone = {"budget": LocalBudget(), "policy": policy, "timeout": _TIMEOUT_SECONDS}
    try:
        with GongClient(base_url, **client_options | alone) as client:
            names = [shown(workspace.name or workspace.id, _LONGEST_NAME) for workspace in client.workspaces.list()]
    except GongPermissionError as error:
        # Gong names a missing scope only for valid credentials.
        if error.status != 401:
            raise
        return "Workspaces are not shown because the credentials lack the scope api:workspaces:read."
    more = f" and {len(names) - _WORKSPACES_SHOWN} more" if len(names) > _WORKSPACES_SHOWN else ""
    return f"Workspaces: {', '.join(names[:_WORKSPACES_SHOWN])}{more}."


def _scope(settings: GongConnection, get_connection: Callable[[str], Connection]) -> str:
    conn_id = settings.store_conn_id
    if conn_id is None:
        return (
            "The budget is shared by the processes on one host: each host counts only its own requests. Set "
            "store_conn_id if workers run on several hosts."
        )
    shared = f"The budget is shared by all workers that use the store {conn_id}."
    try:
        store_url(get_connection(conn_id))
    except Exception as error:
        # This may be an API server, which may not see what the workers see; its errors are unpredictable.
        return f"{shared} Warning, as seen from this host: {error}"
    return shared
