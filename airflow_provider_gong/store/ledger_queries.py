"""What the ledger asks of its tables, and how it reads and writes their rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, case, func, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from airflow_provider_gong.store.ledger_rows import (
    CallState,
    ImportRow,
    LeasedRow,
    PlannedRow,
    Problem,
    problems_as_json,
    problems_from_json,
)
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import row_table as rows

_MAX_ID = 2048
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_other_content = calls.c.fingerprint != rows.c.fingerprint
# Also where a create's answer is not known; an intent that had no effect is forgotten.
was_sent = calls.c.intended_at.is_not(None)
# A row without a call, and one that was sent from other content, differ from what stands in gong_call.
row_state = case(
    (rows.c.state != CallState.PLANNED.value, rows.c.state),
    (calls.c.client_unique_id.is_(None), CallState.PLANNED.value),
    (calls.c.state == CallState.EXISTS.value, CallState.EXISTS.value),
    (and_(_other_content, was_sent), CallState.CHANGED_AFTER_SEND.value),
    (_other_content, CallState.PLANNED.value),
    else_=calls.c.state,
)
is_unsent = row_state.in_((CallState.PLANNED.value, CallState.CREATED.value))
rows_with_calls = rows.outerjoin(
    calls, and_(rows.c.company == calls.c.company, rows.c.client_unique_id == calls.c.client_unique_id)
)
# The row's columns by their own names, the call's with a prefix: some names stand in both.
rows_and_calls = select(
    *rows.c, *(column.label(f"call_{column.name}") for column in calls.c), row_state.label("effective")
).select_from(rows_with_calls)


def count_by_state(condition: Any) -> Any:
    """Return the query that counts the rows for which the condition holds, by their state."""
    # Grouped by the name: as an expression, its parameters would make it another one than the selected.
    found = select(row_state.label("effective")).select_from(rows_with_calls).where(condition).subquery()
    return select(found.c.effective, func.count().label("number")).group_by(found.c.effective)


def recordings_of_size(company: str, sizes: Sequence[int]) -> Any:
    """Return the query for the recordings of these lengths that were uploaded: length, hash, client unique id, call."""
    found = (rows.c.media_bytes, calls.c.media_sha256, calls.c.client_unique_id, calls.c.call_id)
    known = and_(rows.c.company == company, rows.c.media_bytes.in_(sizes), calls.c.media_sha256.is_not(None))
    return select(*found).select_from(rows_with_calls).where(known).distinct()


def row_values(row: PlannedRow) -> dict[str, Any]:
    """Return the columns of a row as a plan writes it."""
    return {
        "row_number": row.row_number,
        # Longer ones are rejected, and would not fit into the column.
        "client_unique_id": row.client_unique_id[:_MAX_ID],
        "state": row.state.value,
        "title": row.title,
        "payload": None if row.payload is None else json.dumps(row.payload),
        "media": row.media,
        "media_bytes": row.media_bytes,
        "fingerprint": row.fingerprint,
        "problems": problems_as_json(row.problems),
        "source": json.dumps({"file": row.file, "cells": row.source}),
    }


def rows_that_stay(connection: Connection, mine: Any, planned: Sequence[PlannedRow]) -> list[dict[str, Any]]:
    """Return the rows of an earlier plan of the same import that a new one does not replace."""
    query = select(rows, was_sent.label("was_sent")).select_from(rows_with_calls).order_by(rows.c.position)
    earlier = connection.execute(query.where(mine, rows.c.state != CallState.REJECTED.value)).all()
    listed = {row.client_unique_id for row in planned}
    replaced = {row.client_unique_id for row in planned if not row.problems}
    staying = []
    for row in earlier:
        values = {column.name: getattr(row, column.name) for column in rows.c}
        if row.client_unique_id in replaced:
            continue
        if row.state == CallState.PLANNED.value and row.was_sent:
            staying.append(values)
        elif row.client_unique_id not in listed:
            staying.append({**values, "state": CallState.WITHDRAWN.value})
    return staying


def import_row(found: Any) -> ImportRow:
    """Return a row of ``rows_and_calls`` as the ledger shows it."""
    effective = CallState(found.effective)
    own = effective not in (CallState.PLANNED, CallState.REJECTED, CallState.WITHDRAWN)
    source = json.loads(found.source)
    return ImportRow(
        row_number=found.row_number,
        client_unique_id=found.client_unique_id,
        title=found.title,
        state=effective,
        call_id=found.call_call_id if own else None,
        url=found.call_url if own else None,
        duration=found.call_duration if own else None,
        media=found.media,
        media_sha256=found.call_media_sha256 if own else None,
        burned=bool(found.call_burned) if own else False,
        sent_by=found.call_import_id if own else None,
        problems=problems_from_json(found.problems) + _call_problems(found, effective),
        source=source["cells"],
        file=source["file"],
        sent_at=found.call_intended_at if own else None,
    )


def _call_problems(found: Any, effective: CallState) -> tuple[Problem, ...]:
    if effective in (CallState.PLANNED, CallState.REJECTED, CallState.WITHDRAWN):
        return ()
    if effective is CallState.CHANGED_AFTER_SEND:
        call = f"as call {found.call_call_id}" if found.call_call_id else "and Gong's answer was lost"
        rule = f"has changed after it was sent, {call}, and Gong changes no call"
        remedy = "Put the row back as it was, or give the new content an id of its own."
        return (Problem("row", found.client_unique_id, rule, remedy, "manifest"),)
    return problems_from_json(found.call_problem)


def write_claim(connection: Connection, identity: dict[str, str], values: dict[str, Any], *, seen: int | None) -> bool:
    """Write the claim of a call, unless somebody else was quicker; ``seen`` is its lease number, None for a new one."""
    if seen is None:
        new = _INSERT[connection.dialect.name](calls).values(**identity, **values).on_conflict_do_nothing()
        return bool(connection.execute(new).rowcount == 1)
    this = and_(*(calls.c[name] == value for name, value in identity.items()), calls.c.lease_number == seen)
    return bool(connection.execute(update(calls).where(this).values(**values)).rowcount == 1)


def forgotten_intent(lease: LeasedRow, *, sent: bool) -> dict[str, Any]:
    """Return the change that forgets a lease's intent where it is known to have had no effect."""
    if sent or lease.earlier_intent:
        return {}
    return {"intended_at": case((calls.c.call_id.is_(None), null()), else_=calls.c.intended_at)}
