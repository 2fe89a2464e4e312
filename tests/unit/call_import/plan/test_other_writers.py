"""Manifests as warehouses, data frames, scripts and joined files have them: nothing wrong reaches Gong unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.csv_cells import escape_cell, unescape_cell
from airflow_provider_gong.call_import.manifest.time_formats import read_moment
from airflow_provider_gong.ledger.rows import PlannedRow
from tests.unit.call_import.plan.test_other_systems import (
    ALONE,
    HEADER,
    REST,
    columns_of,
    payload_of,
    plan_object,
    plan_row,
    plan_text,
)

MARK = "\ufeff"


def line(number: int, *cells: str, ident: str = "") -> str:
    return ",".join([ident or str(number), f"{REST}/{number}.wav", *cells])


def quoted(text: str) -> str:
    return ",".join(f'"{cell}"' for cell in text.split(","))


def warnings_of(row: PlannedRow) -> list[str]:
    return [warning.partition(":")[0] for warning in row.warnings]


@pytest.mark.parametrize("form", [str, quoted])
@pytest.mark.parametrize("start", [MARK, MARK + MARK])
def test_joined_files_have_marks_and_header_lines_in_between(tmp_path: Path, form: Any, start: str) -> None:
    lines = [start + form(HEADER), form(line(1, "")), MARK + form(line(2, "")), MARK + form(HEADER), form(line(3, ""))]
    plan = plan_text(tmp_path, "\n".join(lines))
    found = [(row.row_number, row.line, row.client_unique_id) for row in plan.planned]
    assert found == [(1, 2, "1"), (2, 3, "2"), (3, 5, "3")]
    assert plan.rejected == []


def test_joined_json_lines_have_marks_in_between(tmp_path: Path) -> None:
    rows = [dict(zip(HEADER.split(","), line(number, "").split(","), strict=True)) for number in (1, 2)]
    plan = plan_text(tmp_path, "".join(f"{MARK}{json.dumps(row)}\n" for row in rows), "calls.jsonl")
    assert [row.client_unique_id for row in plan.planned] == ["1", "2"]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize(
    "titles",
    [
        # Quotes of the text itself, by a program that quotes nothing.
        ["ok", '"Renewal', "ok", "ok", 'Renewal"', "ok"],
        ["ok", '"Renewal', 'Renewal"', "ok"],
        # Quotes escaped with a backslash, as Spark and MySQL do.
        ["ok", '"about \\""', "ok", '"{} ok"', "ok"],
    ],
)
@pytest.mark.parametrize("place", [0, 3, 7])
def test_rows_between_quotes_that_are_not_doubled_are_not_lost(
    tmp_path: Path, separator: str, titles: list[str], place: int
) -> None:
    lines = [f"{HEADER},purpose", *(line(number, "", "Demo") for number in range(1, len(titles) + 1))]
    cells = [text.split(",") for text in lines]
    for row, title in zip(cells, ["title", *(title.format(separator) for title in titles)], strict=True):
        row.insert(place, title)
    with pytest.raises(GongManifestError, match=r"is not a CSV file: .* in line \d"):
        plan_text(tmp_path, "\n".join(map(separator.join, cells)))


def test_cells_of_several_lines_are_no_joined_rows(tmp_path: Path) -> None:
    title = 'Dear all, see you, on Monday, at 9, in Berlin,\nLeeds, 7, or, there, ""Otto"", bye\n1,2,3,4,5,6\n'
    plan = plan_text(tmp_path, f'{HEADER},title\n{line(1, "", "")}"{title}"\n{line(2, "", "x")}')
    assert [row.title for row in plan.planned] == [title.replace('""', '"').strip(), "x"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("b'5550001'", "consists of bytes as Python shows them"),
        ('b"5550001"', "consists of bytes as Python shows them"),
        ('=HYPERLINK("https://crm.example.com/1", "5550001")', "is a spreadsheet's formula, not its result"),
        ("=TEXT(A2,0)", "is a spreadsheet's formula, not its result"),
        ("System.Object[]", "means a missing value"),
        ("(blank)", "means a missing value"),
    ],
)
def test_what_programs_show_instead_of_a_value_is_none(tmp_path: Path, text: str, rule: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text, party_1_phone=text)
    assert [(problem.field, problem.rule) for problem in row.problems] == [("client_unique_id", rule)]
    assert row.warnings[0].startswith(f"party_1_phone: {rule}")
    row = plan_row(tmp_path, {"columns": {"client_unique_id": "pbx-{Call}"}}, Call=text)
    assert columns_of(row) == ["client_unique_id (columns: pbx-{Call})"]


@pytest.mark.parametrize("text", ["bob", "b", "b'", "=x", "=(1)", "'tis", "b-1"])
def test_texts_that_only_begin_like_those_stay(tmp_path: Path, text: str) -> None:
    row = plan_object(tmp_path, client_unique_id=text, title=text)
    assert (row.client_unique_id, row.title, row.warnings) == (text, text, ())


@pytest.mark.parametrize("text", ["00042", "12025550147", "1 (202) 555-0147"])
def test_an_apostrophe_marks_numbers_that_are_text(tmp_path: Path, text: str) -> None:
    plan = plan_text(tmp_path, f"{HEADER}\n{line(1, chr(39) + text, ident=chr(39) + text)}")
    call = payload_of(plan.rows[0])
    assert (call["clientUniqueId"], call["parties"][1]["phoneNumber"]) == (text, text)
    for kept in (text, f"'{text}", f"''{text}"):
        assert unescape_cell(escape_cell(kept)) == kept


def test_an_apostrophe_marks_addresses_that_are_text(tmp_path: Path) -> None:
    text = f"{HEADER},party_1_email,title\n{line(1, '', chr(39) + 'dana@northwind.example.com', chr(39) + 't Hooft')}"
    call = payload_of(plan_text(tmp_path, text).rows[0])
    assert (call["parties"][1]["emailAddress"], call["title"]) == ("dana@northwind.example.com", "'t Hooft")
    for kept in ("'dana@northwind.example.com", "''d@x", "o'hara@example.com", "'t Hooft @ home"):
        assert unescape_cell(escape_cell(kept)) == kept


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("1,234,567", "separators of thousands"),
        ("1.234.567", "separators of thousands"),
        ("1'234'567", "separators of thousands"),
        ("1\u202f234\u202f567", "separators of thousands"),
        ("1731000000123450000", "spreadsheets keep 15 digits"),
        ("100000000000000000", "spreadsheets keep 15 digits"),
        ("20-Nov", "become a date"),
        ("Jan-45", "become a date"),
    ],
)
def test_ids_that_a_spreadsheet_may_have_changed_are_warned_of(tmp_path: Path, text: str, doubt: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text)
    assert payload_of(row)["clientUniqueId"] == text
    (warning,) = row.warnings
    assert warning.startswith(f"client_unique_id: {text} may ")
    assert doubt in warning


@pytest.mark.parametrize(
    "text",
    [
        "1731000000.42",
        "1731000000123456789",
        "17310000001234500",
        "1.234",
        "10.0.0.1",
        "12,5",
        "1,23,456",
        "pbx-12",
        "12-3",
    ],
)
def test_other_ids_are_not_warned_of(tmp_path: Path, text: str) -> None:
    assert plan_row(tmp_path, client_unique_id=text).warnings == ()


@pytest.mark.parametrize("text", ["12,025,550,147", "12.025.550.147", "49\u00a0151\u00a0123\u00a0456"])
def test_phones_with_separators_of_thousands_were_numbers(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, party_1_phone=text)
    assert payload_of(row)["parties"][1]["phoneNumber"] == text
    assert "no + before its country code" in row.warnings[0]


@pytest.mark.parametrize("value", [True, 1.5, float("inf"), 2.0**60])
def test_other_numbers_and_booleans_are_no_phones(tmp_path: Path, value: float) -> None:
    assert warnings_of(plan_object(tmp_path, party_1_phone=value)) == ["party_1_phone"]
    assert columns_of(plan_object(tmp_path, **ALONE, party_1_phone=value)) == ["party_1_phone"]


@pytest.mark.parametrize(
    ("party", "sent", "warned"),
    [
        ({"phoneNumber": 12025550147}, {"phoneNumber": "12025550147"}, ["phoneNumber"]),
        ({"phoneNumber": 12025550147.0}, {"phoneNumber": "12025550147"}, ["phoneNumber"]),
        ({"phoneNumber": "12025550147.0"}, {"phoneNumber": "12025550147"}, ["phoneNumber"]),
        ({"phoneNumber": "TEL:+12025550147"}, {"phoneNumber": "+12025550147"}, []),
        ({"phoneNumber": "\u202a+12025550147"}, {"phoneNumber": "+12025550147"}, []),
        ({"phoneNumber": "4.91512E+11"}, {}, ["phoneNumber"]),
        ({"phone_number": "nan", "emailAddress": ""}, {}, ["phoneNumber"]),
        ({"phoneNumber": None, "emailAddress": float("nan")}, {}, []),
        ({"emailAddress": "#N/A", "partyId": 5.0}, {"partyId": "5"}, ["emailAddress"]),
        ({"partyId": 1.5, "userId": 77.0}, {"userId": "77"}, ["partyId"]),
    ],
)
def test_parties_of_a_list_are_read_like_cells(
    tmp_path: Path, party: Mapping[str, Any], sent: Mapping[str, Any], warned: list[str]
) -> None:
    row = plan_object(tmp_path, **ALONE, party_1_phone="", parties=[{"name": "Lee"} | party])
    assert payload_of(row)["parties"][1] == {"name": "Lee"} | sent
    assert warnings_of(row) == [f"parties[0].{field}" for field in warned]


def test_a_party_of_a_list_that_would_lose_its_identity_rejects_the_row(tmp_path: Path) -> None:
    for party in ({"phoneNumber": "4.91512E+11"}, {"name": "\ufffd"}):
        row = plan_object(tmp_path, **ALONE, party_1_phone="", parties=[party])
        assert columns_of(row) == [f"parties[0].{next(iter(party))}"]
    row = plan_object(tmp_path, **ALONE, party_1_phone="", parties=[{"name": "None"}, {"name": ""}, {"name": "Lee"}])
    assert [party.get("name") for party in payload_of(row)["parties"][1:]] == ["Lee"]


@pytest.mark.parametrize("ident", ["None", "nan", "1.23457E+18", "#N/A", "b'15'"])
def test_objects_of_a_crm_are_not_linked_by_what_is_no_id(tmp_path: Path, ident: str) -> None:
    context = [{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": ident}]}]
    row = plan_object(tmp_path, context=context, party_1_context=context)
    assert "context" not in payload_of(row)
    assert "context" not in payload_of(row)["parties"][1]
    assert [warning.partition(" that")[0] for warning in row.warnings] == [
        "context: has an objectId",
        "party_1_context: has an objectId",
    ]


def test_ids_of_a_crm_may_have_become_fractions(tmp_path: Path) -> None:
    context = [{"system": "Generic", "objects": [{"objectType": "Account", "objectId": "5550001.0"}]}]
    (found,) = payload_of(plan_object(tmp_path, context=context))["context"]
    assert found["objects"][0]["objectId"] == "5550001"


@pytest.mark.parametrize("mark", ["\u200e", "\u202a", MARK, "\u200b"])
def test_marks_around_a_cell_do_not_hide_it_from_columns(tmp_path: Path, mark: str) -> None:
    columns = {
        "client_unique_id": "pbx-{Call}",
        "direction": {"source": "Kind", "values": {"in": "Outbound"}},
        "actual_start": {"source": "Begin", "format": "%d.%m.%Y %H:%M:%S"},
    }
    cells = {"Call": f"{mark}42{mark}", "Kind": f"{mark}IN", "Begin": f"{mark}20.11.2026 14:03:00{mark}"}
    call = payload_of(plan_row(tmp_path, {"columns": columns, "timezone": "Europe/Berlin"}, **cells))
    assert (call["clientUniqueId"], call["direction"]) == ("pbx-42", "Outbound")
    assert call["actualStart"] == "2026-11-20T14:03:00+01:00"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT12M30S", 750.0),
        ("PT90M", 5400.0),
        ("pt1h0.5s", 3600.5),
        ("P0DT0H12M30S", 750.0),
        ("P1DT1S", 86401.0),
        ("PT0S", 0.0),
    ],
)
def test_durations_may_be_in_iso_8601(tmp_path: Path, text: str, seconds: float) -> None:
    row = plan_row(tmp_path, duration=text)
    assert (payload_of(row)["duration"], row.warnings) == (seconds, ())


@pytest.mark.parametrize("text", ["P", "PT", "P1Y", "P1M", "PT1", "P1DT", "PTS", "12M", "P1W", "-PT1S"])
def test_what_is_no_duration_is_left_out(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, duration=text)
    assert "duration" not in payload_of(row)
    assert warnings_of(row) == ["duration"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T14:03:00Z[UTC]",
        "2026-11-20T14:03:00+00:00[GMT]",
        "2026-11-20T14:03:00[UTC]",
        "2026-11-20 14:03Z UTC",
    ],
)
def test_java_names_utc_behind_the_offset(tmp_path: Path, text: str) -> None:
    assert payload_of(plan_row(tmp_path, actual_start=text))["actualStart"] == "2026-11-20T14:03:00Z"


@pytest.mark.parametrize("text", ["IN_BOUND", "In-Bound", "in bound"])
def test_directions_may_be_written_in_two_words(tmp_path: Path, text: str) -> None:
    assert payload_of(plan_row(tmp_path, direction=text))["direction"] == "Inbound"
    assert payload_of(plan_row(tmp_path, direction=text.lower().replace("in", "out")))["direction"] == "Outbound"


@pytest.mark.parametrize(
    ("text", "form", "fraction"),
    [
        ("1763647380", "epoch", ""),
        ("1763647380.1234567", "epoch", ".123456"),
        ("1763647380123456", "epoch_us", ".123456"),
        ("1763647380123456789", "epoch_ns", ".123456"),
        ("20-NOV-25 02.03.00.123456789 PM +00:00", "%d-%b-%y %I.%M.%S.%f %p %z", ".123456"),
        ("20.11.2025 14:03:00,1234567 +0000", "%d.%m.%Y %H:%M:%S,%f %z", ".123456"),
    ],
)
def test_formats_of_times_to_the_nanosecond(text: str, form: str, fraction: str) -> None:
    assert read_moment(text, form).isoformat() == f"2025-11-20T14:03:00{fraction}+00:00"


@pytest.mark.parametrize("value", [True, 1.5, {"number": "+1"}, ["+1"]])
def test_what_is_no_text_does_not_become_text_in_the_next_manifest(tmp_path: Path, value: Any) -> None:
    row = plan_object(tmp_path, **ALONE, party_1_phone=value, flow_task_id=value, title="Renewal")
    assert columns_of(row) == ["party_1_phone"]
    assert {"party_1_phone", "flow_task_id"}.isdisjoint(row.source)
    assert row.source["title"] == "Renewal"


@pytest.mark.parametrize(
    "text",
    [
        "sip:+12025550147@10.0.0.1;user=phone",
        "SIPS:+12025550147@example.com",
        "whatsapp:+12025550147",
        "=+12025550147",
        "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff17",
        "+1202\u200b555\u202c0147",
    ],
)
def test_telephone_numbers_of_other_systems(tmp_path: Path, text: str) -> None:
    plan = plan_text(tmp_path, f"{HEADER}\n{line(1, text)}")
    assert payload_of(plan.rows[0])["parties"][1]["phoneNumber"] == "+12025550147"


@pytest.mark.parametrize("text", ["sip:agent7@example.com", "client:agent7", "tel:", "anonymous"])
def test_what_is_no_number_stays_in_a_phone(tmp_path: Path, text: str) -> None:
    assert payload_of(plan_row(tmp_path, party_1_phone=text))["parties"][1]["phoneNumber"] == text


def test_a_formula_of_a_number_is_the_number(tmp_path: Path) -> None:
    assert plan_text(tmp_path, f"{HEADER}\n{line(1, '', ident='=5550001')}").rows[0].client_unique_id == "5550001"


@pytest.mark.parametrize("zone", ["CET", "EST", "PDT", "BST", "MSK", "AEST"])
def test_a_format_does_not_ignore_the_name_of_a_time_zone(zone: str) -> None:
    for form in (f"%d.%m.%Y %H:%M:%S {zone}", f"%a %b %d %H:%M:%S {zone} %Y", f"%m/%d/%Y %I:%M %p{zone}"):
        with pytest.raises(GongManifestError, match=f"has the time zone {zone}, which would be ignored"):
            ColumnMap({"actual_start": {"source": "Begin", "format": form}})
    ColumnMap({"actual_start": {"source": "Begin", "format": "%Y-%m-%dT%H:%M:%S GMT"}})


def test_a_value_map_may_not_give_two_values_for_a_word() -> None:
    with pytest.raises(GongManifestError, match="direction has two values for 'IN'"):
        ColumnMap({"direction": {"values": {"in": "Inbound", "IN": "Outbound"}}})
    ColumnMap({"direction": {"values": {"in": "Inbound", "IN ": "Inbound"}}})


def test_rows_between_quotes_are_not_lost_where_lines_end_as_on_old_macs(tmp_path: Path) -> None:
    lines = [f"{HEADER},title", *(line(number, "", title) for number, title in enumerate(['"Re', "ok", 'Re"'], 1))]
    with pytest.raises(GongManifestError, match="is closed in another row"):
        plan_text(tmp_path, "\r".join(lines))


@pytest.mark.parametrize(
    "text", ["5550001,0", "5550001,00", "5550001.000", "5550001.000000", "5550001.0000", "5550001.00"]
)
def test_whole_numbers_with_a_fraction_in_the_form_of_a_country(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text, party_1_phone=text)
    assert (row.client_unique_id, payload_of(row)["parties"][1]["phoneNumber"]) == ("5550001", "5550001")


@pytest.mark.parametrize("text", ["25.000", "25,000", "1.000"])
def test_three_zeros_may_be_thousands(tmp_path: Path, text: str) -> None:
    row = plan_row(tmp_path, client_unique_id=text)
    assert payload_of(row)["clientUniqueId"] == text
    assert "separators of thousands" in row.warnings[0]


@pytest.mark.parametrize("text", ["[+1202, +1203]", "['+1202']", "{+1202,+1203}", "[]", "+1202;+1203"])
def test_lists_are_no_telephone_numbers(tmp_path: Path, text: str) -> None:
    assert warnings_of(plan_row(tmp_path, party_1_phone=text)) == ["party_1_phone"]
    assert columns_of(plan_row(tmp_path, **ALONE, party_1_phone=text)) == ["party_1_phone"]


@pytest.mark.parametrize(
    ("text", "is_warned_of"), [("MÃ¼ller", True), ("5 â‚¬", True), ("Müller", False), ("Ã", False)]
)
def test_text_that_was_read_in_a_wrong_encoding_is_warned_of(tmp_path: Path, text: str, is_warned_of: bool) -> None:
    row = plan_row(tmp_path, title=text, purpose="Größe")
    assert payload_of(row)["title"] == text
    assert warnings_of(row) == (["title"] if is_warned_of else [])


@pytest.mark.parametrize(
    ("field", "template"),
    [
        ("party_1_phone", "+{a}{b}"),
        ("actual_start", "{a}T09:03:00{b}"),
        ("direction", "{a}{b}"),
        ("media", "{a}/{b}.wav"),
        ("party_1_party_id", "{a}-{b}"),
    ],
)
@pytest.mark.parametrize("missing", ["", "null", "\\N", "\\\\N"])
def test_fields_that_are_not_text_need_all_parts_of_their_templates(field: str, template: str, missing: str) -> None:
    columns = ColumnMap({field: template})
    assert field not in columns.values({"a": "1202", "b": missing})
    assert field not in columns.values({"a": missing, "b": "1202"})
    assert field in columns.values({"a": "1202", "b": "5550147"})


@pytest.mark.parametrize(("end", "is_warned_of"), [(",+12025", False), (",+12025\n", False), ("\n", False), ("", True)])
def test_a_last_row_that_may_be_cut_off_is_warned_of(tmp_path: Path, end: str, is_warned_of: bool) -> None:
    text = f"{HEADER}\n{line(1, '')}\n{line(2)}{end}"
    plan = plan_text(tmp_path, text)
    assert len(plan.planned) == 2
    warning = f"Manifest {tmp_path}/calls.csv may be cut off: line 3 lacks cells and has no line end."
    assert (warning in plan.warnings) == is_warned_of
    assert len(plan_text(tmp_path, f"{HEADER}\n{line(1, '')}\n{MARK}").planned) == 1
