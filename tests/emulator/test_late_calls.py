"""What happens to calls after they took place: they appear late, change, are made private, disappear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.world.clock import MANUAL_START

from .conftest import HOST_EMAIL, Api

HOUR = 3_600
CONTENT = {"exposedFields": {"content": {"topics": True, "brief": True}, "parties": True}}


@pytest.fixture
def api() -> Api:
    """Return a company without calls."""
    return Api(company={"generate": {"users": 0}})


def add(api: Api, client_unique_id: str = "c-1", **changes: Any) -> None:
    call = {"clientUniqueId": client_unique_id, "host": HOST_EMAIL, **changes}
    answer = api("POST", "/_emulator/seed", json={"calls": [call]})
    assert answer.status_code == 200, answer.text


def happens(api: Api, client_unique_id: str = "c-1", **changes: Any) -> None:
    answer = api("POST", "/_emulator/calls", json={"clientUniqueId": client_unique_id, **changes})
    assert answer.status_code == 200, answer.text


def listed(api: Api, **filters: Any) -> dict[str, dict[str, Any]]:
    answer = api("POST", "/v2/calls/extensive", json={"filter": filters, "contentSelector": CONTENT})
    calls = answer.json().get("calls", ())
    return {call["metaData"]["clientUniqueId"]: call for call in calls}


def transcribed(api: Api, call_id: str) -> bool:
    return api("POST", "/v2/calls/transcript", json={"filter": {"callIds": [call_id]}}).status_code == 200


def state_of(api: Api, client_unique_id: str = "c-1") -> dict[str, Any]:
    return next(call for call in api.state()["calls"] if call["clientUniqueId"] == client_unique_id)


def ago(**span: float) -> str:
    return (MANUAL_START - timedelta(**span)).isoformat()


def test_a_call_appears_late_and_its_transcript_later_still(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=24 * 7, transcriptAfterHours=24 * 8)
    day = {"fromDateTime": ago(days=1), "toDateTime": MANUAL_START.isoformat()}
    assert listed(api, **day) == {}
    api.advance(24 * 7 * HOUR - HOUR - 1)
    assert listed(api, **day) == {}
    api.advance(1)
    call_id = listed(api, **day)["c-1"]["metaData"]["id"]
    assert api("GET", f"/v2/calls/{call_id}").status_code == 200
    assert not transcribed(api, call_id)
    api.advance(24 * HOUR)
    assert transcribed(api, call_id)


def test_what_has_passed_is_there_at_once(api: Api) -> None:
    add(api, started=ago(days=9), appearsAfterHours=24)
    add(api, "c-2", started=ago(days=9), appearsAfterHours=24, transcriptAfterHours=24 * 10)
    found = {name: call["metaData"]["id"] for name, call in listed(api).items()}
    assert {name: transcribed(api, call_id) for name, call_id in found.items()} == {"c-1": True, "c-2": False}
    api.advance(24 * HOUR)
    assert transcribed(api, found["c-2"])


def test_a_transcript_may_be_there_before_the_call(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=3, transcriptAfterHours=2)
    api.advance(HOUR)
    call = state_of(api)
    assert (call["state"], transcribed(api, call["id"]), listed(api)) == ("not_ready", True, {})
    assert "is not ready yet" in api("GET", f"/v2/calls/{call['id']}").text
    api.advance(HOUR)
    assert list(listed(api)) == ["c-1"]


def test_an_id_is_taken_before_its_call_appears(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=3)
    again = api("POST", "/_emulator/seed", json={"calls": [{"clientUniqueId": "c-1", "host": HOST_EMAIL}]})
    assert (again.status_code, "already exists" in again.text) == (400, True)


def test_a_stale_read_does_not_show_what_appeared_since(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=2)
    api.advance(HOUR)
    assert list(listed(api)) == ["c-1"]
    api("POST", "/_emulator/faults", json=[{"action": "stale", "seconds": 60, "every": 1}])
    assert listed(api) == {}
    api.advance(60)
    assert list(listed(api)) == ["c-1"]


def test_a_title_changes(api: Api) -> None:
    add(api, title="Demo")
    happens(api, title="Demo, second part", in_seconds=HOUR)
    assert listed(api)["c-1"]["metaData"]["title"] == "Demo"
    api.advance(HOUR)
    assert listed(api)["c-1"]["metaData"]["title"] == "Demo, second part"


def test_a_start_moves_to_another_day(api: Api) -> None:
    add(api, started=ago(days=3))
    for number in (2, 4):
        add(api, f"other-{number}", started=ago(days=number))
    happens(api, started=ago(days=1))
    old = {"fromDateTime": ago(days=3.5), "toDateTime": ago(days=2.5)}
    new = {"fromDateTime": ago(days=1.5), "toDateTime": ago(days=0.5)}
    assert (list(listed(api, **old)), list(listed(api, **new))) == ([], ["c-1"])
    assert list(listed(api)) == ["other-4", "other-2", "c-1"]
    assert datetime.fromisoformat(listed(api)["c-1"]["metaData"]["started"]) == datetime.fromisoformat(ago(days=1))
    assert transcribed(api, listed(api)["c-1"]["metaData"]["id"])


def test_a_call_is_analyzed_again(api: Api) -> None:
    add(api, minutes=40)
    first = listed(api)["c-1"]
    assert listed(api)["c-1"] == first
    happens(api, analyzed_again=True)
    second = listed(api)["c-1"]
    assert second["metaData"] == first["metaData"]
    assert second["parties"] == first["parties"]
    assert second["content"]["topics"] != first["content"]["topics"]
    assert second["content"]["brief"] != first["content"]["brief"]


def test_a_call_is_made_private_and_public_again(api: Api) -> None:
    add(api, daysAgo=2)
    add(api, "c-2", isPrivate=True)
    assert [call["metaData"]["isPrivate"] for call in listed(api).values()] == [False, True]
    happens(api, isPrivate=True)
    happens(api, "c-2", isPrivate=False)
    assert [call["metaData"]["isPrivate"] for call in listed(api).values()] == [True, False]
    assert state_of(api)["isPrivate"]


def test_a_call_is_deleted_and_its_id_stays_taken(api: Api) -> None:
    add(api)
    call_id = listed(api)["c-1"]["metaData"]["id"]
    happens(api, deleted=True, in_seconds=60)
    happens(api, title="Too late", in_seconds=120)
    assert list(listed(api)) == ["c-1"]
    api.advance(300)
    assert (listed(api), transcribed(api, call_id), api.state()["calls"]) == ({}, False, [])
    assert "was not found" in api("GET", f"/v2/calls/{call_id}").text
    assert api("POST", "/v2/calls", json=api.new_call("c-1")).status_code == 400


def test_something_happens_to_a_call_that_has_yet_to_appear(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=2, title="Demo")
    happens(api, title="Demo, renamed", in_seconds=2 * HOUR)
    happens(api, title="Never seen", in_seconds=60)
    api.advance(HOUR)
    assert listed(api)["c-1"]["metaData"]["title"] == "Demo"
    api.advance(HOUR)
    assert listed(api)["c-1"]["metaData"]["title"] == "Demo, renamed"


def test_a_call_that_is_deleted_early_never_appears(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=4, transcriptAfterHours=2)
    happens(api, deleted=True, in_seconds=2 * HOUR)
    api.advance(5 * HOUR)
    assert (listed(api), api.state()["calls"]) == ({}, [])


def test_imported_calls_change_as_well(api: Api) -> None:
    call_id = api.processed_call("pbx-1")
    assert api("POST", "/_emulator/calls", json={"id": call_id, "deleted": True}).status_code == 200
    assert "was not found" in api("GET", f"/v2/calls/{call_id}").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"clientUniqueId": "nobody", "deleted": True},
        {"clientUniqueId": "c-1", "title": 5},
        {"clientUniqueId": "c-1", "started": "2026-03-01"},
        {"clientUniqueId": "c-1", "isPrivate": "yes"},
        {"clientUniqueId": "c-1", "colour": "red"},
        {"clientUniqueId": "c-1", "title": "x", "in_seconds": -1},
        {"title": "x"},
        [],
    ],
)
def test_what_cannot_happen_is_refused(api: Api, wrong: Any) -> None:
    add(api)
    before = api.state()
    assert api("POST", "/_emulator/calls", json=wrong).status_code == 400
    assert api.state() == before


def test_what_happened_is_told_with_its_times(api: Api) -> None:
    add(api, started=ago(hours=1), appearsAfterHours=2, transcriptAfterHours=3)
    happens(api, title="x", in_seconds=4 * HOUR)
    happens(api, deleted=True, in_seconds=5 * HOUR)
    assert api("GET", "/_emulator/history").json() == {"history": []}
    api.advance(6 * HOUR)
    told = api("GET", "/_emulator/history").json()["history"]
    assert [line["action"] for line in told] == ["appeared", "transcribed", "changed", "deleted"]
    assert [line["time"] for line in told] == [
        (MANUAL_START + timedelta(hours=hours)).astimezone(UTC).isoformat() for hours in (1, 2, 4, 5)
    ]
    assert {line["clientUniqueId"] for line in told} == {"c-1"}


def test_a_key_goes_blind_later(api: Api) -> None:
    add(api)
    api("POST", "/_emulator/visibility", json={"in_seconds": HOUR, "seconds": HOUR})
    seen = []
    for _ in range(3):
        seen.append(len(listed(api)))
        api.advance(HOUR)
    assert seen == [1, 0, 1]


def test_made_up_calls_may_be_late_or_private() -> None:
    generate = {"calls": 400, "months": 1, "late": 0.5, "private": 0.25}
    api = Api(company={"generate": generate})
    there = api.state()["calls"]
    assert 200 < len(there) < 399
    assert 0.15 < sum(call["isPrivate"] for call in there) / len(there) < 0.35
    api.advance(22 * 24 * HOUR)
    later = api.state()["calls"]
    assert len(later) == 400
    ids = [call["id"] for call in later]
    assert Api(company={"generate": generate}).state()["calls"] == there
    missing = [call_id for call_id in ids[::40] if not transcribed(api, call_id)]
    assert missing == []


def test_histories_are_driven_in_process(running: RunningEmulator) -> None:
    running.seed({"calls": [{"clientUniqueId": "c-1", "host": HOST_EMAIL}]})
    running.change_call("c-1", isPrivate=True, in_seconds=5)
    running.hide(seconds=5)
    running.advance(5)
    assert [line["action"] for line in running.history()] == ["changed"]
    with pytest.raises(ValueError, match="there is no call nobody"):
        running.change_call("nobody", deleted=True)
    with pytest.raises(ValueError, match="changes: title, started, isPrivate"):
        running.change_call("c-1", colour="red")
