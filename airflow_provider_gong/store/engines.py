"""SQLAlchemy engines for the databases that a store can use, with the settings that make each safe to share."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.files import check_folder, locked, make_private

READS_ONLY = "gong_reads_only"
_BUSY_SECONDS = 30
# A worker that hangs in a transaction must not block the others permanently. Set for the transaction only: behind a
# pooler such as PgBouncer, the next transaction on the same connection to the server may be another program's.
_SERVER_LIMITS = {"lock_timeout": f"{_BUSY_SECONDS}s", "idle_in_transaction_session_timeout": "60s"}
_NOT_DURABLE = {"synchronous_commit": "off"}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LOCK_NOT_AVAILABLE = "55P03"
# Of libpq. Without limits, a worker would wait for a server that is no longer there for about 15 minutes.
_SERVER_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_ATTACH = "ATTACH ? AS attached"


def sqlite_engine(url: URL, mounts: Path, *, durable: bool) -> Engine:
    """
    Return an engine for a file.

    :raises GongStoreError: if SQLite is not safe there
    """
    if url.database in (None, "", ":memory:"):
        raise GongStoreError("An SQLite store needs a file: no other process can see a store in memory.")
    file = Path(url.database or "").absolute()
    check_folder(file.parent, mounts)
    # SQLAlchemy 1.4 would open the file anew for each transaction, which takes three times as long.
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        poolclass=QueuePool,
        # Payloads are personal data and must not appear in error messages.
        hide_parameters=True,
    )

    def on_connect(connection: Any, _: Any) -> None:
        # SQLite does not wait for other processes while it switches to WAL, so processes connect one at a time.
        with locked(file.parent):
            # pysqlite's own transaction handling would begin too late, see _on_sqlite_begin.
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    event.listen(engine, "do_connect", lambda *_: make_private(file))
    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def server_engine(url: URL, *, durable: bool) -> Engine:
    """
    Return an engine for a PostgreSQL server.

    :raises GongStoreError: for another kind of database
    """
    kind = url.get_dialect().name
    if kind != "postgresql":
        raise GongStoreError(f"A store must be in PostgreSQL or SQLite, not in {kind}.")
    engine = create_engine(
        url,
        connect_args={name: value for name, value in _SERVER_CONNECTION.items() if name not in url.query},
        pool_pre_ping=True,
        hide_parameters=True,
        # Whatever the database's default: a transaction that waited for a row must see its new content.
        isolation_level="READ COMMITTED",
    )
    settings = _SERVER_LIMITS if durable else _SERVER_LIMITS | _NOT_DURABLE
    set_locally = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())

    def on_begin(connection: Connection) -> None:
        # What only reads holds nobody up.
        if not _reads_only(connection):
            connection.exec_driver_sql(f"SELECT {set_locally}").close()

    event.listen(engine, "begin", on_begin)
    return engine


@contextlib.contextmanager
def attach(connection: Connection, file: Path | None) -> Iterator[None]:
    """Let a connection to SQLite read from another file, outside of a transaction."""
    if file is None:
        yield
        return
    with contextlib.closing(connection.connection.cursor()) as cursor:
        try:
            cursor.execute(_ATTACH, (str(file),))
        except sqlite3.Error as error:
            raise OperationalError(_ATTACH, None, error) from error
        try:
            yield
        finally:
            cursor.execute("DETACH attached")


def reason_of(error: SQLAlchemyError) -> str:
    """Return the database's message about a failure, as part of a sentence."""
    original = str(error.orig if isinstance(error, DBAPIError) else error)
    # The details of PostgreSQL quote rows.
    original = " ".join(original.partition("\nDETAIL:")[0].split()).rstrip(".")
    is_lock_timeout = isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == _LOCK_NOT_AVAILABLE
    if is_lock_timeout or original == "database is locked":
        return f"another process has been writing to it for more than {_BUSY_SECONDS} s"
    return original


def _on_sqlite_begin(connection: Connection) -> None:
    # Writers that take the write lock at the beginning queue up; taking it during a transaction would fail instead.
    connection.exec_driver_sql("BEGIN" if _reads_only(connection) else "BEGIN IMMEDIATE")


def _reads_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(READS_ONLY, False))
