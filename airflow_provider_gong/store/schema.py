"""The store's own tables, and how the tables of all rooms are created and upgraded, on SQLAlchemy 1.4 to 2.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql.functions import FunctionElement

from airflow_provider_gong.store.errors import GongStoreError

metadata = MetaData()
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Room:
    """
    Tables that belong together and change together.

    :param version: increased whenever one of the tables changes; a version can add tables, indexes and nullable
        columns, and rename a column (``info={"was": "the old name"}``)
    :param is_quick: whether all transactions on these tables are short and must not wait for long ones
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    is_quick: bool = False


_rooms: dict[str, Room] = {}


def declare(name: str, version: int, *tables: Table, is_quick: bool = False) -> None:
    """Let the store create and upgrade the tables of a room, even if it is already open."""
    _rooms[name] = Room(name, version, tables, is_quick)


def declared_rooms() -> tuple[Room, ...]:
    """Return the rooms whose tables a store must have now."""
    return tuple(_rooms.values())


# Until version 4, one number stood for all tables. Now each room has its own, and this one keeps older packages out:
# since version 6, a store in SQLite is two files.
STORE_VERSION = 6

store_table = Table(
    "gong_store",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("schema_version", Integer, nullable=False),
)

room_table = Table(
    "gong_room",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
)

intent_table = Table(
    "gong_intent",
    metadata,
    Column("key", String(1024), primary_key=True),
    Column("operation", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("outcome", Text),
    Column("created_at", Float, nullable=False),
    # Rows of the first version have no state.
    Column("state", String(16)),
    Column("attempt", String(32)),
    Column("try_number", Integer),
    Column("company", String(255)),
    Column("about", Text),
    Column("sent_at", Float),
    Column("sent", String(64)),
    Index("gong_intent_state", "state"),
    # While a request may have taken effect, no other map index may send the same content.
    Index("gong_intent_sent", "sent", unique=True),
)

# The users that may host calls, as listed by Gong, in JSON, with what is needed to find them.
user_list_table = Table(
    "gong_user_list",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("users", Text, nullable=False),
    Column("listed_at", Float, nullable=False),
)

# The state of a company's request budget, see client.pacing.Pace.
budget_table = Table(
    "gong_budget",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("seen_at", Float, nullable=False),
    Column("next_slot", Float, nullable=False),
    Column("opens_at", Float, nullable=False),
    Column("day_is_gone", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("margin", Float, nullable=False),
    Column("refused_at", Float),
    Column("hours", Text, nullable=False),
)

# OAuth tokens, encrypted. The lease keeps two workers from using the same refresh token.
token_table = Table(
    "gong_token",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("base_url", String(512), nullable=False),
    Column("tokens", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("lease_number", Integer, nullable=False),
    Column("lease_until", Float),
    Column("lifetime", Float),
    # Why the token endpoint does not accept the refresh token, so other workers do not have to ask.
    Column("refusal", Text),
)


declare("store", 3, intent_table, user_list_table, budget_table, token_table, is_quick=True)


def is_prepared(connection: Connection, rooms: Iterable[Room]) -> bool:
    """Return whether the tables of rooms exist in the form that this package requires."""
    if not inspect(connection).has_table(store_table.name) or not inspect(connection).has_table(room_table.name):
        return False
    found = {row.name: row.version for row in connection.execute(select(room_table))}
    is_current = connection.execute(select(store_table.c.schema_version)).scalar() == STORE_VERSION
    return is_current and all(found.get(room.name) == room.version for room in rooms)


def prepare(connection: Connection, rooms: Iterable[Room]) -> None:
    """
    Create the tables of rooms, and upgrade those of an earlier version.

    :raises GongStoreError: if a newer version of the package created them
    """
    room_table.create(connection, checkfirst=True)
    found: dict[str, int] = {row.name: row.version for row in connection.execute(select(room_table))}
    for room in rooms:
        version = found.get(room.name)
        if version == room.version:
            continue
        refuse_newer(version, room.version)
        for table in room.tables:
            _create_or_complete(connection, table)
        put(connection, room_table, {"name": room.name}, {"version": room.version})


def refuse_newer(found: int | None, known: int) -> None:
    """
    Check that tables are not newer than this package.

    :raises GongStoreError: if they are
    """
    if found is not None and found > known:
        raise GongStoreError(
            f"The store was written by a newer airflow-provider-gong (schema {found}, this package supports {known}): "
            "upgrade the package on this host."
        )


def _create_or_complete(connection: Connection, table: Table) -> None:
    if not inspect(connection).has_table(table.name):
        table.create(connection)
        return
    names = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name in names:
            continue
        if column.info.get("was") in names:
            change = f"RENAME COLUMN {column.info['was']} TO {column.name}"
        else:
            change = f"ADD COLUMN {CreateColumn(column).compile(dialect=connection.dialect)}"
        connection.execute(text(f"ALTER TABLE {table.name} {change}"))
    for index in table.indexes:
        index.create(connection, checkfirst=True)


def new_row(connection: Connection, table: Table) -> Any:
    """Return an INSERT statement that can say what happens to a row that exists."""
    return _INSERT[connection.dialect.name](table)


def put(connection: Connection, table: Table, identity: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row, or update the one with the same primary key."""
    new = new_row(connection, table).values(**identity, **values)
    connection.execute(new.on_conflict_do_update(index_elements=list(identity), set_=values))


class db_now(FunctionElement[float]):  # noqa: N801 - named like a function of SQL
    """Seconds since 1970 by the database's clock, so that hosts with different clocks agree."""

    type = Float()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_now, "postgresql")
def _postgresql_now(element: Any, compiler: Any, **options: Any) -> str:
    return "extract(epoch from clock_timestamp())::float"
