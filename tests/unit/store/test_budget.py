"""The shared budget in SQLite and in a real PostgreSQL, among threads and processes."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, literal, select, text

from airflow_provider_gong.client.pacing import Share, Slot, SlotRefused
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import STORE_VERSION, db_now, metadata, store_table
from tests.support.postgres import PostgresServer
from tests.support.processes import book, book_for_ever, open_store, start, together

COMPANY = "us-1.api.gong.io"
NOW = 1_800_000_000.0
# Schema version 1 as its package created it.
VERSION_1 = """
CREATE TABLE gong_store (id VARCHAR(36) NOT NULL, schema_version INTEGER NOT NULL, PRIMARY KEY (id));
CREATE TABLE gong_intent (key VARCHAR(1024) NOT NULL, operation VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL, outcome TEXT, created_at FLOAT NOT NULL, PRIMARY KEY (key));
INSERT INTO gong_store VALUES ('0b6d3a3c-6f6c-4f0a-9d5e-5a1c1e6b7a10', 1);
INSERT INTO gong_intent VALUES ('meetings/create', 'addMeeting', 'f', NULL, 1.0);
"""


class Clock:
    """The time of a database, as tests set it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return literal(self.now)


def at_once() -> float:
    """Measure no time: what a test compares does not depend on the machine."""
    return 0.0


