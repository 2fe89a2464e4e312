"""
How Gong behaves in practice, one test for each observation; where reports disagree, both are set.

What it does with recordings (4, 5, 7 to 9) is in test_behaviour_media.py.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, outcome, wav

NO_CALLS = "No calls found corresponding to the provided filters"
WIDE = {"fromDateTime": "2020-01-01T00:00:00Z", "toDateTime": "2030-01-01T00:00:00Z"}


def extensive(api: Api, call_id: str, **body: Any) -> httpx.Response:
    return api("POST", "/v2/calls/extensive", json={"filter": {"callIds": [call_id]}, **body})


def listed(api: Api) -> list[str]:
    return [call["id"] for call in api("GET", "/v2/calls", params=WIDE).json()["calls"]]


def test_01_without_media_a_call_is_visible_to_no_read_operation(api: Api) -> None:
    call_id = api.add_call()
    api.advance(86_400)
    assert call_id not in listed(api)
    assert outcome(extensive(api, call_id)) == (404, [NO_CALLS])
    assert outcome(api("GET", f"/v2/calls/{call_id}")) == (404, [f"Call ID {call_id} was not found"])
    assert f"/call?id={call_id}" in api("GET", "/").text


def test_02_processing_goes_from_not_ready_over_not_found_to_visible(api: Api) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    seen = []
    for seconds in (0, 230, 10):
        api.advance(seconds)
        seen.append(api("GET", f"/v2/calls/{call_id}").text)
    assert [re.sub('.*(is not ready yet|was not found|"started").*', r"\1", text) for text in seen] == [
        "is not ready yet",
        "was not found",
        '"started"',
    ]


def test_02_six_calls_may_be_processed_one_after_the_other() -> None:
    api = Api(processing="queue", processing_seconds=420)
    call_ids = [api.add_call(f"pbx-{number}") for number in range(6)]
    for number, call_id in enumerate(call_ids):
        api.upload(call_id, wav(90, seed=number))
    visible = []
    for _ in range(6):
        api.advance(420)
        visible.append(sum(api("GET", f"/v2/calls/{call_id}").status_code == 200 for call_id in call_ids))
    assert visible == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("status", [400, 409])
def test_03_a_repeated_client_unique_id_names_the_call(status: int) -> None:
    api = Api(duplicate_status=status)
    call_id = api.add_call("X")
    again = api("POST", "/v2/calls", json=api.new_call("X"))
    text = f"A call with clientUniqueId 'X' has already been posted for the call {call_id}"
    assert outcome(again) == (status, [text])


def test_06_a_host_without_telephony_import_is_refused(api: Api) -> None:
    noor = api.user_id("noor.haddad@example.com")
    body = api.new_call(primaryUser=noor, parties=[{"userId": noor}])
    text = f"Recording or telephony call import is not enabled for primaryUser {noor}"
    assert outcome(api("POST", "/v2/calls", json=body)) == (409, [text])


@pytest.mark.parametrize("lagging", [True, False])
def test_10_counts_run_ahead_of_rows_while_calls_are_processed(lagging: bool) -> None:
    api = Api(lagging_counts=lagging)
    api.upload(api.add_call(), wav(90))
    found = api("GET", "/v2/calls", params=WIDE).json()
    assert len(found["calls"]) == 5
    assert found["records"]["totalRecords"] == (6 if lagging else 5)
    api.advance(240)
    found = api("GET", "/v2/calls", params=WIDE).json()
    assert (len(found["calls"]), found["records"]["totalRecords"]) == (6, 6)


def test_11_empty_with_filters_is_404_and_without_is_an_empty_list(api: Api) -> None:
    nothing = {"filter": {"callFromDate": "2019-01-01", "callToDate": "2019-01-02"}}
    assert outcome(api("POST", "/v2/stats/activity/scorecards", json=nothing)) == (
        404,
        ["No answered scorecards found corresponding to the provided filters."],
    )
    assert outcome(api("POST", "/v2/calls/transcript", json={"filter": {"callIds": ["1"]}})) == (404, [NO_CALLS])
    assert api("GET", "/v2/crm/integrations").json()["integrations"] == []


def test_11_a_key_without_call_visibility_gets_the_same_404() -> None:
    seeing, blind = Api(), Api(key_sees_calls=False)
    window = {"fromDateTime": "2019-01-01T00:00:00Z", "toDateTime": "2019-01-02T00:00:00Z"}
    empty = seeing("GET", "/v2/calls", params=window).json()["errors"]
    assert outcome(blind("GET", "/v2/calls", params=WIDE)) == (404, empty)
    assert outcome(blind("POST", "/v2/calls/extensive", json={"filter": {}})) == (404, empty)


def test_12_pages_hold_100_and_a_limit_is_ignored() -> None:
    api = Api(company={"generate": {"calls": 101}})
    found = api("GET", "/v2/calls", params={**WIDE, "limit": "10"})
    assert found.json()["records"]["currentPageSize"] == 100
    posted = api("POST", "/v2/calls/transcript", json={"filter": {}, "limit": 10})
    assert posted.json()["records"]["currentPageSize"] == 100


def test_13_a_cursor_is_a_token_with_these_claims_and_expires_an_hour_after_the_first_page() -> None:
    api = Api(company={"generate": {"calls": 201}})
    first = api("GET", "/v2/calls", params=WIDE).json()["records"]["cursor"]
    payload = first.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(claims) == {"pageSize", "total", "pageNumber", "exp", "userId"}
    assert (claims["pageSize"], claims["total"], claims["exp"]) == (100, 201, int(api.clock.now()) + 3_600)

    api.advance(3_000)
    second = api("GET", "/v2/calls", params={**WIDE, "cursor": first}).json()["records"]["cursor"]
    api.advance(600)
    assert outcome(api("GET", "/v2/calls", params={**WIDE, "cursor": second})) == (400, ["cursor has expired"])
    api.set(expired_cursor_status=404)
    assert api("GET", "/v2/calls", params={**WIDE, "cursor": second}).status_code == 404


def test_14_windows_include_their_start_and_exclude_their_end(api: Api) -> None:
    call_id = api.processed_call("pbx-1", actualStart="2026-02-11T10:00:00Z")
    filters = {"fromDateTime": "2026-02-11T10:00:00Z", "toDateTime": "2026-02-11T10:00:01Z"}
    found = api("POST", "/v2/calls/extensive", json={"filter": filters}).json()["calls"]
    assert [call["metaData"]["id"] for call in found] == [call_id]
    before = {"fromDateTime": "2026-02-11T09:00:00Z", "toDateTime": "2026-02-11T10:00:00Z"}
    assert api("POST", "/v2/calls/extensive", json={"filter": before}).status_code == 404


def test_14_scorecards_take_bare_dates_and_a_window_of_one_day_is_empty() -> None:
    api = Api(company={"generate": {"calls": 200, "months": 1}}, strict=True)

    def found(**filters: str) -> int:
        body = {"filter": {"reviewMethod": "BOTH", **filters}}
        return api("POST", "/v2/stats/activity/scorecards", json=body).status_code

    assert found(callFromDate="2026-02-10", callToDate="2026-02-20") == 200
    assert found(callFromDate="2026-02-10", callToDate="2026-02-10") == 404
    assert found(callFromDate="2026-02-10T00:00:00Z") == 400


def test_15_media_links_are_signed_anew_for_every_request(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    selector = {"contentSelector": {"exposedFields": {"media": True}}}
    links = [extensive(api, call_id, **selector).json()["calls"][0]["media"]["audioUrl"] for _ in range(2)]
    assert links[0] != links[1]
    assert httpx.URL(links[0]).params["X-Amz-Expires"] == "28799"


def test_16_what_is_unavailable_is_left_out_and_no_ids_are_400(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    wanted = {"content": {"pointsOfInterest": True, "callOutcome": True}, "interaction": {"video": True}}
    call = extensive(api, call_id, contentSelector={"exposedFields": wanted}).json()["calls"][0]
    assert (call["content"], call["interaction"]) == ({}, {})
    assert api("POST", "/v2/calls/extensive", json={"filter": {"callIds": []}}).status_code == 400


def test_16_parties_may_be_missing_and_a_transcript_may_come_first() -> None:
    api = Api(imported_parties=False, transcript_seconds=60)
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    api.advance(60)
    assert api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [call_id]}}).status_code == 200
    assert extensive(api, call_id).status_code == 404
    api.advance(180)
    call = extensive(api, call_id, contentSelector={"exposedFields": {"parties": True}}).json()["calls"][0]
    assert "parties" not in call


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v2/calls/1"), ("PATCH", "/v2/calls/1"), ("DELETE", "/v2/calls/1"), ("POST", "/v2/calls/manage")],
)
def test_17_calls_can_be_neither_changed_nor_deleted(api: Api, method: str, path: str) -> None:
    assert outcome(api(method, path)) == (405, ["Method Not Allowed"])


@pytest.mark.parametrize(
    ("email", "status"),
    [("na", 400), ("dana@customer.example", 400), ("seed-participant@example.com", 200)],
)
def test_18_addresses_of_parties_are_checked(api: Api, email: str, status: int) -> None:
    body = api.new_call()
    body["parties"].append({"emailAddress": email})
    assert api("POST", "/v2/calls", json=body).status_code == status


def test_19_another_host_name_answers_or_is_a_wrong_base_url(api: Api) -> None:
    generic = "http://api.gong.example.com/v2/workspaces"
    assert api("GET", generic).status_code == 200
    api.set(company_host="gong.example.com")
    assert outcome(api("GET", generic)) == (401, ["access token has been revoked"])
    assert api("GET", "/v2/workspaces").status_code == 200


def test_20_retry_after_may_be_hours() -> None:
    api = Api(requests_per_day=1)
    api("GET", "/v2/workspaces")
    assert api("GET", "/v2/workspaces").headers["retry-after"] == "86400"


@pytest.mark.parametrize(("count_refused", "again"), [(False, 200), (True, 429)])
def test_20_refused_requests_may_count_against_the_day(count_refused: bool, again: int) -> None:
    api = Api(requests_per_day=1, count_refused=count_refused)
    api("GET", "/v2/workspaces")
    api.advance(43_200)
    assert api("GET", "/v2/workspaces").status_code == 429
    api.advance(43_200)
    assert api("GET", "/v2/workspaces").status_code == again


def test_21_ids_are_digits_in_strings_and_sometimes_numbers(api: Api) -> None:
    call_id = api.add_call()
    assert re.fullmatch("[0-9]{18,19}", call_id)
    registered = api("PUT", "/v2/crm/integrations", json={"name": "crm", "ownerEmail": HOST_EMAIL}).json()
    assert isinstance(registered["integrationId"], int)
    assert registered["integrationId"] > 2**53
    scorecard = api("GET", "/v2/settings/scorecards").json()["scorecards"][0]
    assert isinstance(scorecard["scorecardId"], str)
    api.set(numeric_ids=True)
    declared = api("GET", "/v2/settings/scorecards").json()["scorecards"][0]
    assert declared["scorecardId"] == int(scorecard["scorecardId"])
    assert declared["questions"][0]["minRange"] == 1


def test_22_a_party_has_the_seven_fields_of_the_reference() -> None:
    api = Api(strict=True)
    host = api.user_id()
    party = {
        "phoneNumber": "+1 202-555-0199",
        "emailAddress": "dana@northwind.example.com",
        "name": "Dana",
        "partyId": "1",
        "mediaChannelId": 1,
        "context": [{"system": "Salesforce", "objects": [{"objectType": "Contact", "objectId": "1"}]}],
        "userId": None,
    }
    assert api("POST", "/v2/calls", json=api.new_call(parties=[{"userId": host}, party])).status_code == 200


def test_22_fields_that_the_reference_does_not_know_are_ignored_or_refused(api: Api) -> None:
    host = api.user_id()
    body = api.new_call(parties=[{"userId": host, "speakerId": "1", "affiliation": "Internal"}])
    assert api("POST", "/v2/calls", json=body).status_code == 200
    api.set(strict=True)
    assert outcome(api("POST", "/v2/calls", json={**body, "clientUniqueId": "other"})) == (
        400,
        ["parties[0].speakerId: unknown field", "parties[0].affiliation: unknown field"],
    )
    assert outcome(api("GET", "/v2/users?limit=7")) == (400, ["limit: unknown parameter"])


def test_times_in_answers_carry_the_companys_offset(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    started = api("GET", f"/v2/calls/{call_id}").json()["call"]["started"]
    assert started == "2026-03-01T02:00:00-08:00"
    assert datetime.fromisoformat(started) == datetime.fromisoformat("2026-03-01T10:00:00Z")


def test_a_company_that_is_turned_off_is_a_permanent_401(api: Api) -> None:
    api.set(company_active=False)
    assert outcome(api("GET", "/v2/users")) == (401, ["Company is inactive"])


@pytest.mark.parametrize(("language", "status"), [("en-US", 200), ("yue-Hant-HK", 200), ("en", 400), ("xx-XX", 400)])
def test_languages_are_those_of_the_reference(api: Api, language: str, status: int) -> None:
    assert api("POST", "/v2/calls", json=api.new_call(languageCode=language)).status_code == status
