"""What a reservation costs, and what the exchange adds to a request."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import httpx

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.pacing import Share, Slot
from airflow_provider_gong.client.requests import raw_request
from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from tests.support.postgres import running_postgres

_REQUEST = raw_request("listWorkspaces")
_PATH = "/v2/workspaces"
# The pace of one process that has the company to itself.
_REAL_PACE = 0.345


class _Free:
    """A budget that costs nothing, so that only the exchange is measured."""

    def reserve(self, max_wait: float) -> Slot:
        return Slot(0.0, 0)

    def confirm(self, slot: Slot) -> bool:
        return True

    def close(self, retry_after: float, foreign: bool = False) -> None:
        raise AssertionError("the emulator has no limits here")


def reservations(*, count: int, pause: float = _REAL_PACE) -> list[dict[str, Any]]:
    """Return the times of a reservation and of the look at the gate before it is used."""
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as folder, running_postgres(durable=True) as server:
        urls = {"SQLite": f"sqlite:///{folder}/gong_store.db", "PostgreSQL": server.new_database()}
        return [_reservation(name, url, count, pause) for name, url in urls.items()]


def _reservation(name: str, url: str, count: int, pause: float) -> dict[str, Any]:
    budget = SharedBudget(Store(url, durable=False), "benchmark", Share(1000, 10**9))
    slot = budget.reserve(60.0)
    assert isinstance(slot, Slot)
    booking, confirming = [], []
    for _ in range(count):
        time.sleep(pause)
        booking.append(_milliseconds(lambda: budget.reserve(60.0)))
        confirming.append(_milliseconds(lambda: budget.confirm(slot)))
    return {
        "store": name,
        "reservations": count,
        "median ms": round(statistics.median(booking), 2),
        "95 % ms": round(statistics.quantiles(booking, n=20)[-1], 2),
        "confirm median ms": round(statistics.median(confirming), 2),
    }


def exchanges(*, count: int) -> list[dict[str, Any]]:
    """Return the times of a request with our client and with the bare HTTP library, taken in turns."""
    with running_emulator(requests_per_second=0, requests_per_day=0) as gong:
        return [_sync(gong, count), asyncio.run(_async(gong, count))]


def _sync(gong: RunningEmulator, count: int) -> dict[str, Any]:
    auth = (gong.access_key, gong.access_key_secret)
    ours, bare = [], []
    with (
        GongClient(gong.url, AccessKeyAuth(*auth), budget=_Free()) as client,
        httpx.Client(base_url=gong.url, auth=auth) as http,
    ):
        for _ in range(count):
            ours.append(_milliseconds(lambda: client.send(_REQUEST)))
            bare.append(_milliseconds(lambda: http.get(_PATH).raise_for_status().json()))
    return _compared("sync", ours, bare)


async def _async(gong: RunningEmulator, count: int) -> dict[str, Any]:
    auth = (gong.access_key, gong.access_key_secret)
    ours, bare = [], []
    async with (
        AsyncGongClient(gong.url, AccessKeyAuth(*auth), budget=_Free()) as client,
        httpx.AsyncClient(base_url=gong.url, auth=auth) as http,
    ):
        for _ in range(count):
            start = time.perf_counter()
            await client.send(_REQUEST)
            middle = time.perf_counter()
            (await http.get(_PATH)).raise_for_status().json()
            ours.append((middle - start) * 1000)
            bare.append((time.perf_counter() - middle) * 1000)
    return _compared("async", ours, bare)


def _compared(driver: str, ours: list[float], bare: list[float]) -> dict[str, Any]:
    our, their = statistics.median(ours), statistics.median(bare)
    return {
        "driver": driver,
        "requests": len(ours),
        "median ms": round(our, 3),
        "bare httpx ms": round(their, 3),
        "added ms": round(our - their, 3),
        "ratio": round(our / their, 2),
    }


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
