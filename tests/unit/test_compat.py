from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from airflow_provider_gong import _compat

_WARNINGS_OF_NAMES = """
import json, sys, warnings
warnings.simplefilter("ignore")
import airflow
from airflow_provider_gong import _compat
warned = {}
for name in sys.argv[1:]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(_compat, name)
    # A deprecated name warns at the place of its use, a deprecated module at that of its import.
    places = ("_compat.py", "importlib/__init__.py")
    warned[name] = [str(w.message) for w in caught if w.filename.endswith(places)]
print(json.dumps(warned))
"""

_LOADED_BY_IMPORT = """
import sys
import airflow_provider_gong._compat
print(*sys.modules)
"""


# What assets.py, retries.py and the records of tasks do without in older versions of Airflow.
_NEW_IN = {"3.0": {"Asset"}, "3.3": {"NEVER_EXPIRE", "RetryDecision", "RetryPolicy"}}


def names_for_type_checkers() -> list[str]:
    tree = ast.parse(Path(_compat.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.asname for node in imports for alias in node.names if alias.asname}
    airflow = Version(version("apache-airflow"))
    return sorted(names.difference(*(new for first, new in _NEW_IN.items() if airflow < Version(first))))


def run_python(code: str, *arguments: str) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return completed.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", names_for_type_checkers())
def test_names_that_type_checkers_see_exist_at_run_time(name):
    assert getattr(_compat, name) is not None


@pytest.mark.slow
def test_no_name_is_deprecated_in_this_airflow():
    names = names_for_type_checkers()
    warned = json.loads(run_python(_WARNINGS_OF_NAMES, *names))
    assert warned == {name: [] for name in names}


def test_import_loads_nothing_of_airflow():
    loaded = run_python(_LOADED_BY_IMPORT).split()
    assert "airflow_provider_gong._compat" in loaded
    assert "airflow" not in loaded


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="NoSuchName"):
        _ = _compat.NoSuchName


def test_fail_and_skip_are_airflow_exceptions():
    assert issubclass(_compat.AirflowFailException, _compat.AirflowException)
    assert issubclass(_compat.AirflowSkipException, _compat.AirflowException)


def test_run_in_thread_leaves_the_event_loop():
    def thread_and_sum(first: int, second: int) -> tuple[int, int]:
        return threading.get_ident(), first + second

    thread, total = asyncio.run(_compat.run_in_thread(thread_and_sum, 1, 2))
    assert thread != threading.get_ident()
    assert total == 3


def test_get_async_connection_reads_the_connection(monkeypatch):
    connection = {"conn_type": "gong", "host": "https://gong.example.com", "extra": {"company": "example"}}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(connection))
    found = asyncio.run(_compat.get_async_connection("gong_default"))
    assert found.host == "https://gong.example.com"
    assert found.extra_dejson == {"company": "example"}
