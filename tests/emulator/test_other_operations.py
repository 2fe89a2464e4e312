"""Data privacy, permissions, Engage, events, logs, entities and the rest."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, errors_of, wav

DANA = "dana@customer.example.com"
PHONE = "+1 202-555-0147"
OWNER = {"flowInstanceOwnerEmail": HOST_EMAIL}


def references(api: Api, **params: str) -> dict[str, Any]:
    kind = "email-address" if "emailAddress" in params else "phone-number"
    answer = api("GET", f"/v2/data-privacy/data-for-{kind}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def call_id(api: Api) -> str:
    """A call with somebody who can be forgotten."""
    parties = [{"userId": api.user_id()}, {"emailAddress": DANA, "phoneNumber": PHONE}]
    return api.processed_call("privacy", parties=parties)


def test_people_are_found_by_address_and_number(api: Api, call_id: str) -> None:
    meeting = {"startTime": "2026-04-01T10:00:00Z", "endTime": "2026-04-01T11:00:00Z", "organizerEmail": HOST_EMAIL}
    meeting_id = api("POST", "/v2/meetings", json={**meeting, "invitees": [{"email": DANA.upper()}]}).json()[
        "meetingId"
    ]
    by_email = references(api, emailAddress=DANA.title())
    assert [call["id"] for call in by_email["calls"]] == [call_id]
    assert by_email["meetings"] == [{"id": meeting_id}]
    by_phone = references(api, phoneNumber="+12025550147")
    assert [call["id"] for call in by_phone["calls"]] == [call_id]
    assert (by_phone["matchingPhoneNumbers"], by_phone["emailAddresses"]) == ([PHONE], [DANA])
    assert references(api, emailAddress="nobody@example.com")["calls"] == []


@pytest.mark.parametrize("params", [{"emailAddress": DANA}, {"phoneNumber": "+12025550147"}])
def test_an_erasure_is_answered_at_once_and_done_later(api: Api, call_id: str, params: dict[str, str]) -> None:
    kind = "email-address" if "emailAddress" in params else "phone-number"
    assert api("POST", f"/v2/data-privacy/erase-data-for-{kind}", params=params).status_code == 200
    assert references(api, **params)["calls"]
    api.advance(3_600)
    assert references(api, **params)["calls"] == []
    assert api("GET", f"/v2/calls/{call_id}").status_code == 404
    assert call_id not in {call["id"] for call in api.state()["calls"]}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("data-for-email-address", {"emailAddress": HOST_EMAIL}),
        ("data-for-email-address", {"emailAddress": "na"}),
        ("data-for-email-address", {}),
        ("data-for-phone-number", {"phoneNumber": "0202"}),
    ],
)
def test_users_and_nonsense_are_refused(api: Api, path: str, params: dict[str, str]) -> None:
    assert api("GET", f"/v2/data-privacy/{path}", params=params).status_code == 400


def test_access_to_calls_is_given_and_taken(api: Api, call_id: str) -> None:
    one, two = api.user_id(), api.user_id("mara.lindqvist@example.com")

    def change(method: str, *user_ids: str) -> int:
        body = {"callAccessList": [{"callId": call_id, "userIds": list(user_ids)}]}
        return api(method, "/v2/calls/users-access", json=body).status_code

    def granted() -> list[dict[str, str]]:
        answer = api("POST", "/v2/calls/users-access", json={"filter": {"callIds": [call_id]}})
        users: list[dict[str, str]] = answer.json()["callAccessList"][0]["users"]
        return users

    assert granted() == []
    assert [change("PUT", one, two), change("PUT", one)] == [200, 200]
    assert granted() == [{"userId": one}, {"userId": two}]
    assert change("DELETE", one) == 200
    assert granted() == [{"userId": two}]
    unknown = api("POST", "/v2/calls/users-access", json={"filter": {"callIds": ["1"]}})
    assert (unknown.status_code, errors_of(unknown)) == (400, ["Some calls not found"])
    assert change("PUT", "1") == 400


def test_profiles_are_created_and_changed(api: Api) -> None:
    workspace = {"workspaceId": api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]}
    body = {"name": "Auditor", "deals": True, "callsAccess": {"permissionLevel": "own", "teamLeadIds": []}}
    profile = api("POST", "/v2/permission-profile", params=workspace, json=body).json()["profile"]
    assert (profile["deals"], profile["library"], profile["callsAccess"]["permissionLevel"]) == (True, False, "own")
    assert profile["forecastPermissions"]["forecastAccess"] == {"permissionLevel": "none"}
    own = {"profileId": profile["id"]}
    assert api("PUT", "/v2/permission-profile", params=own, json={"library": True}).status_code == 200
    changed = api("GET", "/v2/permission-profile", params=own).json()["profile"]
    assert (changed["name"], changed["deals"], changed["library"]) == ("Auditor", True, True)
    names = [found["name"] for found in api("GET", "/v2/all-permission-profiles", params=workspace).json()["profiles"]]
    assert names == ["Administrator", "Auditor", "Team member"]
    again = api("POST", "/v2/permission-profile", params=workspace, json=body)
    assert again.status_code == 422


@pytest.mark.parametrize("profile_id", ["1", "12345678901234567890", "x"])
def test_unknown_profiles_are_bad_requests(api: Api, profile_id: str) -> None:
    for path in ("/v2/permission-profile", "/v2/permission-profile/users"):
        answer = api("GET", path, params={"profileId": profile_id})
        assert (answer.status_code, errors_of(answer)) == (400, ["Bad request"])


def flow_of(api: Api, number: int = 0) -> str:
    flows = api("GET", "/v2/flows", params={"flowOwnerEmail": HOST_EMAIL}).json()["flows"]
    return str(flows[number]["id"])


def assign(api: Api, *prospects: str, **changes: Any) -> httpx.Response:
    body = {**OWNER, "flowId": flow_of(api), "crmProspectsIds": list(prospects), **changes}
    return api("POST", "/v2/flows/prospects/assign", json=body)


def test_prospects_are_assigned_once_unless_overridden(api: Api) -> None:
    assert len(assign(api, "p1", "p2").json()["prospectsAssigned"]) == 2
    again = assign(api, "p1", "p3").json()
    assert [row["crmProspectId"] for row in again["prospectsAssigned"]] == ["p3"]
    assert [(row["crmProspectId"], row["errorCode"]) for row in again["prospectsNotAssigned"]] == [
        ("p1", "InvalidState")
    ]
    assert assign(api, "p1", overrides={"coolOffOverride": True}).json()["prospectsNotAssigned"] == []


def test_prospects_leave_flows(api: Api) -> None:
    instance = assign(api, "p1").json()["prospectsAssigned"][0]["flowInstanceId"]

    def statuses(**body: list[str]) -> list[str]:
        found = api("POST", "/v2/flows/prospects", json=body).json()["prospectsAssigned"]
        return [row["flowInstanceStatus"] for row in found]

    assert statuses(crmProspectsIds=["p1"]) == ["Running"]
    left = api("POST", "/v2/flows/prospects/unassign-flows-by-crm-id", json={"crmProspectId": "p1"})
    assert left.json()["unassignedFlowInstanceIds"] == [instance]
    assert statuses(crmProspectsIds=["p1"]) == []
    assert statuses(flowInstanceIds=[instance]) == ["Finished"]
    unknown = api("POST", "/v2/flows/prospects/unassign-flows-by-instance-id", json={"flowInstanceIds": ["1"]})
    assert errors_of(unknown) == ["One or more of the given flowInstanceIds does not exist"]


def test_a_bulk_assignment_ends_later(api: Api) -> None:
    prospects = [{"crmId": "p1"}, {"crmId": "p1"}, {"firstName": "Nobody"}]
    body = {**OWNER, "flowId": flow_of(api), "prospects": prospects}
    bulk = api("POST", "/v2/flows/prospects/bulk-assignments", json=body)
    assert (bulk.status_code, bulk.json()["status"]) == (202, "PENDING")
    path = f"/v2/flows/prospects/bulk-assignments/{bulk.json()['id']}"
    api.advance(30)
    assert api("GET", path).json()["status"] == "IN_PROGRESS"
    api.advance(30)
    done = api("GET", path).json()
    assert (done["status"], done["successCount"], done["failedCount"]) == ("COMPLETED", 1, 2)
    results = [result["status"] for result in done["results"]]
    assert results == ["ASSIGNED", "FLOW_ASSIGNMENT_FAILED", "CRM_OPERATION_FAILED"]
    missing = api("GET", "/v2/flows/prospects/bulk-assignments/12345")
    assert (missing.status_code, errors_of(missing)) == (404, ["Flow prospects bulk assignment 12345 not found"])


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"flowId": "1"}, 404, "Flow not found"),
        ({"flowInstanceOwnerEmail": "x@example.com"}, 400, "was not found"),
        ({"crmProspectsIds": []}, 400, "crmProspectsIds: size must be between 1 and 100"),
        ({"crmProspectsIds": [str(number) for number in range(101)]}, 400, "size must be between"),
    ],
)
def test_wrong_assignments_are_refused(api: Api, body: dict[str, Any], status: int, error: str) -> None:
    answer = assign(api, "p1", **body)
    assert answer.status_code == status
    assert error in errors_of(answer)[0]


def test_one_unknown_flow_refuses_all_steps(api: Api) -> None:
    answer = api("POST", "/v2/flows/steps", json={"flowIds": [flow_of(api), "1234567890123456789"]})
    assert (answer.status_code, errors_of(answer)) == (404, ["Flow not found: flowId=1234567890123456789"])


def test_folders_come_under_the_key_that_was_observed(api: Api) -> None:
    params = {"flowFolderOwnerEmail": HOST_EMAIL}
    folders = api("GET", "/v2/flows/folders", params=params).json()["flowsFolders"]
    assert folders[0]["parentFolderId"] == "null"
    inner = api("GET", "/v2/flows/folders", params={**params, "parentId": folders[0]["id"]}).json()["flowsFolders"]
    assert [folder["name"] for folder in inner] == ["Inbound"]


def tasks(api: Api, *statuses: str) -> httpx.Response:
    filters = {"userId": api.user_id(), "types": ["FLOW", "MANUAL"], "taskAction": ["CALL"], "status": list(statuses)}
    return api("POST", "/v2/tasks", json={"filter": filters})


def test_tasks_are_changed(api: Api) -> None:
    task = tasks(api, "OPEN").json()["tasks"][0]
    change = {"userId": api.user_id(), "status": "DONE", "priority": "low", "dueDate": "2026-05-01T10:00:00Z"}
    changed = api("PATCH", f"/v2/tasks/{task['id']}", json=change).json()["tasks"][0]
    assert (changed["status"], changed["priority"]["name"], changed["dueDate"]) == (
        "DONE",
        "Low",
        "2026-05-01T03:00:00-07:00",
    )
    assert tasks(api, "OPEN").json()["tasks"] == []
    assert api("PATCH", "/v2/tasks/1", json=change).status_code == 404
    assert api("PATCH", f"/v2/tasks/{task['id']}", json={**change, "priority": "huge"}).status_code == 400


def test_a_company_without_engage() -> None:
    api = Api(engage_enabled=False)
    assert api("GET", "/v2/flows", params={"flowOwnerEmail": HOST_EMAIL}).status_code == 403
    answer = tasks(api, "OPEN")
    assert (answer.status_code, errors_of(answer)) == (500, ["Internal server error occurred"])


def test_no_prospect_leaves_a_flow_without_engage() -> None:
    api = Api(engage_enabled=False)
    answer = api("POST", "/v2/flows/prospects/unassign-flows-by-crm-id", json={"crmProspectId": "p1"})
    assert answer.status_code == 403


def test_entities_cost_credits_and_know_published_briefs_only(api: Api) -> None:
    workspace = api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]
    entity = {"workspaceId": workspace, "crmEntityType": "DEAL", "crmEntityId": "1", "timePeriod": "LAST_YEAR"}
    answer = api("GET", "/v2/entities/ask-entity", params={**entity, "question": "?"}).json()
    assert answer["numOfCallsSearched"] == 5
    unpublished = api("GET", "/v2/entities/get-brief", params={**entity, "briefName": "Handover"})
    assert errors_of(unpublished) == ["Brief not found - could be that the brief is not published"]
    custom = {**entity, "timePeriod": "CUSTOM_RANGE", "question": "?"}
    assert api("GET", "/v2/entities/ask-entity", params=custom).status_code == 400
    window = {"fromDateTime": "2026-02-25T00:00:00Z", "toDateTime": "2026-03-01T00:00:00Z"}
    assert api("GET", "/v2/entities/ask-entity", params={**custom, **window}).json()["numOfCallsSearched"] == 2
    assert api("POST", "/v2/entities/ask-entity").status_code == 405
    api.set(ai_credits=False)
    assert api("GET", "/v2/entities/ask-entity", params={**entity, "question": "?"}).status_code == 402


def test_events_are_taken_once(api: Api) -> None:
    event = {"eventId": "1", "timestamp": "2026-01-01T00:00:00Z", "eventType": "view", "content": {"contentTitle": "P"}}
    both = {**event, "person": {"email": DANA}, "trackingId": "t"}
    assert api("POST", "/v2/digital-interaction", json=both).status_code == 400
    assert api("POST", "/v2/digital-interaction", json=event).status_code == 400
    person = {**event, "person": {"email": DANA}}
    assert [api("POST", "/v2/digital-interaction", json=person).status_code for _ in range(2)] == [200, 409]
    engagement = references(api, emailAddress=DANA)["customerEngagement"]
    assert [(found["eventType"], found["sourceEventId"]) for found in engagement] == [("digitalInteraction", "1")]


def test_logs_tell_what_happened_in_a_window(api: Api) -> None:
    window = {"fromDateTime": "2026-02-10T00:00:00Z", "toDateTime": "2026-02-22T00:00:00Z"}
    plays = api("GET", "/v2/logs", params={"logType": "UserCallPlay", **window}).json()["logEntries"]
    assert len(plays) == 3
    assert all(entry["eventTime"].endswith("-08:00") for entry in plays)
    assert api("GET", "/v2/logs", params={"logType": "Other", **window}).status_code == 400
    long_ago = {"fromDateTime": "2020-01-01T00:00:00Z", "toDateTime": "2020-01-02T00:00:00Z"}
    assert api("GET", "/v2/logs", params={"logType": "AccessLog", **long_ago}).status_code == 404


def test_coaching_is_about_a_managers_people(api: Api) -> None:
    workspace = api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]
    users = api.users()
    window = {"from": "2026-01-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    params = {"workspace-id": workspace, "manager-id": users["mara.lindqvist@example.com"]["id"], **window}
    (found,) = api("GET", "/v2/coaching", params=params).json()["coachingData"]
    calls = {row["report"]["emailAddress"]: len(row["metrics"]["totalCalls"]) for row in found["directReportsMetrics"]}
    assert (len(calls), calls[HOST_EMAIL]) == (11, 2)
    assert api("GET", "/v2/coaching", params={**params, "manager-id": "1"}).status_code == 400


def test_targets_take_files_with_their_columns(api: Api) -> None:
    workspace = {"workspaceId": api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]}
    (target,) = api("GET", "/v2/targets", params=workspace).json()["targets"]
    path = f"/v2/targets/{target['id']}/assignments"

    def status(header: bytes) -> int:
        return api("POST", path, params=workspace, files={"file": ("a.csv", header + b"\n")}).status_code

    assert status(b"Team member identifier,Is Team,Period,Value,Currency") == 200
    assert status(b"name,value") == 400
    assert status(b"\xff\xfe") == 400
    assert api("GET", "/v2/targets").status_code == 400


def test_the_library_has_folders_with_calls(api: Api) -> None:
    assert api("GET", "/v2/library/folders").status_code == 400
    assert api("GET", "/v2/library/folder-content", params={"folderId": "1"}).status_code == 404
    workspace = api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]
    folders = api("GET", "/v2/library/folders", params={"workspaceId": workspace}).json()["folders"]
    counts = [
        len(api("GET", "/v2/library/folder-content", params={"folderId": folder["id"]}).json()["calls"])
        for folder in folders
    ]
    assert counts == [0, 3, 0]


def test_a_recording_of_an_erased_call_is_removed(api: Api) -> None:
    parties = [{"userId": api.user_id()}, {"emailAddress": DANA}]
    call_id = api.add_call("kept", parties=parties)
    api.upload(call_id, wav(90))
    link = api("GET", f"/call?id={call_id}").text.split('src="')[1].split('"')[0].replace("&amp;", "&")
    assert api("GET", link).status_code == 200
    api("POST", "/v2/data-privacy/erase-data-for-email-address", params={"emailAddress": DANA})
    api.advance(3_600)
    api("GET", "/v2/workspaces")
    assert api("GET", link).status_code == 404
