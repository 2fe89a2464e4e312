import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models import LANGUAGE_CODES, NewCall, parse_request

HOST = "7782342274025937895"


def call(**changes: Any) -> dict[str, Any]:
    given = {
        "clientUniqueId": "pbx-1",
        "actualStart": "2026-03-31T09:30:00+02:00",
        "primaryUser": HOST,
        "direction": "Outbound",
        "parties": [
            {"userId": HOST, "partyId": "1"},
            {"name": "Jo Doe", "emailAddress": "jo@example.com", "partyId": "2"},
        ],
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not ...}


def problems(**changes: Any) -> dict[str, FieldProblem]:
    with pytest.raises(GongValidationError) as caught:
        parse_request(NewCall, call(**changes))
    found = {problem.field: problem for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems)
    return found


def full_call() -> dict[str, Any]:
    context = [
        {
            "system": "Salesforce",
            "objects": [
                {
                    "objectType": "Contact",
                    "objectId": "0013601230sV7grAAC",
                    "fields": [{"name": "Industry", "value": {"label": "Tools", "rank": None}}],
                }
            ],
        }
    ]
    return call(
        title="Renewal",
        purpose="Renewal",
        disposition="Connected",
        duration=125.8,
        scheduledStart="2026-03-31T09:30:00+02:00",
        scheduledEnd="2026-03-31T10:00:00+02:00",
        parties=[
            {"userId": HOST, "partyId": "1", "name": "Ann Rep"},
            {
                "name": "Jo Doe",
                "emailAddress": "jo@example.com",
                "phoneNumber": "+31 20 123 4567",
                "partyId": "2",
                "mediaChannelId": 1,
                "context": context,
            },
        ],
        context=context,
        customData="queue=7",
        speakersTimeline={
            "precise": True,
            "speechSegments": [{"fromTime": 0, "toTime": 5100, "partyIds": ["1", "2"]}],
        },
        meetingUrl="https://meet.example.com/jo",
        callProviderCode="zoom",
        downloadMediaUrl="https://media.example.com/1.mp3?signature=abc",
        workspaceId="623457276584334",
        languageCode="nl-NL",
        flowContext={"taskId": "714366367493425"},
    )


def test_every_field_arrives_under_gongs_name() -> None:
    assert parse_request(NewCall, full_call()).wire() == full_call()


def test_fields_are_taken_in_snake_case_too() -> None:
    snake = {
        "client_unique_id": "pbx-1",
        "actual_start": "2026-03-31T09:30:00+02:00",
        "primary_user": HOST,
        "direction": "Outbound",
        "parties": [
            {"user_id": HOST, "party_id": "1"},
            {"name": "Jo Doe", "email_address": "jo@example.com", "party_id": "2"},
        ],
    }
    assert parse_request(NewCall, snake) == parse_request(NewCall, call())


def test_finished_model_is_returned_as_it_is() -> None:
    made = parse_request(NewCall, call())
    assert parse_request(NewCall, made) is made


@pytest.mark.parametrize(
    ("changes", "field", "rule", "remedy"),
    [
        ({"clientUniqueId": ...}, "clientUniqueId", "is required", "Add it"),
        ({"clientUniqueId": "  "}, "clientUniqueId", "empty", "value"),
        ({"clientUniqueId": "x" * 2049}, "clientUniqueId", "at most 2048 characters", "Shorten"),
        ({"clientUniqueId": 7.5}, "clientUniqueId", "text", "text"),
        ({"clientUniqueId": True}, "clientUniqueId", "text", "text"),
        ({"purpose": "x" * 256}, "purpose", "at most 255 characters", "Shorten"),
        ({"disposition": "x" * 256}, "disposition", "at most 255 characters", "Shorten"),
        ({"direction": "inbound"}, "direction", "Inbound, Outbound, Conference, Unknown", "Did you mean Inbound"),
        ({"direction": "7"}, "direction", "Inbound, Outbound, Conference, Unknown", "Use one of these"),
        ({"duration": -1}, "duration", "at least 0", "Correct"),
        ({"duration": float("inf")}, "duration", "finite", "finite"),
        ({"primaryUser": "ann@example.com"}, "primaryUser", "not an e-mail address", "list of users"),
        ({"primaryUser": 7.782342274025938e18}, "primaryUser", "loses digits", "as text"),
        ({"primaryUser": True}, "primaryUser", "1 to 20 digits", "Look up"),
        ({"workspaceId": "Sales"}, "workspaceId", "1 to 20 digits", "Look up"),
        ({"languageCode": "en-us"}, "languageCode", "language codes", "en-US"),
        ({"languageCode": "tlh"}, "languageCode", "language codes", "leave the field out"),
        ({"downloadMediaUrl": "media.example.com/1.mp3"}, "downloadMediaUrl", "absolute http or https", "https://"),
        ({"downloadMediaUrl": "http://media.example.com/1.mp3"}, "downloadMediaUrl", "must use https", "https URL"),
        ({"downloadMediaUrl": "https://me:pw@media.example.com/1"}, "downloadMediaUrl", "a user or password", "signed"),
        ({"downloadMediaUrl": "s3://bucket/1.mp3"}, "downloadMediaUrl", "absolute http or https", "https://"),
        ({"downloadMediaUrl": "https:///1.mp3"}, "downloadMediaUrl", "absolute http or https", "https://"),
        ({"downloadMediaUrl": "https://[::1/1.mp3"}, "downloadMediaUrl", "absolute http or https", "https://"),
        ({"parties": []}, "parties", "must not be empty", "Add an entry"),
        ({"parties": {}}, "parties", "must be a list", "Give a list"),
        ({"parties": [{"userId": "12"}]}, "parties", f"userId is primaryUser ({HOST})", "add a party for the host"),
        ({"parties": [7, {"userId": HOST}]}, "parties[0]", "object with named fields", "mapping"),
        ({"flowContext": []}, "flowContext", "object with named fields", "mapping"),
        ({"tittle": "x"}, "tittle", "not a field of NewCall", "Did you mean title"),
        ({"zzz": "x"}, "zzz", "not a field of NewCall", "Known fields: clientUniqueId"),
        ({"actual_start": "x"}, "actual_start", "another name of actualStart", "one of the two"),
        (
            {"scheduledStart": "2026-03-31T10:00:00Z", "scheduledEnd": "2026-03-31T12:00:00+02:00"},
            "scheduledEnd",
            "later than scheduledStart (2026-03-31T10:00:00Z)",
            "scheduledStart",
        ),
    ],
)
def test_wrong_field(changes: dict[str, Any], field: str, rule: str, remedy: str) -> None:
    found = problems(**changes)
    assert list(found) == [field]
    assert rule in found[field].rule
    assert remedy in found[field].remedy


