"""Whatever a ledger records is in its journal: a ledger that is opened from the journal knows the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from airflow_provider_gong.ledger import tables
from airflow_provider_gong.ledger.folder.journaled import journaled_ledger
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, ExistingCall, Reading
from tests.unit.ledger.conftest import LONG, REFUSED, create, lease, plan, planned, upload, verify

# What each verb of the ledger is tried with; each import has the rows pbx-1 to pbx-3.
VERBS: dict[str, Callable[[Ledger], Any]] = {
    "replace_plan": lambda ledger: plan(ledger, "pbx-2", "pbx-4", content="other"),
    "add_usage": lambda ledger: ledger.add_usage(7, 2),
    "resume": lambda ledger: (lease(ledger), ledger.resume(ledger.import_id)),
    "reopen": lambda ledger: (ledger.failed(lease(ledger), REFUSED, sent=True), ledger.reopen()),
    "lease": lease,
    "renew": lambda ledger: ledger.renew([lease(ledger)], seconds=LONG),
    "intent_changed": lambda ledger: ledger.intent_changed(lease(ledger)),
    "created": create,
    "sending_media": lambda ledger: ledger.sending_media(create(ledger)),
    "uploaded": lambda ledger: ledger.uploaded(create(ledger), "abc"),
    "failed": lambda ledger: ledger.failed(create(ledger), REFUSED, sent=True, is_burned=True),
    "exists_elsewhere": lambda ledger: ledger.exists_elsewhere(lease(ledger), "88", REFUSED),
    "belong_to_others": lambda ledger: (upload(ledger), ledger.belong_to_others(ledger.unseen().values())),
    "judged": lambda ledger: ledger.judged([(existing(ledger), Reading("pbx-1", CallState.CONFLICT, problem=REFUSED))]),
    "looked_for": lambda ledger: ledger.looked_for(existing(ledger), is_missing=True),
    "released": lambda ledger: ledger.released(lease(ledger), sent=True),
    "verify_time_left": lambda ledger: ledger.verify_time_left(100),
    "read_back": lambda ledger: (
        verify(ledger),
        upload(ledger),
        ledger.read_back([Reading("pbx-2", CallState.NOT_VISIBLE, problem=REFUSED)]),
    ),
}


def existing(ledger: Ledger) -> ExistingCall:
    ledger.exists_elsewhere(lease(ledger), "88")
    (found,) = ledger.existing()
    return found


def content(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    """Return all that a ledger holds, but for the leases, which end with their worker."""
    found = {}
    with ledger.store.read() as connection:
        for table in (tables.imports, tables.rows, tables.calls, tables.existing):
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row._mapping) for row in connection.execute(query)]
    for call in found[tables.calls.name]:
        if call.pop("lease_until") is not None:
            # The journal takes it for sent as soon as it is leased.
            call["media_sent_at"] = call["media_sent_at"] or call["intended_at"]
    return found


def test_each_verb_is_tried() -> None:
    assert VERBS.keys() == {name for name in vars(Ledger) if not name.startswith("_")}


@pytest.mark.parametrize("clock", [lambda: 0.0, iter(range(0, 10**6, 100)).__next__], ids=["at its end", "at once"])
@pytest.mark.parametrize("verb", VERBS)
def test_the_next_task_knows_what_was_recorded(tmp_path: Path, verb: str, clock: Callable[[], float]) -> None:
    with journaled_ledger(tmp_path, "example", "night", clock=clock) as ledger:
        plan(ledger, "pbx-1", "pbx-2", "pbx-3")
        VERBS[verb](ledger)
        ledger.finish()
        recorded, store_id = content(ledger), ledger.store_id
    with journaled_ledger(tmp_path, "example", "night") as reopened:
        assert content(reopened) == recorded
        assert reopened.store_id == store_id


def test_many_rows_change_at_once_in_an_older_sqlite(tmp_path: Path) -> None:
    def limit(connection: Any, _: Any) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    event.listen(Engine, "connect", limit)
    try:
        with journaled_ledger(tmp_path, "example", "night") as ledger:
            plan(ledger, *(f"pbx-{number}" for number in range(1001)))
            assert len(ledger.lease("worker", limit=1001, seconds=LONG)) == 1001
        with journaled_ledger(tmp_path, "example", "night") as ledger:
            assert {row.sent_at is None for row in ledger.rows()} == {False}
    finally:
        event.remove(Engine, "connect", limit)


def test_the_next_task_knows_how_a_row_is_planned(tmp_path: Path) -> None:
    with journaled_ledger(tmp_path, "example", "night") as ledger:
        ledger.replace_plan("manifest.csv", [planned("pbx-1"), planned("pbx-2", problems=(REFUSED,))])
        recorded = list(ledger.rows())
    with journaled_ledger(tmp_path, "example", "night") as reopened:
        assert list(reopened.rows()) == recorded
