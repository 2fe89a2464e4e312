"""Tables of the store, in the subset of SQLAlchemy Core that 1.4, 2.0 and 2.1 share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql.functions import FunctionElement

SCHEMA_VERSION = 4

metadata = MetaData()

store_table = Table(
    "gong_store",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("schema_version", Integer, nullable=False),
)

intent_table = Table(
    "gong_intent",
    metadata,
    Column("key", String(1024), primary_key=True),
    Column("operation", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("outcome", Text),
    Column("created_at", Float, nullable=False),
)

import_table = Table(
    "gong_import",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("import_id", String(512), primary_key=True),
    Column("manifest", Text, nullable=False),
    Column("planned_at", Float, nullable=False),
    Column("verify_until", Float),
    Column("requests_sent", Integer, nullable=False, default=0),
    Column("requests_refused", Integer, nullable=False, default=0),
    Column("warnings", Text),
)

# What a plan says of a row of its manifest. What became of the call stands in gong_call, once for all imports.
row_table = Table(
    "gong_import_row",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("import_id", String(512), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("row_number", Integer, nullable=False),
    Column("client_unique_id", String(2048), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text),
    Column("payload", Text),
    Column("media", Text),
    Column("media_bytes", Integer),
    Column("fingerprint", String(64)),
    Column("problems", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("warnings", Text),
    Index("gong_import_row_call", "company", "client_unique_id"),
)

call_table = Table(
    "gong_call",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("client_unique_id", String(2048), primary_key=True),
    Column("import_id", String(512), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("media_bytes", Integer),
    Column("state", String(16), nullable=False),
    Column("lease_owner", String(1024)),
    Column("lease_number", Integer, nullable=False, default=0),
    Column("lease_until", Float),
    Column("intended_at", Float),
    Column("call_id", String(20)),
    Column("by_url", Integer),
    Column("media_sent_at", Float),
    Column("media_sha256", String(64)),
    Column("burned", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("problem", Text),
    Column("url", Text),
    Column("duration", Float),
    Column("updated_at", Float, nullable=False),
    Index("gong_call_recording", "company", "media_bytes", "media_sha256"),
)

# The users that may host calls, as Gong listed them: JSON, with what is needed to find them.
user_list_table = Table(
    "gong_user_list",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("users", Text, nullable=False),
    Column("listed_at", Float, nullable=False),
)

# What is known of a company's request budget: see client.pacing.Pace.
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
)


def create_tables(connection: Connection) -> None:
    """
    Create all tables, and add to those of an earlier version what they lack.

    A version may add tables, indexes, and columns that may be empty.
    """
    for table in metadata.sorted_tables:
        if inspect(connection).has_table(table.name):
            _complete(connection, table)
        else:
            table.create(connection)


def _complete(connection: Connection, table: Table) -> None:
    columns = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in columns:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))
    indexes = {index["name"] for index in inspect(connection).get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in indexes:
            index.create(connection)


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
