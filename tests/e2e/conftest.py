"""A real Airflow whose Gong is an emulator; both are started once and shared by the tests of this folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.e2e.airflow_standalone import AirflowStandalone
from tests.support.oauth import oauth_connection

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[RunningEmulator]:
    with company_of_tests() as emulator:
        yield emulator


@contextmanager
def company_of_tests() -> Iterator[RunningEmulator]:
    """Run a Gong whose calls nobody else imports."""
    from airflow_provider_gong.emulator import running_emulator

    # Longer than the slowest machine takes from an upload to the first look; tests that wait for it move the clock.
    with running_emulator(processing_seconds=1800) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def standalone(
    shared_emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStandalone]:
    """Run Airflow with the example DAGs, those of the tests, and the emulator as connections of both kinds."""
    dags = tmp_path_factory.mktemp("dags")
    for folder in (PROJECT / "example_dags", Path(__file__).with_name("dags")):
        shutil.copytree(folder, dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    env = {
        "AIRFLOW_CONN_GONG_DEFAULT": json.dumps(shared_emulator.connection()),
        "AIRFLOW_CONN_GONG_OAUTH": oauth_connection(shared_emulator),
    }
    with AirflowStandalone(tmp_path_factory.mktemp("airflow"), dags, env) as airflow:
        yield airflow


@pytest.fixture
def emulator(shared_emulator: RunningEmulator) -> Iterator[RunningEmulator]:
    """Return the shared emulator, which gets back its settings and loses its faults afterwards."""
    processing_seconds = shared_emulator.state()["settings"]["processing_seconds"]
    yield shared_emulator
    shared_emulator.clear_faults()
    shared_emulator.set(processing_seconds=processing_seconds)
