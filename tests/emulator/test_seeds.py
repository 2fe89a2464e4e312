from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.emulator.company.seeds.documents import load_document

from .conftest import Api

COMPANY: dict[str, Any] = {
    "workspaces": [{"name": "Support"}],
    "users": [
        {"firstName": "Ada", "lastName": "Berg"},
        {"firstName": "Ben", "lastName": "Ito", "emailAddress": "ben@sub.example.com", "telephonyCallsImported": False},
    ],
    "calls": [{"clientUniqueId": "one", "host": "ada.berg@example.com", "minutes": 3, "daysAgo": 1}],
}


def test_a_company_can_be_described() -> None:
    api = Api(company=COMPANY)
    users = api.users()
    assert list(users) == ["ada.berg@example.com", "ben@sub.example.com"]
    assert users["ben@sub.example.com"]["settings"]["telephonyCallsImported"] is False
    assert users["ben@sub.example.com"]["managerId"] == users["ada.berg@example.com"]["id"]
    assert [space["name"] for space in api("GET", "/v2/workspaces").json()["workspaces"]] == ["Support"]
    found = api("POST", "/v2/calls/extensive", json={"filter": {}}).json()["calls"]
    assert [call["metaData"]["duration"] for call in found] == [180]


def test_a_reset_goes_back_to_the_described_company() -> None:
    api = Api(company=COMPANY)
    before = api.state()
    api("POST", "/_emulator/seed", json={"generate": {"users": 3, "calls": 3}})
    assert api.state() != before
    api("POST", "/_emulator/reset")
    assert api.state() == before


@pytest.mark.parametrize(
    ("name", "text"), [("company.json", json.dumps(COMPANY)), ("company.yaml", "generate:\n  users: 2\n  calls: 5\n")]
)
def test_companies_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert Api(company=dict(load_document(path))).state()["calls"]


@pytest.mark.parametrize(("name", "text"), [("a.json", "[]"), ("a.json", "{"), ("a.yaml", "a: [")])
def test_files_that_hold_no_company_are_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        load_document(path)


def test_generated_companies_are_large_and_the_same_again() -> None:
    company = {"generate": {"users": 40, "calls": 300, "months": 6}}
    one, two = Api(company=company), Api(company=company)
    assert one.state() == two.state()
    assert (len(one.state()["users"]), len(one.state()["calls"])) == (52, 300)
    assert Api(company=company, seed=2).state() != one.state()
    starts = sorted(call["started"][:7] for call in one.state()["calls"])
    assert len(set(starts)) >= 6


def test_transcripts_of_generated_calls_are_conversations() -> None:
    api = Api(company={"generate": {"calls": 20}})
    transcripts = api("POST", "/v2/calls/transcript", json={"filter": {}}).json()["callTranscripts"]
    for transcript in transcripts:
        sentences = [line for said in transcript["transcript"] for line in said["sentences"]]
        assert len({said["speakerId"] for said in transcript["transcript"]}) == 2
        assert len({line["text"] for line in sentences}) >= 10
        assert all(one["end"] <= other["start"] for one, other in pairwise(sentences))
    assert any(said["topic"] is None for said in transcripts[0]["transcript"])


def test_the_analysis_of_a_call_follows_from_its_transcript() -> None:
    api = Api(company={"generate": {"calls": 20}})
    exposed = {
        "parties": True,
        "content": {"trackers": True, "trackerOccurrences": True, "structure": True},
        "interaction": {"speakers": True, "questions": True},
    }
    body = {"filter": {}, "contentSelector": {"exposedFields": exposed}}
    calls = {call["metaData"]["id"]: call for call in api("POST", "/v2/calls/extensive", json=body).json()["calls"]}
    for found in api("POST", "/v2/calls/transcript", json={"filter": {}}).json()["callTranscripts"]:
        call, said = calls[found["callId"]], found["transcript"]
        text = [line["text"] for monologue in said for line in monologue["sentences"]]
        discounts = sum("discount" in line.lower() for line in text) + sum("budget" in line.lower() for line in text)
        counted = {tracker["name"]: tracker["count"] for tracker in call["content"]["trackers"]}
        assert counted["Discount"] == discounts
        questions = call["interaction"]["questions"]
        assert questions["companyCount"] + questions["nonCompanyCount"] == sum(line.endswith("?") for line in text)
        speakers = {party["speakerId"] for party in call["parties"]}
        assert {speaker["id"] for speaker in call["interaction"]["speakers"]} == speakers


def test_a_running_company_can_be_extended(api: Api) -> None:
    added = {**COMPANY, "workspaces": [], "generate": {"calls": 10}}
    assert api("POST", "/_emulator/seed", json=added).json() == {"users": 14, "calls": 16}
    again = api("POST", "/_emulator/seed", json={"calls": COMPANY["calls"]})
    assert (again.status_code, "already exists" in again.json()["error"]) == (400, True)


def with_user(**changes: Any) -> dict[str, Any]:
    return {"users": [{"firstName": "A", "lastName": "B", **changes}]}


def with_call(**changes: Any) -> dict[str, Any]:
    return {"calls": [{"clientUniqueId": "second", "host": "mara.lindqvist@example.com", **changes}]}


