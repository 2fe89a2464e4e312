"""DAGs against an emulator that processes recordings at once, with a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from tests.scenario.support import change_connection, load_dags

if TYPE_CHECKING:
    from airflow.sdk import DAG

EXAMPLES = Path(__file__).parents[2] / "example_dags"


@pytest.fixture
def gong_emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that has no limits and needs no time."""
    with running_emulator(requests_per_second=0, requests_per_day=0, processing_seconds=0) as emulator:
        yield emulator


@pytest.fixture
def gong_connection(gong_connection: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Let the connection keep its state in the test's folder, and send as fast as the test runs."""
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/store.db")
    change_connection(monkeypatch, extra={"store_conn_id": "gong_store", "requests_per_second": 1000})
    return gong_connection


@pytest.fixture(scope="session")
def example() -> Callable[[str], DAG]:
    """Return a function that loads an example DAG by its id."""
    return load_dags(EXAMPLES).__getitem__
