"""
Import calls whose recordings Gong fetches by URL.

The ``media`` column of the manifest holds https URLs that Gong can reach, such as presigned ones. No recording passes
through Airflow, and each call takes one request instead of two. The URLs have to be valid until Gong has come, which
may be hours later.

Whatever writes the manifest triggers a run for it, here with Airflow's command line::

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
