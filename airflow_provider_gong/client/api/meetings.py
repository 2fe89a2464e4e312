"""Requests about Gong meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongError, GongNotFoundError
from airflow_provider_gong.client.models import (
    CreatedMeeting,
    DeletedMeeting,
    MeetingIntegrationStatus,
    MeetingUpdate,
    NewMeeting,
    UpdatedMeeting,
    parse_request,
)
from airflow_provider_gong.client.requests import GongRequest, typed_request

# Gong API reference: at most this many addresses in one status request.
MAX_STATUS_EMAILS = 100


def create_meeting(meeting: NewMeeting | Mapping[str, Any]) -> GongRequest[CreatedMeeting]:
    """``POST /v2/meetings``; never repeated when its answer is lost."""
    body = parse_request(NewMeeting, meeting).wire()
    return typed_request("addMeeting", CreatedMeeting.model_validate, body=body)


def update_meeting(meeting_id: str, meeting: MeetingUpdate | Mapping[str, Any]) -> GongRequest[UpdatedMeeting]:
    """``PUT /v2/meetings/{meetingId}``: replaces time, title and invitees."""
    body = parse_request(MeetingUpdate, meeting).wire()
    return typed_request("updateMeeting", UpdatedMeeting.model_validate, path={"meetingId": meeting_id}, body=body)


def delete_meeting(meeting_id: str, organizer_email: str | None = None) -> GongRequest[DeletedMeeting]:
    """``DELETE /v2/meetings/{meetingId}``."""
    body = {"organizerEmail": organizer_email} if organizer_email else {}

    def settle(error: GongError) -> DeletedMeeting | None:
        return DeletedMeeting() if says_meeting_is_missing(error) else None

    return typed_request(
        "deleteMeeting",
        DeletedMeeting.model_validate,
        path={"meetingId": meeting_id},
        body=body,
        settle=settle,
    )


def says_meeting_is_missing(error: GongError) -> bool:
    """Tell a meeting that does not exist from another organizer's, and from a host that is not Gong: all are 404."""
    return isinstance(error, GongNotFoundError) and any("meeting id" in text.lower() for text in error.errors)


def meeting_integration_status(emails: Sequence[str]) -> list[GongRequest[list[MeetingIntegrationStatus]]]:
    """``POST /v2/meetings/integration/status``: one request for each hundred addresses."""
    chunks = [list(emails[start : start + MAX_STATUS_EMAILS]) for start in range(0, len(emails), MAX_STATUS_EMAILS)]
    return [typed_request("integrationStatus", _statuses, body={"emails": chunk}) for chunk in chunks]


def _statuses(answer: JsonObject) -> list[MeetingIntegrationStatus]:
    return [MeetingIntegrationStatus.model_validate(user) for user in answer.get("users") or ()]
