"""Conversion between the ledger's classes and its tables: the only module that knows both."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic_core import to_json
from sqlalchemy import and_, case, func, null, select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong.ledger.rows import (
    MAX_ID_BYTES,
    URL_FIELD,
    Actor,
    CallState,
    ExistingCall,
    ImportRow,
    LeasedRow,
    PlannedRow,
    Problem,
    Reading,
)
from airflow_provider_gong.ledger.tables import calls, existing, rows
from airflow_provider_gong.store.schema import db_now, new_row, put

# Anything with a client_unique_id.
Identified = TypeVar("Identified", bound=Any)

# A row's content in the plan; the other columns identify its import and position.
PLAN_COLUMNS = tuple(column.name for column in rows.c if column.name not in ("company", "import_id", "position"))
_in_order: Callable[[Mapping[str, Any]], tuple[Any, ...]] = operator.itemgetter(*PLAN_COLUMNS)

_WITHOUT_CALL = (CallState.PLANNED, CallState.REJECTED, CallState.WITHDRAWN)

# Also true if the response to a create is unknown; an intent that had no effect is deleted.
was_sent = calls.c.intended_at.is_not(None)
_other_content = calls.c.fingerprint != rows.c.fingerprint
# Differs from gong_call for a row without a call, a row whose call was sent with other content, and a row whose call
# someone else created.
row_state = case(
    (rows.c.state != CallState.PLANNED.value, rows.c.state),
    (calls.c.client_unique_id.is_(None), CallState.PLANNED.value),
    (
        calls.c.state == CallState.EXISTS.value,
        case((existing.c.state.is_(None), CallState.DUPLICATE.value), else_=existing.c.state),
    ),
    (and_(_other_content, was_sent), CallState.CHANGED_AFTER_SEND.value),
    (_other_content, CallState.PLANNED.value),
    else_=calls.c.state,
)
is_unsent = row_state.in_((CallState.PLANNED.value, CallState.CREATED.value))
rows_with_calls = rows.outerjoin(
    calls, and_(rows.c.company == calls.c.company, rows.c.client_unique_id == calls.c.client_unique_id)
).outerjoin(
    existing,
    and_(
        existing.c.company == calls.c.company,
        existing.c.client_unique_id == calls.c.client_unique_id,
        existing.c.fingerprint == rows.c.fingerprint,
        existing.c.call_id == calls.c.call_id,
    ),
)
# The row's columns keep their names; the others get a prefix, because the tables share some names.
rows_and_calls = select(
    *rows.c,
    *(column.label(f"call_{column.name}") for column in calls.c),
    *(column.label(f"existing_{column.name}") for column in existing.c),
    row_state.label("effective"),
).select_from(rows_with_calls)


def in_one_order(found: Iterable[Identified]) -> list[Identified]:
    """Return the calls that a transaction changes, in an order that keeps transactions from waiting for each other."""
    return sorted(found, key=lambda entry: entry.client_unique_id)


def count_by_state(condition: Any) -> Any:
    """Return the query that counts the rows for which the condition holds, by their state."""
    # Grouped by name: as an expression, its parameters would make it different from the selected one.
    found = select(row_state.label("effective")).select_from(rows_with_calls).where(condition).subquery()
    return select(found.c.effective, func.count().label("number")).group_by(found.c.effective)


def plan_values(row: PlannedRow) -> tuple[Any, ...]:
    """Return a row as a plan keeps it: the values of ``PLAN_COLUMNS``, in their order."""
    values = {
        "row_number": row.row_number,
        "client_unique_id": _storable_id(row.client_unique_id),
        "state": row.state.value,
        "title": row.title,
        "payload": row.payload,
        "media": row.media,
        "media_bytes": row.media_bytes,
        "media_type": row.media_type,
        "media_mark": row.media_mark,
        "is_pulled": int(row.is_pulled),
        "fingerprint": row.fingerprint,
        "problems": problems_as_json(row.problems),
        "source": _json({"file": row.file, "line": row.line, "cells": row.source}),
        "warnings": _json(row.warnings) if row.warnings else None,
    }
    return _in_order(values)


def _storable_id(text: str) -> str:
    # Longer ids are rejected and would not fit into the column and its index.
    return text if len(text) * 4 <= MAX_ID_BYTES else text.encode()[:MAX_ID_BYTES].decode(errors="ignore")


def planned_row(found: Mapping[str, Any]) -> PlannedRow:
    """Return the row that is stored like this in a plan."""
    source = json.loads(found["source"])
    return PlannedRow(
        row_number=found["row_number"],
        client_unique_id=found["client_unique_id"],
        title=found["title"],
        payload=found["payload"],
        media=found["media"],
        media_bytes=found["media_bytes"],
        fingerprint=found["fingerprint"],
        problems=problems_from_json(found["problems"]),
        source=source["cells"],
        file=source["file"],
        warnings=tuple(json.loads(found["warnings"] or "[]")),
        is_pulled=bool(found["is_pulled"]),
        media_type=found["media_type"],
        media_mark=found["media_mark"],
        line=source.get("line"),
    )


def import_row(found: Any) -> ImportRow:
    """Convert a row of ``rows_and_calls`` to an ``ImportRow``."""
    effective = CallState(found.effective)
    own = effective not in _WITHOUT_CALL
    is_existing = own and found.call_state == CallState.EXISTS.value
    url, duration = (
        (found.existing_url, found.existing_duration) if is_existing else (found.call_url, found.call_duration)
    )
    source = json.loads(found.source)
    return ImportRow(
        row_number=found.row_number,
        client_unique_id=found.client_unique_id,
        title=found.title,
        state=effective,
        call_id=found.call_call_id if own else None,
        url=url if own else None,
        duration=duration if own else None,
        media=found.media,
        media_sha256=found.call_media_sha256 if own else None,
        burned=bool(found.call_burned) if own else False,
        sent_by=found.call_import_id if own else None,
        problems=problems_from_json(found.problems) + _call_problems(found, effective),
        source=source["cells"],
        file=source["file"],
        sent_at=found.call_intended_at if own or _may_be_sent(found, effective) else None,
        warnings=tuple(json.loads(found.warnings or "[]")),
        line=source.get("line"),
        payload=found.payload,
    )


def _may_be_sent(found: Any, effective: CallState) -> bool:
    # The response to its create was lost.
    return effective is CallState.PLANNED and found.call_fingerprint == found.fingerprint


def existing_call(found: Any) -> ExistingCall:
    """Convert a row of ``rows_and_calls`` whose id has a call that may not be its own."""
    payload = json.loads(found.payload)
    return ExistingCall(
        client_unique_id=found.client_unique_id,
        fingerprint=found.fingerprint,
        call_id=found.call_call_id,
        actual_start=payload["actualStart"],
        primary_user=payload["primaryUser"],
        state=CallState(found.effective),
        missing_for=found.missing_for,
    )


def _call_problems(found: Any, effective: CallState) -> tuple[Problem, ...]:
    if effective in _WITHOUT_CALL:
        return ()
    if found.call_state == CallState.EXISTS.value:
        return problems_from_json(found.existing_problem)
    if effective is CallState.CHANGED_AFTER_SEND:
        call = f"as call {found.call_call_id}" if found.call_call_id else "and Gong's response was lost"
        rule = f"has changed after it was sent, {call}, and Gong cannot change a call"
        remedy = "Restore the original row, or give the new content a unique id."
        return (Problem("row", found.client_unique_id, rule, remedy, Actor.MANIFEST),)
    return problems_from_json(found.call_problem)


def claim(connection: Connection, import_id: str, found: Any, owner: str, seconds: float) -> LeasedRow | None:
    """
    Lease a row of ``rows_and_calls`` and record the intent to send it; None if another worker was faster.

    :param owner: id of the worker
    :param seconds: how long the lease lasts
    """
    is_known = found.call_client_unique_id is not None
    earlier_intent = is_known and found.call_fingerprint == found.fingerprint and found.call_intended_at is not None
    payload = json.loads(found.payload)
    # Plans of version 4 had the place of the recording in the URL's field.
    is_pulled = payload.pop(URL_FIELD, None) is not None or bool(found.is_pulled)
    intent_is_pulled = bool(found.call_is_pulled) if earlier_intent else is_pulled
    number, attempts = (found.call_lease_number or 0) + 1, (found.call_attempts or 0) + 1
    lease = {"lease_owner": owner, "lease_until": db_now() + seconds, "lease_number": number, "attempts": attempts}
    content = {"import_id": import_id, "fingerprint": found.fingerprint, "media_bytes": found.media_bytes}
    values = {**lease, **content, "state": found.effective, "problem": None, "updated_at": db_now()}
    if not earlier_intent:
        values |= {"intended_at": db_now(), "is_pulled": int(is_pulled)}
    identity = {"company": found.company, "client_unique_id": found.client_unique_id}
    if not _write_claim(connection, identity, values, seen=found.call_lease_number if is_known else None):
        return None
    return LeasedRow(
        client_unique_id=found.client_unique_id,
        row_number=found.row_number,
        payload=payload,
        media=found.media,
        media_bytes=found.media_bytes,
        media_type=found.media_type,
        media_mark=found.media_mark,
        lease_number=number,
        state=CallState(found.effective),
        call_id=found.call_call_id if found.effective == CallState.CREATED.value else None,
        earlier_intent=earlier_intent,
        is_pulled=is_pulled,
        intent_is_pulled=intent_is_pulled,
        attempts=attempts,
    )


def judge(connection: Connection, company: str, found: ExistingCall, **values: Any) -> None:
    """Record the result of comparing a row with the call that has its id."""
    identity = {"company": company, "client_unique_id": found.client_unique_id, "fingerprint": found.fingerprint}
    values |= {"call_id": found.call_id, "updated_at": db_now()}
    put(connection, existing, identity, values)


def _write_claim(connection: Connection, identity: dict[str, str], values: dict[str, Any], *, seen: int | None) -> bool:
    """Write a claim, unless another worker was faster; ``seen`` is the call's lease number, None for a new call."""
    if seen is None:
        new = new_row(connection, calls).values(**identity, **values).on_conflict_do_nothing()
        return bool(connection.execute(new).rowcount == 1)
    this = and_(*(calls.c[name] == value for name, value in identity.items()), calls.c.lease_number == seen)
    return bool(connection.execute(update(calls).where(this).values(**values)).rowcount == 1)


def forgotten_intent(lease: LeasedRow, *, sent: bool) -> dict[str, Any]:
    """Return the change that deletes a lease's intent if it is known to have had no effect."""
    if sent or lease.earlier_intent:
        return {}
    return {"intended_at": case((calls.c.call_id.is_(None), null()), else_=calls.c.intended_at)}


def reading_values(reading: Reading) -> dict[str, Any]:
    """Return the columns that record the result of reading a call."""
    return {
        "state": reading.state.value,
        "url": reading.url,
        "duration": reading.duration,
        "problem": None if reading.problem is None else problems_as_json((reading.problem,)),
    }


def problems_as_json(problems: tuple[Problem, ...]) -> str:
    """Return problems as stored in the tables."""
    return json.dumps([problem.as_dict() for problem in problems]) if problems else "[]"


def problems_from_json(text: str | None) -> tuple[Problem, ...]:
    """Return problems from the text in a table."""
    return tuple(Problem(**problem) for problem in json.loads(text or "[]"))


def _json(value: Any) -> str:
    # Four times as fast as the standard library.
    return to_json(value).decode()
