"""
Import calls where workers share neither a disk nor a database, as on most managed services.

Manifest, recordings and report are in a bucket, and so is the state of the import, under ``import_path``: each task
reads it first and may run on any host. A run may be retried or cleared at any time, as with a database. Files below
``import_path`` are personal data; let the bucket delete old ones.

The hosts share no request budget either. Set ``requests_per_second`` and ``requests_per_day`` of the Gong connection to
the part of the company's limits that this import may take.

Whatever writes the manifest triggers a run for it, here with Airflow's command line::

    airflow dags trigger example_gong_import_on_managed_airflow --conf '{"folder": "s3://recordings.example.com/2026-11-20"}'
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.task_groups import gong_call_import

# [START howto_gong_import_on_managed_airflow]
with DAG(
    dag_id="example_gong_import_on_managed_airflow",
    schedule=None,
    default_args=gong_retries(),
    params={
        "folder": Param("s3://recordings.example.com/2026-11-20", type="string"),
        "imports": Param("s3://airflow-state.example.com/gong-imports", type="string"),
    },
    tags=["gong", "example"],
) as dag:
    gong_call_import(
        "{{ params.folder }}/manifest.csv",
        import_path="{{ params.imports }}",
        report_path="{{ params.folder }}/report",
        deferrable=True,
    )
# [END howto_gong_import_on_managed_airflow]
