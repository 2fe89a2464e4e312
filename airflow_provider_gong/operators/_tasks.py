"""What names a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context


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
