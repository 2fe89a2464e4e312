"""
Import calls on workers that share neither a disk nor a database, as on most managed services.

The manifest, the recordings, the report and, in ``import_path``, the state of the import are in a bucket. Each task
first reads the state, and can run on any host. Runs can be retried or cleared at any time, as with a database. Files in
``import_path`` contain personal data, so let the bucket delete old ones.

The hosts do not share a request budget either. In the Gong connection, set ``requests_per_second`` and
``requests_per_day`` to the share of the company's limits that this import may use.

The system that writes the manifest also triggers the run, here with Airflow's command line::

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
