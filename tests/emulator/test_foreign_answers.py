"""What stands between a client and Gong, and Gong's own answers without the marks by which they are known."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from airflow_provider_gong.emulator.faults import FOREIGN_ANSWERS, Fault, foreign_answer

from .conftest import HOST_EMAIL, Api, errors_of, wav

MARKS = {"x-traceid", "x-gong-service-version", "cf-cache-status"}


def let(api: Api, *rules: dict[str, Any]) -> None:
    answer = api("POST", "/_emulator/faults", json=list(rules))
    assert answer.status_code == 200, answer.text


def new_calls(api: Api) -> list[str]:
    found = (call["clientUniqueId"] for call in api.state()["calls"])
    return [client_unique_id for client_unique_id in found if not client_unique_id.startswith("seed-")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", sorted(FOREIGN_ANSWERS))
def test_somebody_else_answers_before_or_after_gong_has_acted(api: Api, name: str, when: str) -> None:
    body = api.new_call()
    let(api, {"foreign": name, "operation": "addCall", "nth": 1, "when": when})
    answer = api("POST", "/v2/calls", json=body)
    assert answer.status_code == FOREIGN_ANSWERS[name]["status"]
    assert answer.text == FOREIGN_ANSWERS[name]["body"]
    assert set(answer.headers) & MARKS == set()
    assert "json" not in answer.headers.get("content-type", "")
    assert new_calls(api) == (["pbx-1"] if when == "after" else [])


def test_their_headers_are_those_that_clients_meet(api: Api) -> None:
    headers = {}
    for name in ("login_redirect", "too_many_requests", "proxy_authentication", "forbidden_page"):
        let(api, {"foreign": name, "operation": "listUsers", "nth": 1})
        headers[name] = api("GET", "/v2/users", follow_redirects=False).headers
        assert api("DELETE", "/_emulator/faults").status_code == 204
    assert headers["login_redirect"]["location"].startswith("https://login.example.com/")
    assert headers["too_many_requests"]["retry-after"] == "30"
    assert headers["proxy_authentication"]["proxy-authenticate"].startswith("Basic")
    assert headers["forbidden_page"]["content-type"] == "text/html"


def test_a_gateway_may_pass_gongs_marks_or_gongs_body_on(api: Api) -> None:
    let(api, {"foreign": "forbidden_page", "operation": "listUsers", "nth": 1, "when": "after", "marks": True})
    marked = api("GET", "/v2/users")
    assert set(marked.headers) & MARKS == MARKS
    assert marked.text.startswith("<!DOCTYPE html>")

    let(api, {"action": "answer", "status": 502, "operation": "listWorkspaces", "nth": 1, "when": "after"})
    kept = api("GET", "/v2/workspaces")
    assert (kept.status_code, "x-traceid" in kept.headers) == (502, False)
    assert kept.json()["workspaces"]
    assert kept.headers["content-type"] == "application/json;charset=UTF-8"


def test_an_answer_is_whatever_the_rule_says(api: Api) -> None:
    let(api, {"action": "answer", "nth": 1, "status": 429, "body": "{}", "headers": {"Retry-After": "1000000000"}})
    answer = api("GET", "/v2/users")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (429, "1000000000", {})
    api("DELETE", "/_emulator/faults")
    let(api, {"action": "answer", "nth": 1, "status": 204})
    assert (api("GET", "/v2/users").content, api("GET", "/v2/users").status_code) == (b"", 200)


def test_an_upload_is_answered_by_somebody_else_after_its_last_byte(api: Api) -> None:
    call_id = api.add_call()
    let(api, {"foreign": "too_large", "operation": "addCallRecording", "nth": 1, "when": "after"})
    assert api.upload(call_id, wav(90)).status_code == 413
    assert api.call_state(call_id)["state"] == "not_ready"


def test_the_token_endpoint_is_behind_the_same_firewall(api: Api) -> None:
    tokens = api.authorize()
    let(api, {"foreign": "forbidden_page", "operation": "generateCustomerToken", "nth": 1, "when": "after"})
    api.auth = (api.settings.client_id, api.settings.client_secret)
    query = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = [api("POST", "/oauth2/generate-customer-token", params=query) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [403, 400]
    assert answers[1].json()["error"] == "invalid_grant"


def test_tests_write_rules_with_a_function() -> None:
    rule = foreign_answer("login_redirect", operation="addMeeting", nth=2, when="after", status=303)
    assert rule.headers == {"location": "https://login.example.com/sso?back=gong"}
    assert (rule.action, rule.status, rule.nth, str(rule)) == ("answer", 303, 2, "answer 303 after the effect")
    with pytest.raises(ValueError, match="foreign must be one of login_page"):
        foreign_answer("nobody", nth=1)


@pytest.mark.parametrize(
    "rule",
    [
        {"foreign": "nobody", "nth": 1},
        {"foreign": 1, "nth": 1},
        {"foreign": "empty"},
        {"foreign": "empty", "nth": 1, "colour": "red"},
        {"action": "answer", "nth": 1, "body": 5},
        {"action": "answer", "nth": 1, "status": 204, "body": "x"},
        {"action": "answer", "nth": 1, "headers": {"a": "b\r\nc: d"}},
        {"action": "answer", "nth": 1, "headers": {"a": 1}},
        {"action": "answer", "nth": 1, "headers": []},
        {"action": "answer", "nth": 1, "marks": 1},
    ],
)
def test_wrong_answers_are_refused(api: Api, rule: dict[str, Any]) -> None:
    answer = api("POST", "/_emulator/faults", json=[rule])
    assert answer.status_code == 400
    assert answer.json()["error"]


def new_meeting(api: Api) -> str:
    body = {
        "startTime": "2026-03-03T10:00:00Z",
        "endTime": "2026-03-03T10:30:00Z",
        "organizerEmail": HOST_EMAIL,
        "invitees": [{"email": "dana@northwind.example.com"}],
    }
    return str(api("POST", "/v2/meetings", json=body).json()["meetingId"])


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("email", {"organizerEmail": HOST_EMAIL}),
        ("full", {"requestId": "...", "organizerEmail": HOST_EMAIL}),
        ("empty", None),
    ],
)
def test_a_deleted_meeting_is_answered_without_a_request_id(api: Api, form: str, body: dict[str, str] | None) -> None:
    api.set(deleted_meeting=form)
    answer = api("DELETE", f"/v2/meetings/{new_meeting(api)}", json={"organizerEmail": HOST_EMAIL})
    found = json.loads(answer.text) if answer.text else None
    assert answer.status_code == 200
    assert (found | {"requestId": "..."} if found and "requestId" in found else found) == body
    assert "x-traceid" in answer.headers


def refusals(api: Api) -> list[httpx.Response]:
    key, api.auth = api.auth, ("nobody", "nothing")
    unknown = api("GET", "/v2/users")
    api.auth = key
    api.set(scopes="api:calls:create")
    without_scope = api("GET", "/v2/users")
    api.set(requests_per_second=1)
    limited = [api("GET", "/v2/users") for _ in range(2)][1]
    return [unknown, without_scope, limited]


@pytest.mark.parametrize(("form", "in_body", "in_header"), [("full", 1, 1), ("header", 0, 1), ("none", 0, 0)])
def test_refusals_may_bear_no_request_id(api: Api, form: str, in_body: int, in_header: int) -> None:
    api.set(refusal_marks=form)
    answers = refusals(api)
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].headers["retry-after"] == "1"
    for answer in answers:
        assert errors_of(answer)
        assert ("requestId" in answer.json(), "x-traceid" in answer.headers) == (bool(in_body), bool(in_header))


def test_another_error_always_bears_one(api: Api) -> None:
    api.set(refusal_marks="none")
    answer = api("GET", "/v2/calls/1")
    assert answer.json()["requestId"] == answer.headers["x-traceid"]


@pytest.mark.parametrize(
    ("when", "texts"),
    [
        ("first", ["was not found", "is not ready yet", "is not ready yet"]),
        ("middle", ["is not ready yet", "was not found", "is not ready yet"]),
        ("last", ["is not ready yet", "is not ready yet", "was not found"]),
        ("never", ["is not ready yet", "is not ready yet", "is not ready yet"]),
    ],
)
def test_a_call_that_is_processed_is_not_found_for_a_while(api: Api, when: str, texts: list[str]) -> None:
    api.set(transient_not_found=when, transient_share=0.2, processing_seconds=1000)
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    found = []
    for seconds in (100, 400, 450):
        api.advance(seconds)
        found.append(errors_of(api("GET", f"/v2/calls/{call_id}"))[0])
    api.advance(50)
    assert [text.removeprefix(f"Call ID {call_id} ") for text in found] == texts
    assert api("GET", f"/v2/calls/{call_id}").status_code == 200


def test_a_share_is_a_share(api: Api) -> None:
    assert api("POST", "/_emulator/settings", json={"transient_share": 1.5}).status_code == 400


def report(api: Api, **changes: Any) -> int:
    customer = {"email": "dana@northwind.example.com"}
    event = {
        "timestamp": "2026-03-01T10:00:00Z",
        "reportingSystem": "Portal",
        "eventTimestamp": "2026-03-01T10:00:00Z",
        "contentId": "c-1",
        "contentUrl": "https://content.example.com/1",
        "contentTitle": "Prices",
        "viewActionTitle": "viewed",
        "viewer": customer,
        "person": customer,
        **changes,
    }
    return api("PUT", "/v2/customer-engagement/content/viewed", json=event).status_code


def test_events_without_an_id_are_all_kept_also_after_an_erasure(api: Api) -> None:
    assert [report(api) for _ in range(3)] == [200] * 3
    query = {"emailAddress": "dana@northwind.example.com"}
    events = api("GET", "/v2/data-privacy/data-for-email-address", params=query).json()["customerEngagement"]
    assert len(events) == 3
    other = {"email": "someone@northwind.example.com"}
    assert report(api, viewer=other, person=other) == 200
    api("POST", "/v2/data-privacy/erase-data-for-email-address", params=query)
    api.advance(3600)
    assert [report(api) for _ in range(5)] == [200] * 5


def test_an_event_with_a_known_id_is_refused(api: Api) -> None:
    assert [report(api, eventId="e-1"), report(api, eventId="e-1"), report(api, eventId="1")] == [200, 409, 200]


def visible(api: Api) -> tuple[int, set[str]]:
    answer = api("POST", "/v2/calls/extensive", json={"filter": {}})
    return answer.status_code, {call["metaData"]["workspaceId"] for call in answer.json().get("calls", ())}


def test_a_key_goes_blind_for_a_while(api: Api) -> None:
    empty = Api(company={"users": [{"firstName": "Ada", "lastName": "Berg"}], "calls": []})
    call_id = api.processed_call("pbx-1")
    assert api("POST", "/_emulator/visibility", json={"seconds": 3600}).status_code == 200
    for method, path, body in (
        ("GET", "/v2/calls", None),
        ("POST", "/v2/calls/extensive", {"filter": {}}),
        ("POST", "/v2/calls/transcript", {"filter": {"callIds": [call_id]}}),
    ):
        blind, nothing = api(method, path, json=body), empty(method, path, json=body)
        assert (blind.status_code, errors_of(blind)) == (nothing.status_code, errors_of(nothing))
    assert "was not found" in api("GET", f"/v2/calls/{call_id}").text
    api.advance(3600)
    assert api("GET", f"/v2/calls/{call_id}").status_code == 200


def test_one_key_goes_blind_until_it_sees_again(api: Api) -> None:
    other = {"access_key": "other", "access_key_secret": "secret"}
    api("POST", "/_emulator/keys", json=other)
    api("POST", "/_emulator/visibility", json={"caller": "other"})
    own, api.auth = api.auth, ("other", "secret")
    assert visible(api)[0] == 404
    api.auth = own
    assert visible(api)[0] == 200
    assert api("DELETE", "/_emulator/visibility").status_code == 204
    api.auth = ("other", "secret")
    assert visible(api)[0] == 200


def test_a_key_loses_a_workspace() -> None:
    company = {
        "workspaces": [{"name": "Sales"}, {"name": "Support"}],
        "calls": [
            {"clientUniqueId": f"c-{name}", "host": HOST_EMAIL, "workspace": name} for name in ("Sales", "Support")
        ],
    }
    api = Api(company=company)
    sales, support = (found["id"] for found in api("GET", "/v2/workspaces").json()["workspaces"])
    assert visible(api) == (200, {sales, support})
    api("POST", "/_emulator/visibility", json={"workspace_id": support, "seconds": 60})
    assert visible(api) == (200, {sales})
    assert [found["id"] for found in api("GET", "/v2/workspaces").json()["workspaces"]] == [sales]
    lost = api("POST", "/v2/calls/extensive", json={"filter": {"workspaceId": support}})
    assert lost.status_code == 404
    api.advance(60)
    assert visible(api) == (200, {sales, support})


def test_scorecards_of_a_lost_workspace_are_not_seen() -> None:
    calls = [{"clientUniqueId": f"c-{number}", "host": HOST_EMAIL, "workspace": "Support"} for number in range(8)]
    api = Api(company={"workspaces": [{"name": "Sales"}, {"name": "Support"}], "calls": calls})
    support = api("GET", "/v2/workspaces").json()["workspaces"][1]["id"]
    assert api("POST", "/v2/stats/activity/scorecards", json={"filter": {}}).json()["answeredScorecards"]
    api("POST", "/_emulator/visibility", json={"workspace_id": support})
    assert api("POST", "/v2/stats/activity/scorecards", json={"filter": {}}).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"seconds": -1}, {"seconds": "soon"}, {"caller": 1}, {"workspace_id": "1"}, {"colour": "red"}, []]
)
def test_wrong_blindness_is_refused(api: Api, wrong: Any) -> None:
    assert api("POST", "/_emulator/visibility", json=wrong).status_code == 400
    assert visible(api)[0] == 200


def test_a_rule_keeps_what_it_was_given() -> None:
    rule = Fault(action="answer", nth=1, status=404, body="<p>", headers={"server": "gateway"})
    assert (rule.body, rule.headers, rule.marks) == ("<p>", {"server": "gateway"}, False)
