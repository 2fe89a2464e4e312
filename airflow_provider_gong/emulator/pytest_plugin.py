"""Fixtures for tests of DAGs; nothing heavy is loaded in a test run that does not use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

_MARKER = "gong_emulator(**settings): start the test's emulator with these settings, e.g. processing_seconds=0"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def gong_emulator_settings() -> dict[str, Any]:
    """Return the settings of each emulator; override this in a ``conftest.py`` to change them for its folder."""
    return {}


@pytest.fixture
def gong_connection_extra() -> dict[str, Any]:
    """Return the connection's Extra; override this in a ``conftest.py`` to change it for its folder."""
    return {}


@pytest.fixture
def gong_emulator(request: pytest.FixtureRequest, gong_emulator_settings: dict[str, Any]) -> Iterator[RunningEmulator]:
    """
    Run an emulated Gong on a free port, fresh for each test.

    ``@pytest.mark.gong_emulator(...)`` sets :class:`EmulatorSettings`, ``clock`` and ``company`` of the test.
    """
    try:
        from airflow_provider_gong.emulator import running_emulator
    except ModuleNotFoundError as error:
        pytest.fail(f"gong_emulator needs: pip install 'airflow-provider-gong[emulator]' ({error})", pytrace=False)
    settings = dict(gong_emulator_settings)
    # The closest marker comes first, and wins name by name.
    for marker in reversed(list(request.node.iter_markers("gong_emulator"))):
        settings |= marker.kwargs
    with running_emulator(**settings) as emulator:
        yield emulator


@pytest.fixture
def gong_connection(
    gong_emulator: RunningEmulator, gong_connection_extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Point the Airflow connection ``gong_default`` at the test's emulator, and return the connection's id."""
    connection = gong_emulator.connection(**gong_connection_extra)
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(connection))
    return "gong_default"
