"""What the ledger asks of its tables, and how it reads and writes their rows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import and_, case, func, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from airflow_provider_gong.ledger.plans import was_sent
from airflow_provider_gong.ledger.rows import (
    Actor,
    CallState,
    ImportRow,
    LeasedRow,
    Problem,
    problems_from_json,
)
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import row_table as rows

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_other_content = calls.c.fingerprint != rows.c.fingerprint
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
        warnings=tuple(json.loads(found.warnings or "[]")),
    )


def _call_problems(found: Any, effective: CallState) -> tuple[Problem, ...]:
    if effective in (CallState.PLANNED, CallState.REJECTED, CallState.WITHDRAWN):
        return ()
    if effective is CallState.CHANGED_AFTER_SEND:
        call = f"as call {found.call_call_id}" if found.call_call_id else "and Gong's answer was lost"
        rule = f"has changed after it was sent, {call}, and Gong changes no call"
        remedy = "Put the row back as it was, or give the new content an id of its own."
        return (Problem("row", found.client_unique_id, rule, remedy, Actor.MANIFEST),)
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
