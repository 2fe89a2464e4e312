"""How tasks are identified, and where they run."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from airflow_provider_gong._compat import conf

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

log = logging.getLogger(__name__)

_OF_ONE_HOST = ("LocalExecutor", "SequentialExecutor", "DebugExecutor")


def executor_of_several_hosts() -> str | None:
    """Return the first executor of this Airflow that may run tasks on another host; None if there is none."""
    # Entries are names, aliases with a class, or a team and its executors.
    entries = re.split(r"[,;]", conf.get("core", "executor", fallback=""))
    names = (re.split(r"[.:=]", entry.strip())[-1] for entry in entries)
    return next((name for name in names if name and name not in _OF_ONE_HOST), None)


def warn_of_other_hosts(place: str) -> None:
    """
    Warn if tasks of an import may run on hosts that cannot see its plan.

    :param place: where the plan is kept on this host
    """
    executor = executor_of_several_hosts()
    if executor:
        log.warning(
            "The import is kept in %s, and %s runs tasks on several hosts. A task of the import on another host "
            "fails before it sends anything. Set store_conn_id to a PostgreSQL database, give all tasks of the "
            "import the same import_path on object storage, or run them on one host.",
            place,
            executor,
        )


def planner_name(context: Context) -> str | None:
    """Return a name for the task that plans an import, the same in each DAG run; None outside of Airflow."""
    ti = context.get("ti")
    if ti is None:
        return None
    place = "" if (ti.map_index or 0) < 0 else f" with map index {ti.map_index}"
    return f"task {ti.task_id} of DAG {ti.dag_id}{place}"


def run_name(context: Context) -> str:
    """Return what names a DAG run for people."""
    ti = context["ti"]
    return f"{ti.dag_id}, {ti.run_id}"


def task_key(context: Context) -> str:
    """Return the key of a task of a DAG run, the same for each of its attempts."""
    ti = context["ti"]
    return "/".join((ti.dag_id, ti.task_id, ti.run_id, str(ti.map_index)))
