from typing import Any

import pytest

from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models import (
    CreatedMeeting,
    DeletedMeeting,
    MeetingIntegrationStatus,
    MeetingUpdate,
    NewMeeting,
    UpdatedMeeting,
    parse_request,
)

MEETING = {
    "startTime": "2026-03-31T09:30:00+02:00",
    "endTime": "2026-03-31T10:00:00+02:00",
    "organizerEmail": "ann@example.com",
    "invitees": [{"email": "jo@example.com", "displayName": "Jo Doe", "firstName": "Jo", "lastName": "Doe"}],
    "title": "Renewal",
    "externalId": "7JEHFRGXDDZFEW2FC4U",
    "provider": "zoom",
}


def problems(**changes: Any) -> dict[str, FieldProblem]:
    with pytest.raises(GongValidationError) as caught:
        parse_request(NewMeeting, {**MEETING, **changes})
    return {problem.field: problem for problem in caught.value.problems}


@pytest.mark.parametrize("model", [NewMeeting, MeetingUpdate])
def test_every_field_arrives_under_gongs_name(model: type[NewMeeting | MeetingUpdate]) -> None:
    assert parse_request(model, MEETING).wire() == MEETING


@pytest.mark.parametrize("model", [NewMeeting, MeetingUpdate])
def test_the_other_vocabulary_is_taken_and_not_sent(model: type[NewMeeting | MeetingUpdate]) -> None:
    other = {
        "scheduledStart": MEETING["startTime"],
        "scheduled_end": MEETING["endTime"],
        "organizer_email": MEETING["organizerEmail"],
        "attendees": [{"emailAddress": "jo@example.com", "name": "Jo Doe", "first_name": "Jo", "lastName": "Doe"}],
        "title": "Renewal",
        "externalMeetingId": MEETING["externalId"],
        "meetingProvider": "zoom",
    }
    assert parse_request(model, other).wire() == MEETING


@pytest.mark.parametrize(
    ("changes", "field", "rule", "remedy"),
    [
        ({"description": "x"}, "description", "does not exist in Gong", "calendar"),
        ({"meetingUrl": "https://zoom.example.com/1"}, "meetingUrl", "does not exist in Gong", "Gong creates the URL"),
        ({"invitees": [{"responseStatus": "x"}]}, "invitees[0].responseStatus", "does not exist", "calendar"),
        ({"invitees": [{"mail": "x"}]}, "invitees[0].mail", "not a field of MeetingInvitee", "email"),
        ({"invitees": [{"email": "na"}]}, "invitees[0].email", "e-mail", "leave the field out"),
        ({"invitees": None}, "invitees", "must be a list", "Give a list"),
        ({"organizerEmail": "ann"}, "organizerEmail", "e-mail", "Correct"),
        ({"endTime": MEETING["startTime"]}, "endTime", "later than startTime", "startTime"),
        ({"startTime": "2026-03-31T09:30:00"}, "startTime", "offset", "Add an offset"),
        ({"scheduledStart": MEETING["startTime"]}, "scheduledStart", "another name of startTime", "one of the two"),
        ({"start_time": MEETING["startTime"]}, "start_time", "another name of startTime", "one of the two"),
    ],
)
def test_wrong_meeting(changes: dict[str, Any], field: str, rule: str, remedy: str) -> None:
    found = problems(**changes)
    assert list(found) == [field]
    assert rule in found[field].rule
    assert remedy in found[field].remedy


@pytest.mark.parametrize("field", ["startTime", "endTime", "organizerEmail", "invitees"])
def test_update_needs_what_creating_needs(field: str) -> None:
    data = {name: value for name, value in MEETING.items() if name != field}
    with pytest.raises(GongValidationError, match=f"{field}: is required"):
        parse_request(MeetingUpdate, data)


@pytest.mark.parametrize(
    ("invitees", "expected"),
    [
        ([{"email": "jo@example.com"}], []),
        ([], ["invitees"]),
        ([{"email": "jo@example.com"}, {"displayName": "Al"}], ["invitees[1].email"]),
        ([{"email": "Ann@Example.com"}], ["invitees[0].email"]),
    ],
)
def test_warnings(invitees: list[dict[str, str]], expected: list[str]) -> None:
    made = parse_request(NewMeeting, {**MEETING, "invitees": invitees})
    assert [text.split(": ")[0] for text in made.warnings()] == expected


@pytest.mark.parametrize(
    "answer",
    [
        {"requestId": "a1", "meetingId": "8412345678901234567", "meetingUrl": "https://meet.example.com/1"},
        {"requestId": "a1", "meetingId": 8412345678901234567, "meetingUrl": "https://meet.example.com/1"},
        {"requestId": "a1", "meeting": {"id": 8412345678901234567, "meetingUrl": "https://meet.example.com/1"}},
        {"meetingId": "8412345678901234567", "meeting": {"id": "1", "meetingUrl": "https://meet.example.com/1"}},
    ],
)
def test_created_meeting_nested_or_not(answer: dict[str, Any]) -> None:
    created = CreatedMeeting.model_validate(answer)
    assert created.meeting_id == "8412345678901234567"
    assert created.meeting_url == "https://meet.example.com/1"
    assert created.additional_invitees == ()


def test_created_meeting_tells_whom_to_invite_as_well() -> None:
    answer = {"meetingId": "1", "additionalInvitees": [{"email": "assistant@example.com", "role": "bot"}]}
    assert CreatedMeeting.model_validate(answer).wire() == answer
    assert CreatedMeeting.model_validate({"meetingId": "1", "additionalInvitees": None}).additional_invitees == ()


def test_other_answers() -> None:
    assert UpdatedMeeting.model_validate({"requestId": "a1", "meetingId": 7}).meeting_id == "7"
    assert DeletedMeeting.model_validate({}).organizer_email is None
    assert DeletedMeeting.model_validate({"organizerEmail": "ann@example.com"}).organizer_email == "ann@example.com"
    status = {"email": "ann@example.com", "exists": True, "valid": False, "userFacingError": "x", "fixUrl": ""}
    assert MeetingIntegrationStatus.model_validate(status).wire() == status
