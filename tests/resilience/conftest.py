"""Imports by real processes that things happen to, and what has to be true when it is over."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterable
from multiprocessing.connection import wait

from airflow_provider_gong.emulator import RunningEmulator
from tests.support.postgres import database_url, postgres
from tests.support.upload_process import UploadProcess
from tests.unit.call_import.conftest import COMPANY, NightlyImport, _emulator, emulator, store

__all__ = ["_emulator", "database_url", "emulator", "postgres", "store"]


_MOST_TRIES = 30
_MOST_KILLS = 4
# multiprocessing can read only once how a process ended, and looks whenever another one starts, from any thread.
_one_at_a_time = threading.Lock()


def worker_of(night: NightlyImport, store_url: str, number: int = 0, **options: object) -> UploadProcess:
    """Return a worker of an import, as a process."""
    import_id = night.ledger.import_id
    owner = f"{import_id}/{number}"
    return UploadProcess.of(night.emulator, COMPANY, import_id, store_url=store_url, owner=owner, **options)


def run_until_done(worker: UploadProcess, chance: random.Random | None = None) -> None:
    """Start a worker until a try of it ends well, as Airflow does; with ``chance`` some of its tries are killed."""
    for attempt in range(_MOST_TRIES):
        with _one_at_a_time:
            process = worker.start()
        if chance is not None and attempt < _MOST_KILLS and chance.random() < 0.7:
            wait([process.sentinel], chance.uniform(0.1, 1.5))
            process.kill()
        wait([process.sentinel])
        with _one_at_a_time:
            process.join()
        if process.exitcode == 0:
            return
        assert process.exitcode in (1, -signal.SIGKILL)
    raise AssertionError(f"{worker.owner} did not end well in {_MOST_TRIES} tries")


def assert_each_call_once(emulator: RunningEmulator, imports: Iterable[NightlyImport]) -> None:
    """Check that Gong holds each call and its recording once, and that the ledger says the same, row by row."""
    rows = {ident: row for night in imports for ident, row in night.rows().items()}
    calls = next(iter(imports)).calls_in_gong()
    assert {ident: row.state.value for ident, row in rows.items()} == dict.fromkeys(rows, "verified")
    assert {ident: row.call_id for ident, row in rows.items()} == {ident: call["id"] for ident, call in calls.items()}
    assert {call["media"]["received"] for call in calls.values()} == {1}
    assert_bytes_went_twice_only_after_a_look(emulator)


def assert_bytes_went_twice_only_after_a_look(emulator: RunningEmulator) -> None:
    """Check that between two sendings of a recording Gong has said that it has none."""
    may_send: dict[str, bool] = {}
    for request in emulator.requests():
        call_id = request["path"].split("/")[3] if request["path"].startswith("/v2/calls/") else ""
        if request["operation"] == "addCallRecording":
            assert may_send.get(call_id, True), f"the recording of call {call_id} was sent again without a look"
            may_send[call_id] = False
        elif request["operation"] == "getCall" and request["status"] == 404:
            may_send[call_id] = True
