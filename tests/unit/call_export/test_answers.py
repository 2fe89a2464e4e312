"""Answers of Gong that are not what its reference promises."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.client.errors import GongServerError
from tests.unit.call_export.conftest import FIRST, LAST, Company, a_day

pytestmark = pytest.mark.slow

DAY = date(2026, 2, 15)
DAYS = list(day_range(FIRST, LAST))
ALL = [f"seed-{number}" for number in range(1, 6)]
ACCOUNT = {"objectType": "Account", "objectId": "001", "fields": [{"name": "Name", "value": "Northwind"}]}
CONTEXT = [{"system": "Salesforce", "objects": [ACCOUNT]}]
ODD: list[Any] = [
    True,
    7,
    1.5,
    10**400,
    "text",
    "",
    [],
    ["a", 1],
    [None],
    [{}],
    {"a": {}},
    "half \ud800",
    "zero \0 line \u2028 next \x85",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
]
Path = tuple[str | int, ...]


def fill(path: str, answer: dict[str, Any]) -> None:
    """Add what the emulator does not answer."""
    if path.endswith("/extensive"):
        for call in answer["calls"]:
            call["context"] = copy.deepcopy(CONTEXT)
            call["parties"][-1]["context"] = copy.deepcopy(CONTEXT)
            call["content"]["callOutcome"] = {"id": "1", "name": "Won", "category": "Good"}
            call["interaction"]["questions"] = {"companyCount": 1, "nonCompanyCount": 2}
            call["collaboration"] = {"publicComments": [{"id": "1", "comment": "Well said."}]}
    else:
        for row in answer["callTranscripts"]:
            row["transcript"] = row["transcript"][:2]


def paths(node: Any, before: Path = ()) -> Iterator[Path]:
    """Yield the places of all values, of the first two items of lists."""
    items = node.items() if isinstance(node, dict) else enumerate(node[:2]) if isinstance(node, list) else ()
    for name, value in items:
        yield (*before, name)
        yield from paths(value, (*before, name))


def at(node: Any, path: Path) -> Any:
    for name in path:
        node = node[name]
    return node


def places(company: Company, rows: str, kind: type = object) -> list[Path]:
    """Return the places of values of a kind in the rows of this name."""
    found: list[Path] = []

    def look(_: str, __: Any, answer: dict[str, Any]) -> None:
        found.extend(path for path in paths(answer) if path[0] == rows and isinstance(at(answer, path), kind))

    company.answers.edits.append(look)
    company.export(DAY, DAY)
    company.answers.edits.pop()
    return found


@pytest.fixture
def rich(company: Company) -> Company:
    company.answers.edits.append(lambda path, _, answer: fill(path, answer))
    return company


@pytest.mark.parametrize("rows", ["calls", "callTranscripts"])
def test_unknown_fields_are_kept_and_counted_wherever_they_are(rich: Company, rows: str) -> None:
    for path in places(rich, rows, dict):

        def add(_: str, __: Any, answer: dict[str, Any], path: Path = path) -> None:
            if rows in answer:
                at(answer, path)["mood"] = "jubilant"

        rich.answers.edits.append(add)
        run = rich.export(DAY, DAY, file_format="jsonl")
        rich.answers.edits.pop()
        files = b"".join(content for _, content in rich.files().values())
        counted = [name for name in run.figures.unknown_fields if name.rpartition(".")[2] == "mood"]
        assert (b"jubilant" in files, len(counted)) == (True, 1), path


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
@pytest.mark.parametrize("seed", range(20))
def test_values_of_other_kinds_than_promised_stop_nothing(rich: Company, file_format: str, seed: int) -> None:
    chance = random.Random(seed)
    spoiled = {rows: chance.sample(places(rich, rows), 12) for rows in ("calls", "callTranscripts")}
    kept = {"id", "callId", "metaData", "isPrivate"}

    def spoil(_: str, __: Any, answer: dict[str, Any]) -> None:
        for rows in spoiled.keys() & answer.keys():
            # The deepest first, so that each place is still there.
            for path in sorted(spoiled[rows], key=len, reverse=True):
                if len(path) > 2 and path[-1] not in kept:
                    at(answer, path[:-1])[path[-1]] = chance.choice(ODD)

    rich.answers.edits.append(spoil)
    rich.export(DAY, DAY, file_format=file_format)
    assert rich.exported() == ["seed-2"]
    for table in rich.settings().tables:
        for row in rich.rows(table):
            texts = [value for name, value in row.items() if name.endswith(("_id", "name", "title", "text", "_email"))]
            assert {type(value) for value in texts} <= {str, type(None)}


@pytest.mark.parametrize("text", ["line \u2028 next", "paragraph \u2029 next", "next \x85 line", '\x1c\0\r\n"\\'])
def test_a_line_of_json_is_a_line_for_every_program(company: Company, text: str) -> None:
    company.edit_call("seed-2", lambda call: call["metaData"].update(title=text, mood=text))
    company.export(DAY, DAY, file_format="jsonl")
    (call,) = company.rows("calls")
    assert (call["title"], call["extra"]["metaData"]["mood"]) == (text, text)


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_json_has_no_infinite_numbers(company: Company, file_format: str) -> None:
    odd = {"mood": [math.inf, {"a": math.nan}], "duration": -math.inf}
    company.edit_call("seed-2", lambda call: call["metaData"].update(odd))
    company.export(DAY, DAY, file_format=file_format)
    (call,) = company.rows("calls")
    extra = json.loads(call["extra"]) if file_format == "parquet" else call["extra"]
    assert extra["metaData"] == {"mood": ["inf", {"a": "nan"}], "duration": "-inf"}
    assert call["duration_seconds"] is None


@pytest.mark.parametrize("value", ["true", 1, "yes", {}, "false"])
def test_what_is_not_clearly_public_is_private(company: Company, value: object) -> None:
    company.edit_call("seed-2", lambda call: call["metaData"].update(isPrivate=value))
    company.export()
    assert company.exported() == [ident for ident in ALL if ident != "seed-2"]


# Pages.


class BlindOnce:
    """A client whose key sees no calls for one request."""

    def __init__(self, company: Company, blind: int) -> None:
        self._company = company
        self._left = blind

    def run(self, operation: str, *, body: Any = None) -> dict[str, Any]:
        self._left -= 1
        self._company.emulator.set(key_sees_calls=self._left != 0)
        return self._company.client.run(operation, body=body)


@pytest.mark.parametrize("blind", range(1, 5))
def test_a_key_that_goes_blind_for_one_page_hides_no_other_pages(company: Company, blind: int) -> None:
    """A day of two pages, without those of transcripts."""
    company.emulator.seed({"generate": {"calls": 150, "months": 1 / 31}})
    export = CallExport(company.folder, company.settings(tables=["call_parties"]), "us-1", clock=lambda: company.now)
    days = [DAY, date(2026, 3, 1), LAST]
    export.read(BlindOnce(company, blind), days)
    # A first page without calls looks like a day without calls, until it is read again; a second one does not.
    assert (len({row["call_id"] for row in company.rows("call_parties")}) == 151) == (blind == 3)
    for turn in (0, blind, 0):
        company.advance(days=1)
        export.read(BlindOnce(company, turn), days)
        assert len({row["call_id"] for row in company.rows("call_parties")}) == 151


class Endless:
    """A client of a Gong whose listings begin again and again."""

    def __init__(self, company: Company, rows: str) -> None:
        self._client = company.client
        self._rows = rows
        self.requests = 0

    def run(self, operation: str, *, body: Any = None) -> dict[str, Any]:
        self.requests += 1
        body.pop("cursor", None)
        page: dict[str, Any] = self._client.run(operation, body=body)
        if self._rows in page:
            page["records"]["cursor"] = f"next {self.requests}"
        return page


def test_a_call_that_a_page_lists_twice_is_exported_once(company: Company) -> None:
    def repeat(path: str, _: Any, answer: dict[str, Any]) -> None:
        if path.endswith("/extensive"):
            answer["calls"] *= 2

    company.answers.edits.append(repeat)
    company.export(DAY, DAY)
    assert company.exported() == ["seed-2"]


@pytest.mark.parametrize("rows", ["calls", "callTranscripts"])
def test_a_listing_that_never_ends_is_given_up(company: Company, rows: str) -> None:
    endless = Endless(company, rows)
    export = CallExport(company.folder, company.settings(), "us-1", clock=lambda: company.now)
    with pytest.raises(GongServerError, match="would never end"):
        export.read(endless, [DAY])
    assert endless.requests <= 8


@pytest.mark.parametrize("spoil", [{"id": None}, {"id": ""}, {"id": {}}])
def test_a_call_that_cannot_be_read_stops_no_other_day(company: Company, spoil: dict[str, Any]) -> None:
    days = (9, 12, 20, 23, 27)
    for day in days:
        company.add_call(f"poison-{day}", a_day(day))
    poison = {company.call_ids()[f"poison-{day}"] for day in days}
    company.edit_calls(lambda call: call["metaData"].update(spoil if call["metaData"]["id"] in poison else {}))
    export = CallExport(company.folder, company.settings(), "us-1", clock=lambda: company.now)
    with pytest.raises(GongServerError, match="not in the format of its API"):
        export.read(company.client, DAYS)
    assert [state.day for state in export.states()] == [day for day in DAYS if day.day not in days or day.month == 3]
    assert company.exported() == ALL


# Transcripts.

EMPTY: list[Any] = [None, [], {}, "text", [{"speakerId": "1", "sentences": []}], [{"speakerId": "1"}], [None]]


def with_transcripts(company: Company, transcript: Any) -> None:
    def change(_: str, __: Any, answer: dict[str, Any]) -> None:
        for row in answer.get("callTranscripts", ()):
            row["transcript"] = transcript

    company.answers.edits.append(change)


@pytest.mark.parametrize("transcript", EMPTY)
def test_an_empty_transcript_is_waited_for(company: Company, transcript: Any) -> None:
    with_transcripts(company, transcript)
    company.export()
    (missing,) = company.manifest(date(2026, 2, 28)).missing
    assert missing == company.call_ids()["seed-5"]
    assert company.rows("call_documents") == []
    company.answers.edits.clear()
    company.export()
    assert company.exported("call_documents") == ALL


@pytest.mark.parametrize("transcript", EMPTY)
def test_transcripts_that_become_empty_are_not_believed(company: Company, transcript: Any) -> None:
    for number in range(6):
        company.add_call(f"more-{number}", a_day(11))
    company.export()
    before = company.files()
    with_transcripts(company, transcript)
    with pytest.raises(GongExportShrinkError, match="11 of 11 transcripts are gone"):
        company.export()
    assert company.files() == before


def test_a_transcript_may_have_anybody_speak_in_any_order(company: Company) -> None:
    """Unknown speakers, none at all, no topic, sentences that overlap or go back."""
    sentences = [{"start": 9000, "end": 9500, "text": "Last."}, {"start": 0, "end": 500, "text": "First."}]
    monologues = [
        {"speakerId": "404", "topic": None, "sentences": sentences[:1]},
        {"speakerId": None, "sentences": sentences[1:]},
        {"sentences": sentences},
    ]
    with_transcripts(company, monologues)
    company.edit_calls(lambda call: call.update(parties=None))
    company.export(DAY, DAY)
    rows = company.rows("transcript_sentences")
    assert [row["start_ms"] for row in rows] == [9000, 0, 9000, 0]
    assert [(row["speaker_id"], row["speaker_name"]) for row in rows] == [("404", None), *[(None, None)] * 3]
    (document,) = company.rows("call_documents")
    assert document["text"] == "Unknown speaker: Last.\nUnknown speaker: First. Last. First."
    assert document["participants"] == []


@pytest.mark.parametrize("fields", ["text", "", 7, True, [], {"a": 1}])
def test_rows_that_are_kept_are_written_as_they_were(company: Company, fields: Any) -> None:
    context = [{"system": "Salesforce", "objects": [{**ACCOUNT, "fields": fields}]}]
    company.add_call("beside", a_day(15, hour=20), minutes=2)
    company.add_call("other", a_day(15, hour=21), minutes=2)
    company.edit_call("beside", lambda call: call.update(context=context))
    company.export(DAY, DAY, file_format="jsonl")
    before = company.rows("call_context_objects")
    company.hide("beside")
    company.export(DAY, DAY, file_format="jsonl")
    assert company.rows("call_context_objects") == before
