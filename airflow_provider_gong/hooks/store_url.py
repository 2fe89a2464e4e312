"""The URL of the shared store of an Airflow connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_gong.hooks.configuration import DEFAULT_STORE_FOLDER, STORE_FOLDER, configured
from airflow_provider_gong.hooks.connection import GongConnectionConfigError, json_object

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from airflow_provider_gong._compat import Connection

# The settings in the extra of Airflow's PostgreSQL connections that libpq supports.
_LIBPQ_SETTINGS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "options", "target_session_attrs")


def default_store_url() -> URL:
    """Return the URL of the store of this host: an SQLite file in the folder ``[gong] store_folder``."""
    from airflow.configuration import get_airflow_home

    from airflow_provider_gong.store.database import folder_url

    return folder_url(Path(get_airflow_home()) / (configured(STORE_FOLDER) or DEFAULT_STORE_FOLDER))


def store_url(connection: Connection) -> URL:
    """
    Return the URL of a connection's database. It contains the password but does not show it.

    :param connection: Airflow connection of type ``postgres`` or ``sqlite``
    :raises GongConnectionConfigError: for any other connection
    """
    if connection.conn_type in ("postgres", "postgresql"):
        return _postgres_url(connection)
    if connection.conn_type == "sqlite":
        return _sqlite_url(connection)
    raise GongConnectionConfigError(
        connection.conn_id or "",
        f"the connection of a store (store_conn_id) must be of type postgres or sqlite, not {connection.conn_type!r}.",
    )


def _postgres_url(connection: Connection) -> URL:
    from sqlalchemy.engine import URL

    try:
        extra = json_object(connection.extra)
    except ValueError as error:
        raise GongConnectionConfigError(connection.conn_id or "", str(error)) from None
    return URL.create(
        "postgresql+psycopg2",
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query={name: str(extra[name]) for name in _LIBPQ_SETTINGS if name in extra},
    )


def _sqlite_url(connection: Connection) -> URL:
    from sqlalchemy.engine import URL

    # An Airflow URI (sqlite:////var/lib/gong.db) has the path as schema, a manually created connection as host.
    path = connection.host or connection.schema or ""
    if not path.startswith("/"):
        raise GongConnectionConfigError(connection.conn_id or "", f"host must be an absolute path, not {path!r}.")
    return URL.create("sqlite", database=path)
