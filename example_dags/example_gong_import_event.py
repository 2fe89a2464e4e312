"""
Import calls every night, and publish an asset event when the import has finished.

DAGs that are scheduled on ``gong://us-12345/calls``, such as ``example_gong_after_import``, run afterwards. The event
contains the counts. With ``event_on="end"``, it is also published if some rows were rejected.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, Asset, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_import_event]
with DAG(
    dag_id="example_gong_import_event",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"recordings": Param("s3://recordings.example.com", type="string")},
    tags=["gong", "example"],
) as dag:
    folder = "{{ params.recordings }}/{{ data_interval_start | ds }}"
    gong_call_import(
        f"{folder}/manifest.csv",
        report_path=f"{folder}/report",
        deferrable=True,
        outlets=[Asset("gong://us-12345/calls")],
        event_on="end",
    )
# [END howto_gong_import_event]
