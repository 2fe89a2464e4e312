"""Manifests as telephone systems, spreadsheets and data frames write them."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.ledger.rows import CallState, PlannedRow
from tests.support.recordings import manifest_row, write_manifest
from tests.unit.call_import.conftest import NOW, SeenPlan, plan_offline

ALONE = {"party_1_name": "", "party_1_email": ""}
HOST = "tobias.okafor@example.com"


def plan_text(folder: Path, text: str, name: str = "calls.csv", **settings: Any) -> SeenPlan:
    """Plan a manifest whose recordings are in the web."""
    (folder / name).write_text(text)
    return plan_offline(folder / name, **{"media_mode": MediaMode.PULL, **settings})


def plan_row(folder: Path, settings: Mapping[str, Any] | None = None, **changes: Any) -> PlannedRow:
    """Plan a row of a CSV file."""
    row = manifest_row(1, media="https://files.example.com/1.wav", **changes)
    manifest = write_manifest(folder / "calls.csv", [row])
    (planned,) = plan_offline(manifest, **{"media_mode": MediaMode.PULL, **(settings or {})}).rows
    return planned


def plan_object(folder: Path, **changes: Any) -> PlannedRow:
    """Plan a row of JSON lines."""
    row = manifest_row(1, media="https://files.example.com/1.wav") | changes
    (planned,) = plan_text(folder, json.dumps(row), "calls.jsonl").rows
    return planned


def payload_of(row: PlannedRow) -> dict[str, Any]:
    assert row.payload is not None, row.problems
    return row.call


def columns_of(row: PlannedRow) -> list[str]:
    return [problem.field for problem in row.problems]


def list_row(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row of a task as the manifest reads it."""
    (read,) = Manifest([list_table([row])]).rows
    return read.values


HEADER = "client_unique_id,actual_start,direction,primary_user,media,party_1_phone"
REST = "2026-11-20T14:03:00+01:00,Outbound,tobias.okafor@example.com,https://rec.example.com"


def test_ids_that_a_spreadsheet_has_spoilt_reject_their_rows(tmp_path: Path) -> None:
    lines = [
        f"1.23457E+18,{REST}/1.wav,4.91512E+11",
        f'"=""00042""",{REST}/2.wav,4915112345678.0',
        f"#N/A,{REST}/3.wav,",
        f"None,{REST}/4.wav,nan",
    ]
    plan = plan_text(tmp_path, "\n".join([HEADER, *lines]))
    assert [row.state for row in plan.rows] == ["rejected", "planned", "rejected", "rejected"]
    assert columns_of(plan.rows[0]) == ["client_unique_id", "party_1_phone"]
    assert payload_of(plan.rows[1])["clientUniqueId"] == plan.rows[1].client_unique_id == "00042"
    assert payload_of(plan.rows[1])["parties"][1] == {"phoneNumber": "4915112345678"}
    assert "no + before its country code" in plan.rows[1].warnings[0]
    assert columns_of(plan.rows[2]) == columns_of(plan.rows[3]) == ["client_unique_id"]
    assert plan.rows[3].warnings[0].startswith("party_1_phone: means a missing value (got nan), so it is left out")


@pytest.mark.parametrize(
    "text", ["#NV", "#WERT!", "#BEZUG!", "#VALEUR!", "#NOM?", "#¡REF!", "#¿NOMBRE?", "#RIF!", "#N/D"]
)
def test_errors_of_spreadsheets_in_other_languages(tmp_path: Path, text: str) -> None:
    assert columns_of(plan_row(tmp_path, client_unique_id=text)) == ["client_unique_id"]
    row = plan_row(tmp_path, title=text)
    assert row.warnings == (
        f"title: means a missing value (got {text}), so it is left out. Leave the cell empty, or give the value.",
    )


@pytest.mark.parametrize("text", ["#12", "# 12!", "#Sale!", "Is it #1?", "#general", "##"])
def test_other_texts_with_a_number_sign_stay(tmp_path: Path, text: str) -> None:
    assert payload_of(plan_row(tmp_path, title=text))["title"] == text


def test_a_cell_that_was_too_narrow_has_lost_its_value(tmp_path: Path) -> None:
    assert columns_of(plan_row(tmp_path, client_unique_id="########")) == ["client_unique_id"]
    assert columns_of(plan_row(tmp_path, **ALONE, party_1_phone="########")) == ["party_1_phone"]


