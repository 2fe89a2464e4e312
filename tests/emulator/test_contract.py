"""Every operation is asked, and each answer held against the emulator's own OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from airflow_provider_gong.emulator.contract.notation import read_fields, read_type, schemas
from airflow_provider_gong.emulator.contract.operations import OPERATIONS

from .conftest import HOST_EMAIL, Api, errors_of, wav

CUSTOMER = "dana@northwind.example.com"
DOCS = Path(__file__).parents[2] / "docs" / "emulator.md"
BY_NAME = {operation.name: operation for operation in OPERATIONS}


class CheckedApi(Api):
    """Sends requests by operation and checks what comes back."""

    def __init__(self) -> None:
        super().__init__(company={"generate": {"users": 90, "calls": 150, "months": 3}})
        self.document = self("GET", "/openapi.json").json()
        self.succeeded: set[str] = set()

    def ask(self, name: str, ids: dict[str, Any] | None = None, expected: int = 0, **kwargs: Any) -> Any:
        operation = BY_NAME[name]
        path = operation.path.format(**(ids or {}))
        answer = self(operation.method, path, **kwargs)
        assert answer.status_code == (expected or operation.status), f"{name}: {answer.text}"
        self._check(name, answer)
        if answer.is_success:
            self.succeeded.add(name)
        return answer.json()

    def _check(self, name: str, answer: httpx.Response) -> None:
        operation = BY_NAME[name]
        described = self.document["paths"][operation.path][operation.method.lower()]["responses"]
        response = described.get(str(answer.status_code), described["default"])
        schema = {**response["content"]["application/json"]["schema"], "components": self.document["components"]}
        jsonschema.validate(answer.json(), schema, jsonschema.Draft202012Validator)
        if answer.is_success:
            unknown = set(answer.json()) - set(schemas()[operation.reply].fields or ()) - {"requestId"}
            assert unknown == set(), name


@pytest.fixture(scope="module")
def walked() -> CheckedApi:
    """A company in which every operation was asked at least once with success."""
    api = CheckedApi()
    for walk in (_calls, _people, _stats, _settings, _crm, _permissions, _engage, _events, _privacy):
        walk(api)
    return api


def _calls(api: CheckedApi) -> None:
    host = api.user_id()
    parties = [{"userId": host}, {"name": "Dana", "emailAddress": CUSTOMER, "phoneNumber": "+1 202-555-0101"}]
    context = [{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": "1"}]}]
    body = api.new_call("contract", parties=parties, context=context, disposition="Connected")
    call_id = api.ask("addCall", json=body)["callId"]
    api.ask("addCall", expected=400, json=body)
    api.ask("addCallRecording", {"id": call_id}, files={"mediaFile": ("a.wav", wav(90))})
    api.ask("getCall", {"id": call_id}, expected=404)
    api.advance(240)
    api.ask("getCall", {"id": call_id})
    api.ask("listCalls", params={"fromDateTime": "2020-01-01T00:00:00Z", "toDateTime": "2030-01-01T00:00:00Z"})
    fields = read_type("ExposedFields").fields or {}
    everything: dict[str, Any] = {
        name: dict.fromkeys(field.fields, True) if field.fields else True for name, field in fields.items()
    }
    selector = {"context": "Extended", "contextTiming": ["Now", "TimeOfCall"], "exposedFields": everything}
    found = api.ask("listCallsExtensive", json={"filter": {}, "contentSelector": selector})
    assert found["records"]["cursor"]
    api.ask("getCallTranscripts", json={"filter": {"callIds": [call_id]}})


def _people(api: CheckedApi) -> None:
    host = api.user_id()
    api.ask("listMultipleUsers", json={"filter": {}})
    api.ask("listUsers")
    api.ask("getUser", {"id": host})
    api.ask("getUser", {"id": "1"}, expected=404)
    api.ask("getUserHistory", {"id": host})
    meeting = {
        "startTime": "2026-04-01T10:00:00Z",
        "endTime": "2026-04-01T10:30:00Z",
        "invitees": [{"email": CUSTOMER}],
        "organizerEmail": HOST_EMAIL,
    }
    meeting_id = api.ask("addMeeting", json=meeting)["meetingId"]
    api.ask("addMeeting", expected=409, json={**meeting, "organizerEmail": "jonas.weidner@example.com"})
    api.ask("updateMeeting", {"meetingId": meeting_id}, json=meeting)
    api.ask("integrationStatus", json={"emails": [HOST_EMAIL, "nobody@example.com"]})
    api.ask("deleteMeeting", {"meetingId": meeting_id}, json={})


def _stats(api: CheckedApi) -> None:
    days = {"filter": {"fromDate": "2026-01-05", "toDate": "2026-03-01"}}
    for name in ("listMultipleUsersAggregateActivity", "listMultipleUsersDayByDayActivity", "listInteractionStats"):
        api.ask(name, json=days)
    for period in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"):
        api.ask("listMultipleUsersAggregateByPeriod", json={**days, "aggregationPeriod": period})
    api.ask("listAnsweredScorecards", json={"filter": {"reviewMethod": "BOTH"}})


def _settings(api: CheckedApi) -> None:
    workspace = api.ask("listWorkspaces")["workspaces"][0]["id"]
    for name in ("listBriefs", "listScorecards", "listTrackers", "listCallOutcomes"):
        api.ask(name)
    for folder in api.ask("getLibraryStructure", params={"workspaceId": workspace})["folders"]:
        api.ask("getCallsInSpecificFolder", params={"folderId": folder["id"]})
    api.ask("getLibraryStructure", expected=400)
    window = {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
    manager = api.user_id("mara.lindqvist@example.com")
    api.ask("listUsers_1", params={"workspace-id": workspace, "manager-id": manager, **window})
    for log_type in BY_NAME["listLogs"].query["logType"].choices:
        api.ask("listLogs", params={"logType": log_type, "fromDateTime": "2020-01-01T00:00:00Z"})
    entity = {"workspaceId": workspace, "crmEntityType": "ACCOUNT", "crmEntityId": "1", "timePeriod": "LAST_YEAR"}
    api.ask("askEntity", params={**entity, "question": "What is open?"})
    api.ask("generateBrief", params={**entity, "briefName": "Account overview"})
    target = api.ask("listTargetDefinitions", params={"workspaceId": workspace})["targets"][0]["id"]
    files = {"file": ("a.csv", b"Team member identifier,Is Team,Period,Value\n")}
    api.ask("uploadAssignments", {"targetId": target}, params={"workspaceId": workspace}, files=files)


def _crm(api: CheckedApi) -> None:
    integration = api.ask("registerGenericCrmIntegration", json={"name": "crm", "ownerEmail": HOST_EMAIL})
    own = {"integrationId": integration["integrationId"]}
    contacts = {**own, "objectType": "CONTACT"}
    api.ask("listGenericCrmIntegration")
    field = {"uniqueName": "tier", "label": "Tier", "type": "STRING"}
    api.ask("uploadCrmSchemaField", params=contacts, json=[field])
    api.ask("listCrmSchemaFields", params=contacts)
    line = f'{{"objectId": "c1", "modifiedDate": "2026-01-01T00:00:00Z", "emailAddress": "{CUSTOMER}"}}\n{{}}'
    request = {**own, "clientRequestId": "r1"}
    api.ask("uploadCrmData", params={**contacts, **request}, files={"dataFile": ("a.ldjson", line)})
    api.ask("getRequestStatus", params=request)
    api.advance(60)
    api.ask("getRequestStatus", params=request)
    api.ask("getCrmObjects", params=contacts, json=["c1"])
    api.ask("getCrmObjects", expected=415, params=contacts)
    api.ask("findAllReferencesToEmailAddress", params={"emailAddress": CUSTOMER})
    api.ask("deleteGenericCrmIntegration", params={**own, "clientRequestId": "r2"})


def _permissions(api: CheckedApi) -> None:
    call_id = api.state()["calls"][0]["id"]
    access = {"callAccessList": [{"callId": call_id, "userIds": [api.user_id()]}]}
    api.ask("addUsersAccessToCalls", json=access)
    api.ask("getUsersAccessToCalls", json={"filter": {"callIds": [call_id]}})
    api.ask("deleteUsersAccessToCalls", json=access)
    workspace = {"workspaceId": api("GET", "/v2/workspaces").json()["workspaces"][0]["id"]}
    profile = {"profileId": api.ask("listPermissionProfile", params=workspace)["profiles"][0]["id"]}
    api.ask("getPermissionProfile", params=profile)
    api.ask("listPermissionProfileUsers", params=profile)
    api.ask("createPermissionProfile", params=workspace, json={"name": "New"})
    api.ask("updatePermissionProfile", params=profile, json={"name": "Newer"})


def _engage(api: CheckedApi) -> None:
    owner = {"flowInstanceOwnerEmail": HOST_EMAIL}
    flow = api.ask("listFlows", params={"flowOwnerEmail": HOST_EMAIL})["flows"][0]["id"]
    api.ask("listFlowsFolders", params={"flowFolderOwnerEmail": HOST_EMAIL})
    api.ask("getFlowSteps", json={"flowIds": [flow]})
    assign = {**owner, "flowId": flow, "crmProspectsIds": ["p1", "p2"]}
    instance = api.ask("assignProspects", json=assign)["prospectsAssigned"][0]["flowInstanceId"]
    api.ask("assignProspectsCoolOffOverrides", json=assign)
    api.ask("getProspectsAssignedFlows", json={"crmProspectsIds": ["p1"]})
    api.ask("unassignFlows", json={"flowInstanceIds": [instance]})
    api.ask("unassignProspectFlows", json={"crmProspectId": "p2"})
    prospects = [{"email": CUSTOMER}, {"firstName": "Nobody"}]
    bulk = api.ask("submitFlowProspectsBulkAssignment", json={**owner, "flowId": flow, "prospects": prospects})["id"]
    api.advance(60)
    api.ask("getFlowProspectsBulkAssignment", {"id": bulk})
    filters = {"userId": api.user_id(), "types": ["FLOW"], "taskAction": ["CALL"], "status": ["OPEN"]}
    task = api.ask("listTasks", json={"filter": filters})["tasks"][0]["id"]
    api.ask("updateReminder", {"taskId": task}, json={"userId": api.user_id(), "status": "DONE"})


def _events(api: CheckedApi) -> None:
    person = {"person": {"email": CUSTOMER}, "content": {"contentTitle": "Page"}}
    event = {"eventId": "1", "timestamp": "2026-01-01T00:00:00Z", "eventType": "view"}
    api.ask("addDigitalInteraction", json={**event, **person})
    legacy = {"reportingSystem": "cms", "eventTimestamp": "2026-01-01T00:00:00Z", "eventId": "1"}
    content = {"contentId": "1", "contentUrl": "https://cms.example.com/1", "contentTitle": "Page"}
    for name in ("customAction", "contentShared", "contentViewed"):
        api.ask(name, json={**legacy, **content})
    origins = [{"integrationType": "DIALER", "allowedOrigin": "https://dialer.example.com"}]
    api.ask("integrationSettings", json={"integrationTypeSettings": origins})
    api.ask("getIntegrationSettings")


def _privacy(api: CheckedApi) -> None:
    api.ask("findAllReferencesToPhoneNumber", params={"phoneNumber": "+12025550101"})
    api.ask("purgePhoneNumber", params={"phoneNumber": "+12025550101"})
    api.ask("purgeEmailAddress", params={"emailAddress": CUSTOMER})


def test_every_operation_answers_as_described(walked: CheckedApi) -> None:
    assert set(BY_NAME) - walked.succeeded == set()


def test_numbers_take_the_place_of_ids_where_the_reference_says_so(walked: CheckedApi) -> None:
    walked.set(numeric_ids=True)
    found = walked.ask("listAnsweredScorecards", json={"filter": {"reviewMethod": "BOTH"}})["answeredScorecards"][0]
    assert isinstance(found["callId"], int)
    walked.set(numeric_ids=False)


@pytest.mark.parametrize("name", sorted(name for name, operation in BY_NAME.items() if operation.scopes))
def test_a_key_without_the_scope_is_refused_before_anything_else(name: str) -> None:
    api, operation = Api(scopes="api:none"), BY_NAME[name]
    answer = api(operation.method, operation.path.format(id=1, meetingId=1, taskId=1), content=b"no json")
    assert answer.status_code == 401
    assert errors_of(answer) == [f"You don't have permission to use '{operation.scopes[0]}' in your app."]
    assert set(operation.scopes) <= set(read_type("Scope").choices)


def test_media_links_need_a_scope_of_their_own() -> None:
    api = Api(scopes="api:calls:read:extensive")
    body: dict[str, Any] = {"filter": {}}
    assert api("POST", "/v2/calls/extensive", json=body).status_code == 200
    body["contentSelector"] = {"exposedFields": {"media": True}}
    answer = api("POST", "/v2/calls/extensive", json=body)
    assert errors_of(answer) == ["You don't have permission to use 'api:calls:read:media-url' in your app."]


def documented() -> Iterator[tuple[str, ...]]:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    for line in lines:
        cells = tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        if len(cells) == 3 and cells[1].partition(" ")[0] in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
            yield cells


def test_the_documentation_lists_every_operation_and_where_its_answers_come_from() -> None:
    expected = [(known.name, f"{known.method} {known.path}", known.source) for known in OPERATIONS]
    assert sorted(documented()) == sorted(expected)


@pytest.mark.parametrize("text", ["two words here", "name Unknown", "name?"])
def test_the_notation_refuses_what_it_cannot_read(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_fields(text)


def test_the_notation_is_read_as_described() -> None:
    fields = read_fields("a*, b! bool, c string..5, d [int0..1]2.., e Red|Green, f {Records}")
    assert fields["a"].required
    assert (fields["b"].kind, fields["b"].needed) == ("boolean", True)
    assert fields["c"].highest == 5
    assert (fields["d"].lowest, fields["d"].items and fields["d"].items.highest) == (2, 1)
    assert fields["e"].choices == ("Red", "Green")
    assert fields["f"].items is not None
    assert fields["f"].items.schema == "Records"
