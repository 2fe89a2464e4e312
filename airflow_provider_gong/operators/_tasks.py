"""What names a task, and where tasks run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_gong._compat import conf

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

_OF_ONE_HOST = ("LocalExecutor", "SequentialExecutor", "DebugExecutor")


def executor_of_several_hosts() -> str | None:
    """Return the first executor of this Airflow that may run tasks on another host, None if there is none."""
    # Entries are names, aliases with a class, or a team and its executors.
    entries = re.split(r"[,;]", conf.get("core", "executor", fallback=""))
    names = (re.split(r"[.:=]", entry.strip())[-1] for entry in entries)
    return next((name for name in names if name and name not in _OF_ONE_HOST), None)


def planner_name(context: Context) -> str | None:
    """Return what names the task that plans an import, the same in each DAG run; None outside of Airflow."""
    ti = context.get("ti")
    if ti is None:
        return None
    place = "" if (ti.map_index or 0) < 0 else f" with map index {ti.map_index}"
    return f"task {ti.task_id} of DAG {ti.dag_id}{place}"


def task_key(context: Context) -> str:
    """Return what names a task of a DAG run, the same for each of its attempts."""
    ti = context["ti"]
    return "/".join((ti.dag_id, ti.task_id, ti.run_id, str(ti.map_index)))