@pytest.mark.parametrize("text", ["1.2345678E7", "1.23457E+18", "1,23457E+18", "#REF!", "NaN", "null", "<NA>", "\\N"])
def test_what_is_no_id_is_not_taken_for_one(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text)
    assert columns_of(row) == ["client_unique_id"]
    assert plan_row(tmp_path, title=text, client_unique_id="1").warnings[0].startswith("title: ")


@pytest.mark.parametrize(
    "text", ["1731000000.42", "12E456", "3F2504E0-4F89-11D3", "8E10", "0x1E+1", "{3F25}", "-", "+1"]
)
def test_ids_that_only_look_like_numbers_stay_as_they_are(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text)
    assert (payload_of(row)["clientUniqueId"], row.warnings) == (text, ())


def test_whole_numbers_that_became_fractions_are_their_digits(tmp_path: Path) -> None:
    row = plan_row(tmp_path, client_unique_id="5550001.0", primary_user="234599484848423.0", party_1_phone="17.0")
    assert payload_of(row)["clientUniqueId"] == row.client_unique_id == row.source["client_unique_id"] == "5550001"
    assert payload_of(row)["parties"][1]["phoneNumber"] == "17"
    assert row.warnings == (
        "client_unique_id: 5550001.0 was read as 5550001, because some programs write whole numbers like this.",
    )


@pytest.mark.parametrize(
    ("number", "digits"),
    [(5550001.0, "5550001"), (2.0**53 - 1, "9007199254740991"), (5550001, "5550001"), (2**70, str(2**70))],
)
def test_whole_numbers_of_objects_are_their_digits(tmp_path: Path, number: float, digits: str) -> None:
    row = plan_object(tmp_path, client_unique_id=number, party_1_phone=4915112345678.0)
    assert (payload_of(row)["clientUniqueId"], row.client_unique_id) == (digits, digits)
    assert payload_of(row)["parties"][1]["phoneNumber"] == "4915112345678"


@pytest.mark.parametrize("value", [1.2345678901234568e18, 2.0**53, 1731000000.42, {"$oid": "6560f0"}, ["x"], True])
def test_other_numbers_and_objects_are_no_ids(tmp_path: Path, value: Any) -> None:
    row = plan_object(tmp_path, client_unique_id=value)
    assert columns_of(row) == ["client_unique_id"]
    # As text it would pass in the next manifest.
    assert "client_unique_id" not in row.source or isinstance(value, dict | list) or "e+" in str(value)


def test_an_object_in_a_field_of_text_is_left_out_with_a_warning(tmp_path: Path) -> None:
    row = plan_object(tmp_path, title={"de": "Anruf"}, purpose=1.5)
    assert "title" not in payload_of(row)
    assert payload_of(row)["purpose"] == "1.5"
    assert row.warnings[0].startswith(
        'title: is an object or a list, not text (got {"de": "Anruf"}), so it is left out'
    )


@pytest.mark.parametrize("template", ["{Call}", "Call", "pbx-{Call}"])
def test_a_template_does_not_make_an_id_of_an_inexact_number(tmp_path: Path, template: str) -> None:
    row = {**manifest_row(1, media="https://files.example.com/1.wav"), "Call": 1.5}
    plan = plan_text(tmp_path, json.dumps(row), "calls.jsonl", columns={"client_unique_id": template})
    assert [problem.field for problem in plan.rows[0].problems] == [f"client_unique_id (columns: {template})"]


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("inbound", "Inbound"),
        ("OUTBOUND", "Outbound"),
        ("outbound-api", "Outbound"),
        ("Outbound Dial", "Outbound"),
        ("incoming", "Inbound"),
        ("IN", "Inbound"),
        ("Incoming call", "Inbound"),
        ("OUTBOUND_CALL", "Outbound"),
        ("outgoing", "Outbound"),
        ("conference", "Conference"),
        ("UNKNOWN", "Unknown"),
    ],
)
def test_directions_are_understood_as_other_systems_write_them(tmp_path: Path, text: str, direction: str) -> None:
    assert payload_of(plan_row(tmp_path, direction=text))["direction"] == direction


