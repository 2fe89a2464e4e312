"""
Import recordings without a manifest: the names of the files contain what is known about the calls.

Each night's recordings are in a separate folder, with names that a dial plan of Asterisk gives to MixMonitor:
direction, number of the customer, extension, time, and Asterisk's id of the call::

    2026-11-20/out-+12025550147-4711-20261120-093000-1731000000.42.wav

``hosts.csv`` maps each extension to a Gong user, in the columns ``manifest_value`` and ``gong_user``.
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_folder_of_recordings]
with DAG(
    dag_id="example_gong_folder_of_recordings",
    # In Airflow 3, the data interval of "@daily" has no length.
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"recordings": "s3://recordings.example.com"},
    tags=["gong", "example"],
) as dag:
    gong_call_import(
        "{{ params.recordings }}/{{ data_interval_start.strftime('%Y-%m-%d') }}/*.wav",
        name_template="{direction}-{party_1_phone:phone}-{extension:digits}-{start:%Y%m%d-%H%M%S}-{client_unique_id}.wav",
        columns={
            # This phone system uses UTC.
            "actual_start": "{start}Z",
            # Calls from queues, which begin with "q", are also inbound.
            "direction": {"values": {"q": "Inbound"}},
            "primary_user": "extension",
        },
        host_overrides="{{ params.recordings }}/hosts.csv",
        report_path="{{ params.recordings }}/report/{{ data_interval_start.strftime('%Y-%m-%d') }}",
        deferrable=True,
    )
# [END howto_gong_folder_of_recordings]
