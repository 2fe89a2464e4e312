"""Imports whose store is restarted, has no room, or has a clock that somebody moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError, LeaseLostError
from tests.resilience.conftest import assert_each_call_once, run_until_done, worker_of
from tests.support.postgres import PostgresServer
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

DAY = 24 * 3600.0


def test_postgresql_is_restarted_while_workers_use_it(
    emulator: RunningEmulator, postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    store = Store(url)
    night = NightlyImport(emulator, store, tmp_path)
    night.plan_night([manifest_row(number) for number in range(1, 41)])
    with ThreadPoolExecutor() as threads:
        workers = [threads.submit(run_until_done, worker_of(night, url, number)) for number in range(3)]
        for calls in (5, 15, 25):
            while len(emulator.requests("addCall")) < calls:
                time.sleep(0.01)
            postgres.restart()
        for worker in workers:
            worker.result()
    night.finish()

    assert_each_call_once(emulator, [night])
    store.close()


def test_no_room_for_the_ledger(emulator: RunningEmulator, store: Store, tmp_path: Path) -> None:
    night = NightlyImport(emulator, store, tmp_path)
    night.plan_night([manifest_row(number) for number in range(1, 61)])
    with store.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def leave_room_for(more: int) -> None:
        store.engine.dispose()
        event.listen(store.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {pages + more}"))

    leave_room_for(2)
    with pytest.raises(GongStoreError, match="full"):
        night.upload()
    sent = len(night.calls_in_gong())
    assert 0 < sent < 60
    leave_room_for(10_000)
    night.upload()
    night.finish()

    assert_each_call_once(emulator, [night])


class MovableClock:
    """What SQLite takes for the time of day, which a test may move."""

    def __init__(self) -> None:
        self.moved_by = 0.0

    def julianday(self, _: str) -> float:
        return (time.time() + self.moved_by) / DAY + 2440587.5

    def install(self, connection: Any, _: Any) -> None:
        connection.create_function("julianday", 1, self.julianday)


@pytest.fixture
def clock(store: Store) -> Iterator[MovableClock]:
    movable = MovableClock()
    event.listen(store.engine, "connect", movable.install)
    store.engine.dispose()
    return movable


@pytest.mark.parametrize("moved_by", [DAY, -DAY, 370 * DAY])
def test_the_clock_is_moved_between_two_tries(
    emulator: RunningEmulator, store: Store, clock: MovableClock, tmp_path: Path, moved_by: float
) -> None:
    night = NightlyImport(emulator, store, tmp_path)
    night.plan_night([manifest_row(number) for number in range(1, 5)])
    # A worker that dies with rows in its hands.
    assert len(night.ledger.lease("night", limit=2, seconds=300)) == 2

    clock.moved_by = moved_by
    night.upload()
    night.finish()

    assert_each_call_once(emulator, [night])


def test_the_clock_jumps_ahead_while_a_worker_has_a_row(
    emulator: RunningEmulator, store: Store, clock: MovableClock, tmp_path: Path
) -> None:
    """To the others the lease seems to have ended: one of them takes the row, and the first worker finds out."""
    night = NightlyImport(emulator, store, tmp_path)
    night.plan_night([manifest_row(1)])
    (lease,) = night.ledger.lease("night/0", limit=1, seconds=300)

    clock.moved_by = DAY
    night.upload(owner="night/1")
    with pytest.raises(LeaseLostError):
        night.ledger.created(lease, "1", is_pulled=False)
    night.finish()

    assert_each_call_once(emulator, [night])


def test_the_clock_is_set_back_while_workers_upload(
    emulator: RunningEmulator, store: Store, clock: MovableClock, tmp_path: Path
) -> None:
    night = NightlyImport(emulator, store, tmp_path)
    night.plan_night([manifest_row(number) for number in range(1, 13)])
    workers = [threading.Thread(target=night.upload, kwargs={"owner": f"night/{number}"}) for number in range(2)]
    for worker in workers:
        worker.start()
    while not night.calls_in_gong():
        time.sleep(0.005)
    clock.moved_by = -DAY
    for worker in workers:
        worker.join()
    night.finish()

    assert_each_call_once(emulator, [night])
