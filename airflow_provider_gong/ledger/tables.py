"""The ledger's tables in the store: imports, the rows of their plans, their calls, and calls created by others."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from airflow_provider_gong.store.schema import declare, metadata

MAX_IMPORT_ID = 512

imports = Table(
    "gong_import",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("import_id", String(MAX_IMPORT_ID), primary_key=True),
    Column("manifest", Text, nullable=False),
    Column("planned_at", Float, nullable=False),
    Column("verify_until", Float),
    Column("requests_sent", Integer, nullable=False, default=0),
    Column("requests_refused", Integer, nullable=False, default=0),
    Column("warnings", Text),
    # What the plan wrote, to detect rows that a lost or restored store lacks. None in older plans.
    Column("plan_rows", Integer),
    Column("plan_digest", String(64)),
    Column("planned_by", String(1024)),
)

# A row of the manifest as planned. The outcome of its call is in gong_call, once for all imports.
rows = Table(
    "gong_import_row",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("import_id", String(MAX_IMPORT_ID), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("row_number", Integer, nullable=False),
    Column("client_unique_id", String(2048), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text),
    Column("payload", Text),
    Column("media", Text),
    Column("media_bytes", Integer),
    Column("media_type", String(64)),
    Column("media_mark", Text),
    Column("is_pulled", Integer),
    Column("fingerprint", String(64)),
    Column("problems", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("warnings", Text),
    Index("gong_import_row_call", "company", "client_unique_id"),
)

calls = Table(
    "gong_call",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("client_unique_id", String(2048), primary_key=True),
    Column("import_id", String(MAX_IMPORT_ID), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("media_bytes", Integer),
    Column("state", String(16), nullable=False),
    Column("lease_owner", String(1024)),
    Column("lease_number", Integer, nullable=False, default=0),
    Column("lease_until", Float),
    Column("intended_at", Float),
    Column("call_id", String(20)),
    Column("is_pulled", Integer, info={"was": "by_url"}),
    Column("media_sent_at", Float),
    Column("media_sha256", String(64)),
    Column("media_sample", String(64)),
    Column("burned", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("problem", Text),
    Column("url", Text),
    Column("duration", Float),
    Column("updated_at", Float, nullable=False),
    Index("gong_call_recording", "company", "media_bytes", "media_sha256"),
)

# The comparison of one row with one call in Gong that has its id but may not be its own.
existing = Table(
    "gong_existing_call",
    metadata,
    Column("company", String(255), primary_key=True),
    Column("client_unique_id", String(2048), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("call_id", String(20), nullable=False),
    # None if the call was searched for but not found yet.
    Column("state", String(16)),
    Column("missing_since", Float),
    Column("url", Text),
    Column("duration", Float),
    Column("problem", Text),
    Column("updated_at", Float, nullable=False),
)

declare("ledger", 4, imports, rows, calls, existing)
