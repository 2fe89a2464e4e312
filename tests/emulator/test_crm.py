from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, errors_of

CONTACT = {"objectId": "c-1", "modifiedDate": "2026-01-01T00:00:00Z", "emailAddress": "dana@northwind.example.com"}


class Crm:
    """A registered integration."""

    def __init__(self, api: Api) -> None:
        self.api = api
        answer = api("PUT", "/v2/crm/integrations", json={"name": "crm", "ownerEmail": HOST_EMAIL})
        self.id = answer.json()["integrationId"]

    def upload(self, *lines: Any, request: str = "r1", kind: str = "CONTACT") -> httpx.Response:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        params = {"integrationId": self.id, "objectType": kind, "clientRequestId": request}
        return self.api("POST", "/v2/crm/entities", params=params, files={"dataFile": ("a.ldjson", text)})

    def status(self, request: str = "r1") -> dict[str, Any]:
        params = {"integrationId": self.id, "clientRequestId": request}
        found: dict[str, Any] = self.api("GET", "/v2/crm/request-status", params=params).json()
        return found

    def objects(self, *ids: str, kind: str = "CONTACT") -> dict[str, Any]:
        params = {"integrationId": self.id, "objectType": kind}
        found: dict[str, Any] = self.api("GET", "/v2/crm/entities", params=params, json=list(ids)).json()[
            "crmObjectsMap"
        ]
        return found

    def schema(self, fields: list[dict[str, Any]]) -> httpx.Response:
        params = {"integrationId": self.id, "objectType": "CONTACT"}
        return self.api("POST", "/v2/crm/entity-schema", params=params, json=fields)


@pytest.fixture
def crm(api: Api) -> Crm:
    return Crm(api)


def test_there_is_one_integration_at_most(crm: Crm) -> None:
    again = crm.api("PUT", "/v2/crm/integrations", json={"name": "second", "ownerEmail": HOST_EMAIL})
    assert again.status_code == 409
    assert "already has an active GENERIC CRM integration" in errors_of(again)[0]


def test_an_upload_is_worked_off_later(crm: Crm) -> None:
    assert crm.upload(CONTACT).json()["clientRequestId"] == "r1"
    seen = []
    for seconds in (0, 20, 39, 1):
        crm.api.advance(seconds)
        seen.append((crm.status()["status"], bool(crm.objects("c-1"))))
    assert seen == [("PENDING", False), ("IN_PROGRESS", False), ("IN_PROGRESS", False), ("DONE", True)]
    assert crm.status()["totalSuccessCount"] == 1
    assert crm.objects("c-1", "c-2") == {"c-1": CONTACT}


def test_wrong_lines_are_told_with_their_numbers(crm: Crm) -> None:
    wrong = [{**CONTACT, "emailAddress": ""}, "no json", "", {**CONTACT, "objectId": "a b"}, {"objectId": "c-2"}]
    crm.upload(CONTACT, *wrong, {**CONTACT, "objectId": "c-3", "modifiedDate": "2026-01-01T00:00:00.000Z"})
    crm.api.advance(60)
    status = crm.status()
    assert (status["status"], status["totalErrorCount"], status["totalSuccessCount"]) == ("FAILED", 5, 1)
    assert [(error["line"], error["description"][:28]) for error in status["errors"]] == [
        (2, "Mandatory field [emailAddres"),
        (3, "Invalid JSON"),
        (5, "Field [objectId] has an inva"),
        (6, "Mandatory field [modifiedDat"),
        (7, "Field [modifiedDate] must be"),
    ]
    assert list(crm.objects("c-1", "c-2", "c-3")) == ["c-1"]


def test_at_most_20_errors_are_listed(crm: Crm) -> None:
    crm.upload(*["x"] * 30)
    crm.api.advance(60)
    assert (len(crm.status()["errors"]), crm.status()["totalErrorCount"]) == (20, 30)


def test_objects_are_replaced_and_deleted(crm: Crm) -> None:
    crm.upload(CONTACT)
    crm.upload({**CONTACT, "title": "CTO"}, request="r2")
    crm.api.advance(60)
    assert crm.objects("c-1")["c-1"]["title"] == "CTO"
    crm.upload({"objectId": "c-1", "modifiedDate": "2026-01-02T00:00:00Z", "isDeleted": True}, request="r3")
    crm.api.advance(60)
    assert crm.objects("c-1") == {}


@pytest.mark.parametrize(("request_id", "status"), [("r1", 409), ("a b", 400), ("r_2-x", 201)])
def test_client_request_ids_are_used_once(crm: Crm, request_id: str, status: int) -> None:
    crm.upload(CONTACT)
    assert crm.upload(CONTACT, request=request_id).status_code == status


def test_an_upload_needs_its_part_and_a_known_integration(crm: Crm) -> None:
    params = {"integrationId": crm.id, "objectType": "CONTACT", "clientRequestId": "r1"}
    answer = crm.api("POST", "/v2/crm/entities", params=params, files={"file": ("a", "x")})
    assert (answer.status_code, errors_of(answer)) == (400, ["dataFile part is missing"])
    other = crm.api("POST", "/v2/crm/entities", params={**params, "integrationId": 1}, files={"dataFile": ("a", "x")})
    assert other.status_code == 400


def test_objects_are_asked_for_with_a_json_body(crm: Crm) -> None:
    params = {"integrationId": crm.id, "objectType": "CONTACT", "objectsCrmIds": "c-1"}
    assert crm.api("GET", "/v2/crm/entities", params=params).status_code == 415


def test_a_schema_is_sent_as_a_whole(crm: Crm) -> None:
    tier, size = ({"uniqueName": name, "label": name, "type": "STRING"} for name in ("tier", "size"))
    assert crm.schema([tier]).status_code == 200
    missing = crm.schema([size])
    assert (missing.status_code, "missing: tier" in errors_of(missing)[0]) == (400, True)
    crm.upload({**CONTACT, "tier": "gold"})
    crm.api.advance(60)
    assert crm.schema([{**tier, "isDeleted": True}, size]).status_code == 200
    params = {"integrationId": crm.id, "objectType": "CONTACT"}
    found = crm.api("GET", "/v2/crm/entity-schema", params=params).json()["objectTypeToSelectedFields"]
    assert found == {"CONTACT": [size]}
    assert "tier" not in crm.objects("c-1")["c-1"]


def test_a_deletion_takes_longer_and_ends_everything(crm: Crm) -> None:
    params = {"integrationId": crm.id, "clientRequestId": "d1"}
    assert crm.api("DELETE", "/v2/crm/integrations", params=params).status_code == 201
    crm.api.advance(599)
    assert crm.status("d1")["status"] == "IN_PROGRESS"
    crm.api.advance(1)
    assert crm.status("d1")["status"] == "DONE"
    assert crm.api("GET", "/v2/crm/integrations").json()["integrations"] == []
    assert Crm(crm.api).id != crm.id
