"""Settings and fixtures that all tests share."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

PROJECT = Path(__file__).parent.parent
# How long examples take depends on the machine.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("any machine"), max_examples=30)
settings.load_profile("any machine" if os.environ.get("CI") else "quick")


_MEMORY = Path("/dev/shm")
_ENOUGH_MEMORY = 4 * 2**30  # bytes


def _keep_temporary_files_in_memory() -> None:
    """Let no database of a test wait for a disk, if there is enough memory and nobody has named another place."""
    if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_MEMORY:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _use_temporary_airflow_home() -> None:
    """Set Airflow up before its first import, when it reads its settings."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="airflow-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (Path(home) / "dags").mkdir()
    options = {
        # Each DAG.test would read what is there.
        "CORE__DAGS_FOLDER": str(Path(home) / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__UNIT_TEST_MODE": "True",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    os.environ["AIRFLOW_HOME"] = home
    os.environ.update({f"AIRFLOW__{name}": value for name, value in options.items()})


_keep_temporary_files_in_memory()
_use_temporary_airflow_home()


def pytest_collection_finish() -> None:
    # Walking through Airflow and thousands of tests again and again costs more than what they hold is worth.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _stores_of_this_test_alone() -> Iterator[None]:
    """Forget the stores that the hook keeps by their paths, which later tests may have as well."""
    yield
    process = sys.modules.get("airflow_provider_gong.hooks.process")
    if process is not None:
        process._budget.cache_clear()
        process._store.cache_clear()


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Create Airflow's metadata database."""
    from airflow.utils.db import initdb

    initdb()
    # Airflow 2 has no bundles of DAGs.
    if find_spec("airflow.dag_processing.bundles"):
        from airflow.dag_processing.bundles.manager import DagBundlesManager

        DagBundlesManager().sync_bundles_to_db()
        _keep_the_api_of_tasks()


def _keep_the_api_of_tasks() -> None:
    """Let all tasks of DAG.test use one API in this process, as from Airflow 3.3 on; making it takes seconds."""
    from airflow.sdk.execution_time import supervisor

    if not hasattr(supervisor.in_process_api_server, "cache_info"):
        supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)


@pytest.fixture
def run_dag(airflow_db: None) -> Callable[..., DagRun]:
    """Return a function that runs a DAG in this process, as ``DAG.test`` with the same arguments does."""

    def run(dag: DAG, **arguments: Any) -> DagRun:
        # Airflow creates runs only of DAGs that it has stored.
        _store_dag(dag)
        with mock.patch("time.sleep", _sleep):
            return dag.test(**arguments)

    return run


_patient_sleep = time.sleep


def _sleep(seconds: float) -> None:
    """Let ``DAG.test`` look for tasks that can run, retries above all, more often than each second."""
    is_dag_test = sys._getframe(1).f_code.co_name == "test"
    _patient_sleep(min(seconds, 0.05) if is_dag_test else seconds)


def _store_dag(dag: Any) -> None:
    try:
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    except ImportError:
        try:
            # Airflow 3.1 has both in another place.
            from airflow.models.dagbag import DagBag, sync_bag_to_db
        except ImportError:
            _store_dag_before_3_1(dag)
            return
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)


def _store_dag_before_3_1(dag: Any) -> None:
    from airflow.models.dagbag import DagBag

    bag = DagBag(os.devnull, include_examples=False)
    if find_spec("airflow.sdk"):
        dag.relative_fileloc = dag.fileloc
        bag.bag_dag(dag)
        bag.sync_to_db("dags-folder", None)
    else:
        bag.bag_dag(dag, dag)
        bag.sync_to_db()
