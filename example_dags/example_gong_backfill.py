r"""
Import years of old call recordings into Gong, month by month.

The archive has one folder per month: ``<archive>/2024-03/manifest.csv`` and the recordings in that manifest. Airflow's
backfill creates one run per month::

    airflow backfill create --dag-id example_gong_backfill --max-active-runs 1 \
        --from-date 2024-01-01 --to-date 2025-12-01

Each uploaded call takes two of the company's 10,000 requests per day, so about 5,000 calls can be imported per day.
When the day's requests are used up, the upload is deferred until there are new ones. All runs share the same requests,
so several runs at a time are no faster. A backfill ignores the DAG's ``max_active_runs``, so the command sets it.

You can stop the backfill, and retry or clear its runs, at any time: each month resumes where it stopped, and no call is
sent twice, even if the nightly import has sent it before. To repeat the failed months::

    airflow backfill create --dag-id example_gong_backfill --max-active-runs 1 \
        --from-date 2024-01-01 --to-date 2025-12-01 --reprocess-behavior failed

To find out how long the backfill will take, first run a month with ``dry_run=True``: the plan shows how many requests
and days of quota the month needs, and nothing is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_backfill]
with DAG(
    dag_id="example_gong_backfill",
    schedule=CronDataIntervalTimetable("0 0 1 * *", timezone="UTC"),
    # The archive's first and last month. Without catchup, Airflow creates no runs in between.
    start_date=datetime(2024, 1, 1),
    end_date=datetime(2025, 12, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"archive": "s3://archive.example.com"},
    tags=["gong", "example"],
) as dag:
    month = "{{ params.archive }}/{{ data_interval_start.strftime('%Y-%m') }}"
    gong_call_import(
        f"{month}/manifest.csv",
        report_path=f"{month}/report",
        # Old archives are rarely complete: a month succeeds with up to this many wrong rows.
        max_failed=20,
        # Gong may take a day to process many recordings.
        verify_timeout=timedelta(hours=24),
        deferrable=True,
    )
# [END howto_gong_backfill]
