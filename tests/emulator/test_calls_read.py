from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, outcome, wav

EMPTY = (404, ["No calls found corresponding to the provided filters"])
WIDE = {"fromDateTime": "2020-01-01T00:00:00Z", "toDateTime": "2030-01-01T00:00:00Z"}


def extensive(api: Api, filters: dict[str, Any], **body: Any) -> httpx.Response:
    return api("POST", "/v2/calls/extensive", json={"filter": filters, **body})


@pytest.fixture(scope="module")
def full() -> Api:
    """An emulator with 205 readable calls."""
    api = Api(processing_seconds=0)
    host = api.user_id()
    for number in range(200):
        url = f"https://storage.example.com/{number}.mp3"
        body = api.new_call(f"many-{number}", primaryUser=host, parties=[{"userId": host}], downloadMediaUrl=url)
        assert api("POST", "/v2/calls", json=body).status_code == 200
    return api


def test_a_new_company_has_calls_that_a_key_can_read(api: Api) -> None:
    listed = api("GET", "/v2/calls", params=WIDE).json()
    assert listed["records"] == {"totalRecords": 5, "currentPageSize": 5, "currentPageNumber": 0}
    started = [call["started"] for call in listed["calls"]]
    assert started == sorted(started)
    assert all(call["duration"] >= 60 for call in listed["calls"])


def test_pages_hold_100_whatever_the_limit(full: Api) -> None:
    pages, params = [], {**WIDE, "limit": "7"}
    for _ in range(3):
        page = full("GET", "/v2/calls", params=params).json()
        pages.append(page)
        params["cursor"] = page["records"].get("cursor", "")
    assert [len(page["calls"]) for page in pages] == [100, 100, 5]
    assert [page["records"]["currentPageNumber"] for page in pages] == [0, 1, 2]
    assert "cursor" not in pages[2]["records"]
    assert len({call["id"] for page in pages for call in page["calls"]}) == 205


@pytest.mark.parametrize("path", ["/v2/calls/extensive", "/v2/calls/transcript"])
def test_a_cursor_of_a_post_belongs_into_the_body(full: Api, path: str) -> None:
    first = full("POST", path, json={"filter": {}, "limit": 3}).json()["records"]
    in_query = full("POST", path, params={"cursor": first["cursor"]}, json={"filter": {}}).json()["records"]
    in_body = full("POST", path, json={"filter": {}, "cursor": first["cursor"]}).json()["records"]
    assert first["currentPageSize"] == 100
    assert (in_query["currentPageNumber"], in_body["currentPageNumber"]) == (0, 1)


def test_a_cursor_expires_an_hour_after_the_first_page() -> None:
    api = Api(processing_seconds=0)
    host = api.user_id()
    for number in range(200):
        body = api.new_call(f"c-{number}", primaryUser=host, downloadMediaUrl=f"https://example.com/{number}")
        api("POST", "/v2/calls", json={**body, "parties": [{"userId": host}]})
    first = extensive(api, {}).json()["records"]["cursor"]
    api.clock.advance(1800)
    second = extensive(api, {}, cursor=first).json()["records"]["cursor"]
    api.clock.advance(1799)
    assert extensive(api, {}, cursor=second).status_code == 200
    api.clock.advance(1)
    assert outcome(extensive(api, {}, cursor=second)) == (400, ["cursor has expired"])


