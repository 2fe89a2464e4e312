"""Processes that use one store at the same time."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from airflow_provider_gong.client.pacing import Share, Slot
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from tests.support.forks import FORKS

COMPANY = "us-1.api.gong.io"


def start(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that does this work."""
    process = FORKS.Process(target=work, args=arguments)
    process.start()
    return process


def together(count: int, work: Callable[..., None], *arguments: Any) -> list[Any]:
    """Have processes do their work at the same moment, and return the result of each."""
    begin, results = FORKS.Barrier(count), FORKS.SimpleQueue()
    processes = [start(work, *arguments, begin, results) for _ in range(count)]
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count
    return found


def book(url: str, begin: Any, results: Any) -> None:
    """Book slots and return how many were granted."""
    begin.wait(120)
    budget = SharedBudget(Store(url, durable=False), COMPANY, Share(1000, 10**6))
    moments = []
    for _ in range(20):
        slot = budget.reserve(1000.0)
        assert isinstance(slot, Slot)
        moments.append(slot.delay)
    results.put(len(moments))


def book_for_ever(url: str) -> None:
    """Book slots until somebody puts an end to it."""
    budget = SharedBudget(Store(url, durable=False), COMPANY, Share(1000, 10**6))
    while True:
        budget.reserve(1000.0)


def open_store(url: str, begin: Any, results: Any) -> None:
    """Open the store and return its id."""
    begin.wait(120)
    results.put(Store(url).id)
