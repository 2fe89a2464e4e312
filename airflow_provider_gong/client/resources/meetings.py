"""``client.meetings``."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import batches, shown
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import FieldProblem, GongApiError, GongNotFoundError, GongValidationError
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
from airflow_provider_gong.client.resources.methods import ApiMethod, D, Resource

if TYPE_CHECKING:
    from airflow_provider_gong.client.instructions import Steps

log = logging.getLogger(__name__)

# Gong API reference: at most this many addresses per status request.
_MAX_STATUS_EMAILS = 100


class Meetings(Resource[D]):
    """Gong meetings."""

    @ApiMethod
    def create(self, meeting: NewMeeting | Mapping[str, Any]) -> Steps[CreatedMeeting]:
        """
        ``POST /v2/meetings``: create a meeting.

        :param meeting: the meeting, with Gong's field names or in snake_case
        :raises GongValidationError: if the meeting is not valid, before anything is sent
        :raises GongOutcomeUnknownError: if the response was lost; sending the request again may create a second meeting
        """
        new_meeting = parse_request(NewMeeting, meeting)
        _warn(new_meeting)
        created = yield from self._send(create_meeting(new_meeting))
        log.info("Created meeting %s of %s.", shown(created.meeting_id), shown(new_meeting.organizer_email))
        return created

    @ApiMethod
    def update(self, meeting_id: str, meeting: MeetingUpdate | Mapping[str, Any]) -> Steps[UpdatedMeeting]:
        """
        ``PUT /v2/meetings/{meetingId}``: replace all details of a meeting.

        :param meeting_id: Gong's id of the meeting
        :param meeting: the new details, with Gong's field names or in snake_case
        :raises GongValidationError: if they are not valid, before anything is sent
        :raises GongNotFoundError: if the meeting does not exist
        """
        update = parse_request(MeetingUpdate, meeting)
        _warn(update)
        path = {"meetingId": meeting_id}
        request = typed_request("updateMeeting", UpdatedMeeting.model_validate, path=path, body=update.wire())
        return (yield from self._send(request))

    @ApiMethod
    def delete(
        self, meeting_id: str, organizer_email: str | None = None, *, missing_ok: bool = False
    ) -> Steps[DeletedMeeting | None]:
        """
        ``DELETE /v2/meetings/{meetingId}``: delete a meeting.

        :param meeting_id: Gong's id of the meeting
        :param organizer_email: e-mail address of its organizer
        :param missing_ok: return None instead of raising if the meeting does not exist
        :raises GongNotFoundError: if the meeting does not exist, or has another organizer
        """
        try:
            return (yield from self._send(delete_meeting(meeting_id, organizer_email)))
        except GongNotFoundError as error:
            if not (missing_ok and _says_meeting_is_missing(error)):
                raise
        log.info("Meeting %s did not exist, so nothing was deleted.", shown(meeting_id))
        return None

    @ApiMethod
    def integration_status(self, emails: Sequence[str]) -> Steps[list[MeetingIntegrationStatus]]:
        """
        ``POST /v2/meetings/integration/status``: check which users can create Gong meetings, 100 per request.

        :param emails: e-mail addresses of the users
        :raises GongValidationError: if they are not a list, for example a single address
        """
        if isinstance(emails, str) or not isinstance(emails, Iterable):
            wrong = FieldProblem(
                "emails", repr(shown(str(emails))), "must be a list", "Give a list, even for a single address."
            )
            raise GongValidationError("The integration status cannot be requested.", problems=[wrong])
        statuses: list[MeetingIntegrationStatus] = []
        for batch in batches(emails, _MAX_STATUS_EMAILS):
            statuses += yield from self._send(typed_request("integrationStatus", _statuses, body={"emails": batch}))
        return statuses


def create_meeting(meeting: NewMeeting | Mapping[str, Any]) -> GongRequest[CreatedMeeting]:
    """Return the request that creates a meeting; it is never repeated if its response is lost."""
    body = parse_request(NewMeeting, meeting).wire()
    return typed_request("addMeeting", CreatedMeeting.model_validate, body=body)


def delete_meeting(meeting_id: str, organizer_email: str | None = None) -> GongRequest[DeletedMeeting]:
    """Return the request that deletes a meeting."""

    def settle(error: GongApiError) -> DeletedMeeting | None:
        return DeletedMeeting() if _says_meeting_is_missing(error) else None

    return typed_request(
        "deleteMeeting",
        DeletedMeeting.model_validate,
        path={"meetingId": meeting_id},
        body={"organizerEmail": organizer_email} if organizer_email else {},
        settle=settle,
    )


def _says_meeting_is_missing(error: GongApiError) -> bool:
    """Return whether a 404 means that the meeting does not exist, not another organizer or a wrong host."""
    return isinstance(error, GongNotFoundError) and any("meeting id" in text.lower() for text in error.errors)


def _warn(meeting: NewMeeting | MeetingUpdate) -> None:
    for warning in meeting.warnings():
        log.warning("meeting %s", warning)


def _statuses(answer: JsonObject) -> list[MeetingIntegrationStatus]:
    return [MeetingIntegrationStatus.model_validate(user) for user in answer.get("users") or ()]
