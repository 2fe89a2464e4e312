"""
Opening the store: SQLite files by default, any other database by URL. The schema is created automatically.

An SQLite file allows one writer at a time. The tables that coordinate workers in short transactions are therefore in a
separate file, and never have to wait for a plan that takes seconds to write.
"""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, inspect, select, text, update
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from airflow_provider_gong.store.engines import READS_ONLY, attach, reason_of, server_engine, sqlite_engine
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.files import MOUNTS, FileId, file_id
from airflow_provider_gong.store.schema import (
    STORE_VERSION,
    Room,
    declared_rooms,
    is_prepared,
    prepare,
    refuse_newer,
    store_table,
)

# Any constant works, as long as all processes that upgrade the schema use the same one.
_SCHEMA_LOCK = 7_466_401


class Store:
    """
    A database that holds the provider's state. Opened, and its schema created, on first use.

    :param url: URL in SQLAlchemy's form, such as ``sqlite:////var/lib/airflow/gong.db``
    :param durable: whether committed changes must survive a power failure; writing is faster without
    :param mounts: the host's table of mounted file systems, to detect where SQLite is not safe
    :raises GongStoreError: if the URL is not valid; on first use, if the database cannot be used
    """

    def __init__(self, url: str | URL, *, durable: bool = True, mounts: Path = MOUNTS) -> None:
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError):
            # Not chained: the original error quotes the URL, which may contain a password.
            raise GongStoreError(
                "The store's URL is not valid: expected something like postgresql://user:password@host/database ."
            ) from None
        self._durable = durable
        self._mounts = mounts
        self._prepared_rooms = -1
        self._file_id: FileId | None = None

    @classmethod
    def in_folder(cls, folder: Path, *, mounts: Path = MOUNTS) -> Store:
        """Return the default store of one host, SQLite files in the folder."""
        return cls(folder_url(folder), mounts=mounts)

    def __repr__(self) -> str:
        return f"Store({self.location})"

    @property
    def location(self) -> str:
        """The URL without secrets."""
        # The URL object masks its password, but not secrets in its query.
        return repr(self._url.set(query={}))

    @property
    def place(self) -> str:
        """Location of the store, as seen from any host."""
        return self.location if self.is_server else f"{self._file} on host {socket.gethostname()}"

    @property
    def is_server(self) -> bool:
        """Whether other hosts can reach it."""
        return bool(self._url.get_backend_name() != "sqlite")

    @cached_property
    def quick(self) -> Store:
        """The part for short transactions that coordinate workers; the store itself, except in SQLite."""
        return self if self.is_server else _QuickPart(self, durable=self._durable, mounts=self._mounts)

    @cached_property
    def id(self) -> str:
        """Id of this database: two processes share a store if they see the same id."""
        ((found,),) = self.fetch(select(store_table.c.id))
        return str(found)

    def require(self) -> None:
        """
        Check that the store exists, without creating it.

        :raises GongStoreError: if there is none, or the database cannot be reached
        """
        if self.is_server:
            with self._reading() as connection:
                is_there = inspect(connection).has_table(store_table.name)
        else:
            is_there = self._file.exists()
        if not is_there:
            raise GongStoreError(
                f"{self!r} does not exist. Check the name. The first task that uses the connection creates the store."
            )

    @property
    def engine(self) -> Engine:
        """The engine, after creating the tables of all rooms."""
        if self._file_id is not None and file_id(self._file) != self._file_id:
            self.close()
            raise GongStoreError(
                f"{self!r} was deleted or replaced while this process was using it. Stop all workers before you move "
                "or restore a store."
            )
        rooms = [room for room in declared_rooms() if self._holds(room)]
        # A room can be declared long after the first use.
        if self._prepared_rooms != len(rooms):
            with self._failures():
                self._prepare(rooms)
            self._prepared_rooms = len(rooms)
            self._file_id = None if self.is_server else file_id(self._file)
        return self._engine

    def begin(self, attached: Path | None = None) -> AbstractContextManager[Connection]:
        """
        Run a transaction; it is rolled back if the block raises.

        :param attached: another SQLite file that a store in SQLite can read in this transaction, as ``attached``
        :raises GongStoreError: if the database cannot be reached, is locked for too long, or is full
        """
        return self._transaction(self.engine, attached)

    def read(self) -> AbstractContextManager[Connection]:
        """
        Run a transaction that only reads one state of the database, and therefore does not wait for writers.

        :raises GongStoreError: if the database cannot be reached
        """
        # A read transaction of SQLite is always like that.
        options = {"isolation_level": "REPEATABLE READ"} if self.is_server else {}
        return self._transaction(self.engine.execution_options(**{READS_ONLY: True}, **options))

    def fetch(self, query: Any) -> list[Any]:
        """
        Return the rows that a query finds, which are not many, read like in :meth:`read`.

        :raises GongStoreError: if the database cannot be reached
        """
        with self.read() as connection:
            return list(connection.execute(query))

    def close(self) -> None:
        """Close the connections to the database; they are opened again when needed."""
        for name in ("_engine", "id"):
            opened = vars(self).pop(name, None)
            if isinstance(opened, Engine):
                opened.dispose()
        self._file_id, self._prepared_rooms = None, -1
        if vars(self).get("quick", self) is not self:
            self.quick.close()

    @cached_property
    def _engine(self) -> Engine:
        with self._failures():
            if self.is_server:
                engine = server_engine(self._url, durable=self._durable)
            else:
                engine = sqlite_engine(self._url, self._mounts, durable=self._durable)
        weakref.finalize(self, _dispose, os.getpid(), engine)
        return engine

    @property
    def _file(self) -> Path:
        return Path(self._url.database or "").absolute()

    def _holds(self, room: Room) -> bool:
        return self.is_server or not room.is_quick

    def _prepare(self, rooms: list[Room]) -> None:
        # Only reads if there is nothing to do, and then does not wait for writers.
        with self._reading() as connection:
            if is_prepared(connection, rooms):
                return
        with self._engine.begin() as connection:
            if self.is_server:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            store_table.create(connection, checkfirst=True)
            found = connection.execute(select(store_table.c.schema_version)).scalar()
            refuse_newer(found, STORE_VERSION)
            prepare(connection, rooms)
            if found is None:
                self._fill(connection, rooms)
                connection.execute(insert(store_table).values(id=str(uuid.uuid4()), schema_version=STORE_VERSION))
            elif found != STORE_VERSION:
                connection.execute(update(store_table).values(schema_version=STORE_VERSION))

    def _fill(self, connection: Connection, rooms: list[Room]) -> None:
        """Fill tables that were just created."""

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._failures(), self._engine.execution_options(**{READS_ONLY: True}).begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, engine: Engine, attached: Path | None = None) -> Iterator[Connection]:
        try:
            with engine.connect() as connection, attach(connection, attached), connection.begin():
                yield connection
        except IntegrityError:
            # Not the database's failure: the caller competes with another one.
            raise
        except (DBAPIError, PoolTimeoutError) as error:
            raise GongStoreError(f"{self!r} failed: {reason_of(error)}.") from error

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (ImportError, NoSuchModuleError) as error:
            raise GongStoreError(
                f"{self!r} needs a database driver that is not installed: {error}. A store is in PostgreSQL "
                "(postgresql://...) or SQLite (sqlite:///...)."
            ) from error
        except DBAPIError as error:
            raise GongStoreError(f"{self!r} cannot be opened: {reason_of(error)}.") from error


