"""
Export the calls of one interval once, for example those of a week.

To keep an export up to date, use ``gong_call_export``, which reads days again until late calls have appeared
(``example_gong_export_to_warehouse``).
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.transfers.calls_to_object_storage import GongCallsToObjectStorageOperator

# [START howto_gong_export_interval]
with DAG(
    dag_id="example_gong_export_interval",
    schedule=None,
    default_args=gong_retries(),
    params={
        "path": "s3://warehouse.example.com/gong-once",
        "since": Param("2026-11-16", type="string"),
        "until": Param("2026-11-23", type="string"),
    },
    tags=["gong", "example"],
) as dag:
    GongCallsToObjectStorageOperator(
        task_id="export",
        path="{{ params.path }}",
        since="{{ params.since }}",
        until="{{ params.until }}",
        tables=["calls", "transcript_sentences"],
    )
# [END howto_gong_export_interval]