@pytest.mark.parametrize("text", ["originating", "terminating", "1", "internal", "sideways"])
def test_directions_are_never_guessed(tmp_path: Path, text: str) -> None:
    assert columns_of(plan_row(tmp_path, direction=text)) == ["direction"]


def test_words_of_a_manifest_may_be_translated(tmp_path: Path) -> None:
    columns = {
        "direction": {"source": "Kind", "values": {"1": "Inbound", "Abgehend": "Outbound"}},
        "party_1_name": "party_1_name",
        "language_code": {"values": {"German": "de-DE"}},
    }
    for kind, direction in (("1", "Inbound"), ("ABGEHEND", "Outbound"), ("outgoing", "Outbound")):
        row = plan_row(tmp_path, {"columns": columns}, Kind=kind, language_code="german")
        assert (payload_of(row)["direction"], payload_of(row)["languageCode"]) == (direction, "de-DE")
    row = plan_row(tmp_path, {"columns": columns}, Kind="2", language_code="de-DE")
    assert columns_of(row) == ["direction (columns: Kind)"]


def test_times_may_have_another_form(tmp_path: Path) -> None:
    columns = {"actual_start": {"source": "Beginn", "format": "%d.%m.%Y %H:%M:%S"}}
    settings = {"columns": columns, "timezone": "Europe/Berlin"}
    row = plan_row(tmp_path, settings, Beginn="26.11.2026 08:10:00")
    assert payload_of(row)["actualStart"] == "2026-11-26T08:10:00+01:00"
    row = plan_row(tmp_path, settings, Beginn="2026-11-26T08:10:00Z")
    assert payload_of(row)["actualStart"] == "2026-11-26T08:10:00Z"
    row = plan_row(tmp_path, settings, Beginn="26.13.2026 08:10:00")
    assert columns_of(row) == ["actual_start (columns: Beginn, as %d.%m.%Y %H:%M:%S)"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"format": "%Y"}, "title has the format '%Y', but a format is only for times"),
        ({"values": "x"}, "title has the values 'x'"),
        ({"values": {"a": 1}}, "title has the values {'a': 1}"),
        ({"header": "Subject"}, "title has ['header']: its keys are source, values, format"),
        ({"source": "{First"}, "title has the template '{First'"),
        (7, "title has 7: give a header"),
    ],
)
def test_a_source_of_a_column_is_checked(source: Any, says: str) -> None:
    with pytest.raises(GongManifestError) as raised:
        ColumnMap({"title": source})
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20 14:03:00 UTC", "2026-11-20T14:03:00Z"),
        ("2026-11-20t14:03:00z", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03:00.123456 utc", "2026-11-20T14:03:00.123Z"),
        ("2026-11-20T14:03:00.123456789Z", "2026-11-20T14:03:00.123Z"),
        ("2026-11-20 14:03:00 +0100", "2026-11-20T14:03:00+01:00"),
        ("2026-11-20 14:03:00+01", "2026-11-20T14:03:00+01:00"),
        ("2026-11-20 14:03:00 GMT", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03:00 Z", "2026-11-20T14:03:00Z"),
    ],
)
def test_times_are_read_as_other_programs_write_them(tmp_path: Path, text: str, moment: str) -> None:
    row = plan_row(tmp_path, actual_start=text)
    assert (payload_of(row)["actualStart"], row.warnings) == (moment, ())


def at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def test_starts_in_the_future_are_rejected_or_warned_of(tmp_path: Path) -> None:
    row = plan_row(tmp_path, actual_start="2126-11-20T14:03:00Z")
    assert [(problem.field, problem.rule) for problem in row.problems] == [
        ("actual_start", "is more than 24 hours in the future")
    ]
    assert plan_row(tmp_path, actual_start=at(NOW + timedelta(hours=24, seconds=1))).state is CallState.REJECTED
    row = plan_row(tmp_path, actual_start=at(NOW + timedelta(hours=23)))
    assert row.warnings == (
        "actual_start: 2026-11-28T23:00:00+00:00 is in the future; its offset or time zone may be wrong",
    )
    assert plan_row(tmp_path, scheduled_start="2126-11-20T14:03:00Z").state is CallState.PLANNED


