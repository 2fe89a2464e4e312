"""What other people's clients of Gong send and read; each of these stopped one of them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import HOST_EMAIL, Api

METADATA = {
    "id",
    "url",
    "title",
    "scheduled",
    "started",
    "duration",
    "primaryUserId",
    "direction",
    "system",
    "scope",
    "media",
    "language",
    "workspaceId",
    "sdrDisposition",
    "clientUniqueId",
    "customData",
    "purpose",
    "meetingUrl",
    "isPrivate",
    "calendarEventId",
}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["old", "new"]),
        ({"fromDateTime": "2026-02-20T00:00:00Z"}, ["new"]),
        ({"toDateTime": "2026-02-20T00:00:00Z"}, ["old"]),
    ],
)
def test_the_list_of_calls_works_without_dates(params: dict[str, str], expected: list[str]) -> None:
    calls = [
        {"clientUniqueId": name, "host": HOST_EMAIL, "started": f"2026-02-{day}T10:00:00Z"}
        for name, day in (("old", 11), ("new", 25))
    ]
    api = Api(company={"calls": calls})
    found = api("GET", "/v2/calls", params=params).json()["calls"]
    assert [call["clientUniqueId"] for call in found] == expected


def test_ids_may_be_sent_as_numbers(api: Api) -> None:
    call_id = api.processed_call("pbx-1", primaryUser=int(api.user_id()))
    found = api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [int(call_id)]}}).json()
    assert [transcript["callId"] for transcript in found["callTranscripts"]] == [call_id]
    assert api("GET", f"/v2/calls/{call_id}").json()["call"]["primaryUserId"] == api.user_id()


@pytest.mark.parametrize(
    ("path", "days"),
    [
        ("/v2/stats/activity/aggregate", {"fromDate": "2026-02-01T00:00:00Z", "toDate": "2026-03-01T09:30:00Z"}),
        ("/v2/stats/activity/scorecards", {"callFromDate": "2026-02-01T00:00:00Z", "reviewMethod": "BOTH"}),
    ],
)
def test_days_may_be_sent_as_times(path: str, days: dict[str, str]) -> None:
    api = Api(company={"generate": {"calls": 100, "months": 1}})
    shortened = {name: value[:10] if value.endswith("Z") else value for name, value in days.items()}
    as_times, as_days = (api("POST", path, json={"filter": sent}).json() for sent in (days, shortened))
    assert {**as_times, "requestId": ""} == {**as_days, "requestId": ""}
    assert as_days["records"]["totalRecords"] > 0


def test_strict_takes_what_the_reference_says_only(api: Api) -> None:
    api.set(strict=True)
    window = {"fromDate": "2026-02-01T00:00:00Z", "toDate": "2026-03-01T00:00:00Z"}
    refused: list[Any] = [
        api("GET", "/v2/calls"),
        api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [1]}}),
        api("POST", "/v2/stats/activity/aggregate", json={"filter": window}),
    ]
    assert [answer.status_code for answer in refused] == [400, 400, 400]


def test_a_call_has_all_fields_of_its_metadata(api: Api) -> None:
    call = api("GET", f"/v2/calls/{api.processed_call('pbx-1')}").json()["call"]
    assert set(call) == METADATA
    assert (call["purpose"], call["calendarEventId"]) == (None, None)
    assert call["scheduled"] == call["started"] == "2026-03-01T02:00:00-08:00"


def test_a_scheduled_time_is_shown_with_the_companys_offset(api: Api) -> None:
    call_id = api.processed_call("pbx-1", scheduledStart="2026-03-01T09:45:00Z")
    assert api("GET", f"/v2/calls/{call_id}").json()["call"]["scheduled"] == "2026-03-01T01:45:00-08:00"


def test_a_user_has_all_fields(api: Api) -> None:
    first = api("GET", "/v2/users").json()["users"][0]
    assert {name for name, value in first.items() if value is None} == {
        "extension",
        "managerId",
        "meetingConsentPageUrl",
    }


def test_blocks_that_were_asked_for_are_there_when_they_are_empty() -> None:
    api = Api(company={"generate": {"calls": 20}})
    selector = {"context": "Extended", "exposedFields": {"collaboration": {"publicComments": True}}}
    calls = api("POST", "/v2/calls/extensive", json={"filter": {}, "contentSelector": selector}).json()["calls"]
    assert {} in [call["collaboration"] for call in calls]
    assert [] in [call["context"] for call in calls]


def test_a_party_that_is_a_user_is_shown_as_gong_knows_it(api: Api) -> None:
    host = api.user_id()
    parties = [{"userId": host, "name": "Seed Host", "phoneNumber": "+1 202-555-0199"}, {"name": "Dana"}]
    call_id = api.processed_call("pbx-1", parties=parties)
    body = {"filter": {"callIds": [call_id]}, "contentSelector": {"exposedFields": {"parties": True}}}
    ours, theirs = api("POST", "/v2/calls/extensive", json=body).json()["calls"][0]["parties"]
    user = api.users()[HOST_EMAIL]
    assert (ours["name"], ours["emailAddress"]) == ("Tobias Okafor", HOST_EMAIL)
    assert ours["phoneNumber"] == user["phoneNumber"]
    assert (theirs["name"], theirs.get("emailAddress")) == ("Dana", None)
