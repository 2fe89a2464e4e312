"""
Upload a single call with its recording to Gong.

The DAG looks up the host's Gong user id, creates the call and uploads the recording, waits until Gong has processed
it, and reads it back.

A call cannot be changed or deleted afterwards, so everything is checked before it is sent. If the upload is retried or
cleared, it continues with the call that it created, and never creates a second one.

Gong may drop a recording after accepting it, without an error, if it is too short, silent or already known. Only the
sensor detects this.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.calls import GongUploadCallOperator
from airflow_provider_gong.retries import gong_retries
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor


# [START howto_gong_upload_call]
@task
def find_host(email: str) -> str:
    with GongHook() as hook:
        return next(user.id for user in hook.users.list() if user.email_address == email)


@task
def read_back(call_id: str) -> dict[str, Any]:
    with GongHook() as hook:
        call = hook.calls.get(call_id)
    # Gong measures the duration itself.
    return {"url": call.url, "title": call.title, "duration": call.duration}


with DAG(
    dag_id="example_gong_upload_call",
    schedule=None,
    default_args=gong_retries(),
    params={
        "client_unique_id": "pbx-2026-11-20-0042",
        "started": Param("2026-11-20T09:30:00+01:00", type="string", format="date-time"),
        "host": "tobias.okafor@example.com",
        "recording": "s3://recordings.example.com/2026-11-20/0042.wav",
    },
    tags=["gong", "example"],
) as dag:
    host = find_host("{{ params.host }}")
    upload = GongUploadCallOperator(
        task_id="upload",
        call={
            "clientUniqueId": "{{ params.client_unique_id }}",
            "actualStart": "{{ params.started }}",
            "direction": "Outbound",
            "title": "Follow-up with Northwind Mills",
            "primaryUser": host,
            "parties": [
                {"userId": host, "name": "Tobias Okafor"},
                {"name": "Dana Ortiz", "emailAddress": "dana@northwind.example.com"},
            ],
        },
        media="{{ params.recording }}",
    )
    call_id = upload.output["call_id"]
    processed = GongCallProcessedSensor(
        task_id="wait_until_processed", call_id=call_id, poke_interval=60, timeout=6 * 60 * 60, deferrable=True
    )
    processed >> read_back(call_id)
# [END howto_gong_upload_call]
