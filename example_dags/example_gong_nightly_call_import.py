"""
Import last night's call recordings into Gong.

A phone system exports one folder per day: ``<recordings>/2026-11-20/manifest.csv`` and the recordings in that manifest.
Each run imports the folder of the day on which its data interval starts, so the run at 03:00 imports the day before.
``docs/call_import.md`` describes the manifest.

Runs can be retried or cleared at any time: the import resumes where it stopped, and each call ends up in Gong once.

A run that is triggered without a logical date has no data interval, so it has no folder: it fails before it imports
anything.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, task
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_nightly_call_import]
OFFICE = "Europe/Berlin"


@task(retries=0)
def find_folder(
    recordings: str, data_interval_start: datetime | None = None, data_interval_end: datetime | None = None
) -> str:
    if data_interval_start is None or data_interval_start == data_interval_end:
        raise ValueError("This run has no data interval, so its day is not known. Trigger it with a logical date.")
    # Data intervals are in UTC, which may be on another day.
    return f"{recordings}/{data_interval_start.astimezone(ZoneInfo(OFFICE)):%Y-%m-%d}"


with DAG(
    dag_id="example_gong_nightly_call_import",
    # In Airflow 3, the data interval of "@daily" has no length.
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone=OFFICE),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"recordings": "s3://recordings.example.com"},
    tags=["gong", "example"],
) as dag:
    folder = find_folder("{{ params.recordings }}")
    folder >> gong_call_import(f"{folder}/manifest.csv", report_path=f"{folder}/report", deferrable=True)
# [END howto_gong_nightly_call_import]
