"""A day is exported as a whole, and is what Gong shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import httpx
import pytest

from airflow_provider_gong.call_export.days import days_of
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from tests.unit.call_export.conftest import LAST, QUICK, Company, a_day

pytestmark = pytest.mark.slow


def test_all_calls_of_the_days_are_exported_with_what_was_said(company: Company) -> None:
    run = company.export()
    assert company.exported() == [f"seed-{number}" for number in range(1, 6)]
    assert company.exported("call_documents") == company.exported()
    assert run.figures.days_read == 30
    assert run.figures.rows["transcript_sentences"] == len(company.rows("transcript_sentences")) > 1000
    # A listing for each day, and transcripts for the five with calls.
    assert run.requests == 35


def test_a_call_has_its_facts(company: Company) -> None:
    company.export()
    (call,) = company.rows("calls", date(2026, 2, 15))
    assert call["title"] == "Pricing review, Halden Logistics"
    assert (call["owner_name"], call["owner_email_address"]) == ("Priya Raman", "priya.raman@example.com")
    assert call["started_datetime"] == a_day(15, hour=9)
    assert call["duration_seconds"] == 24 * 60
    assert call["call_id"] == company.call_ids()["seed-2"]
    assert 0 < call["talk_ratio"] < 1
    assert call["topics"][0] == "Introduction"
    assert call["key_points"]
    assert call["next_steps"]
    assert call["transcript_status"] == "present"
    assert call["meeting_url"] is None


def test_speakers_have_names(company: Company) -> None:
    company.export()
    rows = company.rows("transcript_sentences", date(2026, 2, 15))
    assert [row["sentence_number"] for row in rows] == list(range(len(rows)))
    assert {row["speaker_name"] for row in rows} == {"Priya Raman", "Kim Halden"}
    assert {row["speaker_affiliation"] for row in rows} == {"Internal", "External"}
    assert all(row["start_ms"] < row["end_ms"] for row in rows)
    (document,) = company.rows("call_documents", date(2026, 2, 15))
    assert document["text"].startswith("Priya Raman: Hello, thanks for taking the time today.\nKim Halden: Happy to.")
    said = " ".join(row["text"] for row in rows)
    assert said.split() == [word for line in document["text"].splitlines() for word in line.split(": ", 1)[1].split()]


def test_parties_talk(company: Company) -> None:
    company.export()
    parties = company.rows("call_parties", date(2026, 2, 15))
    assert [(party["name"], party["affiliation"], party["is_owner"]) for party in parties] == [
        ("Priya Raman", "Internal", True),
        ("Kim Halden", "External", False),
    ]
    assert all(party["talk_time_seconds"] > 60 for party in parties)


def test_trackers_say_where_they_occur(company: Company) -> None:
    company.export(file_format="jsonl")
    found = [tracker for tracker in company.rows("call_trackers") if tracker["mention_count"]]
    assert found
    for tracker in found:
        assert len(tracker["extra"]["occurrences"]) == tracker["mention_count"]
        assert {"startTime", "speakerId"} == tracker["extra"]["occurrences"][0].keys()


def test_the_crm_names_companies(company: Company) -> None:
    fields = [{"name": "Name", "value": "Northwind"}]
    account = {"objectType": "Account", "objectId": "001", "fields": fields, "timing": "Now"}
    context = [{"system": "Salesforce", "objects": [account]}]
    company.edit_call("seed-1", lambda call: call.update(context=context))
    company.export()
    (crm_object,) = company.rows("call_context_objects")
    assert (crm_object["object_id"], crm_object["name"], crm_object["party_id"]) == ("001", "Northwind", None)
    (document,) = company.rows("call_documents", date(2026, 2, 10))
    assert document["participants"] == ["Tobias Okafor", "Dana Ortiz (Northwind)"]
    assert document["account_ids"] == ["001"]
    assert "\nDana Ortiz (Northwind): " in document["text"]


def test_json_lines_hold_the_same(company: Company) -> None:
    company.export(file_format="jsonl")
    (call,) = company.rows("calls", date(2026, 2, 15))
    assert call["started_datetime"] == "2026-02-15T09:00:00.000000Z"
    assert call["extra"]["content"]["structure"]
    (document,) = company.rows("call_documents", date(2026, 2, 15))
    assert document["turns"][0]["speaker"] == "Priya Raman"


def test_only_what_is_asked_for_is_exported(company: Company) -> None:
    company.export(tables=["calls", "call_parties"], exclude_columns=["email_address", "calls.brief"])
    assert company.rows("call_documents") == []
    assert "email_address" not in company.rows("call_parties")[0]
    assert "brief" not in company.rows("calls")[0]
    assert company.rows("calls")[0]["owner_email_address"]


def test_calls_of_other_hosts_are_left_out(company: Company) -> None:
    users = {user["emailAddress"]: user["id"] for user in company.emulator.state()["users"]}
    company.export(primary_user_ids=[users["tobias.okafor@example.com"]])
    assert company.exported() == ["seed-1", "seed-5"]


def test_unknown_fields_are_kept_and_counted(company: Company) -> None:
    def add(call: dict[str, object]) -> None:
        meta, parties = call["metaData"], call["parties"]
        assert isinstance(meta, dict)
        assert isinstance(parties, list)
        meta["mood"] = {"host": "good"}
        parties[0]["pronouns"] = "they"
        call["dealRisk"] = [1, 2]

    company.edit_call("seed-1", add)
    run = company.export(file_format="jsonl")
    (call,) = company.rows("calls", date(2026, 2, 10))
    assert call["extra"]["metaData"] == {"mood": {"host": "good"}}
    assert call["extra"]["dealRisk"] == [1, 2]
    assert company.rows("call_parties", date(2026, 2, 10))[0]["extra"] == {"pronouns": "they"}
    counted = {"metaData.mood": 1, "parties.pronouns": 1, "dealRisk": 1}
    assert run.figures.unknown_fields == counted
    assert company.manifest(date(2026, 2, 10)).facts["unknown_fields"] == counted


@pytest.mark.parametrize("value", [True, 7, 1.5, "text", ["a", 1], {"a": 1}, "half a pair \ud800", 10**30])
@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_values_of_other_kinds_than_promised_stop_nothing(company: Company, value: object, file_format: str) -> None:
    def spoil(call: dict[str, object]) -> None:
        for block in (call["metaData"], call["parties"][0], call["content"], call["content"]["trackers"][0]):  # type: ignore[index]
            kept = {name: block[name] for name in ("id", "clientUniqueId", "started", "isPrivate") if name in block}
            block.update(dict.fromkeys(block, value) | kept)

    company.edit_call("seed-1", spoil)
    company.export(file_format=file_format)
    assert company.exported() == [f"seed-{number}" for number in range(1, 6)]
    before = company.files()
    company.export(file_format=file_format)
    assert company.files() == before


def test_a_call_outside_of_its_day_is_counted_and_kept(company: Company) -> None:
    company.edit_call("seed-1", lambda call: call["metaData"].update(started="2026-02-11T00:00:00+00:00"))
    company.export()
    assert company.manifest(date(2026, 2, 10)).facts["calls_outside_day"] == 1
    assert "seed-1" in company.exported()


def test_a_large_day_is_listed_in_parts(company: Company) -> None:
    company.emulator.seed({"generate": {"calls": 2500, "months": 1 / 31}})
    run = company.export(date(2026, 3, 1), LAST, tables=["call_parties"])
    assert len({row["call_id"] for row in company.rows("call_parties")}) == len(
        [call for call in company.emulator.state()["calls"] if call["clientUniqueId"].startswith("generated")]
    )
    assert run.requests < 25 + 25


def test_cursors_that_expire_lose_nothing(company: Company) -> None:
    company.emulator.seed({"generate": {"calls": 450, "months": 1 / 31}})
    pages = 0

    def expire(path: str, body: dict[str, object], _: object) -> None:
        nonlocal pages
        pages += path.endswith("/extensive")
        if pages == 2:
            company.emulator.advance(4000)

    company.answers.edits.append(expire)
    company.export(date(2026, 3, 1), LAST, tables=["call_parties"])
    assert len({row["call_id"] for row in company.rows("call_parties")}) == 450


class Oversized(httpx.BaseTransport):
    """
    Gong, whose answers are too large unless little is asked for.

    :param most_ids: the most ids of transcripts that one answer holds
    :param longest: the longest window that one answer holds
    """

    def __init__(self, transport: httpx.BaseTransport, most_ids: int, longest: timedelta) -> None:
        self._transport = transport
        self._most_ids = most_ids
        self._longest = longest

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        filters = json.loads(request.content)["filter"]
        is_large = request.url.path.endswith("/transcript") and len(filters["callIds"]) > self._most_ids
        if "fromDateTime" in filters:
            start, end = (datetime.fromisoformat(filters[name]) for name in ("fromDateTime", "toDateTime"))
            is_large = end - start > self._longest
        return httpx.Response(200, stream=SixtyFiveMegabytes()) if is_large else self._transport.handle_request(request)


class SixtyFiveMegabytes(httpx.SyncByteStream):
    """More than the client accepts."""

    def __iter__(self) -> Iterator[bytes]:
        yield from [b" " * 2**20] * 65


@pytest.mark.parametrize(("most_ids", "longest"), [(3, timedelta(days=1)), (100, timedelta(hours=6))])
def test_an_answer_that_is_too_large_is_asked_for_in_halves(
    company: Company, most_ids: int, longest: timedelta
) -> None:
    for hour in range(9, 18):
        company.add_call(f"more-{hour}", a_day(11, hour))
    company.client.close()
    auth = AccessKeyAuth(company.emulator.access_key, company.emulator.access_key_secret)
    transport = Oversized(company.emulator.transport, most_ids, longest)
    company.client = GongClient(
        company.emulator.url, auth, budget=LocalBudget(100_000, 10_000_000), policy=QUICK, transport=transport
    )
    run = company.export(date(2026, 2, 11), date(2026, 2, 11))
    assert len(company.exported()) == len(company.exported("call_documents")) == 9
    # Each answer that is too large is asked for once.
    assert run.requests <= 1 + 7 + 1


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-02-01", "2026-02-03", ["2026-02-01", "2026-02-02"]),
        ("2026-02-01T03:00:00+01:00", "2026-02-02T03:00:00+01:00", ["2026-02-01", "2026-02-02"]),
        ("2026-02-01T00:30:00+01:00", "2026-02-01T01:00:00+01:00", ["2026-01-31"]),
    ],
)
def test_days_of_an_interval_are_those_that_it_touches(since: str, until: str, days: list[str]) -> None:
    assert [day.isoformat() for day in days_of(since, until)] == days


@pytest.mark.parametrize(("since", "until"), [("2026-02-01", "2026-02-01"), ("2026-02-02", "2026-02-01"), ("x", "y")])
def test_an_empty_interval_is_an_error(since: str, until: str) -> None:
    with pytest.raises(GongExportSettingsError):
        days_of(since, until)


@pytest.mark.parametrize(
    "settings",
    [
        {"tables": ["emails"]},
        {"tables": []},
        {"tables": "calls"},
        {"file_format": "csv"},
        {"exclude_columns": ["shoe_size"]},
        {"exclude_columns": ["calls.call_id"]},
    ],
)
def test_wrong_settings_are_refused(company: Company, settings: dict[str, object]) -> None:
    with pytest.raises(GongExportSettingsError):
        company.settings(**settings)
