"""The example DAG of the nightly import, run and asked over Airflow's REST API."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.demo.compare import ImportReport
from tests.demo.night import Night
from tests.e2e.airflow_rest import AirflowRest

DAG_ID = "example_gong_nightly_call_import"
GROUP_ID = "gong_call_import"
PHASES = ("plan", "upload", "verify", "report")
_ZONE = ZoneInfo("Europe/Berlin")
_BEGINS = time(3, tzinfo=_ZONE)


def last_night() -> date:
    """Return the day that the latest complete interval of the DAG starts on."""
    now = datetime.now(_ZONE)
    return now.date() - timedelta(days=1 if now.timetz() >= _BEGINS else 2)


def task(phase: str) -> str:
    """Return the task id of a phase."""
    return f"{GROUP_ID}.{phase}"


def start_import(airflow: AirflowRest, night: Night, dag_id: str = DAG_ID) -> str:
    """Start the run that imports a night, and return its id."""
    begin = datetime.combine(night.day, _BEGINS)
    return airflow.trigger(
        dag_id,
        {"recordings": str(night.folder)},
        begin,
        data_interval_start=begin.isoformat(),
        data_interval_end=(begin + timedelta(days=1)).isoformat(),
    )


def task_states(airflow: AirflowRest, run_id: str, dag_id: str = DAG_ID) -> dict[str, str]:
    """Return the states of a run's tasks by task id."""
    return {instance["task_id"]: instance["state"] or "waiting" for instance in airflow.task_instances(dag_id, run_id)}


def report_folder(night: Night) -> Path:
    """Return where the DAG writes the report of a night."""
    return night.folder / str(night.day) / "report"


def read_report(airflow: AirflowRest, night: Night, run_id: str, dag_id: str = DAG_ID) -> ImportReport:
    """Return what a run that has ended says of its import."""
    summary = airflow.xcom(dag_id, run_id, task("report"), key="summary")
    with (report_folder(night) / "report.csv").open(newline="", encoding="utf-8") as file:
        return ImportReport(summary, list(csv.DictReader(file)))
