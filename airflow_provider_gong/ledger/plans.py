"""How a plan takes the place of an earlier one of the same import, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import and_, delete, exists, func, insert, select, text, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import batches
from airflow_provider_gong.ledger.rows import CallState, PlannedRow, problems_as_json, problems_from_json
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import db_now
from airflow_provider_gong.store.schema import import_table as imports
from airflow_provider_gong.store.schema import row_table as rows

MAX_ID_BYTES = 2048
# What a plan says of a row.
ROW_COLUMNS = (
    "row_number",
    "client_unique_id",
    "state",
    "title",
    "payload",
    "media",
    "media_bytes",
    "fingerprint",
    "problems",
    "warnings",
    "source",
)
_BATCH = 500

_is_new, _is_earlier = rows.c.position > 0, rows.c.position < 0
_is_planned = rows.c.state == CallState.PLANNED.value
_is_rejected = rows.c.state == CallState.REJECTED.value
# Also where a create's answer is not known; an intent that had no effect is forgotten.
was_sent = calls.c.intended_at.is_not(None)


def replace_rows(connection: Connection, company: str, import_id: str, planned: Iterable[tuple[Any, ...]]) -> None:
    """
    Write the rows of a plan in place of those of an earlier one.

    Until the end, the earlier ones have negative positions, so that statements tell them from the new ones.

    :param planned: values of ``ROW_COLUMNS``
    """
    mine = and_(rows.c.company == company, rows.c.import_id == import_id)
    # Rejected rows are of no use for a later plan.
    connection.execute(delete(rows).where(mine, _is_rejected))
    had_plan = connection.execute(update(rows).where(mine).values(position=-rows.c.position)).rowcount > 0
    columns = ("company", "import_id", "position", *ROW_COLUMNS)
    values = ((company, import_id, place, *row) for place, row in enumerate(planned, 1))
    for batch in batches((dict(zip(columns, row, strict=True)) for row in values), _BATCH):
        connection.execute(insert(rows), batch)
    if had_plan:
        if connection.dialect.name == "postgresql":
            # Of rows that were just written it has no statistics, and would compare each with each.
            connection.execute(text("SET LOCAL enable_nestloop = off"))
        _drop_what_is_replaced(connection, mine)
        _keep_the_rest(connection, mine)


def note_plan(
    connection: Connection, company: str, import_id: str, *, manifest: str, warnings: Sequence[str] = ()
) -> None:
    """Record that an import was planned; whoever else plans it at the same time waits for this transaction."""
    values: dict[str, Any] = {"manifest": manifest, "planned_at": db_now(), "verify_until": None}
    values["warnings"] = json.dumps(list(warnings)) if warnings else None
    this = and_(imports.c.company == company, imports.c.import_id == import_id)
    # Updated where it exists, so that the requests counted so far stay.
    if connection.execute(update(imports).where(this).values(**values)).rowcount == 0:
        connection.execute(insert(imports).values(company=company, import_id=import_id, **values))


def row_values(row: PlannedRow) -> tuple[Any, ...]:
    """Return the values of ``ROW_COLUMNS``, as a plan writes them."""
    return (
        row.row_number,
        # Longer ones are rejected, and would not fit into the column and its index.
        row.client_unique_id.encode()[:MAX_ID_BYTES].decode(errors="ignore"),
        row.state.value,
        row.title,
        None if row.payload is None else _json(row.payload),
        row.media,
        row.media_bytes,
        row.fingerprint,
        problems_as_json(row.problems),
        _json(row.warnings) if row.warnings else None,
        _json({"file": row.file, "cells": row.source}),
    )


def planned_row(values: Sequence[Any]) -> PlannedRow:
    """Return the row that has these values of ``ROW_COLUMNS``."""
    number, ident, _, title, payload, media, media_bytes, fingerprint, problems, warnings, source = values
    origin = json.loads(source)
    return PlannedRow(
        row_number=number,
        client_unique_id=ident,
        title=title,
        payload=None if payload is None else json.loads(payload),
        media=media,
        media_bytes=media_bytes,
        fingerprint=fingerprint,
        problems=problems_from_json(problems),
        source=origin["cells"],
        file=origin["file"],
        warnings=tuple(json.loads(warnings or "[]")),
    )


def _json(value: Any) -> str:
    # Four times as fast as the standard library's.
    return to_json(value).decode()


def _drop_what_is_replaced(connection: Connection, mine: Any) -> None:
    earlier, new = and_(mine, _is_earlier), and_(mine, _is_new)
    connection.execute(delete(rows).where(earlier, rows.c.client_unique_id.in_(_ids(new, _is_planned))))
    # What was sent stays, whatever the manifest says of it now.
    sent_earlier = rows.c.client_unique_id.in_(_ids(earlier, _is_planned, _was_sent()))
    connection.execute(delete(rows).where(new, _is_rejected, sent_earlier))
    connection.execute(delete(rows).where(earlier, ~_stays(), rows.c.client_unique_id.in_(_ids(new))))


def _keep_the_rest(connection: Connection, mine: Any) -> None:
    """Put the earlier rows that are left behind the new ones; those that were not sent are withdrawn."""
    earlier = and_(mine, _is_earlier)
    connection.execute(update(rows).where(earlier, ~_stays()).values(state=CallState.WITHDRAWN.value))
    last = connection.execute(select(func.max(rows.c.position)).where(mine, _is_new)).scalar() or 0
    connection.execute(update(rows).where(earlier).values(position=last - rows.c.position))


def _ids(*conditions: Any) -> Any:
    # Of an alias, or SQL would take the names for those of the statement around it.
    chosen = select(rows.c.client_unique_id).where(*conditions).subquery()
    return select(chosen.c.client_unique_id)


def _stays() -> Any:
    return and_(_is_planned, _was_sent())


def _was_sent() -> Any:
    sent = select(calls.c.company).where(
        calls.c.company == rows.c.company, calls.c.client_unique_id == rows.c.client_unique_id, was_sent
    )
    return exists(sent.correlate(rows))
