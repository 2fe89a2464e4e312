"""
Export calls and transcripts from Gong every night, and load the days that have changed into a warehouse.

The export keeps itself up to date: each run reads the days of the last week again, and some older ones, because Gong
shows calls late, analyzes them again, and deletes them. Only days that have changed are loaded, and each replaces the
same day in the warehouse, so a run can be repeated at any time.

``statements_for`` returns statements for Snowflake; run them with ``SQLExecuteQueryOperator`` and your connection.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import DAG, task
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_export
from airflow_provider_gong.transfers.reference_to_object_storage import GongReferenceToObjectStorageOperator

# [START howto_gong_export_to_warehouse]
EXPORT = "{{ params.export }}"
REPLACE_DAY = """
BEGIN;
DELETE FROM gong.calls WHERE file_name LIKE '%calls/started_date={day}/%';
COPY INTO gong.calls FROM @gong_export/calls/started_date={day}/
  FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
  INCLUDE_METADATA = (file_name = METADATA$FILENAME) FORCE = TRUE;
COMMIT;
"""


@task
def changed_days(ti: Any = None) -> list[str]:
    days: list[str] = ti.xcom_pull(task_ids="gong_call_export.report")["changed_days"]
    return days


@task
def statements_for(days: list[str]) -> list[str]:
    return [REPLACE_DAY.format(day=day) for day in days]


with DAG(
    dag_id="example_gong_export_to_warehouse",
    schedule=CronDataIntervalTimetable("0 4 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"export": "s3://warehouse.example.com/gong", "backfill_from": "2026-01-01"},
    tags=["gong", "example"],
) as dag:
    export = gong_call_export(EXPORT, backfill_from="{{ params.backfill_from }}", deferrable=True)
    users = GongReferenceToObjectStorageOperator(task_id="export_users", path=EXPORT)
    days: Any = changed_days()
    export >> days
    statements_for(days)
# [END howto_gong_export_to_warehouse]
