"""The task group that keeps an export up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TaskGroup
from airflow_provider_gong.operators.call_export import (
    GongPlanCallExportOperator,
    GongReadCallExportOperator,
    GongReportCallExportOperator,
)

if TYPE_CHECKING:
    from airflow_provider_gong._compat import XComArg


def gong_call_export(
    path: str,
    *,
    gong_conn_id: str = "gong_default",
    group_id: str = "gong_call_export",
    lookback: str | timedelta = "7d",
    sweep: float = 0.05,
    backfill_from: str | None = None,
    workers: int = 1,
    daily_requests: int | None = None,
    tables: Sequence[str] | None = None,
    file_format: str = "parquet",
    include_private: bool = False,
    exclude_columns: Sequence[str] = (),
    workspace_id: str | None = None,
    primary_user_ids: Sequence[str] | XComArg | None = None,
    on_shrink: str = "fail",
    deferrable: bool | None = None,
) -> TaskGroup:
    """
    Keep an export of calls and transcripts up to date, as a group of tasks: plan, read, report.

    Call it inside a DAG. What was exported stands in the export's folder; no database is needed. Let one run of the
    DAG work at a time (``max_active_runs=1``).

    :param path: folder of the export, on any object storage that Airflow knows (templated)
    :param gong_conn_id: Airflow connection to Gong (templated)
    :param group_id: id of the task group
    :param lookback: days that started within this time are read by every run, such as ``7d`` or a ``timedelta``
    :param sweep: share of the day's requests that re-reads all other days, each within 30 days if that is enough; so
        calls that Gong shows late, changes or deletes come right; 0 switches it off
    :param backfill_from: the first day of the export, such as ``2023-01-01`` (templated); default: the first exported
        day, or the first of the lookback
    :param workers: number of tasks that read days at the same time, on any hosts
    :param daily_requests: requests that the export may make in 24 hours; default: all that the connection may
    :param tables: names of the tables to write; default: all
    :param file_format: ``parquet`` or ``jsonl``
    :param include_private: export private calls, too
    :param exclude_columns: columns to leave out, such as ``email_address`` or ``calls.brief``
    :param workspace_id: export only the calls of this workspace (templated)
    :param primary_user_ids: export only the calls that these users host (templated)
    :param on_shrink: what to do when Gong shows so much less than before that the access key is the likelier reason:
        ``fail`` writes nothing of what is gone and fails, ``keep`` keeps what is gone, ``accept`` deletes it
    :param deferrable: wait in the triggerer while the requests are spent; default: Airflow's setting
    :return: the task group
    :raises ValueError: for a number that makes no sense
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}.")
    if not 0 <= sweep <= 1:
        raise ValueError(f"sweep is a share of the day's requests, from 0 to 1, not {sweep}.")
    if daily_requests is not None and daily_requests < workers:
        raise ValueError(f"daily_requests must be at least 1 for each worker, not {daily_requests}.")
    common: dict[str, Any] = {
        "path": path,
        "gong_conn_id": gong_conn_id,
        "tables": tables,
        "file_format": file_format,
        "include_private": include_private,
        "exclude_columns": exclude_columns,
        "workspace_id": workspace_id,
        "primary_user_ids": primary_user_ids,
        "on_shrink": on_shrink,
    }
    with TaskGroup(group_id=group_id) as group:
        plan = GongPlanCallExportOperator(
            task_id="plan",
            lookback=lookback,
            sweep=sweep,
            backfill_from=backfill_from,
            daily_requests=daily_requests,
            workers=workers,
            **common,
        )
        share = None if daily_requests is None else daily_requests // workers
        reading: dict[str, Any] = {"deferrable": deferrable, "daily_requests": share, **common}
        read: Any
        if workers == 1:
            read = GongReadCallExportOperator(task_id="read", days=plan.output, **reading)
        else:
            read = GongReadCallExportOperator.partial(task_id="read", **reading).expand(days=plan.output)
        GongReportCallExportOperator(task_id="report", results=read.output, **common)
    return group
