"""
Import calls whose recordings Gong fetches.

The ``media`` column of the manifest contains https URLs that Gong can reach, or recordings in S3, whose URLs are signed
for a day when their calls are sent. No recording passes through Airflow, and each call takes one request instead of
two.

The system that writes the manifest also triggers the run, here with Airflow's command line::

    airflow dags trigger example_gong_pull_calls --conf '{"manifest": "s3://exports.example.com/2026-11-20.csv"}'
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_pull_calls]
with DAG(
    dag_id="example_gong_pull_calls",
    schedule=None,
    default_args=gong_retries(),
    params={"manifest": Param("s3://exports.example.com/2026-11-20.csv", type="string")},
    tags=["gong", "example"],
) as dag:
    gong_call_import("{{ params.manifest }}", media_mode="pull", deferrable=True)
# [END howto_gong_pull_calls]