def test_starts_before_the_year_2000_are_warned_of(tmp_path: Path) -> None:
    row = plan_row(tmp_path, actual_start="1970-01-21T09:54:03Z")
    assert row.state is CallState.PLANNED
    assert "is before the year 2000" in row.warnings[0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:12:30", 750.0),
        ("1:00:00.5", 3600.5),
        ("0 days 00:12:30", 750.0),
        ("1 day, 0:00:01", 86401.0),
        ("750", 750.0),
    ],
)
def test_durations_may_be_written_as_on_a_clock(tmp_path: Path, text: str, seconds: float) -> None:
    assert payload_of(plan_row(tmp_path, duration=text))["duration"] == seconds


def test_a_space_before_a_quoted_cell_is_no_part_of_it(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, f'{HEADER}, title\n1,{REST}/1.wav,, "Renewal, again"\n')
    assert plan.rows[0].title == "Renewal, again"


def test_web_addresses_may_be_in_capitals(tmp_path: Path) -> None:
    row = plan_row(tmp_path)
    manifest = write_manifest(tmp_path / "calls.csv", [manifest_row(1, media="HTTPS://files.example.com/1.wav")])
    (other,) = plan_offline(manifest, media_mode=MediaMode.AUTO).rows
    assert (other.media, other.is_pulled, other.fingerprint) == (row.media, True, row.fingerprint)


@pytest.mark.parametrize("mode", list(MediaMode))
@pytest.mark.parametrize(
    "address",
    [
        "http://files.example.com/1.wav",
        "https://user:secret@files.example.com/1.wav",
        "https://secret@files.example.com/1.wav",
        "http://localhost.example.com/secret.wav",
        "https://",
    ],
)
def test_gong_gets_no_address_without_tls_or_with_credentials(tmp_path: Path, mode: MediaMode, address: str) -> None:
    manifest = write_manifest(tmp_path / "calls.csv", [manifest_row(1, media=address)])
    (row,) = plan_offline(manifest, media_mode=mode).rows
    (problem,) = row.problems
    assert problem.field == "media"
    assert "user:secret" not in str(problem.as_dict())


FREESWITCH = """\
caller_id_name,caller_id_number,destination_number,context,start_stamp,duration,billsec,uuid,accountcode,direction
"Dana Ortiz","+15550100","+15550199","default","2026-11-20 14:03:00","750 s","746","3f2504e0","{host}","inbound"
""".replace("{host}", "tobias.okafor@example.com")
FREESWITCH_COLUMNS = {
    "client_unique_id": "uuid",
    "actual_start": "start_stamp",
    "primary_user": "accountcode",
    "media": "https://files.example.com/{uuid}.wav",
    "party_1_name": "caller_id_name",
}


def test_an_exports_own_columns_are_not_taken_for_fields_of_a_call(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, FREESWITCH, columns=FREESWITCH_COLUMNS, timezone="America/New_York")
    (row,) = plan.planned
    assert payload_of(row)["direction"] == "Inbound"
    assert {"context", "duration"}.isdisjoint(payload_of(row))
    assert {"context", "duration"}.isdisjoint(row.source)
    assert "Column 'context' is ignored because columns does not use it." in plan.warnings


def test_optional_fields_are_read_from_the_columns_of_their_own_names_when_asked_for(tmp_path: Path) -> None:
    row = plan_row(tmp_path, {"columns": {"purpose": "Why", "title": "title"}}, Why="Demo")
    assert (payload_of(row)["purpose"], payload_of(row)["title"]) == ("Demo", "Call 1")
    assert len(payload_of(row)["parties"]) == 1
    row = plan_row(tmp_path, {"columns": {"purpose": "Why", "*": "*", "party_1_phone": None}}, Why="Demo")
    assert (payload_of(row)["purpose"], payload_of(row)["title"]) == ("Demo", "Call 1")
    assert payload_of(row)["parties"][1] == {"name": "Dana Ortiz", "emailAddress": "dana@northwind.example.com"}


def test_a_field_may_be_left_out_and_all_others_read(tmp_path: Path) -> None:
    row = plan_row(tmp_path, {"columns": {"context": None}}, context="default")
    assert payload_of(row)["title"] == "Call 1"
    assert "context" not in payload_of(row)


