"""Stores that an earlier package has written."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import inspect, select, text

from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import IntentState
from airflow_provider_gong.store.schema import STORE_VERSION, budget_table, intent_table, metadata, store_table
from tests.unit.ledger.conftest import plan, states, upload

ADDED_COLUMNS = (
    ("gong_call", "media_bytes"),
    ("gong_import_row", "warnings"),
    ("gong_import_row", "is_pulled"),
    ("gong_import", "warnings"),
    *(("gong_intent", name) for name in ("state", "attempt", "try_number", "company", "about", "sent_at", "sent")),
)
ADDED_INDEXES = ("gong_call_recording", "gong_intent_state", "gong_intent_sent")
ADDED_TABLES = ("gong_token", "gong_user_list", "gong_room")


def make_old(store: Store) -> None:
    """Take away what was added since the first version, which had one file in SQLite."""
    with store.begin() as connection:
        if not store.is_server:
            for table in (intent_table, budget_table):
                table.create(connection)
        for index in ADDED_INDEXES:
            connection.execute(text(f"DROP INDEX {index}"))
        for table, column in ADDED_COLUMNS:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        for table in ADDED_TABLES:
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        intent = "INSERT INTO gong_intent VALUES ('company/dag/task/run/-1', 'addMeeting', '', NULL, 1)"
        connection.execute(text(intent))
        connection.execute(text("ALTER TABLE gong_call RENAME COLUMN is_pulled TO by_url"))
        connection.execute(store_table.update().values(schema_version=1))
    store.close()


def test_an_older_store_is_completed_and_keeps_its_rows(database_url: str) -> None:
    old = Store(database_url)
    plan(Ledger(old, "example", "night"), "pbx-1")
    make_old(old)
    store = Store(database_url)
    ledger = Ledger(store, "example", "night")
    assert states(ledger) == {"pbx-1": "planned"}
    upload(ledger)
    pending = IntentRecord(store, "dag/task/run/-1").find()
    assert pending is not None
    assert pending.state is IntentState.SENDING
    quick = ("gong_intent", "gong_budget", "gong_token", "gong_user_list")
    for table in metadata.sorted_tables:
        with (store.quick if table.name in quick else store).begin() as connection:
            assert connection.execute(select(store_table.c.schema_version)).scalar_one() == STORE_VERSION
            found = inspect(connection)
            assert {column["name"] for column in found.get_columns(table.name)} == set(table.columns.keys())
            assert {index["name"] for index in found.get_indexes(table.name)} == {index.name for index in table.indexes}
    store.close()


_WITHOUT_LEDGER = """
import sys
from airflow_provider_gong.store.database import Store
store = Store(sys.argv[1])
assert store.id
assert "airflow_provider_gong.ledger" not in sys.modules
"""
_LEDGER_COMES_LATER = """
from airflow_provider_gong.ledger.ledger import Ledger
assert not Ledger(store, "example", "night").is_planned()
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [_WITHOUT_LEDGER, _WITHOUT_LEDGER + _LEDGER_COMES_LATER])
def test_a_room_that_is_loaded_later_gets_its_tables_then(database_url: str, program: str) -> None:
    subprocess.run([sys.executable, "-c", program, database_url], check=True)
    store = Store(database_url)
    ledger = Ledger(store, "example", "night")
    plan(ledger, "pbx-1")
    assert states(ledger) == {"pbx-1": "planned"}
    store.close()


def test_tables_of_a_newer_package_are_refused(database_url: str) -> None:
    newer = Store(database_url)
    plan(Ledger(newer, "example", "night"), "pbx-1")
    with newer.begin() as connection:
        connection.execute(text("UPDATE gong_room SET version = 99 WHERE name = 'ledger'"))
    newer.close()
    with pytest.raises(GongStoreError, match="written by a newer airflow-provider-gong"):
        Ledger(Store(database_url), "example", "night").is_planned()
