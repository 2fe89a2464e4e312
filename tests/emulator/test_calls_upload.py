from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from .conftest import Api, errors_of, wav

PARSE_ERROR = ["Json parse error, verify Json format matches the API description."]


def test_a_call_goes_from_invisible_over_not_ready_and_not_found_to_visible(api: Api) -> None:
    call_id = api.add_call()
    assert errors_of(api("GET", f"/v2/calls/{call_id}")) == [f"Call ID {call_id} was not found"]

    uploaded = api.upload(call_id, wav(90))
    assert uploaded.status_code == 201
    assert uploaded.json()["callId"] == call_id

    seen = []
    for seconds in (0, 227, 2, 10, 1):
        api.clock.advance(seconds)
        answer = api("GET", f"/v2/calls/{call_id}")
        seen.append((answer.status_code, *answer.json().get("errors", [])))
    not_ready, not_found = (404, f"Call ID {call_id} is not ready yet"), (404, f"Call ID {call_id} was not found")
    assert seen == [not_ready, not_ready, not_found, not_found, (200,)]


def test_a_visible_call_shows_what_gong_measured(api: Api) -> None:
    call_id = api.processed_call("pbx-7", duration=5, disposition="Connected", languageCode="de-DE")

    call = api("GET", f"/v2/calls/{call_id}").json()["call"]

    assert call["duration"] == 90
    assert (call["system"], call["media"], call["language"]) == ("Upload API", "Audio", "ger")
    assert (call["clientUniqueId"], call["sdrDisposition"]) == ("pbx-7", "Connected")
    assert call["started"] == "2026-03-01T02:00:00-08:00"
    assert api("GET", httpx.URL(call["meetingUrl"]).path).status_code == 403


def test_without_media_a_call_never_becomes_visible(api: Api) -> None:
    call_id = api.add_call()
    api.clock.advance(86_400)
    found = api("POST", "/v2/calls/extensive", json={"filter": {"callIds": [call_id]}})
    assert found.status_code == 404
    assert api.call_state(call_id)["state"] == "awaiting_media"


@pytest.mark.parametrize(
    ("content", "reason"), [(wav(59), "shorter than 60 seconds"), (wav(120, seed=None), "no speech")]
)
def test_short_and_silent_recordings_are_accepted_and_dropped(api: Api, content: bytes, reason: str) -> None:
    call_id = api.add_call()
    assert api.upload(call_id, content).status_code == 201
    assert "is not ready yet" in api("GET", f"/v2/calls/{call_id}").text

    api.clock.advance(86_400)

    assert errors_of(api("GET", f"/v2/calls/{call_id}")) == [f"Call ID {call_id} was not found"]
    assert api.call_state(call_id)["media"]["discardedBecause"] == reason


@pytest.mark.parametrize("status", [400, 409])
def test_a_repeated_client_unique_id_names_the_existing_call(status: int) -> None:
    api = Api(duplicate_status=status)
    call_id = api.add_call("pbx-1")
    repeated = api("POST", "/v2/calls", json=api.new_call("pbx-1", title="Another"))
    assert repeated.status_code == status
    assert errors_of(repeated) == [f"A call with clientUniqueId 'pbx-1' has already been posted for the call {call_id}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "detailed",
            "A media file with the same content has been uploaded in the past. callID with the same content: {first}",
        ),
        ("bare", "Bad request"),
    ],
)
def test_the_same_recording_on_another_call_is_refused(text: str, expected: str) -> None:
    api = Api(duplicate_media_text=text)
    first, second = api.add_call("pbx-1"), api.add_call("pbx-2")
    api.upload(first, wav(90))

    repeated = api.upload(second, wav(90))

    assert repeated.status_code == 400
    assert errors_of(repeated) == [expected.format(first=first)]
    assert api.call_state(second)["state"] == "awaiting_media"
    assert api.upload(second, wav(90, seed=2)).status_code == 201


def test_the_content_of_a_dropped_recording_stays_taken(api: Api) -> None:
    first, second = api.add_call("pbx-1"), api.add_call("pbx-2")
    api.upload(first, wav(30))
    api.clock.advance(86_400)
    assert f"callID with the same content: {first}" in api.upload(second, wav(30)).text


@pytest.mark.parametrize("seed", [1, 2])
def test_second_media_on_a_call_has_already_been_handled(api: Api, seed: int) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav(90, seed=1))
    again = api.upload(call_id, wav(90, seed=seed))
    assert again.status_code == 400
    assert errors_of(again)[0].endswith("has already been handled")
    assert api.call_state(call_id)["received"] == 2