OPTIONAL = {
    "duration": "one minute",
    "purpose": "x" * 256,
    "language_code": "german",
    "scheduled_start": "tomorrow",
    "context": "default",
    "speakers_timeline": '{"speechSegments": [{"fromTime": 0, "toTime": 9, "partyIds": ["nobody"]}]}',
    "party_1_email": "na",
    "party_1_phone": "4.91512E+11",
    "party_1_user_id": "me",
    "party_1_media_channel_id": "left",
    "party_1_context": "[",
    "custom_data": "#N/A",
}


@pytest.mark.parametrize("column", OPTIONAL)
def test_an_optional_cell_that_cannot_be_read_is_left_out_with_a_warning(tmp_path: Path, column: str) -> None:
    row = plan_row(tmp_path, **{column: OPTIONAL[column]})
    expected = plan_row(tmp_path, **{column: ""})
    assert payload_of(row) == payload_of(expected)
    (warning,) = row.warnings
    assert warning.startswith(column)
    assert ", so it is left out. " in warning
    assert columns_of(plan_row(tmp_path, {"is_strict": True}, **{column: OPTIONAL[column]}))[0].startswith(column)


def test_all_optional_cells_of_a_row_may_be_left_out(tmp_path: Path) -> None:
    row = plan_row(tmp_path, **OPTIONAL)
    assert payload_of(row)["parties"][1] == {"name": "Dana Ortiz"}
    assert len(row.warnings) == len(OPTIONAL)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({**ALONE, "party_1_phone": "4.91512E+11"}, "party_1_phone"),
        ({"party_1_name": "", "party_1_phone": "", "party_1_email": "na"}, "party_1_email"),
        ({**ALONE, "party_1_phone": "4.91512E+11", "party_2_email": HOST}, "party_1_phone"),
        ({**ALONE, "party_1_phone": "4.91512E+11", "party_2_party_id": "7"}, "party_1_phone"),
        ({**ALONE, "party_1_email": HOST, "party_1_phone": "4.91512E+11"}, "party_1_phone"),
        ({"workspace_id": "Sales"}, "workspace_id"),
        ({"parties": "[1]"}, "parties"),
        ({**ALONE, "party_1_phone": "", "parties": '[{"emailAddress": "na"}]'}, "parties[0].emailAddress"),
    ],
)
def test_what_a_call_cannot_do_without_rejects_its_row(tmp_path: Path, changes: dict[str, str], column: str) -> None:
    assert columns_of(plan_row(tmp_path, **changes)) == [column]


@pytest.mark.parametrize("party", [{}, {"party_1_email": HOST}])
def test_a_phone_may_be_left_out_while_another_party_is_named(tmp_path: Path, party: dict[str, str]) -> None:
    row = plan_row(tmp_path, **{**ALONE, **party, "party_1_phone": "4.91512E+11", "party_2_name": "Lee"})
    assert [fields.get("name") for fields in payload_of(row)["parties"]][-1] == "Lee"
    assert len(payload_of(row)["parties"]) == 2
    (warning,) = row.warnings
    assert warning.startswith("party_1_phone: was rounded")


def test_a_party_of_a_list_loses_what_cannot_be_read(tmp_path: Path) -> None:
    row = plan_row(tmp_path, parties='[{"name": "Sam", "emailAddress": "na"}]')
    assert payload_of(row)["parties"][1] == {"name": "Sam"}
    assert row.warnings[0].startswith("parties[0].emailAddress: must be an e-mail address")


def test_a_rejected_row_says_what_would_be_left_out(tmp_path: Path) -> None:
    row = plan_row(tmp_path, direction="sideways", duration="long")
    assert columns_of(row) == ["direction"]
    assert row.warnings[0].startswith("duration: ")


@pytest.mark.parametrize(
    "name", ["recordings\\1.wav", "recordings/Zoe\u0301.wav", "recordings/Zo%C3%A9.wav", "recordings/a+b%281%29.wav"]
)
def test_a_recording_that_is_named_otherwise_on_the_disk_is_suggested(tmp_path: Path, name: str) -> None:
    (tmp_path / "recordings").mkdir()
    for found in ("1.wav", "Zo\u00e9.wav", "a b(1).wav"):
        (tmp_path / "recordings" / found).touch()
    (row,) = plan_offline(write_manifest(tmp_path / "calls.csv", [manifest_row(1, media=name)])).rows
    (problem,) = row.problems
    assert "does not exist" in problem.rule
    assert problem.remedy.startswith(f"Did you mean {tmp_path}/recordings/")


