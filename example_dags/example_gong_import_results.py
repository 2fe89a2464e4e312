"""
Use the results of an import in downstream tasks.

``refresh_dashboard`` only runs if the report succeeds, which allows up to ``max_failed`` wrong rows. ``record`` always
runs, reads the summary, and decides what to do. Without a plan, there is no summary.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import


# [START howto_gong_import_results]
@task
def refresh_dashboard(summary: dict[str, Any], report_path: str) -> str:
    return f"{summary['states'].get('verified', 0)} of {summary['rows']} calls, see {report_path}/report.html"


@task(trigger_rule="all_done")
def record(report_task_id: str, ti: Any = None) -> dict[str, int]:
    summary = ti.xcom_pull(task_ids=report_task_id, key="summary")
    return summary["states"] if summary else {}


with DAG(
    dag_id="example_gong_import_results",
    schedule=None,
    default_args=gong_retries(),
    params={"folder": Param("s3://recordings.example.com/2026-11-20", type="string")},
    tags=["gong", "example"],
) as dag:
    calls = gong_call_import(
        "{{ params.folder }}/manifest.csv", report_path="{{ params.folder }}/report", max_failed=20, deferrable=True
    )
    refresh_dashboard(calls.summary, calls.report_path)
    calls >> record(calls.report.task_id)
# [END howto_gong_import_results]