@pytest.fixture
def store(database_url: str) -> Store:
    return Store(database_url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def granted(budget: SharedBudget, max_wait: float = 60.0) -> Slot:
    slot = budget.reserve(max_wait)
    assert isinstance(slot, Slot)
    return slot


def test_callers_with_connections_of_their_own_share_the_slots(database_url: str, clock: Clock) -> None:
    callers = [SharedBudget(Store(database_url), COMPANY, clock=clock, timer=at_once) for _ in range(3)]
    delays = [granted(caller).delay for _ in range(3) for caller in callers]
    gaps = [later - earlier for earlier, later in itertools.pairwise(delays)]
    assert delays[0] == 0.0
    assert min(gaps) > 0.3
    # The first request of each has yet to connect, and may be late without being refused.
    assert min(gaps[:3]) > 0.5
    assert max(gaps[3:]) < 0.4


def test_companies_do_not_share(store: Store, clock: Clock) -> None:
    assert granted(SharedBudget(store, "a", clock=clock, timer=at_once)).delay == 0.0
    assert granted(SharedBudget(store, "b", clock=clock, timer=at_once)).delay == 0.0


def test_refusal_books_nothing(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, Share(0.01), clock=clock, timer=at_once)
    granted(budget)
    first = budget.reserve(5.0)
    assert isinstance(first, SlotRefused)
    assert budget.reserve(5.0) == first
    assert granted(budget, 200.0).delay == pytest.approx(first.retry_after, abs=0.5)


def test_a_refusal_of_gong_holds_all_callers_back(database_url: str, clock: Clock) -> None:
    one, other = (SharedBudget(Store(database_url), COMPANY, clock=clock, timer=at_once) for _ in range(2))
    slot = granted(other)
    assert other.confirm(slot)
    one.close(7.0)
    assert not other.confirm(slot)
    again = granted(other)
    assert again.delay == pytest.approx(7.0, abs=0.5)
    assert other.confirm(again)


def test_day_is_counted_for_all_callers(database_url: str, clock: Clock) -> None:
    share = Share(1000, 4)
    one, other = (SharedBudget(Store(database_url), COMPANY, share, clock=clock, timer=at_once) for _ in range(2))
    for budget in (one, other, one, other):
        granted(budget)
    refusal = one.reserve(60.0)
    assert isinstance(refusal, SlotRefused)
    assert refusal.daily
    clock.now += 25 * 3600
    assert granted(other).delay == 0.0


def test_spent_day_outlives_the_process_that_found_out(database_url: str, clock: Clock) -> None:
    SharedBudget(Store(database_url), COMPANY, clock=clock, timer=at_once).close(7200.0)
    clock.now += 3600.0
    budget = SharedBudget(Store(database_url), COMPANY, clock=clock, timer=at_once)
    assert budget.reserve(60.0) == SlotRefused(3600.0, daily=True)
    clock.now += 3600.0
    assert granted(budget).delay == 0.0
    assert granted(budget).delay == pytest.approx(10.0, abs=0.5)


def test_looking_books_nothing_and_shows_everything(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, clock=clock, timer=at_once)
    assert budget.look()[1].hours == {}
    granted(budget)
    budget.close(30.0)
    now, pace = budget.look()
    assert (now, pace.opens_at - now, pace.used(Share(), now)) == (NOW, 30.0, 1)
    assert pace.refused_at == NOW


def test_reset_opens_the_gate_and_forgets_the_day(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, clock=clock, timer=at_once)
    slot = granted(budget)
    budget.close(7200.0)
    budget.reset()
    assert not budget.confirm(slot)
    assert granted(budget).delay == 0.0
    assert sum(budget.look()[1].hours.values()) == 1


def test_slot_from_before_a_reset_is_booked_again(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, clock=clock, timer=at_once)
    slot = budget.reserve(60.0)
    assert isinstance(slot, Slot)
    assert budget.confirm(slot)
    budget.reset()
    assert not budget.confirm(slot)


def test_time_that_the_booking_takes_is_taken_off_the_delay(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, clock=clock, timer=itertools.count(0.0, 0.25).__next__)
    budget.close(30.0)
    assert granted(budget).delay == 29.75


def test_times_are_the_databases(store: Store) -> None:
    budget = SharedBudget(store, COMPANY)
    before = time.time()
    granted(budget)
    assert before - 0.1 <= budget.look()[1].seen_at <= time.time() + 0.1


def test_reading_waits_for_no_writer(store: Store) -> None:
    budget = SharedBudget(store, COMPANY)
    slot = granted(budget)
    with store.quick.begin() as connection:
        connection.execute(text("UPDATE gong_budget SET epoch = 7"))
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(budget.confirm, slot).result(timeout=20)


@pytest.mark.slow
def test_clock_is_read_when_the_row_is_ours_and_not_before(postgres: PostgresServer) -> None:
    # SQLite needs no such test: there, nothing is read before the transaction has its lock.
    store = Store(postgres.new_database())
    budget = SharedBudget(store, COMPANY)
    granted(budget)
    with ThreadPoolExecutor(1) as thread:
        with store.begin() as connection:
            connection.execute(text("UPDATE gong_budget SET next_slot = next_slot"))
            booking = thread.submit(budget.reserve, 60.0)
            while not connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                assert not booking.done()
            released_at = connection.execute(select(db_now())).scalar_one()
        assert isinstance(booking.result(timeout=20), Slot)
    assert budget.look()[1].seen_at >= released_at


# Threads and processes


def test_threads_never_get_the_same_slot(store: Store, clock: Clock) -> None:
    budget = SharedBudget(store, COMPANY, clock=clock, timer=at_once)
    with ThreadPoolExecutor(8) as threads:
        delays = sorted(threads.map(lambda _: granted(budget, 1000.0).delay, range(80)))
    assert min(later - earlier for earlier, later in itertools.pairwise(delays)) > 0.2


@pytest.mark.slow
def test_32_processes_start_on_an_empty_database_and_all_are_served(database_url: str) -> None:
    assert together(32, book, database_url) == [20] * 32
    _, pace = SharedBudget(Store(database_url), COMPANY).look()
    assert sum(pace.hours.values()) == 640


@pytest.mark.slow
def test_killed_processes_leave_nothing_locked(database_url: str) -> None:
    budget = SharedBudget(Store(database_url), COMPANY, Share(1000, 10**6))
    for _ in range(5):
        process = start(book_for_ever, database_url)
        booked = sum(budget.look()[1].hours.values())
        while sum(budget.look()[1].hours.values()) < booked + 3:
            assert process.is_alive()
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        assert isinstance(budget.reserve(1000.0), Slot)


# Upgrade


def _version_1(url: str, tmp_path: Path) -> None:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(tmp_path / "gong_store.db")) as connection, connection:
            connection.executescript(VERSION_1)
        return
    import psycopg2

    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute(VERSION_1)
    connection.close()


def test_store_of_the_first_version_is_upgraded_once_and_keeps_its_rows(database_url: str, tmp_path: Path) -> None:
    _version_1(database_url, tmp_path)
    found = together(32, open_store, database_url)
    assert set(found) == {"0b6d3a3c-6f6c-4f0a-9d5e-5a1c1e6b7a10"}
    store = Store(database_url)
    with store.quick.read() as connection:
        assert connection.execute(select(store_table.c.schema_version)).scalars().all() == [STORE_VERSION]
        assert connection.execute(text("SELECT key FROM gong_intent")).scalars().all() == ["meetings/create"]
    found_tables = (inspect(part.engine).get_table_names() for part in (store, store.quick))
    assert {name for names in found_tables for name in names} >= set(metadata.tables)
    assert granted(SharedBudget(store, COMPANY)).delay == 0.0
