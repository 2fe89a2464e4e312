"""The hook: from an Airflow connection to a client of Gong's API, with masking and logging."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from airflow_provider_gong import __version__
from airflow_provider_gong._compat import (
    AirflowException,
    AirflowNotFoundException,
    BaseHook,
    get_async_connection,
    mask_secret,
    run_in_thread,
)
from airflow_provider_gong._text import shown
from airflow_provider_gong.client.auth import AccessKeyAuth, BearerAuth
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.resources.api import GongApi
from airflow_provider_gong.client.resources.methods import ThreadDriver
from airflow_provider_gong.hooks.connection import GongConnection, GongConnectionConfigError, secrets_of
from airflow_provider_gong.hooks.connection_form import CONNECTION_TYPE, HOOK_NAME, form_widgets, ui_field_behaviour
from airflow_provider_gong.hooks.process import MaskedTokens, company_budget, stored_tokens
from airflow_provider_gong.hooks.store_url import default_store_url, store_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy.engine import URL

    from airflow_provider_gong._compat import Connection
    from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
    from airflow_provider_gong.store.database import Store
    from airflow_provider_gong.store.tokens import StoredTokens


class GongHook(BaseHook, GongApi[ThreadDriver], AbstractContextManager["GongHook"]):
    """
    Gong's API with the credentials and limits of an Airflow connection.

    ``hook.calls``, ``hook.meetings``, ``hook.users`` and ``hook.workspaces`` have the methods of the client, and
    ``hook.run`` and ``hook.run_all`` send any other operation. Recordings can be URLs on any object storage that
    Airflow supports.

    Nothing is read or sent before a method needs it. Use the hook in operators and ``@task`` functions, preferably as a
    context manager, which closes its connections.

    :param gong_conn_id: Airflow connection of type ``gong``
    :param max_wait: seconds that one request may wait for the company's request budget; if the wait is longer,
        ``GongRateLimitError`` is raised
    :param bulk: whether this is bulk work, which leaves ``reserved_requests`` of the day to everything else and
        reserves only one slot at a time
    """

    conn_name_attr = "gong_conn_id"
    default_conn_name = "gong_default"
    conn_type = CONNECTION_TYPE
    hook_name = HOOK_NAME

    def __init__(self, gong_conn_id: str = default_conn_name, *, max_wait: float = 60.0, bulk: bool = False) -> None:
        super().__init__()
        self.gong_conn_id = gong_conn_id
        self.max_wait = max_wait
        self.bulk = bulk

    @staticmethod
    def get_connection_form_widgets() -> dict[str, Any]:
        """Return the fields of the connection's extra, for the form of Airflow before 3.2."""
        return form_widgets()

    @staticmethod
    def get_ui_field_behaviour() -> dict[str, Any]:
        """Return labels and placeholders of the connection form, for Airflow before 3.2."""
        return ui_field_behaviour()

    def __repr__(self) -> str:
        return f"GongHook({self.gong_conn_id!r})"

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and the store if they were used; they are opened again when needed."""
        for name in ("client", "store"):
            opened = vars(self).pop(name, None)
            if opened is not None:
                opened.close()

    @cached_property
    def settings(self) -> GongConnection:
        """
        The connection's settings; its secrets are masked in logs from now on.

        :raises GongConnectionConfigError: if a field of the connection is missing or wrong
        """
        return self._read(self.get_connection(self.gong_conn_id))

    @property
    def company(self) -> str:
        """Name of the Gong company in the request budget and in the store."""
        return self.settings.company

    @property
    def timezone(self) -> str | None:
        """IANA time zone of times without an offset, if one is set."""
        return self.settings.timezone

    @cached_property
    def client(self) -> GongClient:
        """The client for threads, which shares the request budget with everything that uses the connection's store."""
        from airflow_provider_gong.client.clients import GongClient

        return GongClient(self.base_url, **self._client_options())

    @property
    def _driver(self) -> ThreadDriver:
        return self.client

    def async_client(self) -> AsyncGongClient:
        """Return a new client for an event loop, which the caller has to close; the first use of the hook blocks."""
        from airflow_provider_gong.client.clients import AsyncGongClient

        options = {**self._client_options(), "one_slot_ahead": self.bulk, "in_thread": run_in_thread}
        return AsyncGongClient(self.base_url, **options)

    async def get_async_client(self) -> AsyncGongClient:
        """Return a new client for an event loop like :meth:`async_client`, without blocking the loop."""
        if "settings" not in vars(self):
            connection = await get_async_connection(self.gong_conn_id)
            self.settings = await run_in_thread(self._read, connection)
        if "_store_url" not in vars(self) and self.settings.store_conn_id is not None:
            self._store_url = store_url(await get_async_connection(self.settings.store_conn_id))
        # Loading certificates and modules would block the loop for too long.
        return await run_in_thread(self.async_client)

    @cached_property
    def _store_url(self) -> URL:
        """URL of the store: the one of ``store_conn_id``, or a file below ``AIRFLOW_HOME``."""
        conn_id = self.settings.store_conn_id
        if conn_id is None:
            return default_store_url()
        try:
            return store_url(self.get_connection(conn_id))
        except AirflowNotFoundException as error:
            raise GongConnectionConfigError(
                self.gong_conn_id, f"store_conn_id is {shown(conn_id)!r}, a connection that is not defined: create it."
            ) from error

    @cached_property
    def tokens(self) -> StoredTokens | None:
        """The OAuth tokens that all workers share; None with an access key."""
        auth = self.settings.auth
        return None if isinstance(auth, AccessKeyAuth) else stored_tokens(self._store_url, auth, self.settings)

    @property
    def base_url(self) -> str:
        """Base URL of the API: the one of the connection, or the one that Gong returned with the OAuth tokens."""
        return self.settings.base_url if self.tokens is None else self.tokens.base_url

    @cached_property
    def store(self) -> Store:
        """The store of the connection: the one of ``store_conn_id``, or an SQLite file below ``AIRFLOW_HOME``."""
        from airflow_provider_gong.store.database import Store

        return Store(self._store_url)

    def export_rows(self, table: str, day: str | date, **settings: Any) -> Iterator[dict[str, Any]]:
        """
        Return the rows of an export table as plain mappings, for all calls of a UTC day.

        :param table: name of the table, such as ``call_documents``
        :param day: the day, such as ``2026-11-20``; a time means its UTC day
        :param settings: ``include_private``, ``exclude_columns``, ``workspace_id``, ``primary_user_ids``
        :raises GongExportSettingsError: for an unknown table or column, or a wrong day
        """
        from airflow_provider_gong.call_export.rows import export_rows

        return export_rows(self.client, table, day, **settings)

    def test_connection(self) -> tuple[bool, str]:
        """Check the connection with one request (``GET /v2/workspaces``) that does not use the budget."""
        from airflow_provider_gong.hooks.check import check_connection

        try:
            return True, check_connection(self.settings, self.base_url, self._connection_options(), self.get_connection)
        except (GongError, AirflowException, ValueError) as error:
            return False, str(error)

    def _read(self, connection: Connection) -> GongConnection:
        # Airflow masks the password and some fields of the extra, but not the login or the Basic token.
        for secret in secrets_of(connection):
            mask_secret(secret)
        return GongConnection.from_airflow(connection)

    def _client_options(self) -> dict[str, Any]:
        from airflow_provider_gong.client.exchange import ExchangePolicy
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        budget = company_budget(self._store_url, self.settings.company, self.settings.share(bulk=self.bulk))
        return {
            **self._connection_options(),
            "budget": budget,
            "policy": ExchangePolicy(max_wait=self.max_wait),
            "open_path": ObjectStorage().path,
        }

    def _connection_options(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "auth": settings.auth if self.tokens is None else BearerAuth(MaskedTokens(self.tokens, mask_secret)),
            "user_agent": (
                f"airflow-provider-gong/{__version__} Airflow/{version('apache-airflow')} "
                f"Python/{platform.python_version()}"
            ),
            "proxy": settings.proxy,
            "ca_bundle": settings.ca_bundle,
        }