@pytest.mark.parametrize("cursor", ["nonsense", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.eyJwYWdlTnVtYmVyIjoxfQ.x"])
def test_a_made_up_cursor_is_refused(api: Api, cursor: str) -> None:
    assert outcome(extensive(api, {}, cursor=cursor)) == (400, ["cursor is invalid"])


def test_a_cursor_of_another_request_is_refused(full: Api) -> None:
    cursor = extensive(full, {}).json()["records"]["cursor"]
    assert extensive(full, WIDE, cursor=cursor).status_code == 400
    assert full("GET", "/v2/users", params={"cursor": cursor}).status_code == 400


def test_windows_include_their_start_and_exclude_their_end(api: Api) -> None:
    call_id = api.processed_call("pbx-1", actualStart="2026-03-01T10:00:00+01:00")
    start, before, after = "2026-03-01T09:00:00Z", "2026-03-01T08:59:00Z", "2026-03-01T09:01:00Z"
    window = {"fromDateTime": start, "toDateTime": after}
    assert [call["metaData"]["id"] for call in extensive(api, window).json()["calls"]] == [call_id]
    assert outcome(extensive(api, {"fromDateTime": before, "toDateTime": start})) == EMPTY
    assert [call["id"] for call in api("GET", "/v2/calls", params=window).json()["calls"]] == [call_id]
    assert outcome(api("GET", "/v2/calls", params={"fromDateTime": before, "toDateTime": start})) == EMPTY


@pytest.mark.parametrize("end", ["2026-03-01T10:00:00Z", "2026-02-01T10:00:00Z"])
def test_a_window_must_start_before_it_ends(api: Api, end: str) -> None:
    window = {"fromDateTime": "2026-03-01T10:00:00Z", "toDateTime": end}
    expected = (400, ["filter.fromDateTime: must be before toDateTime"])
    assert outcome(extensive(api, window)) == expected
    assert outcome(api("POST", "/v2/calls/transcript", json={"filter": window})) == expected
    assert outcome(api("GET", "/v2/calls", params=window)) == (400, ["fromDateTime: must be before toDateTime"])


def test_filters_by_host_workspace_and_id(api: Api) -> None:
    workspace = api("GET", "/v2/workspaces").json()["workspaces"][1]["id"]
    call_id = api.processed_call("pbx-1", workspaceId=workspace)

    def found(filters: dict[str, Any]) -> int:
        return int(extensive(api, filters).json()["records"]["totalRecords"])

    assert found({"workspaceId": workspace}) == 1
    assert found({"primaryUserIds": [api.user_id(HOST_EMAIL)]}) == 3
    assert found({"callIds": [call_id, "7782342274025937895"]}) == 1
    assert api("GET", "/v2/calls", params={**WIDE, "workspaceId": workspace}).json()["records"]["totalRecords"] == 1


@pytest.mark.parametrize("path", ["/v2/calls/extensive", "/v2/calls/transcript"])
def test_ids_that_match_nothing_are_404_and_no_ids_are_400(api: Api, path: str) -> None:
    assert outcome(api("POST", path, json={"filter": {"callIds": ["7782342274025937895"]}})) == EMPTY
    assert outcome(api("POST", path, json={"filter": {"callIds": []}})) == (
        400,
        ["filter.callIds: must not be empty"],
    )


@pytest.mark.parametrize("body", [{}, {"filter": None}, {"filter": {"fromDateTime": "yesterday"}}])
@pytest.mark.parametrize("path", ["/v2/calls/extensive", "/v2/calls/transcript"])
def test_a_filter_is_needed(api: Api, path: str, body: dict[str, Any]) -> None:
    assert outcome(api("POST", path, json=body)) == (
        400,
        ["Json parse error, verify Json format matches the API description."],
    )


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({}, ["fromDateTime: must not be null", "toDateTime: must not be null"]),
        ({"fromDateTime": "2026-03-01T10:00:00Z"}, ["toDateTime: must not be null"]),
        ({"fromDateTime": "2026-03-01", "toDateTime": "2026-03-02"}, ["Bad request"]),
    ],
)
def test_the_reference_wants_both_dates_of_the_list(api: Api, params: dict[str, str], errors: list[str]) -> None:
    api.set(strict=True)
    assert outcome(api("GET", "/v2/calls", params=params)) == (400, errors)


@pytest.mark.parametrize("call_id", ["abc", "99999999999999999999", "1.5"])
def test_an_id_that_is_no_int64_is_a_bad_request(api: Api, call_id: str) -> None:
    assert outcome(api("GET", f"/v2/calls/{call_id}")) == (400, ["Bad request"])