@pytest.mark.parametrize(
    ("party", "field", "rule"),
    [
        ({"affiliation": "External"}, "affiliation", "does not exist in Gong"),
        ({"speakerId": "1"}, "speakerId", "does not exist in Gong"),
        ({"emailAdress": "jo@example.com"}, "emailAdress", "not a field of CallParty"),
        ({"mediaChannelId": 2}, "mediaChannelId", "at most 1"),
        ({"mediaChannelId": -1}, "mediaChannelId", "at least 0"),
        ({"mediaChannelId": "left"}, "mediaChannelId", "whole number"),
        ({"partyId": "1"}, "partyId", "parties[0] has the same partyId"),
        ({"context": [{"system": "Salesforc"}]}, "context[0].system", "Salesforce, HubSpot"),
        (
            {"context": [{"system": "Generic", "objects": [{"objectType": "Lead"}]}]},
            "context[0].objects[0].objectId",
            "is required",
        ),
    ],
)
def test_wrong_party(party: dict[str, Any], field: str, rule: str) -> None:
    found = problems(parties=[{"userId": HOST, "partyId": "1"}, party])
    assert list(found) == [f"parties[1].{field}"]
    assert rule in found[f"parties[1].{field}"].rule


@pytest.mark.parametrize(
    "email",
    [
        "na",
        "-",
        "",
        "jo@",
        "@example.com",
        "jo@example",
        "jo doe@example.com",
        "jo@acme.example",
        "jo@example..com",
        "jo@example.com.",
        "jo..doe@example.com",
        "jo@example.com, ann@example.com",
        f"{'x' * 250}@example.com",
    ],
)
def test_email_address_that_gong_refuses(email: str) -> None:
    assert "e-mail" in problems(parties=[{"userId": HOST}, {"emailAddress": email}])["parties[1].emailAddress"].rule


@pytest.mark.parametrize(
    "email", ["jo@example.com", " jo.doe+x@mail.example.co.uk ", "O'Neil@example.com", "jo@münchen.de"]
)
def test_email_address_that_gong_takes(email: str) -> None:
    made = parse_request(NewCall, call(parties=[{"userId": HOST}, {"emailAddress": email}]))
    assert made.parties[1].email_address == email.strip()


@pytest.mark.parametrize(
    ("segment", "field", "rule"),
    [
        ({"fromTime": 5, "toTime": 5, "partyIds": ["1"]}, "toTime", "greater than fromTime (5)"),
        ({"fromTime": -1, "toTime": 5, "partyIds": ["1"]}, "fromTime", "at least 0"),
        ({"fromTime": 0, "toTime": 5.5, "partyIds": ["1"]}, "toTime", "whole number"),
        ({"fromTime": 0, "toTime": 5, "partyIds": ["1", "3"]}, "partyIds[1]", "partyId of a party"),
    ],
)
def test_wrong_segment_of_the_timeline(segment: dict[str, Any], field: str, rule: str) -> None:
    right = {"fromTime": 0, "toTime": 1, "partyIds": ["2"]}
    found = problems(speakersTimeline={"speechSegments": [right, segment]})
    assert list(found) == [f"speakersTimeline.speechSegments[1].{field}"]
    assert rule in next(iter(found.values())).rule


