from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("airflow", "httpx", "jinja2", "pydantic", "sqlalchemy", "starlette", "uvicorn", "yaml")

USES = """
import json
import os
import urllib.request

import pytest


def test_a_fresh_emulator(gong_emulator):
    assert gong_emulator.requests() == []
    assert gong_emulator.state()["settings"]["processing_seconds"] == 240
    urllib.request.urlopen(f"{gong_emulator.url}/openapi.json")


@pytest.mark.gong_emulator(processing_seconds=0, company={"generate": {"calls": 3}})
class TestMarked:
    @pytest.mark.gong_emulator(processing_seconds=5)
    def test_settings_of_the_marker(self, gong_emulator):
        assert gong_emulator.state()["settings"]["processing_seconds"] == 5
        assert len(gong_emulator.state()["calls"]) == 3


def test_the_connection(gong_connection, gong_emulator):
    assert gong_connection == "gong_default"
    connection = json.loads(os.environ["AIRFLOW_CONN_GONG_DEFAULT"])
    assert connection["host"] == gong_emulator.url
    assert connection["login"] == gong_emulator.access_key


def test_the_connection_is_gone():
    assert "AIRFLOW_CONN_GONG_DEFAULT" not in os.environ
"""

USES_NOT = f"""
import sys


def test_nothing_heavy_is_loaded():
    assert [name for name in {HEAVY!r} if name in sys.modules] == []
    assert "airflow_provider_gong.emulator.pytest_plugin" in sys.modules
    assert "airflow_provider_gong.emulator.server.serving" not in sys.modules
"""

WITHOUT_EXTRA = """
import sys

sys.modules["uvicorn"] = None


def test_it(gong_emulator):
    raise AssertionError
"""

OVERRIDES = """
import pytest


@pytest.fixture
def gong_emulator():
    return "mine"


def test_a_projects_own_fixture_goes_first(gong_emulator):
    assert gong_emulator == "mine"
"""


SETTINGS_OF_A_FOLDER = """
import pytest


@pytest.fixture
def gong_emulator_settings():
    return {"processing_seconds": 7, "requests_per_day": 11}


@pytest.fixture
def gong_connection_extra(tmp_path):
    return {"timezone": "Europe/Berlin"}
"""

USES_A_FOLDER = """
import json
import os

import pytest


@pytest.mark.gong_emulator(requests_per_day=12)
def test_a_marker_goes_before_the_folder(gong_connection, gong_emulator):
    settings = gong_emulator.state()["settings"]
    assert (settings["processing_seconds"], settings["requests_per_day"]) == (7, 12)
    assert json.loads(os.environ["AIRFLOW_CONN_GONG_DEFAULT"])["extra"] == {"timezone": "Europe/Berlin"}
"""


def run_pytest(folder: Path, source: str, conftest: str = "") -> str:
    (folder / "test_it.py").write_text(source)
    (folder / "conftest.py").write_text(conftest)
    # Other people's plugins would load what the test looks for.
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder),
    }
    plugin = ["-p", "airflow_provider_gong.emulator.pytest_plugin"]
    done = subprocess.run(
        [*command, *plugin, "test_it.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_fixtures_are_used_with_one_line(tmp_path: Path) -> None:
    assert "4 passed" in run_pytest(tmp_path, USES)


def test_the_example_of_the_documentation_passes(tmp_path: Path) -> None:
    assert "1 passed" in run_pytest(tmp_path, Path(__file__).with_name("plugin_example.py").read_text())


def test_a_test_run_that_does_not_use_them_loads_nothing_heavy(tmp_path: Path) -> None:
    assert "1 passed" in run_pytest(tmp_path, USES_NOT)


def test_a_missing_extra_is_explained(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, WITHOUT_EXTRA)
    assert "gong_emulator needs: pip install 'airflow-provider-gong[emulator]'" in output
    assert "1 error" in output


def test_fixtures_of_a_project_go_before_those_of_the_plugin(tmp_path: Path) -> None:
    assert "1 passed" in run_pytest(tmp_path, OVERRIDES)


def test_a_folder_has_settings_of_its_own(tmp_path: Path) -> None:
    assert "1 passed" in run_pytest(tmp_path, USES_A_FOLDER, SETTINGS_OF_A_FOLDER)


def test_the_plugin_is_found_by_pytest() -> None:
    from importlib.metadata import entry_points

    found = {point.name: point.value for point in entry_points(group="pytest11")}
    assert found["gong_emulator"] == "airflow_provider_gong.emulator.pytest_plugin"
