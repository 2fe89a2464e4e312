"""
Import the calls in a manifest with the operators of the phases, instead of ``gong_call_import``.

For DAGs that do something between the phases. All tasks have the same ``import_id``, ``gong_conn_id`` and, if it is
used, ``import_path``. The later tasks get ``store_id`` from the plan, so a worker with another store stops. The plan
gets ``report_path`` to check that workers can write there.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_gong.operators.call_import import (
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from airflow_provider_gong.retries import gong_retries

# [START howto_gong_import_in_tasks]
IMPORT = "{{ dag.dag_id }}__{{ run_id }}"
REPORT = "{{ params.folder }}/report"
STORE = "{{ (ti.xcom_pull(task_ids='plan') or {}).get('store_id', '') }}"

with DAG(
    dag_id="example_gong_import_in_tasks",
    schedule=None,
    default_args=gong_retries(),
    params={"folder": Param("s3://recordings.example.com/2026-11-20", type="string")},
    tags=["gong", "example"],
) as dag:
    plan = GongPlanCallImportOperator(
        task_id="plan", manifest="{{ params.folder }}/manifest.csv", report_path=REPORT, import_id=IMPORT
    )
    upload = GongUploadCallImportOperator(
        task_id="upload", in_flight=2, deferrable=True, import_id=IMPORT, store_id=STORE
    )
    verify = GongVerifyCallImportOperator(
        task_id="verify", verify_timeout=3 * 3600, deferrable=True, import_id=IMPORT, store_id=STORE
    )
    report = GongReportCallImportOperator(
        task_id="report", report_path=REPORT, trigger_rule="none_skipped", import_id=IMPORT, store_id=STORE
    )

    plan >> upload >> verify >> report
# [END howto_gong_import_in_tasks]
