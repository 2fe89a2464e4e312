"""What names a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context


def task_key(context: Context) -> str:
    """Return what names a task of a DAG run, the same for each of its attempts."""
    ti = context["ti"]
    return "/".join((ti.dag_id, ti.task_id, ti.run_id, str(ti.map_index)))
