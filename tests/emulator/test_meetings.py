from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, errors_of

UNKNOWN_ID = "7782342274025937895"
DISCONNECTED_EMAIL = "jonas.weidner@example.com"


def meeting(**changes: Any) -> dict[str, Any]:
    body = {
        "startTime": "2026-03-10T10:00:00Z",
        "endTime": "2026-03-10T10:30:00Z",
        "title": "Kick-off",
        "invitees": [{"email": "dana@northwind.example.com"}],
        "organizerEmail": HOST_EMAIL,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def outcome(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, errors_of(answer)


def stored(api: Api) -> list[dict[str, Any]]:
    meetings: list[dict[str, Any]] = api.state()["meetings"]
    return meetings


def test_a_meeting_is_created_moved_and_deleted(api: Api) -> None:
    created = api("POST", "/v2/meetings", json=meeting())
    assert created.status_code == 200
    meeting_id = created.json()["meetingId"]
    assert created.json()["meetingUrl"].endswith(meeting_id)
    assert [invitee["displayName"] for invitee in created.json()["additionalInvitees"]] == ["Gong Assistant"]

    moved = api("PUT", f"/v2/meetings/{meeting_id}", json=meeting(endTime="2026-03-10T11:00:00Z"))
    assert (moved.status_code, moved.json()["meetingId"]) == (200, meeting_id)
    assert stored(api)[0]["endTime"] == "2026-03-10T11:00:00Z"

    deleted = api("DELETE", f"/v2/meetings/{meeting_id}", json={"organizerEmail": HOST_EMAIL})
    assert (deleted.status_code, deleted.json()["organizerEmail"]) == (200, HOST_EMAIL)
    again = api("DELETE", f"/v2/meetings/{meeting_id}", json={})
    assert outcome(again) == (404, ["The given meeting ID was not found."])


def test_creating_twice_makes_two_meetings(api: Api) -> None:
    for _ in range(2):
        assert api("POST", "/v2/meetings", json=meeting(externalId="crm-1")).status_code == 200
    assert len({one["id"] for one in stored(api)}) == 2


@pytest.mark.parametrize("name", ["startTime", "endTime", "invitees", "organizerEmail"])
def test_required_fields_are_named(api: Api, name: str) -> None:
    answer = api("POST", "/v2/meetings", json=meeting(**{name: None}))
    assert outcome(answer) == (400, [f"{name}: must not be null"])


def test_names_of_the_unofficial_description_are_not_known(api: Api) -> None:
    body = {"title": "x", "scheduledStart": "2026-03-10T10:00:00Z", "scheduledEnd": "2026-03-10T11:00:00Z"}
    assert api("POST", "/v2/meetings", json=body).status_code == 400
    assert stored(api) == []


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"endTime": "2026-03-10T10:00:00Z"}, 400, "startTime: must be before endTime"),
        ({"invitees": [{"email": "na"}]}, 400, "na is not a valid email address"),
        (
            {"organizerEmail": "nobody@example.com"},
            404,
            "No Gong user found corresponding to the provided organizer email",
        ),
        ({"organizerEmail": DISCONNECTED_EMAIL}, 409, "Provider disconnected"),
        ({"provider": "webex"}, 409, "Provider disconnected"),
    ],
)
def test_refused_meetings(api: Api, changes: dict[str, Any], status: int, error: str) -> None:
    assert outcome(api("POST", "/v2/meetings", json=meeting(**changes))) == (status, [error])
    assert stored(api) == []


def test_a_disconnected_provider_is_explained(api: Api) -> None:
    body = api("POST", "/v2/meetings", json=meeting(organizerEmail=DISCONNECTED_EMAIL)).json()
    assert "Google Meet is disconnected from Gong" in body["userFacingError"]
    assert (body["fixUrl"], body["helpUrl"]) == ("", "")


def test_meetings_of_others_and_unknown_ones_are_404(api: Api) -> None:
    meeting_id = api("POST", "/v2/meetings", json=meeting()).json()["meetingId"]
    missing = (404, ["No meeting found corresponding to the provided meeting ID"])
    other = meeting(organizerEmail="priya.raman@example.com")
    assert outcome(api("PUT", f"/v2/meetings/{UNKNOWN_ID}", json=meeting())) == missing
    assert outcome(api("PUT", f"/v2/meetings/{meeting_id}", json=other)) == missing
    assert outcome(api("DELETE", f"/v2/meetings/{meeting_id}", json={"organizerEmail": "priya.raman@example.com"})) == (
        404,
        ["No Gong meeting found corresponding to the provided organizer email"],
    )
    assert outcome(api("DELETE", "/v2/meetings/abc", json={})) == (400, ["Bad request"])


def test_delete_needs_a_body(api: Api) -> None:
    meeting_id = api("POST", "/v2/meetings", json=meeting()).json()["meetingId"]
    assert api("DELETE", f"/v2/meetings/{meeting_id}").status_code == 400
    assert stored(api)[0]["deleted"] is False


def test_integration_status_of_each_email(api: Api) -> None:
    emails = [HOST_EMAIL, "Emarchetti@example.com", DISCONNECTED_EMAIL, "nobody@example.com"]
    users = api("POST", "/v2/meetings/integration/status", json={"emails": emails}).json()["users"]
    assert [user["email"] for user in users] == emails
    assert [(user["exists"], user["valid"]) for user in users] == [
        (True, True),
        (True, True),
        (True, False),
        (False, False),
    ]
    assert users[0]["userFacingError"] == ""
    assert "Google Meet is disconnected" in users[2]["userFacingError"]


def test_integration_status_takes_100_emails(api: Api) -> None:
    answer = api("POST", "/v2/meetings/integration/status", json={"emails": ["a@example.com"] * 101})
    assert outcome(answer) == (400, ["emails: size must be between 0 and 100"])


def test_a_company_without_consent_page() -> None:
    api = Api(consent_page_enabled=False)
    created = api("POST", "/v2/meetings", json=meeting())
    status = api("POST", "/v2/meetings/integration/status", json={"emails": [HOST_EMAIL]}).json()["users"][0]
    assert created.status_code == 409
    assert created.json()["userFacingError"] == status["userFacingError"]
    assert status["valid"] is False
    assert status["fixUrl"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("PUT", f"/{UNKNOWN_ID}"), ("DELETE", f"/{UNKNOWN_ID}"), ("POST", "/integration/status")],
)
def test_a_company_without_the_limited_release(method: str, path: str) -> None:
    answer = Api(meetings_released=False)(method, f"/v2/meetings{path}", json=meeting())
    assert outcome(answer) == (
        403,
        ["This API endpoint is in Limited release - contact your CSM for more information."],
    )
