"""A store in SQLite is two files: imports, and what coordinates workers in short transactions."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from airflow_provider_gong.client.pacing import Share, Slot
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import Intent
from airflow_provider_gong.store.user_lists import UserList
from tests.support.processes import together

SCHEMA_4 = Path(__file__).parents[2] / "fixtures" / "schema_4" / "store.sql"
LOST_MEETING = "meetings/create/manual__2026-03-02/-1"
QUICK_TABLES = {"gong_intent", "gong_budget", "gong_token", "gong_user_list"}


# A plan that is being written


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Store]:
    """Return a store on which a plan holds the lock of writers."""
    plan = Store.in_folder(tmp_path)
    for part in (plan, plan.quick):
        _ = part.id
    with plan.begin() as connection:
        connection.execute(text("UPDATE gong_store SET schema_version = schema_version"))
        yield Store.in_folder(tmp_path)
    plan.close()


def book(store: Store) -> None:
    assert isinstance(SharedBudget(store, "example", Share(100, 1000)).reserve(10), Slot)


def record(store: Store) -> None:
    intents = IntentRecord(store, "dag/task/run/-1")
    assert intents.find() is None
    assert intents.replace(None, Intent("addMeeting", 1))


def identify(store: Store) -> None:
    assert store.id


def keep_users(store: Store) -> None:
    UserList(store, "example").keep([])


@pytest.mark.parametrize("work", [book, record, identify, keep_users])
def test_a_plan_holds_nobody_up_who_sends_requests(planned: Store, work: Callable[[Store], None]) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work, planned).result(timeout=20)
    planned.close()


# A store of an earlier package, which was one file


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    file = tmp_path / "gong_store.db"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(SCHEMA_4.read_text())
    connection.close()
    return file


def rows_of(store: Store, table: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr)


def test_all_rows_of_the_one_file_are_in_one_of_the_two(earlier: Path) -> None:
    with contextlib.closing(sqlite3.connect(earlier)) as connection, connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [name for (name,) in connection.execute(query) if name not in ("gong_store", "gong_room")]
        before = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
        intents = {
            row[:4] for row in connection.execute("SELECT key, operation, fingerprint, outcome FROM gong_intent")
        }
    connection.close()
    store = Store.in_folder(earlier.parent)
    Ledger(store, "example", "night").is_planned()
    after = {name: len(rows_of(store.quick if name in QUICK_TABLES else store, name)) for name in names}
    assert after == before
    assert before["gong_intent"] > 1
    assert {row[:4] for row in rows_of(store.quick, "gong_intent")} == intents
    assert not QUICK_TABLES & set(inspect(store.engine).get_table_names())
    store.close()


def find_lost(url: str, begin: Any, results: Any) -> None:
    begin.wait(120)
    store = Store(url)
    book(store)
    found = IntentRecord(store, LOST_MEETING).find()
    results.put(found and found.state.value)


def test_many_processes_may_divide_it_at_once(earlier: Path) -> None:
    assert together(8, find_lost, f"sqlite:///{earlier}") == ["sending"] * 8


def test_killed_before_the_old_tables_were_dropped(earlier: Path) -> None:
    whole = earlier.with_suffix(".copy")
    shutil.copy(earlier, whole)
    first = Store.in_folder(earlier.parent)
    record(first)
    before = rows_of(first.quick, "gong_intent")
    first.close()
    # As it was: dropping is the last thing that is committed.
    for suffix in ("-wal", "-shm"):
        Path(f"{earlier}{suffix}").unlink(missing_ok=True)
    shutil.copy(whole, earlier)
    second = Store.in_folder(earlier.parent)
    assert rows_of(second.quick, "gong_intent") == before
    assert not QUICK_TABLES & set(inspect(second.engine).get_table_names())
    second.close()
