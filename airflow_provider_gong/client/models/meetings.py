"""Gong meetings."""

from typing import Annotated, Any, ClassVar

from pydantic import field_validator, model_validator

from airflow_provider_gong.client.models.base import RequestModel, ResponseModel
from airflow_provider_gong.client.models.fields import AnswerId, EmailAddress, OtherId, Timestamp, later_than


class MeetingInvitee(RequestModel):
    """
    Somebody invited to a meeting.

    :param email: e-mail address
    :param display_name: full name
    :param first_name: first name
    :param last_name: last name
    """

    other_names: ClassVar = {"emailAddress": "email", "name": "displayName"}
    not_in_gong: ClassVar = {"responseStatus": "Remove it; responses to an invitation belong in the calendar."}

    email: EmailAddress | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class _MeetingRequest(RequestModel):
    other_names: ClassVar = {
        "scheduledStart": "startTime",
        "scheduledEnd": "endTime",
        "attendees": "invitees",
        "externalMeetingId": "externalId",
        "meetingProvider": "provider",
    }
    not_in_gong: ClassVar = {
        "description": "Remove it; a description belongs in the calendar event.",
        "meetingUrl": "Remove it; Gong creates the URL and returns it.",
    }

    start_time: Timestamp
    end_time: Annotated[Timestamp, later_than("start_time")]
    organizer_email: EmailAddress
    invitees: tuple[MeetingInvitee, ...]
    title: str | None = None
    external_id: OtherId | None = None
    provider: str | None = None

    def warnings(self) -> list[str]:
        """Return what Gong accepts but is probably a mistake; each names its field."""
        if not self.invitees:
            return ["invitees: no one is invited."]
        organizer = self.organizer_email.lower()
        emails = [(index, (entry.email or "").lower()) for index, entry in enumerate(self.invitees)]
        nameless = [f"invitees[{index}].email: is missing." for index, email in emails if not email]
        doubled = [f"invitees[{index}].email: is the organizer." for index, email in emails if email == organizer]
        return nameless + doubled


class NewMeeting(_MeetingRequest):
    """
    A meeting to create, for ``POST /v2/meetings``.

    :param start_time: start, with offset
    :param end_time: end, with offset
    :param organizer_email: e-mail address of the Gong user who organizes it
    :param invitees: everybody invited except the organizer
    :param title: title
    :param external_id: id in another system; Gong does not deduplicate by it
    :param provider: conferencing provider, e.g. ``zoom``; by default the organizer's
    """


class MeetingUpdate(_MeetingRequest):
    """
    New details of a meeting, for ``PUT /v2/meetings/{meetingId}``; they replace all former ones.

    :param start_time: start, with offset
    :param end_time: end, with offset
    :param organizer_email: e-mail address of the user who created the meeting
    :param invitees: everybody invited except the organizer
    :param title: title
    :param external_id: id in another system
    :param provider: conferencing provider, e.g. ``zoom``; by default the organizer's
    """


class AdditionalInvitee(ResponseModel):
    """Somebody whom Gong adds, such as its recording assistant."""

    email: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class _MeetingAnswer(ResponseModel):
    @model_validator(mode="before")
    @classmethod
    def _lift_nested_meeting(cls, data: Any) -> Any:
        """Accept the answer nested in ``meeting``, with the id as ``id``, as some descriptions of the API have it."""
        nested = data.get("meeting") if isinstance(data, dict) else None
        if not isinstance(nested, dict):
            return data
        lifted = {"meetingId": nested.get("id"), **nested, **data}
        return {name: value for name, value in lifted.items() if name not in ("id", "meeting")}


class CreatedMeeting(_MeetingAnswer):
    """
    Answer of ``POST /v2/meetings``.

    ``additional_invitees`` have to be invited to the calendar event, otherwise Gong records nothing.
    """

    meeting_id: AnswerId
    request_id: str | None = None
    meeting_url: str | None = None
    additional_invitees: tuple[AdditionalInvitee, ...] = ()

    @field_validator("additional_invitees", mode="before")
    @classmethod
    def _null_is_nobody(cls, value: Any) -> Any:
        return () if value is None else value


class UpdatedMeeting(_MeetingAnswer):
    """Answer of ``PUT /v2/meetings/{meetingId}``."""

    meeting_id: str | None = None
    request_id: str | None = None


class DeletedMeeting(ResponseModel):
    """Answer of ``DELETE /v2/meetings/{meetingId}``, which may be empty."""

    organizer_email: str | None = None
    request_id: str | None = None


class MeetingIntegrationStatus(ResponseModel):
    """Whether a user can create Gong meetings; one entry of ``POST /v2/meetings/integration/status``."""

    email: str | None = None
    exists: bool | None = None
    valid: bool | None = None
    user_facing_error: str | None = None
    fix_url: str | None = None
    help_url: str | None = None