def test_a_blind_key_gets_the_same_404_as_an_empty_window(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    api("POST", "/_emulator/settings", json={"key_sees_calls": False})
    assert outcome(extensive(api, {"callIds": [call_id]})) == EMPTY
    assert outcome(api("GET", "/v2/calls", params=WIDE)) == EMPTY
    assert api("GET", f"/v2/calls/{call_id}").status_code == 404
    assert api("GET", "/v2/users").status_code == 200


def test_only_what_was_asked_for_is_shown(api: Api) -> None:
    host = api.user_id()
    account = {"objectType": "Account", "objectId": "001", "fields": [{"name": "Tier", "value": "gold"}]}
    parties = [{"userId": host}, {"name": "Dana", "emailAddress": "dana@northwind.example.com"}]
    context = [{"system": "Salesforce", "objects": [account]}]
    call_id = api.processed_call("pbx-1", parties=parties, context=context)

    bare = extensive(api, {"callIds": [call_id]}).json()["calls"][0]
    # An uploaded call has no points of interest and no video.
    unavailable = {"content": {"pointsOfInterest": True}, "interaction": {"video": True}}
    selector = {"context": "Extended", "exposedFields": {"parties": True, "media": True, **unavailable}}
    rich = extensive(api, {"callIds": [call_id]}, contentSelector=selector).json()["calls"][0]

    assert list(bare) == ["metaData"]
    assert set(rich) == {"metaData", "context", "parties", "content", "interaction", "media"}
    assert (rich["content"], rich["interaction"]) == ({}, {})
    assert [party["affiliation"] for party in rich["parties"]] == ["Internal", "External"]
    assert rich["parties"][0]["userId"] == host
    assert "userId" not in rich["parties"][1]
    assert rich["context"] == [{"system": "Salesforce", "objects": [{**account, "timing": "Now"}]}]
    assert rich["metaData"]["scope"] == "External"


def test_context_timing_needs_extended_context(api: Api) -> None:
    answer = extensive(api, {}, contentSelector={"context": "Basic", "contextTiming": ["Now"]})
    assert answer.status_code == 400


def test_media_links_are_signed_anew_and_expire(api: Api) -> None:
    call_id = api.processed_call("pbx-1", actualStart="2026-03-01T10:00:00Z")
    selector = {"exposedFields": {"media": True}}

    def link() -> httpx.URL:
        call = extensive(api, {"callIds": [call_id]}, contentSelector=selector).json()["calls"][0]
        return httpx.URL(call["media"]["audioUrl"])

    first, second = link(), link()
    assert first != second
    assert first.params["X-Amz-Expires"] == "28799"
    fetched = api("GET", str(first))
    assert (fetched.status_code, fetched.content) == (200, wav(90))
    assert fetched.headers["content-type"] == "audio/wav"
    assert api("GET", str(first.copy_set_param("X-Amz-Signature", "00"))).status_code == 403
    api.clock.advance(28_799)
    assert api("GET", str(second)).status_code == 403


def test_transcripts_join_to_parties(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    found = extensive(api, {"callIds": [call_id]}, contentSelector={"exposedFields": {"parties": True}})
    speakers = {party["speakerId"] for party in found.json()["calls"][0]["parties"]}

    answer = api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [call_id]}}).json()

    monologues = answer["callTranscripts"][0]["transcript"]
    assert {monologue["speakerId"] for monologue in monologues} == speakers
    assert monologues[-1]["sentences"][-1]["end"] <= 90_000


def test_a_transcript_of_a_call_in_processing_is_404(api: Api) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    assert outcome(api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [call_id]}})) == EMPTY


def test_ids_are_strings_above_what_floats_hold(api: Api) -> None:
    call_id = api.add_call()
    assert isinstance(call_id, str)
    assert 2**53 < int(call_id) < 2**63
    assert len(call_id) in (18, 19)
