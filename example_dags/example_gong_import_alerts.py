"""
Import calls every night, and notify the people who need to act.

Revenue operations get an email if rows were rejected or failed, even if ``max_failed`` lets the run succeed. The
channel of the Gong administrators only gets a message if something needs their attention, such as a user whose calls
are not recorded. The people on call are notified by the DAG's own ``on_failure_callback``, as for any other DAG.

Requires the Airflow connections ``smtp_default`` and ``slack_api_default``, and the providers ``smtp`` and ``slack``.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.notifications.call_import import GongCallImportNotifier
from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

    from airflow_provider_gong.notifications.outcome import CallImportOutcome


# [START howto_gong_import_alerts]
def email(outcome: CallImportOutcome) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        from_email="airflow@example.com",
        to="revenue-operations@example.com",
        subject=outcome.subject,
        html_content=outcome.html,
    )


def slack(outcome: CallImportOutcome) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack import SlackNotifier

    return SlackNotifier(channel="#gong-admins", text=outcome.slack_text, blocks=outcome.slack_blocks)


with DAG(
    dag_id="example_gong_import_alerts",
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
        max_failed=20,
        deferrable=True,
        notifiers=[
            GongCallImportNotifier(email),
            GongCallImportNotifier(slack, who="gong_administrator"),
        ],
    )
# [END howto_gong_import_alerts]
