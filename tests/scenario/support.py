"""What the scenarios share besides fixtures."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

    from airflow_provider_gong.emulator import RunningEmulator

    Example = Callable[[str], DAG]
    RunDag = Callable[..., DagRun]


def change_connection(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    """Change fields of the connection ``gong_default``."""
    connection = json.loads(os.environ["AIRFLOW_CONN_GONG_DEFAULT"]) | fields
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(connection))


def retrying_dag(dag_id: str, failures: list[str] | None = None, **options: Any) -> DAG:
    """
    Return an empty DAG whose tasks are tried three times, without a pause.

    :param failures: takes the text of the error with which each task fails, as it stands in the task's log
    :param options: other arguments of the DAG
    """

    def keep(context: Any) -> None:
        if failures is not None:
            failures.append(str(context["exception"]))

    settings = {"retries": 2, "retry_delay": timedelta(0), "on_failure_callback": keep}
    return new_dag(dag_id, default_args=settings, **options)


def new_dag(dag_id: str, **settings: Any) -> DAG:
    """Return an empty DAG without a schedule, with any version of Airflow."""
    try:
        from airflow.sdk import DAG
    except ImportError:
        from airflow import DAG
    return DAG(dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **settings)


def load_dags(folder: Path) -> Mapping[str, DAG]:
    """Return the DAGs of a folder, which retry at once when a task fails, so that no test waits for it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder))
    assert not bag.import_errors
    for task in (task for dag in bag.dags.values() for task in dag.tasks):
        task.retry_delay = timedelta(0)
    return bag.dags


def new_calls(emulator: RunningEmulator) -> dict[str, dict[str, Any]]:
    """Return the calls that were created during the test, by client unique id."""
    found = [call for call in emulator.state()["calls"] if not call["clientUniqueId"].startswith("seed-")]
    by_id = {call["clientUniqueId"]: call for call in found}
    assert len(by_id) == len(found)
    return by_id


def task_states(run: DagRun) -> dict[str, tuple[str, int]]:
    """Return state and number of tries of each task."""
    return {ti.task_id.rpartition(".")[2]: (str(ti.state), ti.try_number) for ti in run.get_task_instances()}
