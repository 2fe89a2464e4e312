"""Manifests with other column names: headers, templates and constants."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.fields import column_of
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.call_import.manifest.texts import UnreadableCellError, check_text
from tests.support.recordings import manifest_row, write_manifest, write_wav
from tests.unit.call_import.conftest import SeenPlan, plan_offline

EXPORT = {
    "Call ID": "pbx-1",
    "Started": "2026-11-19T08:01:00+01:00",
    "Agent E-Mail": "tobias.okafor@example.com",
    "File": "1.wav",
    "First": "Dana",
    "Last": "Ortiz",
    "Queue": "Sales",
}
COLUMNS = {
    "client_unique_id": "Call ID",
    "actual_start": "started",
    "direction": "=Inbound",
    "primary_user": " Agent E-Mail ",
    "media": "recordings/{File}",
    "party_1_name": "{First} {Last}",
}


def plan_export(folder: Path, columns: dict[str, str], **changes: str) -> SeenPlan:
    write_wav(folder / "recordings/1.wav", seconds=60, seed=1)
    return plan_offline(write_manifest(folder / "manifest.csv", [EXPORT | changes]), columns=columns, is_strict=True)


def error_of(folder: Path, columns: dict[str, str]) -> str:
    with pytest.raises(GongManifestError) as raised:
        plan_export(folder, columns)
    return str(raised.value)


def test_fields_are_read_from_headers_templates_and_constants(tmp_path: Path) -> None:
    (row,) = plan_export(tmp_path, COLUMNS).planned
    assert row.payload is not None
    assert (row.call["clientUniqueId"], row.call["direction"]) == ("pbx-1", "Inbound")
    assert row.media == str(tmp_path / "recordings/1.wav")
    assert row.call["parties"][1] == {"name": "Dana Ortiz"}


def test_a_row_is_kept_under_the_names_of_the_fields_so_that_it_can_be_imported_again(tmp_path: Path) -> None:
    (row,) = plan_export(tmp_path, COLUMNS).rows
    assert row.source == {
        "client_unique_id": "pbx-1",
        "actual_start": "2026-11-19T08:01:00+01:00",
        "direction": "Inbound",
        "primary_user": "tobias.okafor@example.com",
        "media": "recordings/1.wav",
        "party_1_name": "Dana Ortiz",
        "queue": "Sales",
    }


def test_columns_that_no_field_is_read_from_are_ignored_with_a_warning(tmp_path: Path) -> None:
    assert plan_export(tmp_path, COLUMNS).warnings == ["Column 'queue' is unknown and ignored."]


@pytest.mark.parametrize(
    ("first", "last", "name"), [("", "Ortiz", "Ortiz"), ("Dana", "", "Dana"), ("{Last}", "x", "{Last} x")]
)
def test_a_template_is_filled_with_what_is_there(tmp_path: Path, first: str, last: str, name: str) -> None:
    (row,) = plan_export(tmp_path, COLUMNS, First=first, Last=last).rows
    assert row.source["party_1_name"] == name


def test_a_template_without_any_of_its_cells_gives_nothing(tmp_path: Path) -> None:
    (row,) = plan_export(tmp_path, COLUMNS | {"media": "recordings/{File}.wav"}, File="").rejected
    (problem,) = row.problems
    assert (problem.field, problem.value) == ("media (columns: recordings/{File}.wav)", "nothing")


def test_a_problem_names_the_header_that_its_value_comes_from(tmp_path: Path) -> None:
    columns = COLUMNS | {"party_1_email": "Queue", "context": "First"}
    (row,) = plan_export(tmp_path, columns, **{"Agent E-Mail": "nobody@example.com"}).rejected
    assert [problem.field for problem in row.problems] == [
        "primary_user (columns: Agent E-Mail)",
        "context (columns: First)",
        "party_1_email (columns: Queue)",
    ]


def test_a_mapped_field_is_not_read_from_the_column_of_its_own_name(tmp_path: Path) -> None:
    write_wav(tmp_path / "recordings/00001.wav", seconds=60, seed=1)
    manifest = write_manifest(tmp_path / "manifest.csv", [manifest_row(1, subject="From here", title="Not from here")])
    (row,) = plan_offline(manifest, columns={"title": "Subject"}).rows
    assert row.title == row.source["title"] == "From here"


def test_all_headers_that_a_manifest_lacks_are_named_at_once(tmp_path: Path) -> None:
    error = error_of(tmp_path, COLUMNS | {"client_unique_id": "CallID", "title": "{First} {Topic}", "purpose": "Demo"})
    assert "client_unique_id is mapped to 'CallID', which is not a header. Did you mean 'call id'?" in error
    assert "title is mapped to 'topic', which is not a header. purpose" in error
    assert "purpose is mapped to 'Demo', which is not a header. If it is a constant, write '=Demo'." in error
    assert "It has: call id, started, agent e-mail" in error


def test_required_fields_that_nothing_fills_are_named(tmp_path: Path) -> None:
    columns = {field: text for field, text in COLUMNS.items() if field not in ("media", "direction")}
    assert "lacks the columns direction, media" in error_of(tmp_path, columns)


def test_all_that_is_wrong_with_a_mapping_is_found_at_once() -> None:
    wrong = {"titel": "Subject", "title": "{First", "purpose": "", "disposition": "{}", "media": None}
    with pytest.raises(GongManifestError) as raised:
        ColumnMap(wrong)  # type: ignore[arg-type]
    for text in ("'titel' is not a field of a call. Did you mean 'title'?", "title has the template '{First'"):
        assert text in str(raised.value)
    for field in ("purpose has ''", "disposition has the template '{}'", "media has None"):
        assert field in str(raised.value)


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("epoch", "1731000000", "2024-11-07T17:20:00+00:00"),
        ("epoch", "1731000000.5", "2024-11-07T17:20:00.500000+00:00"),
        ("epoch", "1731000000123", "1731000000123"),
        ("epoch_ms", "1731000000123", "2024-11-07T17:20:00.123000+00:00"),
        ("%d.%m.%Y %H:%M UTC", "26.11.2026 08:10 UTC", "2026-11-26T08:10:00+00:00"),
        ("%Y/%m/%d %H:%M:%SZ", "2026/11/26 08:10:00Z", "2026-11-26T08:10:00+00:00"),
        ("%m/%d/%Y %I:%M %p GMT", "11/26/2026 08:10 PM GMT", "2026-11-26T20:10:00+00:00"),
        ("%a, %d %b %Y %H:%M:%S %z", "Thu, 26 Nov 2026 08:10:00 +0000", "2026-11-26T08:10:00+00:00"),
        ("%d.%m.%Y %H:%M", "26.11.2026 08:10", "2026-11-26T08:10:00"),
        ("%Y-%m-%dT%H:%M:%S.000Z", "2026-11-26T08:10:00.000Z", "2026-11-26T08:10:00+00:00"),
        ("%-d.%-m.%Y %H:%M", "6.1.2026 08:10", "2026-01-06T08:10:00"),
        ("epoch_ms", "1731000000123.0", "2024-11-07T17:20:00.123000+00:00"),
        ("%Y%m%d%H%M%S", "20261126081000.0", "2026-11-26T08:10:00"),
        ("%Y%m%d%H%M%S.%f", "20261126081000.0", "2026-11-26T08:10:00"),
    ],
)
def test_formats_of_times(form: str, text: str, moment: str) -> None:
    columns = ColumnMap({"actual_start": {"source": "start", "format": form}})
    assert columns.values({"start": text})["actual_start"] == moment


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("%d.%m.%Y %H:%M %Z", "has %Z, but names of time zones are ambiguous"),
        ("%d.%m.%Y %I:%M", "has %I without %p"),
        ("%d.%m.%Y", "is not a date with a year and a time of day"),
        ("%d.%m. %H:%M", "is not a date with a year and a time of day"),
        ("%m.%Y %H:%M", "is not a date with a year and a time of day"),
        ("%Y-%m-%d %T", "is not a date with a year and a time of day"),
        ("%m/%d/%Y %H:%M %p", "has %p beside %H"),
        ("%d.%M.%Y %H:%m", "has the month, %m, after the hour"),
        ("%d.%m.%Y %H:%M +0100", "has an offset from UTC"),
        ("%d.%m.%Y %H:%M UTC+1", "has an offset from UTC"),
        ("%d.%m.%Y %H:%m", "has %m more than once"),
    ],
)
def test_formats_that_would_read_another_time_than_was_meant(form: str, what: str) -> None:
    with pytest.raises(GongManifestError, match=f"actual_start has a format that cannot be used: .*{what}"):
        ColumnMap({"actual_start": {"source": "start", "format": form}})


AGENT = {
    "Name": "Dana",
    "Ids": [5550001.0, 1.5],
    "pairs": [[{"a": 1}, 2], [2, 3]],
    "map": [["a", 1], ["b", 2]],
}
NESTED = {"id": "7", "agent": AGENT, "legs": [{"from": "+1"}, {"from": None}]}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("agent.name", "Dana"),
        ("Agent.Name", "Dana"),
        ("{id}-{agent.name}", "7-Dana"),
        ("agent.ids.0", "5550001"),
        ("legs.0.from", "+1"),
        ("legs.1.from", None),
        ("legs.2.from", None),
        ("agent.name.first", None),
        ("agent.mail", None),
        ("agent.0.name", "Dana"),
        ("agent.pairs.a", None),
        ("agent.pairs.1.0", "2"),
        ("agent.map.b", "2"),
        ("id.0", "7"),
        ("flat.name", "x"),
    ],
)
def test_values_inside_objects_are_read_by_their_paths(header: str, text: str | None) -> None:
    columns = ColumnMap({"title": header})
    ((_, cells),) = list_table([NESTED | {"flat.name": "x"}]).records
    columns.check_headers(cells, "of the task")
    assert columns.values(cells).get("title") == text


def test_a_value_inside_an_object_that_is_no_id_is_not_taken_for_one() -> None:
    columns = ColumnMap({"client_unique_id": "agent.ids.1"})
    (row,) = Manifest([list_table([NESTED])], columns).rows
    assert "numbers with a fraction are not exact" in row.problems[0].rule


def test_names_that_differ_in_case_inside_an_object_are_not_told_apart() -> None:
    ((_, cells),) = list_table([{"call": {"ID": "1", "id": "2"}}]).records
    assert "title" not in ColumnMap({"title": "call.id"}).values(cells)


def test_an_object_that_is_read_is_not_ignored(tmp_path: Path) -> None:
    manifest = Manifest([list_table([NESTED])], ColumnMap({"title": "agent.name"}))
    assert len(list(manifest.rows)) == 1
    assert manifest.warnings() == ["Column 'id' is unknown and ignored.", "Column 'legs' is unknown and ignored."]
    with pytest.raises(GongManifestError, match=r"title is mapped to 'agents\.name', which is not a header"):
        list(Manifest([list_table([NESTED])], ColumnMap({"title": "agents.name"})).rows)


@pytest.mark.parametrize("header", ["Call\xa0ID", " call  id ", "\u200bCall ID\ufeff", "Call\u2009Id"])
def test_headers_that_look_the_same_are_the_same(header: str) -> None:
    assert column_of(header) == column_of("Call ID")
    assert column_of(unicodedata.normalize("NFD", "Début")) == column_of("Début")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('{"Phone": "+12025550147"}', "+12025550147"),
        ('{"phone": 12025550147.0}', "12025550147"),
        ('[["phone", "+1"]]', "+1"),
        ("+1", None),
        ("{}", None),
        # Not lost without a word.
        ("{'phone': '+1'}", "{'phone': '+1'}"),
        ('{"phone": "+1', '{"phone": "+1'),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_cells_of_text_may_be_objects_too(cell: str, text: str | None) -> None:
    columns = ColumnMap({"party_1_phone": "customer.phone"})
    (row,) = Manifest([list_table([{"customer": cell, "media": "x"}])], columns).rows
    assert row.values.get("party_1_phone") == text
    if text == cell:
        with pytest.raises(UnreadableCellError, match="is an object or a list"):
            check_text(row.values["party_1_phone"])


def test_values_inside_objects_that_no_row_has_are_warned_of() -> None:
    columns = ColumnMap({"title": "agent.nmae", "purpose": "agent.name"})
    manifest = Manifest([list_table([{"agent": {"name": "Dana"}}, {"agent": {"name": None}}])], columns)
    assert len(list(manifest.rows)) == 2
    assert manifest.warnings() == ["columns names 'agent.nmae', which has no value in any row. Check the names in it."]
