"""Real processes, real sockets and a real store against an emulated company with Gong's limits."""

from __future__ import annotations

import contextlib
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from airflow_provider_gong.emulator.faults import Fault
from tests.support.postgres import running_postgres

_PROJECT = Path(__file__).parents[2]
_START_SECONDS = 5.0
_UNDER_WAY_SECONDS = 0.1
_SECONDS_BETWEEN_KILLS = 3.0


@dataclass
class Cell:
    """What came of one way to pace."""

    name: str
    first: float = math.inf
    last: float = 0.0
    grants: list[int] = field(default_factory=list)
    refused: int = 0
    errors: list[str] = field(default_factory=list)
    killed: int = 0

    @property
    def seconds(self) -> float:
        return self.last - self.first

    def as_row(self) -> dict[str, Any]:
        sent = sum(self.grants)
        return {
            "pacing": self.name,
            "processes": len(self.grants),
            "seconds": round(self.seconds, 1),
            "accepted/s": round((sent - self.refused) / self.seconds, 3),
            "refused %": round(100 * self.refused / max(sent, 1), 3),
            "grants of each": f"{min(self.grants)} to {max(self.grants)}",
            "max/min": round(max(self.grants) / max(min(self.grants), 1), 2),
            "errors": len(self.errors),
            "killed": self.killed,
        }


def measure(name: str, kind: str, *, processes: int, seconds: float) -> Cell:
    """
    Let processes that start together send requests for some time; measured from the first answer to the last.

    :param kind: ``shared``, ``each``, ``library`` or ``none``
    """
    with _place(name, kind) as place, running_emulator(requests_per_day=0) as gong:
        until = time.time() + _START_SECONDS + seconds
        cell = Cell(name)
        for worker in [_worker(gong, kind, place, until) for _ in range(processes)]:
            _collect(cell, worker)
        return cell


def gate(name: str, *, processes: int) -> int:
    """Return how many requests arrive while the gate is closed, of those that were not under way when it closed."""
    with _place(name, "shared") as place, running_emulator(requests_per_day=0) as gong:
        workers = [_worker(gong, "shared", place, time.time() + _START_SECONDS + 15) for _ in range(processes)]
        while len(gong.requests()) < processes * 3:
            time.sleep(0.1)
        gong.add_faults(Fault(action="status", status=429, retry_after=6, nth=1))
        for worker in workers:
            worker.communicate()
        arrivals = [(datetime.fromisoformat(entry["time"]).timestamp(), entry["status"]) for entry in gong.requests()]
        [closed_at] = [moment for moment, status in arrivals if status == 429]
        return sum(closed_at + _UNDER_WAY_SECONDS < moment < closed_at + 5.9 for moment, _ in arrivals)


def soak(name: str, *, processes: int, seconds: float, seed: int = 1) -> Cell:
    """Let processes share the budget while one after the other is killed at random and replaced."""
    chance = random.Random(seed)
    with _place(name, "shared") as place, running_emulator(requests_per_day=0) as gong:
        start = time.time()
        workers = [_worker(gong, "shared", place, start + seconds) for _ in range(processes)]
        cell = Cell(name)
        while (left := start + seconds - time.time()) > 0:
            time.sleep(min(chance.uniform(0.2, _SECONDS_BETWEEN_KILLS), left))
            victim = chance.randrange(processes)
            workers[victim].kill()
            workers[victim].communicate()
            cell.killed += 1
            workers[victim] = _worker(gong, "shared", place, start + seconds)
        for worker in workers:
            _collect(cell, worker)
        cell.first, cell.last = start, time.time()
        # The killed cannot tell; the emulator has counted for them.
        counted = gong.state()["requests"]
        cell.grants, cell.refused = [counted["accepted"] + counted["refused"]], counted["refused"]
        return cell


@contextlib.contextmanager
def _place(name: str, kind: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as folder:
        if "PostgreSQL" in name:
            with running_postgres(durable=True) as server:
                yield server.new_database()
        else:
            yield f"sqlite:///{folder}/gong_store.db" if kind == "shared" else folder


def _worker(gong: RunningEmulator, kind: str, place: str, until: float) -> subprocess.Popen[str]:
    settings = {
        "url": gong.url,
        "access_key": gong.access_key,
        "access_key_secret": gong.access_key_secret,
        "kind": kind,
        "place": place,
        "until": until,
    }
    command = [sys.executable, "-m", "tests.benchmarks.worker", json.dumps(settings)]
    return subprocess.Popen(command, cwd=_PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _collect(cell: Cell, worker: subprocess.Popen[str]) -> None:
    out, err = worker.communicate()
    if worker.returncode:
        cell.errors.append(err.strip().splitlines()[-1] if err.strip() else f"exit code {worker.returncode}")
        return
    told = json.loads(out)
    cell.grants.append(told["sent"])
    cell.first, cell.last = min(cell.first, told["first"]), max(cell.last, told["last"])
    cell.refused += told["refused"]
    cell.errors += told["errors"]
