"""Opening the store: an SQLite file by default, any other database by URL. The schema creates itself."""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, insert, select, text, update
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.schema import STORE_VERSION, Room, declared_rooms, prepare, refuse_newer, store_table

_BUSY_SECONDS = 30
# Any constant does, as long as every process that upgrades the schema uses the same.
_SCHEMA_LOCK = 7_466_401
# SQLite's locks do not work reliably over these (SQLite documentation, "How to corrupt an SQLite database file").
_NETWORK_FILE_SYSTEMS = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "9p",
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.gcsfuse",
    "lustre",
    "ceph",
)
# A worker that stands still in mid-transaction must not hold the others back for ever.
_SERVER_LIMITS = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'"
_CONNECT_SECONDS = 10
_READS_ONLY = "gong_reads_only"
_MOUNTS = Path("/proc/self/mounts")
_FAILURES = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)


class Store:
    """
    A database that holds the provider's state. Opened, and its schema created, on first use.

    :param url: URL in SQLAlchemy's form, such as ``sqlite:////var/lib/airflow/gong.db``
    :param durable: whether what was committed must survive a loss of power; without, writing is faster
    :param mounts: the host's table of mounted file systems, for finding out where SQLite is not safe
    :raises GongStoreError: for something that is not a URL; on first use, when the database cannot serve
    """

    def __init__(self, url: str | URL, *, durable: bool = True, mounts: Path = _MOUNTS) -> None:
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError):
            # Not chained: the original quotes the URL, which may hold a password.
            raise GongStoreError(
                "The store's URL is not one: expected something like postgresql://user:password@host/database ."
            ) from None
        self._durable = durable
        self._mounts = mounts
        self._prepared_rooms = 0

    @classmethod
    def in_folder(cls, folder: Path, *, mounts: Path = _MOUNTS) -> Store:
        """Return the default store of one host, an SQLite file in the folder."""
        return cls(folder_url(folder), mounts=mounts)

    def __repr__(self) -> str:
        return f"Store({self.location})"

    @property
    def location(self) -> str:
        """The URL without secrets."""
        # The URL as an object masks its password by itself, but not what its query may hold.
        return repr(self._url.set(query={}))

    @property
    def is_server(self) -> bool:
        """Whether other hosts can reach it."""
        return bool(self._url.get_backend_name() != "sqlite")

    @cached_property
    def id(self) -> str:
        """Identity of this database: two processes share a store if they see the same."""
        with self.begin() as connection:
            return str(connection.execute(select(store_table.c.id)).scalar_one())

    @property
    def engine(self) -> Engine:
        """The engine, with the tables of all rooms in place."""
        rooms = declared_rooms()
        # A room may be declared long after the first use.
        if self._prepared_rooms != len(rooms):
            with self._failures():
                _prepare(self._engine, rooms)
            self._prepared_rooms = len(rooms)
        return self._engine

    @cached_property
    def _engine(self) -> Engine:
        with self._failures():
            return self._sqlite_engine() if self._url.get_backend_name() == "sqlite" else self._server_engine()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (ImportError, NoSuchModuleError) as error:
            raise GongStoreError(f"{self!r} needs a database driver that is not installed: {error}.") from error
        except DBAPIError as error:
            raise GongStoreError(f"{self!r} cannot be opened: {_reason(error)}.") from error

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """
        Run a transaction; it is rolled back when the block raises.

        :raises GongStoreError: if the database cannot be reached, is locked for too long, or is full
        """
        with self._transaction(self.engine) as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """
        Run a transaction that only reads, and therefore waits for no writer.

        :raises GongStoreError: if the database cannot be reached
        """
        with self._transaction(self.engine.execution_options(**{_READS_ONLY: True})) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections to the database."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @contextlib.contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except _FAILURES as error:
            raise GongStoreError(f"{self!r} failed: {_reason(error)}.") from error

    def _sqlite_engine(self) -> Engine:
        if self._url.database in (None, "", ":memory:"):
            raise GongStoreError("The store in SQLite needs a file: one in memory is not seen by any other process.")
        folder = Path(self._url.database or "").absolute().parent
        _check_folder(folder, self._mounts)
        # SQLAlchemy 1.4 would open the file anew for each transaction, which takes three times as long.
        engine = create_engine(
            self._url,
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            poolclass=QueuePool,
            # Payloads are personal data and stay out of error texts.
            hide_parameters=True,
        )
        durable = self._durable

        def on_connect(connection: Any, _: Any) -> None:
            # SQLite does not wait for other processes while it switches to WAL, so they connect one at a time.
            with _locked(folder):
                _set_up_sqlite(connection, durable=durable)

        event.listen(engine, "connect", on_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return engine

    def _server_engine(self) -> Engine:
        timeout = {} if "connect_timeout" in self._url.query else {"connect_timeout": _CONNECT_SECONDS}
        engine = create_engine(self._url, connect_args=timeout, pool_pre_ping=True, hide_parameters=True)
        durable = self._durable

        def on_connect(connection: Any, _: Any) -> None:
            _set_up_server_session(connection, durable=durable)

        event.listen(engine, "connect", on_connect)
        return engine


def folder_url(folder: Path) -> URL:
    """Return the URL of the default store of one host, an SQLite file in the folder."""
    return file_url(folder / "gong_store.db")


def file_url(file: Path) -> URL:
    """Return the URL of a store in an SQLite file."""
    return URL.create("sqlite", database=str(file))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _set_up_sqlite(connection: Any, *, durable: bool) -> None:
    # pysqlite's own transaction handling would begin too late; see _on_sqlite_begin.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")


def _on_sqlite_begin(connection: Connection) -> None:
    # Taking the write lock at once makes writers queue up; an upgrade in mid-transaction would fail instead.
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _set_up_server_session(connection: Any, *, durable: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SERVER_LIMITS)
        if not durable:
            cursor.execute("SET synchronous_commit = off")
    connection.commit()


def _prepare(engine: Engine, rooms: Iterable[Room]) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        store_table.create(connection, checkfirst=True)
        found = connection.execute(select(store_table.c.schema_version)).scalar()
        refuse_newer(found, STORE_VERSION)
        prepare(connection, rooms)
        if found is None:
            connection.execute(insert(store_table).values(id=str(uuid.uuid4()), schema_version=STORE_VERSION))
        elif found != STORE_VERSION:
            connection.execute(update(store_table).values(schema_version=STORE_VERSION))


def _reason(error: SQLAlchemyError) -> str:
    original = str(error.orig if isinstance(error, DBAPIError) else error).strip().rstrip(".")
    if original == "database is locked":
        return f"another process has been writing to it for more than {_BUSY_SECONDS} s"
    return original


def _check_folder(folder: Path, mounts: Path) -> None:
    if not _is_writable(folder):
        raise GongStoreError(
            f"The store's folder {folder} cannot be written to: set store_conn_id in the Gong connection's extra to a "
            "PostgreSQL database."
        )
    kind = _file_system(folder, mounts)
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        raise GongStoreError(
            f"The store's folder {folder} is on a network file system ({kind}), where SQLite is not safe: set "
            "store_conn_id in the Gong connection's extra to a PostgreSQL database."
        )


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the file system that holds the folder, an empty string where the platform does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    entries = [line.split(" ") for line in lines if line.count(" ") >= 2]
    places = [(place.replace("\\040", " "), kind) for _, place, kind, *_ in entries]
    holding = [(place, kind) for place, kind in places if folder.resolve().is_relative_to(place)]
    # Of several mounts at one place, such as an automounter's and the real one, the last is seen.
    return max(reversed(holding), key=lambda found: len(found[0]), default=("", ""))[1]