def test_a_host_without_telephony_import_is_a_conflict(api: Api) -> None:
    host = api.user_id("noor.haddad@example.com")
    answer = api("POST", "/v2/calls", json=api.new_call(primaryUser=host, parties=[{"userId": host}]))
    assert answer.status_code == 409
    assert errors_of(answer) == [f"Recording or telephony call import is not enabled for primaryUser {host}"]
    assert len(api.state()["calls"]) == 5


def test_media_must_be_multipart(api: Api) -> None:
    call_id = api.add_call()
    answer = api("PUT", f"/v2/calls/{call_id}/media", content=wav(90), headers={"content-type": "audio/wav"})
    assert answer.status_code == 415
    assert errors_of(answer) == ["Unsupported Media Type"]


def test_the_part_must_be_named_media_file(api: Api) -> None:
    call_id = api.add_call()
    answer = api("PUT", f"/v2/calls/{call_id}/media", files={"file": ("a.wav", wav(90))})
    assert answer.status_code == 400
    assert errors_of(answer) == ["Required request part 'mediaFile' is not present"]
    assert api.call_state(call_id)["state"] == "awaiting_media"


def test_other_parts_beside_the_media_are_ignored(api: Api) -> None:
    call_id = api.add_call()
    files = [("note", ("n.txt", b"hello")), ("mediaFile", ("a.wav", wav(90))), ("more", ("m.txt", b"bye"))]
    assert api("PUT", f"/v2/calls/{call_id}/media", files=files).status_code == 201
    assert api.call_state(call_id)["media"]["bytes"] == len(wav(90))


def test_of_several_parts_the_first_counts(api: Api) -> None:
    call_id = api.add_call()
    files = [("mediaFile", ("a.wav", wav(90, seed=seed))) for seed in (1, 2)]
    assert api("PUT", f"/v2/calls/{call_id}/media", files=files).status_code == 201
    assert api.call_state(call_id)["media"]["sha256"] == hashlib.sha256(wav(90, seed=1)).hexdigest()


def test_a_body_that_is_cut_off_stores_nothing(api: Api) -> None:
    call_id = api.add_call()
    whole = httpx.Request("PUT", "http://gong.example.com", files={"mediaFile": ("a.wav", wav(90))})
    half = whole.read()[: len(wav(90)) // 2]
    headers = {"content-type": whole.headers["content-type"]}
    assert api("PUT", f"/v2/calls/{call_id}/media", content=half, headers=headers).status_code == 400
    assert api.call_state(call_id)["media"] is None
    assert api.upload(call_id, wav(90)).status_code == 201


def test_a_recording_above_the_limit_is_refused() -> None:
    api = Api(media_limit_bytes=10_000)
    call_id = api.add_call()
    answer = api.upload(call_id, wav(90))
    assert (answer.status_code, errors_of(answer)) == (400, ["Maximum upload size exceeded"])
    assert api.call_state(call_id)["media"] is None


@pytest.mark.parametrize("call_id", ["7782342274025937895", "0"])
def test_media_of_an_unknown_call(api: Api, call_id: str) -> None:
    answer = api.upload(call_id, wav(90))
    assert (answer.status_code, errors_of(answer)) == (400, [f"Call ID {call_id} was not found"])


def test_a_pulled_recording_is_processed_without_an_upload(api: Api) -> None:
    call_id = api.add_call(downloadMediaUrl="https://storage.example.com/a.mp3?signature=1", duration=321.4)
    assert "is not ready yet" in api("GET", f"/v2/calls/{call_id}").text
    assert errors_of(api.upload(call_id, wav(90)))[0].endswith("has already been handled")
    api.clock.advance(240)
    assert api("GET", f"/v2/calls/{call_id}").json()["call"]["duration"] == 321


def test_a_second_pull_of_the_same_url_is_dropped(api: Api) -> None:
    url = "https://storage.example.com/a.mp3"
    first, second = api.add_call("a", downloadMediaUrl=url), api.add_call("b", downloadMediaUrl=url)
    api.clock.advance(240)
    assert api("GET", f"/v2/calls/{first}").json()["call"]["duration"] == 300
    assert api("GET", f"/v2/calls/{second}").status_code == 404
    assert api.call_state(second)["state"] == "discarded"


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "Sideways"},
        {"direction": "inbound"},
        {"actualStart": "2026-03-01"},
        {"actualStart": "2026-03-01T10:00:00"},
        {"duration": "60"},
        {"parties": {}},
        {"parties": [None]},
        {"primaryUser": True},
        {"context": [{"system": "Pipedrive"}]},
        {"speakersTimeline": {"speechSegments": [{"fromTime": 0.5, "toTime": 1, "partyIds": []}]}},
    ],
)
def test_a_wrong_shape_is_a_parse_error(api: Api, changes: dict[str, Any]) -> None:
    answer = api("POST", "/v2/calls", json=api.new_call(**changes))
    assert (answer.status_code, errors_of(answer)) == (400, PARSE_ERROR)


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"duration": NaN}', b'{"title": "\\ud800"}']
)
def test_a_body_that_is_no_object_is_a_parse_error(api: Api, body: bytes) -> None:
    answer = api("POST", "/v2/calls", content=body)
    assert (answer.status_code, errors_of(answer)) == (400, PARSE_ERROR)