@pytest.mark.parametrize(
    ("company", "error"),
    [
        ([], "company must be an object"),
        ({"people": []}, "company: unknown name people"),
        ({"users": [{"firstName": "A"}]}, "users[0]: lastName missing"),
        (with_user(active="yes"), "users[0].active must be of type bool"),
        (with_user(nickname="C"), "users[0]: unknown name nickname"),
        (with_user(emailAddress="tobias.okafor@example.com"), "already exists"),
        ({"calls": [{"clientUniqueId": "x", "host": "nobody@example.com"}]}, "no user has the address"),
        (
            {"calls": [{"clientUniqueId": "x", "host": "mara.lindqvist@example.com", "workspace": "Y"}]},
            "no workspace Y",
        ),
        ({"workspaces": [{"name": "New"}]}, "only be set at the start"),
        ({"generate": {"calls": "many"}}, "generate.calls must be of type int"),
    ],
)
def test_wrong_descriptions_say_what_is_wrong(api: Api, company: Any, error: str) -> None:
    answer = api("POST", "/_emulator/seed", json=company)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (with_call(host="nobody@example.com"), "no user has the address"),
        (with_call(clientUniqueId="first"), "call first already exists"),
        (with_call(workspace="Y"), "no workspace Y"),
        (with_call(minutes=0), "minutes must be up to 1440"),
        (with_call(minutes=1e300), "minutes must be up to 1440"),
        (with_call(daysAgo=1e300), "is not a valid time"),
        (with_call(started="yesterday"), "is not a valid time"),
        (with_call(started="2026-03-01T10:00:00"), "the start, a party"),
        (with_call(direction="Sideways"), "the direction"),
        (with_call(languageCode="xx"), "the language"),
        (with_call(disposition="x" * 256), "disposition: size must be between 0 and 255"),
        (with_call(parties=["Dana"]), "calls[1].parties must contain objects"),
        (with_call(parties=[{"emailAddress": {}}]), "a party"),
        (with_user(emailAliases=[1]), "emailAliases must contain texts"),
        (with_user(emailAliases=["new.comer@example.com"]), "belongs to another user"),
        (with_user(manager="nobody@example.com"), "the manager nobody@example.com is unknown"),
    ],
)
def test_a_wrong_description_adds_nothing(api: Api, wrong: dict[str, Any], error: str) -> None:
    before = api.state()
    company = {
        "users": [{"firstName": "New", "lastName": "Comer"}, *wrong.get("users", ())],
        "calls": [{"clientUniqueId": "first", "host": "new.comer@example.com"}, *wrong.get("calls", ())],
        "generate": {"users": 2, "calls": 2},
    }
    answer = api("POST", "/_emulator/seed", json=company)
    assert (answer.status_code, error in answer.json()["error"]) == (400, True), answer.text
    assert api.state() == before
    right = {**company, "users": company["users"][:1], "calls": company["calls"][:1]}
    assert api("POST", "/_emulator/seed", json=right).json() == {"users": 15, "calls": 8}


def test_users_can_be_changed(api: Api) -> None:
    noor = "noor.haddad@example.com"
    changed = api("POST", "/_emulator/users", json={"emailAddress": noor, "telephonyCallsImported": True})
    assert changed.json()["settings"]["telephonyCallsImported"] is True
    host = api.user_id(noor)
    assert api.add_call("new", primaryUser=host, parties=[{"userId": host}])
    history = api("GET", f"/v2/users/{host}/settings-history").json()["userSettingsHistory"]
    assert (history[-1]["setting"], history[-1]["value"]) == ("callsImported", True)


def test_users_get_new_addresses(api: Api) -> None:
    host = api.user_id()
    api("POST", "/_emulator/users", json={"id": host, "emailAddress": "new@example.com", "emailAliases": []})
    assert api.users()["new@example.com"]["id"] == host
    status = api(
        "POST", "/v2/meetings/integration/status", json={"emails": ["t.okafor@example.com", "NEW@example.com"]}
    )
    assert [user["exists"] for user in status.json()["users"]] == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"emailAddress": "nobody@example.com"},
        {"emailAddress": "noor.haddad@example.com", "active": "no"},
        {"emailAddress": "noor.haddad@example.com", "created": "2026-01-01"},
        {"emailAddress": "noor.haddad@example.com", "emailAliases": ["tobias.okafor@example.com"]},
        [],
    ],
)
def test_wrong_changes_of_users_are_refused(api: Api, change: Any) -> None:
    before = api.state()["users"]
    assert api("POST", "/_emulator/users", json=change).status_code == 400
    assert api.state()["users"] == before


def test_further_keys_have_scopes_and_a_visibility_of_their_own(api: Api) -> None:
    key = {"access_key": "blind", "access_key_secret": "s", "scopes": ["api:users:read"], "sees_calls": False}
    assert api("POST", "/_emulator/keys", json=key).status_code == 200
    api.auth = ("blind", "s")
    assert api("GET", "/v2/users").status_code == 200
    assert api("GET", "/v2/workspaces").status_code == 401
    api("POST", "/_emulator/keys", json={**key, "scopes": "api:calls:read:extensive"})
    assert api("POST", "/v2/calls/extensive", json={"filter": {}}).status_code == 404


@pytest.mark.parametrize("key", [{}, {"access_key": "a"}, {"access_key": "a:b", "access_key_secret": "c"}, {"key": 1}])
def test_wrong_keys_are_refused(api: Api, key: dict[str, Any]) -> None:
    assert api("POST", "/_emulator/keys", json=key).status_code == 400


@pytest.fixture
def run_command(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    import subprocess
    import sys

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "airflow_provider_gong.emulator", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--company", "missing.json"), "No such file"),
        (("--set", "strict"), "is not NAME=VALUE"),
        (("--set", "strict=maybe"), "strict must be one of"),
        (("--set", "nothing=1"), "nothing"),
        (("--speed", "-1"), "the speed of a clock"),
    ],
)
def test_wrong_options_are_explained(
    run_command: Callable[..., tuple[int, str]], arguments: tuple[str, ...], error: str
) -> None:
    status, text = run_command(*arguments)
    assert status == 2
    assert error in text
    assert "Traceback" not in text
