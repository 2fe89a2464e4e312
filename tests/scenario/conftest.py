"""DAGs against an emulator that processes recordings at once, with a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.scenario.support import load_dags

if TYPE_CHECKING:
    from airflow.sdk import DAG

EXAMPLES = Path(__file__).parents[2] / "example_dags"


@pytest.fixture
def gong_emulator_settings() -> dict[str, Any]:
    """Let the emulator have no limits and need no time."""
    return {"requests_per_second": 0, "requests_per_day": 0, "processing_seconds": 0}


@pytest.fixture
def gong_connection_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Let the connection keep its state in the test's folder, and send as fast as the test runs."""
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/store.db")
    return {"store_conn_id": "gong_store", "requests_per_second": 1000}


@pytest.fixture(scope="session")
def example() -> Callable[[str], DAG]:
    """Return a function that loads an example DAG by its id."""
    return load_dags(EXAMPLES).__getitem__


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Airflow 2 check sensors with an executor that SQLite may have."""
    if version("apache-airflow").startswith("2."):
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