def test_all_problems_are_found_at_once() -> None:
    found = problems(
        direction="sideways",
        purpose="x" * 256,
        parties=[{"partyId": "1"}, {"partyId": "1"}],
        speakersTimeline={"speechSegments": [{"fromTime": 9, "toTime": 5, "partyIds": ["1"]}]},
        scheduledStart="2026-03-31T10:00:00Z",
        scheduledEnd="2026-03-31T09:00:00Z",
        nonsense=1,
    )
    assert set(found) == {
        "direction",
        "purpose",
        "parties",
        "parties[1].partyId",
        "speakersTimeline.speechSegments[0].toTime",
        "scheduledEnd",
        "nonsense",
    }


def test_error_names_the_count_and_each_problem() -> None:
    with pytest.raises(GongValidationError, match=r"NewCall cannot be sent: 5 problems\..*clientUniqueId"):
        parse_request(NewCall, {})
    with pytest.raises(GongValidationError, match=r"1 problem\. request: must be an object"):
        parse_request(NewCall, "text")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://user:pass@media.example.com/1.mp3?signature=secret#secret", "'ftp://media.example.com/1.mp3'"),
        ("ftp://user:se/cret@media.example.com/1.mp3", "'ftp://media.example.com/1.mp3'"),
        ("media.example.com/1.mp3?signature=secret with spaces", "'media.example.com/1.mp3'"),
    ],
)
def test_problem_shows_a_url_without_its_secrets(url: str, shown: str) -> None:
    with pytest.raises(GongValidationError) as caught:
        parse_request(NewCall, call(downloadMediaUrl=url))
    assert caught.value.problems[0].value == shown
    assert "cret" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_signed_url_is_in_no_repr() -> None:
    assert "signature" not in repr(parse_request(NewCall, full_call()))


def test_long_value_is_shortened() -> None:
    assert len(problems(purpose="x" * 300)["purpose"].value) == 80


@pytest.mark.parametrize(
    ("value", "shown"), [([1, 2], "a list of length 2"), ({"password": "x"}, "an object"), (7, "7")]
)
def test_value_of_a_problem(value: Any, shown: str) -> None:
    assert problems(title=value)["title"].value == shown


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {
                "speakersTimeline": {"speechSegments": []},
                "parties": [{"userId": HOST, "mediaChannelId": 0}, {"name": "Jo"}],
            },
            ["parties[0].mediaChannelId"],
        ),
        ({"parties": [{"userId": HOST, "mediaChannelId": 0}, {"name": "Jo"}]}, []),
        ({"parties": [{"userId": HOST}, {"partyId": "2"}]}, ["parties[1]"]),
        ({"parties": [{"userId": HOST}, {"phoneNumber": "+31 20 123 4567"}]}, []),
        ({"parties": [{"userId": HOST, "context": [{"system": "Generic"}]}]}, ["parties[0].context"]),
        ({"parties": [{"userId": HOST}, {"userId": HOST}]}, ["parties"]),
        ({"context": [{"system": "Generic"}, {"system": "HubSpot"}]}, ["context[1].system"]),
        (
            {"parties": [{"userId": HOST}, {"name": "Jo", "context": [{"system": "MicrosoftDynamic"}]}]},
            ["parties[1].context[0].system"],
        ),
    ],
)
def test_warnings(changes: dict[str, Any], expected: list[str]) -> None:
    assert [text.split(": ")[0] for text in parse_request(NewCall, call(**changes)).warnings()] == expected


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40).filter(str.strip)
offsets = st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
times = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=offsets)
parties = st.fixed_dictionaries({}, optional={"name": texts, "phoneNumber": texts, "mediaChannelId": st.integers(0, 1)})
calls = st.fixed_dictionaries(
    {
        "clientUniqueId": texts,
        "actualStart": times,
        "primaryUser": st.just(HOST),
        "direction": st.sampled_from(["Inbound", "Outbound", "Conference", "Unknown"]),
        "parties": st.lists(parties, max_size=3).map(lambda others: [{"userId": HOST}, *others]),
    },
    optional={
        "title": texts,
        "duration": st.floats(0, 1e6),
        "languageCode": st.sampled_from(sorted(LANGUAGE_CODES)),
        "workspaceId": st.integers(0, 10**20 - 1),
        "customData": texts,
    },
)


@given(calls)
def test_what_is_sent_reads_back_as_the_same_call(given: dict[str, Any]) -> None:
    made = parse_request(NewCall, given)
    assert parse_request(NewCall, made.wire()) == made
    assert json.loads(made.wire_json()) == made.wire()
    assert abs(made.actual_start.astimezone(UTC) - given["actualStart"]) < timedelta(milliseconds=1)


def test_whole_numbers_are_the_digits_of_ids() -> None:
    timeline = {"speechSegments": [{"fromTime": 0, "toTime": 9, "partyIds": [1]}]}
    fields = call(
        clientUniqueId=7,
        primaryUser=int(HOST),
        parties=[{"userId": int(HOST), "partyId": 1}],
        speakersTimeline=timeline,
    )
    sent = parse_request(NewCall, fields).wire()
    assert (sent["clientUniqueId"], sent["primaryUser"]) == ("7", HOST)
    assert sent["parties"] == [{"userId": HOST, "partyId": "1"}]
    assert sent["speakersTimeline"]["speechSegments"][0]["partyIds"] == ["1"]
