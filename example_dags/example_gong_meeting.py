"""
Create a Gong meeting, move it, and cancel it.

The DAG checks that the organizer can create Gong meetings, creates one, moves it to another time, and cancels it. In
your workflow, there will be hours or days between these steps.

Gong does not detect duplicate meetings and cannot look one up, so the create task keeps a record of what it is about to
send. If it is retried or cleared, it returns the meeting that it created before. If it is unknown whether Gong created
the meeting, the task fails with a token: look for the meeting in Gong, set the Airflow variable
``gong_meeting_resolution`` to what you found, such as ``1a2b3c4d:not-created``, and clear the task.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_gong.operators.meetings import (
    GongCreateMeetingOperator,
    GongDeleteMeetingOperator,
    GongMeetingIntegrationStatusOperator,
    GongUpdateMeetingOperator,
)
from airflow_provider_gong.retries import gong_retries


def moment(default: str) -> Param:
    """Return a parameter that is a time with an offset."""
    return Param(default, type="string", format="date-time")


# [START howto_gong_meeting]
@task
def list_invitations(meeting: Any) -> list[str]:
    """Return whom the calendar event has to invite besides the participants: without them Gong records nothing."""
    return [invitee["email"] for invitee in meeting["additional_invitees"]]


with DAG(
    dag_id="example_gong_meeting",
    schedule=None,
    default_args=gong_retries(),
    params={
        "organizer": "tobias.okafor@example.com",
        "customer": "dana@northwind.example.com",
        "start": moment("2027-01-15T10:00:00+01:00"),
        "end": moment("2027-01-15T10:30:00+01:00"),
        "new_start": moment("2027-01-18T14:00:00+01:00"),
        "new_end": moment("2027-01-18T14:30:00+01:00"),
    },
    tags=["gong", "example"],
) as dag:
    who: dict[str, Any] = {
        "organizer_email": "{{ params.organizer }}",
        "invitees": [{"email": "{{ params.customer }}", "display_name": "Dana Ortiz"}],
        "title": "Kick-off with Northwind Mills",
    }
    can_create = GongMeetingIntegrationStatusOperator(
        task_id="can_create_meetings", emails=["{{ params.organizer }}"], fail_if_not_ready=True
    )
    create = GongCreateMeetingOperator(
        task_id="create_meeting",
        start_time="{{ params.start }}",
        end_time="{{ params.end }}",
        # What a person found after an unknown outcome.
        resolution="{{ var.value.get('gong_meeting_resolution', '') }}",
        **who,
    )
    meeting_id = create.output["meeting_id"]
    # An update replaces all details, including those that do not change.
    move = GongUpdateMeetingOperator(
        task_id="move_meeting",
        meeting_id=meeting_id,
        start_time="{{ params.new_start }}",
        end_time="{{ params.new_end }}",
        **who,
    )
    cancel = GongDeleteMeetingOperator(
        task_id="cancel_meeting", meeting_id=meeting_id, organizer_email="{{ params.organizer }}"
    )

    can_create >> create >> [list_invitations(create.output), move]
    move >> cancel
# [END howto_gong_meeting]