@pytest.mark.parametrize("name", ["clientUniqueId", "actualStart", "parties", "direction", "primaryUser"])
def test_required_fields_are_named(api: Api, name: str) -> None:
    body = api.new_call()
    del body[name]
    answer = api("POST", "/v2/calls", json=body)
    assert (answer.status_code, errors_of(answer)) == (400, [f"{name}: must not be null"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"clientUniqueId": "x" * 2049}, "clientUniqueId: size must be between 0 and 2048"),
        ({"purpose": "x" * 256}, "purpose: size must be between 0 and 255"),
        ({"disposition": "x" * 256}, "disposition: size must be between 0 and 255"),
        ({"parties": []}, "parties: must not be empty"),
        ({"parties": [{"name": "Somebody"}]}, "parties: must include the primaryUser"),
        ({"primaryUser": "7782342274025937895"}, "primaryUser: user 7782342274025937895 was not found"),
        ({"primaryUser": "tobias.okafor@example.com"}, "primaryUser: user tobias.okafor@example.com was not found"),
        ({"workspaceId": "1"}, "workspaceId: workspace 1 was not found"),
        ({"downloadMediaUrl": "s3://bucket/a.mp3"}, "downloadMediaUrl: must be a valid URL"),
        (
            {"context": [{"system": "Salesforce", "objects": [{"objectType": "Account"}]}]},
            "context[0].objects[0].objectId: must not be null",
        ),
    ],
)
def test_wrong_values_are_named(api: Api, changes: dict[str, Any], error: str) -> None:
    answer = api("POST", "/v2/calls", json=api.new_call(**changes))
    assert (answer.status_code, errors_of(answer)) == (400, [error])


def test_a_media_channel_is_0_or_1(api: Api) -> None:
    body = api.new_call()
    body["parties"][1]["mediaChannelId"] = 2
    answer = api("POST", "/v2/calls", json=body)
    assert errors_of(answer) == ["parties[1].mediaChannelId: must be less than or equal to 1"]


def test_a_timeline_names_known_parties(api: Api) -> None:
    body = api.new_call()
    body["parties"][0]["partyId"] = "p1"
    segment = {"fromTime": 0, "toTime": 900, "partyIds": ["p1"]}
    body["speakersTimeline"] = {"speechSegments": [segment, {**segment, "partyIds": ["p2"]}]}
    answer = api("POST", "/v2/calls", json=body)
    assert errors_of(answer) == ["speakersTimeline.speechSegments[1].partyIds: no party has the partyId p2"]


@pytest.mark.parametrize("email", ["na", "-", "", "dana@customer.example", "dana@localhost", "a b@example.com"])
def test_a_party_email_that_is_none_is_refused(api: Api, email: str) -> None:
    body = api.new_call()
    body["parties"].append({"emailAddress": email})
    answer = api("POST", "/v2/calls", json=body)
    assert (answer.status_code, errors_of(answer)) == (400, [f"{email} is not a valid email address"])


def test_the_host_may_be_named_by_an_alias_and_unknown_fields_are_ignored(api: Api) -> None:
    parties = [{"emailAddress": "T.Okafor@example.com", "affiliation": "Internal", "speakerId": "1"}]
    assert api.add_call(parties=parties)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v2/calls/1"), ("PATCH", "/v2/calls/1"), ("DELETE", "/v2/calls/1"), ("POST", "/v2/calls/manage")],
)
def test_calls_can_be_neither_changed_nor_deleted(api: Api, method: str, path: str) -> None:
    answer = api(method, path)
    assert (answer.status_code, errors_of(answer)) == (405, ["Method Not Allowed"])
