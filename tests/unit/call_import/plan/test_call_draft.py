"""From a row to the call that it describes, and from the call's problems back to the columns."""

from __future__ import annotations

import json

import pytest

from airflow_provider_gong.call_import.manifest.fields import (
    CALL_FIELDS,
    FIELDS,
    PARTY_FIELDS,
    Kind,
    column_at,
    column_of,
)
from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.plan.call_draft import CallDraft
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import Host, HostDirectory
from airflow_provider_gong.client.models import CallParty, NewCall
from airflow_provider_gong.ledger.rows import Problem
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NOW, USERS

HOST_ID = "234599484848423"
HOST = HostDirectory(USERS).find(HOST_ID)


STRICT = CellRules(is_strict=True, now=NOW)


def draft(host: Host | Problem = HOST, rules: CellRules = STRICT, **changes: str) -> CallDraft:
    return CallDraft(ManifestRow(1, manifest_row(1, **changes)), host, rules)


def call_of(**changes: str) -> NewCall:
    made = draft(**changes)
    call = made.validated()
    assert call is not None, made.problems
    return call


def problems_of(host: Host | Problem = HOST, **changes: str) -> dict[str, Problem]:
    made = draft(host, **changes)
    assert made.validated() is None
    assert len({problem.field for problem in made.problems}) == len(made.problems)
    return {problem.field: problem for problem in made.problems}


