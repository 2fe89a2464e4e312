"""
Export transcripts as documents for search and language models: one line of JSON per call.

Private calls are left out, and so are e-mail addresses and phone numbers, because the tables that contain them are not
exported. A call that Gong shows late is indexed when it appears, and a call that is deleted in Gong is removed from its
day.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from airflow.sdk import DAG, ObjectStoragePath, task
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_export

# [START howto_gong_transcripts_for_search]
DOCUMENTS = "{{ params.documents }}"


@task
def index_documents(documents: str, ti: Any = None) -> int:
    count = 0
    for day in ti.xcom_pull(task_ids="gong_call_export.report")["changed_days"]:
        # Replace the documents of that day in your search engine with these.
        file = ObjectStoragePath(f"{documents}/call_documents/started_date={day}/part-0.jsonl")
        for document in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            print(document["call_id"], document["title"], document["participants"], len(document["text"]))
            count += 1
    return count


with DAG(
    dag_id="example_gong_transcripts_for_search",
    schedule=CronDataIntervalTimetable("0 5 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=gong_retries(),
    params={"documents": "s3://search.example.com/gong"},
    tags=["gong", "example"],
) as dag:
    export = gong_call_export(DOCUMENTS, tables=["call_documents"], file_format="jsonl", deferrable=True)
    export >> index_documents(DOCUMENTS)
# [END howto_gong_transcripts_for_search]
