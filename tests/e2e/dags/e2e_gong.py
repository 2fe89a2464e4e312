"""DAGs that only tests need: with quick retries, and with single operators."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.operators.calls import GongUploadCallOperator
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor
from airflow_provider_gong.task_groups import gong_call_import

with DAG(
    dag_id="e2e_quick_retries",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="Europe/Berlin"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=1)},
    params={"recordings": ""},
):
    day = "{{ params.recordings }}/{{ data_interval_start | ds }}"
    gong_call_import(f"{day}/manifest.csv", report_path=f"{day}/report", deferrable=True)

with DAG(dag_id="e2e_one_call", schedule=None, params={"id": "", "host": "", "media": ""}):
    host = "{{ params.host }}"
    upload = GongUploadCallOperator(
        task_id="upload",
        call={
            "clientUniqueId": "{{ params.id }}",
            "actualStart": "2026-11-20T09:00:00+01:00",
            "direction": "Outbound",
            "primaryUser": host,
            "parties": [{"userId": host}, {"name": "Dana Ortiz", "phoneNumber": "+1 202-555-0111"}],
        },
        media="{{ params.media }}",
    )
    (
        GongCallProcessedSensor(
            task_id="processed",
            call_id="{{ ti.xcom_pull(task_ids='upload')['call_id'] }}",
            poke_interval=2,
            timeout=900,
            deferrable=True,
        )
        << upload
    )

with DAG(dag_id="e2e_oauth", schedule=None, params={"call_id": ""}):
    GongCallProcessedSensor(
        task_id="processed",
        call_id="{{ params.call_id }}",
        gong_conn_id="gong_oauth",
        poke_interval=1,
        timeout=900,
        deferrable=True,
    )

with DAG(dag_id="e2e_meeting", schedule=None, params={"title": ""}):
    GongCreateMeetingOperator(
        task_id="create",
        start_time="2027-01-15T10:00:00+01:00",
        end_time="2027-01-15T10:30:00+01:00",
        organizer_email="tobias.okafor@example.com",
        invitees=[{"email": "dana@northwind.example.com"}],
        title="{{ params.title }}",
        resolution="{{ var.value.get('gong_meeting_resolution', '') }}",
        retries=2,
        retry_delay=timedelta(seconds=1),
    )