def _dispose(pid: int, engine: Engine) -> None:
    """Close the connections of a store that nobody uses any more, or whose process ends."""
    # Those of a process that has forked belong to it alone.
    if os.getpid() == pid:
        engine.dispose()


class _QuickPart(Store):
    """The SQLite file for short transactions, next to the file of a store."""

    def __init__(self, whole: Store, *, durable: bool, mounts: Path) -> None:
        file = whole._file
        super().__init__(file_url(file.with_name(f"{file.stem}_quick{file.suffix}")), durable=durable, mounts=mounts)
        self._whole = whole

    @property
    def quick(self) -> Store:
        return self

    def _holds(self, room: Room) -> bool:
        return room.is_quick

    def _prepare(self, rooms: list[Room]) -> None:
        if not self._tables_of_an_earlier_package(rooms):
            super()._prepare(rooms)
            return
        # No one may write to the old tables while they are copied.
        with self._whole._failures(), self._whole._engine.begin() as connection:
            super()._prepare(rooms)
            for room in rooms:
                for table in room.tables:
                    table.drop(connection, checkfirst=True)
            connection.execute(update(store_table).values(schema_version=STORE_VERSION))

    def _fill(self, connection: Connection, rooms: list[Room]) -> None:
        for table in self._tables_of_an_earlier_package(rooms):
            with self._whole._reading() as whole:
                found = whole.execute(text(f"SELECT * FROM {table.name}")).mappings().all()  # noqa: S608 - only names
            values: list[dict[str, Any]] = [{name: row[name] for name in row if name in table.columns} for row in found]
            if values:
                connection.execute(insert(table), values)

    def _tables_of_an_earlier_package(self, rooms: list[Room]) -> list[Table]:
        """Return those of the tables that are still in the single file of an earlier version's store."""
        if not self._whole._file.exists():
            return []
        with self._whole._reading() as whole:
            known = set(inspect(whole).get_table_names())
        return [table for room in rooms for table in room.tables if table.name in known]


def folder_url(folder: Path) -> URL:
    """Return the URL of the default store of one host, SQLite files in the folder."""
    return file_url(folder / "gong_store.db")


def file_url(file: Path) -> URL:
    """Return the URL of a store in an SQLite file."""
    return URL.create("sqlite", database=str(file))
