"""
Import a folder of recordings that has no list, when their names say what Gong needs to know.

A recording is named ``20261119-080100_out_tobias.okafor@example.com_+15550100.wav``: start in UTC, direction, host,
and the customer's number. A file with any other name becomes a row that the plan rejects, so the report names it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from airflow.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_import_folder]
NAME = re.compile(r"(\d{8}-\d{6})_(in|out)_([^_]+)_([^_]+)\.\w+")


@task
def list_recordings(folder: str) -> list[dict[str, str]]:
    rows = []
    for path in sorted(ObjectStoragePath(folder).iterdir(), key=str):
        row = {"client_unique_id": path.name, "title": path.name, "media": path.name}
        if found := NAME.fullmatch(path.name):
            start = datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
            row |= {"actual_start": start.isoformat(), "direction": "Outbound" if found[2] == "out" else "Inbound"}
            row |= {"primary_user": found[3], "party_1_phone": found[4]}
        rows.append(row)
    return rows


with DAG(
    dag_id="example_gong_import_folder",
    schedule=None,
    default_args=gong_retries(),
    params={
        "folder": Param("s3://recordings.example.com/2026-11-20", type="string"),
        "reports": Param("s3://recordings.example.com/reports", type="string"),
    },
    tags=["gong", "example"],
) as dag:
    gong_call_import(
        list_recordings("{{ params.folder }}"),
        media_base="{{ params.folder }}",
        report_path="{{ params.reports }}/{{ run_id }}",
    )
# [END howto_gong_import_folder]