class Kind(enum.Enum):
    OUT = "Outbound"


def test_members_of_enumerations_are_their_values(tmp_path: Path) -> None:
    row = manifest_row(1, media="https://files.example.com/1.wav") | {"direction": Kind.OUT}
    assert list_row(row)["direction"] == "Outbound"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261120T140300Z", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03:00 +0000 UTC", "2026-11-20T14:03:00Z"),
        ("2026-11-20 14:03:00.000 America/New_York", "2026-11-20T14:03:00-05:00"),
        ("2026-11-20T14:03:00+01:00[Europe/Berlin]", "2026-11-20T14:03:00+01:00"),
    ],
)
def test_times_of_warehouses_and_java(tmp_path: Path, text: str, moment: str) -> None:
    assert payload_of(plan_row(tmp_path, actual_start=text))["actualStart"] == moment


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2026-11-20 14:03 Nowhere/Atlantis", "is in the unknown time zone Nowhere/Atlantis"),
        ("2026-10-25 02:30 Europe/Berlin", "happened twice in Europe/Berlin, where the clocks were changed"),
        ("11/20/2026 14:03", "is not a date and time in ISO 8601"),
    ],
)
def test_other_times_with_a_slash(tmp_path: Path, text: str, rule: str) -> None:
    (problem,) = plan_row(tmp_path, actual_start=text).problems
    assert (problem.field, problem.rule) == ("actual_start", rule)


def test_an_unused_header_may_be_there_twice_where_columns_says_which_are_read(tmp_path: Path) -> None:
    header, row = HEADER.replace("client_unique_id", "Id"), f"1,{REST}/1.wav,"
    columns = {"client_unique_id": "Id"}
    (planned,) = plan_text(tmp_path, f"{header},Name,Name\n{row},x,y\n", columns=columns).rows
    assert payload_of(planned)["clientUniqueId"] == "1"
    for repeated in ("Id", "Media"):
        with pytest.raises(GongManifestError, match=f"more than once: {repeated.lower()}"):
            plan_text(tmp_path, f"{header},{repeated}\n{row},x\n", columns=columns)


@pytest.mark.parametrize("scheme", ["tel:", "TEL:"])
def test_a_telephone_number_may_be_a_uri(tmp_path: Path, scheme: str) -> None:
    row = plan_row(tmp_path, party_1_phone=f"{scheme}+12025550147")
    assert payload_of(row)["parties"][1]["phoneNumber"] == "+12025550147"


@pytest.mark.parametrize("text", ["Outgoing API", "OUTGOING_DIAL"])
def test_words_of_twilios_console(tmp_path: Path, text: str) -> None:
    assert payload_of(plan_row(tmp_path, direction=text))["direction"] == "Outbound"


def test_a_word_that_is_no_direction_can_be_mapped(tmp_path: Path) -> None:
    (problem,) = plan_row(tmp_path, direction="internal").problems
    assert problem.remedy.endswith("Or map it with values in the parameter columns.")


def test_numbers_of_a_value_map_may_have_become_fractions(tmp_path: Path) -> None:
    columns = {"*": "*", "direction": {"values": {1: "Inbound", "2": "Outbound"}}}
    row = plan_row(tmp_path, {"columns": columns}, direction="2.0")
    assert payload_of(row)["direction"] == "Outbound"


@pytest.mark.parametrize("mark", ["\u200b", "\u200e", "\u202a", "\ufeff", " \u2066 "])
def test_invisible_marks_around_a_cell_are_no_part_of_it(tmp_path: Path, mark: str) -> None:
    changes = {"client_unique_id": f"{mark}42{mark}", "party_1_phone": f"{mark}+12025550147\u202c", "title": mark}
    call = payload_of(plan_row(tmp_path, **changes))
    assert (call["clientUniqueId"], call["parties"][1]["phoneNumber"]) == ("42", "+12025550147")
    assert "title" not in call


def test_text_that_has_lost_characters_is_left_out(tmp_path: Path) -> None:
    text = "M\ufffdller"
    row = plan_row(tmp_path, title=text)
    assert "title" not in payload_of(row)
    assert "has lost characters" in row.warnings[0]
    assert columns_of(plan_row(tmp_path, client_unique_id=text)) == ["client_unique_id"]