def test_columns_become_the_fields_of_the_call() -> None:
    call = call_of(
        title="Hello",
        purpose="Demo",
        disposition="Answered",
        duration="61.5",
        scheduled_start="2026-11-19T08:00:00+01:00",
        scheduled_end="2026-11-19T09:00:00+01:00",
        custom_data="x",
        meeting_url="https://meet.example.com/1",
        call_provider_code="zoom",
        workspace_id="623457276584334",
        language_code="de-DE",
        flow_task_id="task-7",
        context='[{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": "001"}]}]',
    ).wire()
    assert call.pop("parties")
    assert call == {
        "clientUniqueId": "pbx-00001",
        "actualStart": "2026-11-19T08:01:00+01:00",
        "direction": "Outbound",
        "primaryUser": HOST_ID,
        "title": "Hello",
        "purpose": "Demo",
        "disposition": "Answered",
        "duration": 61.5,
        "scheduledStart": "2026-11-19T08:00:00+01:00",
        "scheduledEnd": "2026-11-19T09:00:00+01:00",
        "customData": "x",
        "meetingUrl": "https://meet.example.com/1",
        "callProviderCode": "zoom",
        "workspaceId": "623457276584334",
        "languageCode": "de-DE",
        "flowContext": {"taskId": "task-7"},
        "context": [{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": "001"}]}],
    }


def test_the_host_is_added_as_a_party() -> None:
    assert call_of().wire()["parties"] == [
        {"userId": HOST_ID, "name": "Tobias Okafor", "emailAddress": "tobias.okafor@example.com"},
        {"name": "Dana Ortiz", "emailAddress": "dana@northwind.example.com", "phoneNumber": "+1 555 0100"},
    ]


@pytest.mark.parametrize("address", ["tobias.okafor@example.com", "T.OKAFOR@example.com", "tobias@sales.example.com"])
def test_a_party_with_an_address_of_the_host_is_the_host(address: str) -> None:
    parties = call_of(party_2_email=address, party_2_name="Tobias").wire()["parties"]
    assert parties[1] == {"userId": HOST_ID, "name": "Tobias", "emailAddress": address}
    assert [party.get("userId") for party in parties] == [None, HOST_ID]


TIMELINE = '{"speechSegments": [{"fromTime": 0, "toTime": 900, "partyIds": ["agent", "customer"]}]}'


def test_every_field_of_a_party_has_a_column() -> None:
    call = call_of(
        party_1_party_id="customer",
        party_1_media_channel_id="1",
        party_1_context='[{"system": "Generic", "objects": [{"object_type": "Lead", "object_id": "7"}]}]',
        party_2_user_id=HOST_ID,
        party_2_party_id="agent",
        speakers_timeline=TIMELINE,
    ).wire()
    assert call["parties"] == [
        {
            "name": "Dana Ortiz",
            "emailAddress": "dana@northwind.example.com",
            "phoneNumber": "+1 555 0100",
            "partyId": "customer",
            "mediaChannelId": 1,
            "context": [{"system": "Generic", "objects": [{"objectType": "Lead", "objectId": "7"}]}],
        },
        {"userId": HOST_ID, "partyId": "agent"},
    ]
    assert call["speakersTimeline"] == json.loads(TIMELINE)


def test_every_documented_field_of_a_call_has_a_column() -> None:
    columns = {field.column for field in CALL_FIELDS}
    filled_otherwise = {"download_media_url", "flow_context"}
    assert set(NewCall.model_fields) - columns == filled_otherwise
    assert {field.alias for field in NewCall.model_fields.values()} == {
        field.path.partition(".")[0] for field in CALL_FIELDS
    }
    assert {field.alias for field in CallParty.model_fields.values()} == {field.path for field in PARTY_FIELDS}


def test_columns_and_names_of_gong_lead_to_each_other() -> None:
    for field in CALL_FIELDS:
        assert column_of(field.path) == column_of(field.column) == column_at(field.path) == field.column
    for field in FIELDS.values():
        assert column_at(field.path, field.party) == field.column
        below = f"{field.column}[0].x" if field.kind is Kind.JSON else field.column
        assert column_at(f"{field.path}[0].x", field.party) == below


def test_parties_may_be_given_as_json() -> None:
    listed = [{"email_address": "T.OKAFOR@example.com"}, {"name": "Dana", "emailAddress": None}]
    no_party = {"party_1_name": "", "party_1_email": "", "party_1_phone": ""}
    parties = call_of(parties=json.dumps(listed), party_3_name="Lee", **no_party).wire()["parties"]
    assert parties == [
        {"userId": HOST_ID, "emailAddress": "T.OKAFOR@example.com"},
        {"name": "Dana"},
        {"name": "Lee"},
    ]


def test_a_party_with_an_address_of_the_host_and_another_user_id_is_not_the_host() -> None:
    parties = call_of(party_2_email="tobias.okafor@example.com", party_2_user_id="5").wire()["parties"]
    assert [party.get("userId") for party in parties] == [HOST_ID, None, "5"]


def test_nobody_but_the_host_gets_a_user_id() -> None:
    parties = call_of(party_2_email="noor.haddad@example.com", party_3_name="Tobias Okafor").wire()["parties"]
    assert [party.get("userId") for party in parties] == [HOST_ID, None, None, None]


def test_a_host_of_whom_only_the_id_is_known_is_a_party_by_it() -> None:
    call = draft(Host("5", "", ())).validated()
    assert call is not None
    assert call.wire()["parties"][0] == {"userId": "5"}


def test_parties_may_have_gaps_in_their_numbers() -> None:
    parties = call_of(party_1_name="", party_1_email="", party_1_phone="", party_12_name="L", party_7_name="S")
    assert [party.name for party in parties.parties] == ["Tobias Okafor", "S", "L"]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"party_2_email": "na"}, "party_2_email"),
        ({"party_1_email": "t.okafor@example.com", "party_12_email": "x@"}, "party_12_email"),
        ({"client_unique_id": ""}, "client_unique_id"),
        ({"client_unique_id": "x" * 2049}, "client_unique_id"),
        ({"actual_start": ""}, "actual_start"),
        ({"actual_start": "2026-11-20T14:03:00"}, "actual_start"),
        ({"actual_start": "2026-11-20T14:03:00+01:07"}, "actual_start"),
        ({"direction": "sideways"}, "direction"),
        ({"duration": "one minute"}, "duration"),
        ({"workspace_id": "Sales"}, "workspace_id"),
        ({"language_code": "de_DE"}, "language_code"),
        ({"purpose": "x" * 256}, "purpose"),
        ({"party_1_user_id": "x"}, "party_1_user_id"),
        ({"party_12_media_channel_id": "2"}, "party_12_media_channel_id"),
        ({"party_1_context": "Salesforce"}, "party_1_context"),
        ({"party_1_context": '[{"system": "SAP"}]'}, "party_1_context[0].system"),
        ({"context": "{}"}, "context"),
        ({"context": "["}, "context"),
        ({"context": '[{"system": "Generic", "objects": [{"objectId": "1"}]}]'}, "context[0].objects[0].objectType"),
        ({"speakers_timeline": TIMELINE}, "speakers_timeline.speechSegments[0].partyIds[0]"),
        ({"speakers_timeline": '{"speechSegments": 3}'}, "speakers_timeline.speechSegments"),
        ({"parties": '{"name": "Dana"}'}, "parties"),
        ({"parties": '["Dana"]'}, "parties"),
        ({"parties": '[{"name": "Dana"}, {"emailAddress": "na"}]'}, "parties[1].emailAddress"),
        ({"parties": "[" * 100_000}, "parties"),
        (
            {"scheduled_start": "2026-11-20T10:00:00Z", "scheduled_end": "2026-11-20T09:00:00Z"},
            "scheduled_end",
        ),
    ],
)
def test_a_problem_names_its_column_and_nothing_else(changes: dict[str, str], column: str) -> None:
    # The timeline lacks both of its parties.
    assert [found for found in problems_of(**changes) if not found.endswith("partyIds[1]")] == [column]


def test_all_problems_of_a_row_are_found_at_once() -> None:
    found = problems_of(
        actual_start="yesterday", direction="Sideways", party_1_email="na", scheduled_end="x", client_unique_id=""
    )
    assert set(found) == {"actual_start", "direction", "party_1_email", "scheduled_end", "client_unique_id"}


@pytest.mark.parametrize("text", ["nobody@example.com", "77", "901"])
@pytest.mark.parametrize("party", [{}, {"party_1_name": "", "party_1_email": "", "party_1_phone": ""}])
def test_a_host_who_may_not_host_is_one_problem(text: str, party: dict[str, str]) -> None:
    host = HostDirectory(USERS).find(text)
    assert problems_of(host, primary_user=text, **party) == {"primary_user": host}
    assert set(problems_of(host, primary_user=text, party_2_email="na")) == {"primary_user", "party_2_email"}
