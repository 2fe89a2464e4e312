"""Replacing an import's earlier plan in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import and_, delete, exists, func, insert, select, text, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import batches, shown
from airflow_provider_gong.ledger.queries import PLAN_COLUMNS, was_sent
from airflow_provider_gong.ledger.rows import CallState
from airflow_provider_gong.ledger.tables import MAX_IMPORT_ID, calls, imports, rows
from airflow_provider_gong.store.errors import GongOtherPlannerError, GongStoreError
from airflow_provider_gong.store.schema import db_now, new_row

_BATCH = 500
_COLUMNS = ("company", "import_id", "position", *PLAN_COLUMNS)
_COPY = (
    f"INSERT INTO {rows.name} ({', '.join(_COLUMNS)}) "  # noqa: S608 - only names
    f"SELECT ?, ?, position, {', '.join(PLAN_COLUMNS)} FROM attached.planned ORDER BY position"
)

_is_new, _is_earlier = rows.c.position > 0, rows.c.position < 0
_is_planned = rows.c.state == CallState.PLANNED.value
_is_rejected = rows.c.state == CallState.REJECTED.value


def replace_rows(
    connection: Connection, company: str, import_id: str, planned: Iterable[Sequence[Any]] | None = None
) -> None:
    """
    Replace the rows of an earlier plan with those of a new one.

    Until the end, the earlier rows have negative positions, which distinguishes them from the new ones.

    :param planned: values of ``PLAN_COLUMNS``; None for the rows of the draft that is attached to the connection
    """
    mine = and_(rows.c.company == company, rows.c.import_id == import_id)
    # A later plan does not need rejected rows.
    connection.execute(delete(rows).where(mine, _is_rejected))
    had_plan = connection.execute(update(rows).where(mine).values(position=-rows.c.position)).rowcount > 0
    if planned is None:
        # Three times as fast as through Python.
        connection.exec_driver_sql(_COPY, (company, import_id))
    else:
        values = ((company, import_id, place, *row) for place, row in enumerate(planned, 1))
        for batch in batches(values, _BATCH):
            connection.execute(insert(rows), [dict(zip(_COLUMNS, row, strict=True)) for row in batch])
    if had_plan:
        if connection.dialect.name == "postgresql":
            # The planner has no statistics for rows that were just written, and would compare each row with each.
            connection.execute(text("SET LOCAL enable_nestloop = off"))
        _drop_what_is_replaced(connection, mine)
        _keep_the_rest(connection, mine)


def note_plan(
    connection: Connection,
    company: str,
    import_id: str,
    *,
    manifest: str,
    warnings: Sequence[str] = (),
    planner: str | None = None,
) -> None:
    """
    Record that an import was planned; other tasks that plan it at the same time wait for this transaction.

    :param planner: the task that plans it; None for a program, which may replace any plan
    :raises GongOtherPlannerError: if another task has planned it
    :raises GongStoreError: if the id is too long
    """
    if len(import_id) > MAX_IMPORT_ID:
        raise GongStoreError(
            f"The import_id {shown(import_id, 80)!r} has {len(import_id)} characters, and may have at most "
            f"{MAX_IMPORT_ID}. Set a shorter one."
        )
    values: dict[str, Any] = {"manifest": manifest, "planned_at": db_now(), "verify_until": None}
    values["warnings"] = json.dumps(list(warnings)) if warnings else None
    this = and_(imports.c.company == company, imports.c.import_id == import_id)
    new = new_row(connection, imports).values(company=company, import_id=import_id, planned_by=planner, **values)
    if connection.execute(new.on_conflict_do_nothing()).rowcount == 0:
        # Updated, to keep the requests counted so far.
        connection.execute(update(imports).where(this).values(**values))
        if planner is not None:
            _check_planner(connection, import_id, this, planner)


def _check_planner(connection: Connection, import_id: str, this: Any, planner: str) -> None:
    planned_by = connection.execute(select(imports.c.planned_by).where(this)).scalar()
    if planned_by is None:
        connection.execute(update(imports).where(this).values(planned_by=planner))
    elif planned_by != planner:
        raise GongOtherPlannerError(import_id, planned_by, planner)


def plan_digest(connection: Connection, company: str, import_id: str) -> tuple[int, str]:
    """Return the number of an import's rows and a hash of their planned content."""
    columns = (rows.c.row_number, rows.c.client_unique_id, rows.c.state, rows.c.fingerprint)
    mine = and_(rows.c.company == company, rows.c.import_id == import_id)
    digest, number = hashlib.sha256(), 0
    # The driver's rows, which are tuples: SQLAlchemy would wrap each.
    cursor = connection.execute(select(*columns).where(mine).order_by(rows.c.position)).cursor
    while page := cursor.fetchmany(_BATCH):
        digest.update(to_json(page))
        number += len(page)
    return number, digest.hexdigest()


def note_digest(connection: Connection, company: str, import_id: str) -> None:
    """Record the number of the plan's rows and their digest."""
    number, digest = plan_digest(connection, company, import_id)
    this = and_(imports.c.company == company, imports.c.import_id == import_id)
    connection.execute(update(imports).where(this).values(plan_rows=number, plan_digest=digest))


def _drop_what_is_replaced(connection: Connection, mine: Any) -> None:
    earlier, new = and_(mine, _is_earlier), and_(mine, _is_new)
    connection.execute(delete(rows).where(earlier, rows.c.client_unique_id.in_(_ids(new, _is_planned))))
    # Sent calls are kept, whatever the manifest says now.
    sent_earlier = rows.c.client_unique_id.in_(_ids(earlier, _is_planned, _was_sent()))
    connection.execute(delete(rows).where(new, _is_rejected, sent_earlier))
    connection.execute(delete(rows).where(earlier, ~_stays(), rows.c.client_unique_id.in_(_ids(new))))


def _keep_the_rest(connection: Connection, mine: Any) -> None:
    """Move the remaining earlier rows after the new ones, and withdraw those that were not sent."""
    earlier = and_(mine, _is_earlier)
    connection.execute(update(rows).where(earlier, ~_stays()).values(state=CallState.WITHDRAWN.value))
    last = connection.execute(select(func.max(rows.c.position)).where(mine, _is_new)).scalar() or 0
    connection.execute(update(rows).where(earlier).values(position=last - rows.c.position))


def _ids(*conditions: Any) -> Any:
    # Uses an alias; otherwise SQL would resolve the names in the surrounding statement.
    chosen = select(rows.c.client_unique_id).where(*conditions).subquery()
    return select(chosen.c.client_unique_id)


def _stays() -> Any:
    return and_(_is_planned, _was_sent())


def _was_sent() -> Any:
    sent = select(calls.c.company).where(
        calls.c.company == rows.c.company, calls.c.client_unique_id == rows.c.client_unique_id, was_sent
    )
    return exists(sent.correlate(rows))