@pytest.mark.parametrize("text", ["<nil>", "[NULL]", "[object Object]", "-nan"])
def test_further_words_for_missing_values(tmp_path: Path, text: str) -> None:
    assert columns_of(plan_row(tmp_path, client_unique_id=text)) == ["client_unique_id"]
    assert "title" not in payload_of(plan_row(tmp_path, title=text))


def test_a_duration_in_milliseconds_is_left_out(tmp_path: Path) -> None:
    row = plan_row(tmp_path, duration="750000")
    assert "duration" not in payload_of(row)
    assert row.warnings[0].startswith("duration: is more than 24 hours (got 750000), so it is left out.")


def test_a_header_separated_by_bars(tmp_path: Path) -> None:
    (row,) = plan_text(tmp_path, f"{HEADER}\n1,{REST}/1.wav,+12025550147\n".replace(",", "|")).rows
    assert payload_of(row)["parties"][1]["phoneNumber"] == "+12025550147"
    # Bars inside of names do not separate them.
    (row,) = plan_text(tmp_path, f"{HEADER},a|b|c|d|e|f|g|h\n1,{REST}/1.wav,,\n").rows
    assert row.client_unique_id == "1"


def field_of(template: str, field: str = "client_unique_id", **cells: str) -> str | None:
    """Return the text of a field that a template makes of cells."""
    return ColumnMap({field: template}).values({"a": "", "b": ""} | cells).get(field)


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"a": "x", "b": "7"}, "x-7"),
        ({"a": "x", "b": "5550001.0"}, "x-5550001"),
        ({"a": "NA", "b": "7"}, "NA-7"),
        ({"a": "x"}, None),
        ({"a": "x", "b": "None"}, None),
        ({"a": "x", "b": "#N/A"}, None),
        ({"a": "x", "b": "1.23457E+18"}, "1.23457E+18"),
        ({"a": "x", "b": "####"}, "####"),
    ],
)
def test_an_id_is_made_only_of_parts_that_are_there(cells: dict[str, str], text: str | None) -> None:
    assert field_of("{a}-{b}", **cells) == text


@pytest.mark.parametrize(
    ("field", "template", "cells", "text"),
    [
        ("party_1_phone", "+{a}", {"a": "12025550147.0"}, "+12025550147"),
        ("party_1_phone", "+{a}", {"a": "1.20256E+10"}, "1.20256E+10"),
        ("party_1_phone", "+{a}", {"a": "nan"}, None),
        ("party_1_name", "{a} {b}", {"a": "Dana", "b": "None"}, "Dana"),
        ("title", "Release {a}", {"a": "2.0"}, "Release 2.0"),
        ("title", "{a} {b}", {"a": "null", "b": "#REF!"}, None),
    ],
)
def test_parts_of_other_fields_are_read_like_fields(
    field: str, template: str, cells: dict[str, str], text: str | None
) -> None:
    assert field_of(template, field, **cells) == text


def test_a_lost_part_of_a_template_is_named(tmp_path: Path) -> None:
    row = plan_row(tmp_path, {"columns": {"party_1_phone": "+{ani}"}}, ani="4.91512E+11")
    assert columns_of(row) == ["party_1_phone (columns: +{ani})"]
    assert "has lost digits" in row.problems[0].rule


def test_other_kinds_of_numbers_are_their_digits() -> None:
    # Like the smaller floats of NumPy, these are no floats of Python.
    assert list_row({"client_unique_id": Fraction(5550001)})["client_unique_id"] == "5550001"


def test_ids_of_tasks_and_participants_are_their_digits(tmp_path: Path) -> None:
    call = payload_of(plan_row(tmp_path, flow_task_id="5550001.0", party_1_party_id="3.0"))
    assert (call["flowContext"]["taskId"], call["parties"][1]["partyId"]) == ("5550001", "3")
    row = plan_object(tmp_path, flow_task_id=1.5, party_1_party_id=2.5)
    assert "flowContext" not in payload_of(row)
    assert [warning.partition(":")[0] for warning in row.warnings] == ["flow_task_id", "party_1_party_id"]
