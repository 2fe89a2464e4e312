"""Imports whose tasks run on two hosts, each of which listens to a queue of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_provider_gong.task_groups import gong_call_import

WAYS: dict[str, dict[str, Any]] = {
    "shared_store": {"gong_conn_id": "gong_with_store"},
    "shared_nothing": {},
    "shared_folder": {"import_path": "{{ params.import_path }}"},
}

for way, options in WAYS.items():
    with DAG(
        dag_id=f"e2e_{way}",
        schedule=None,
        default_args={"retries": 1, "retry_delay": timedelta(seconds=1)},
        params={"folder": "", "import_path": ""},
    ):
        folder = "{{ params.folder }}"
        imported = gong_call_import(
            f"{folder}/manifest.csv", report_path=f"{folder}/report", deferrable=True, **options
        )
        for task, queue in (
            (imported.plan, "one"),
            (imported.upload, "two"),
            (imported.verify, "one"),
            (imported.report, "two"),
        ):
            task.queue = queue

with DAG(dag_id="e2e_shared_rows", schedule=None, default_args={"retries": 1}, params={"folder": ""}):
    # Uploads run on any host.
    imported = gong_call_import(
        "{{ params.folder }}/manifest.csv",
        report_path="{{ params.folder }}/report",
        gong_conn_id="gong_with_store",
        workers=2,
        deferrable=True,
    )
    imported.plan.queue, imported.verify.queue, imported.report.queue = "one", "two", "one"
