"""Several workers of two imports with common rows, a Gong that fails one request in five, and kills at random."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.store.database import Store
from tests.resilience.conftest import assert_each_call_once, run_until_done, worker_of
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

FAULTS = (
    Fault(action="reset", probability=0.04, seed=1),
    Fault(action="reset", probability=0.04, seed=2, when="after"),
    Fault(action="truncate", probability=0.04, seed=3, when="after"),
    Fault(action="status", status=503, probability=0.04, seed=4),
    Fault(action="status", status=500, probability=0.04, seed=5, when="after"),
)


def test_each_call_arrives_once(emulator: RunningEmulator, database_url: str, tmp_path: Path) -> None:
    store = Store(database_url)
    first, second = (NightlyImport(emulator, store, tmp_path, name) for name in ("first", "second"))
    first.plan_night([manifest_row(number) for number in range(1, 21)])
    second.plan_night([manifest_row(number) for number in range(11, 31)])
    emulator.add_faults(*FAULTS)
    workers = [worker_of(night, database_url, number) for night in (first, second) for number in range(2)]

    threads = [
        threading.Thread(target=run_until_done, args=(worker, random.Random(number)))
        for number, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    emulator.clear_faults()
    # What Gong has failed on too often is tried again by a try that somebody starts.
    first.upload()
    second.upload()
    emulator.advance(3600)
    assert first.verify() is None
    assert second.verify() is None

    assert_each_call_once(emulator, (first, second))
    store.close()
