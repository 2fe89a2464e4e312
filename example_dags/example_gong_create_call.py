"""
Create a call first, and upload its recording when the phone system has finished it.

If the recording already exists when the call is created, ``GongUploadCallOperator`` does both in one task
(``example_gong_upload_call``).
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallMediaOperator
from airflow_provider_gong.retries import gong_retries


# [START howto_gong_create_call]
@task
def find_host(email: str) -> str:
    with GongHook() as hook:
        return next(user.id for user in hook.users.list() if user.email_address == email)


with DAG(
    dag_id="example_gong_create_call",
    schedule=None,
    default_args=gong_retries(),
    params={
        "client_unique_id": "pbx-2026-11-20-0043",
        "started": Param("2026-11-20T09:30:00+01:00", type="string", format="date-time"),
        "host": "tobias.okafor@example.com",
        "recording": "s3://recordings.example.com/2026-11-20/0043.wav",
    },
    tags=["gong", "example"],
) as dag:
    host = find_host("{{ params.host }}")
    create = GongCreateCallOperator(
        task_id="create",
        call={
            "clientUniqueId": "{{ params.client_unique_id }}",
            "actualStart": "{{ params.started }}",
            "direction": "Inbound",
            "primaryUser": host,
            "parties": [{"userId": host}, {"name": "Dana Ortiz", "emailAddress": "dana@northwind.example.com"}],
        },
    )
    upload = GongUploadCallMediaOperator(
        task_id="upload",
        call_id="{{ ti.xcom_pull(task_ids='create')['call_id'] }}",
        media="{{ params.recording }}",
    )
    create >> upload
# [END howto_gong_create_call]
