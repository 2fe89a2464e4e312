r"""
Import years of old call recordings into Gong, month by month.

The archive has one folder a month: ``<archive>/2024-03/manifest.csv`` and the recordings that it names. Airflow's own
backfill makes one run for each month::

    airflow backfill create --dag-id example_gong_backfill --max-active-runs 1 \
        --from-date 2024-01-01 --to-date 2025-12-01

A recording that is pushed takes two of the company's 10,000 requests a day, so that a day takes some 5,000 calls. When
Gong says that the day's requests are spent, the upload is parked in the triggerer and goes on when there are new ones.
One run at a time is enough, since all runs live on the same requests. A backfill has a limit of its own, which
is why the command names it.

The backfill may be stopped, and a run may be retried or cleared, at any time: each month goes on where it was, and no
call is sent twice, not even one that the nightly import has sent before. Months that failed run again with::

    airflow backfill create --dag-id example_gong_backfill --max-active-runs 1 \
        --from-date 2024-01-01 --to-date 2025-12-01 --reprocess-behavior failed

To know how long it is going to take, run a month with ``dry_run=True`` in the group first: it only plans, writes
nothing, and tells how many requests and days of quota the month needs.
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
    # The archive's first and last month. Without catchup nothing in between runs by itself.
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
        # Old recordings are rarely complete: a month counts as done with up to this many bad rows.
        max_failed=20,
        # Many recordings at once keep Gong busy for a day.
        verify_timeout=timedelta(hours=24),
        deferrable=True,
    )
# [END howto_gong_backfill]
