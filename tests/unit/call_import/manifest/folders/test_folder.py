"""Folders of recordings that no manifest lists, planned by names and sidecar files."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import Columns
from airflow_provider_gong.call_import.manifest.folders.folder import RecordingFolder
from airflow_provider_gong.call_import.manifest.folders.listing import ListedRecordings
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.plan import ImportPlan
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from airflow_provider_gong.ledger.rows import CallState, PlannedRow
from tests.support.media import Files
from tests.support.recordings import write_wav
from tests.unit.call_import.conftest import NOW, USERS, NightlyImport, SeenPlan

ASTERISK = "{direction}-{party_1_phone:phone}-{extension:digits}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav"
HOST = "tobias.okafor@example.com"
KNOWN = {"actual_start": "=2026-11-20T09:00:00Z", "direction": "=in", "primary_user": f"={HOST}"}
NAMES = ("out-+12025550147-4711-20261120-093000-1731.42.wav", "in-+12025550148-4711-20261120-100000-1732.1.wav")


def record(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        write_wav(folder / name, seconds=61, seed=number)


def plan(places: Any, *, columns: Columns | None = None, **options: str) -> SeenPlan:
    """Plan recordings for a company of a few users, without an emulator and a ledger."""
    listed = places if isinstance(places, list) else [places]
    open_path = UPath if listed[0].startswith("memory:") else ObjectStoragePath if "://" in listed[0] else Path
    storage = ListedRecordings(Files(open_path))
    folder = RecordingFolder(storage, columns, options.get("name_template"), options.get("sidecar"))
    manifest = Manifest(folder.tables(listed), folder.columns)
    rules = CellRules("Europe/Berlin", now=NOW)
    settings = PlanSettings(None, storage, rules=rules)
    with checked_rows(manifest, HostDirectory(USERS), settings) as draft:
        return SeenPlan.of(draft)


def payload_of(row: PlannedRow) -> dict[str, Any]:
    assert row.payload is not None, row.problems
    return row.call


def problem_of(row: PlannedRow) -> tuple[str, str, str]:
    (problem,) = row.problems
    return problem.field, problem.value, problem.rule


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("pattern", ["rec/*.wav", "rec/", "rec", "**/*.wav", "r?c/*"])
def test_names_say_what_the_calls_were(tmp_path: Path, scheme: str, pattern: str) -> None:
    record(tmp_path / "rec", *NAMES)
    (tmp_path / "rec/.hidden.wav").touch()
    found = plan(f"{scheme}{tmp_path}/{pattern}", name_template=ASTERISK, columns={"primary_user": f"={HOST}"})
    incoming, outgoing = found.rows
    assert (incoming.client_unique_id, outgoing.client_unique_id) == ("1732.1", "1731.42")
    assert payload_of(outgoing) | {"parties": 0, "primaryUser": 0} == {
        "clientUniqueId": "1731.42",
        "actualStart": "2026-11-20T09:30:00+01:00",
        "direction": "Outbound",
        "primaryUser": 0,
        "parties": 0,
    }
    assert payload_of(outgoing)["parties"][1] == {"phoneNumber": "+12025550147"}
    assert payload_of(incoming)["direction"] == "Inbound"
    assert outgoing.media == f"{tmp_path}/rec/{NAMES[0]}"


def test_such_an_import_is_uploaded_like_any_other(night: NightlyImport, tmp_path: Path) -> None:
    record(tmp_path, *NAMES)
    columns = {"primary_user": f"={HOST}"}
    night.plan(tmp_path / "*.wav", name_template=ASTERISK, columns=columns, timezone="Europe/Berlin")
    night.upload()
    night.finish()
    assert night.states() == {"1731.42": "verified", "1732.1": "verified"}


def test_names_that_do_not_fit_are_rejected_rows(tmp_path: Path) -> None:
    record(tmp_path, "out-Dana-4711-20261120-093000-1731.wav", NAMES[0])
    found = plan(f"{tmp_path}/*.wav", name_template=ASTERISK, columns={"primary_user": f"={HOST}"})
    good, bad = found.rows
    assert good.state is CallState.PLANNED
    assert problem_of(bad) == (
        "media",
        f"{tmp_path}/out-Dana-4711-20261120-093000-1731.wav",
        f"does not fit name_template {ASTERISK!r}: it stops fitting at character 5, where "
        "'Dana-4711-20261120-093000-1731.wav' follows and {party_1_phone:phone} is expected",
    )
    assert found.estimate["rejected"] == 1


def test_all_names_may_be_wrong(tmp_path: Path) -> None:
    record(tmp_path, "a.wav", "b.wav")
    (tmp_path / "a.json").write_text("{")
    for options in ({"name_template": ASTERISK}, {"sidecar": "{file_stem}.json"}):
        found = plan(
            f"{tmp_path}/*.wav", columns={"client_unique_id": "{file_stem}", "primary_user": f"={HOST}"}, **options
        )
        assert [row.state for row in found.rows] == [CallState.REJECTED] * 2


def test_columns_make_fields_of_names(tmp_path: Path) -> None:
    record(tmp_path, "4711_2026-11-20_093000_q.wav")
    columns = {
        "client_unique_id": "{file_stem}",
        "actual_start": "{day}T{clock}",
        "direction": {"source": "kind", "values": {"q": "Inbound"}},
        "primary_user": {"source": "extension", "values": {"4711": HOST}},
        "title": "Call of {extension} ({file_name})",
        "call_provider_code": "=zoom",
    }
    template = "{extension}_{day:%Y-%m-%d}_{clock:%H%M%S}_{kind}.wav"
    (row,) = plan(f"{tmp_path}/*.wav", name_template=template, columns=columns).rows
    assert payload_of(row)["clientUniqueId"] == "4711_2026-11-20_093000_q"
    assert payload_of(row)["actualStart"] == "2026-11-20T09:30:00+01:00"
    assert payload_of(row)["title"] == "Call of 4711 (4711_2026-11-20_093000_q.wav)"
    assert (payload_of(row)["direction"], payload_of(row)["callProviderCode"]) == ("Inbound", "zoom")
    assert payload_of(row)["primaryUser"] == USERS[0].id


def test_what_a_template_lacks_fails_the_plan(tmp_path: Path) -> None:
    record(tmp_path, "a.wav")
    with pytest.raises(GongManifestError, match="lacks the columns actual_start, direction, primary_user"):
        plan(f"{tmp_path}/*.wav", name_template="{client_unique_id}.wav")
    with pytest.raises(GongManifestError, match="is mapped to 'Call', which is not a header"):
        plan(f"{tmp_path}/*.wav", name_template="{call_id}.wav", columns={"client_unique_id": "Call"})


SIDECAR = {
    "call": {"id": "7", "start": "2026-11-20T09:30:00Z", "way": "in"},
    "agent": {"mail": HOST},
    "legs": [{"number": "+12025550147"}, {"number": "+12025550148"}],
    "context": [{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": "0015"}]}],
    "tags": ["a", "b"],
}
SIDECAR_COLUMNS = {
    "client_unique_id": "call.id",
    "actual_start": "call.start",
    "direction": "call.way",
    "primary_user": "agent.mail",
    "party_1_phone": "legs.0.number",
    "party_2_phone": "legs.1.number",
}
XML = f"""<?xml version="1.0"?>
<recording xmlns="https://pbx.example.com/1"><call id="7"><start>2026-11-20T09:30:00Z</start><way>in</way></call>
<agent><mail>{HOST}</mail></agent><legs><number>+12025550147</number></legs><legs><number>+12025550148</number></legs>
</recording>"""


@pytest.mark.parametrize(
    ("sidecar", "place", "content"),
    [
        ("{file_stem}.json", "a.json", json.dumps(SIDECAR)),
        ("{file_name}.json", "a.wav.json", "\ufeff" + json.dumps(SIDECAR)),
        ("meta/{file_stem}.JSON", "meta/a.JSON", json.dumps(SIDECAR)),
        ("{file_stem}.xml", "a.xml", XML),
        ("{file_stem}.xml", "a.xml", XML.replace("<?xml version", "\n<?xml version").lstrip()),
    ],
)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_sidecar_files_say_what_the_calls_were(
    tmp_path: Path, scheme: str, sidecar: str, place: str, content: str
) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(content, encoding="utf-8")
    (row,) = plan(f"{scheme}{tmp_path}/*", sidecar=sidecar, columns=SIDECAR_COLUMNS).rows
    assert row.problems == ()
    call = payload_of(row)
    assert (call["clientUniqueId"], call["actualStart"], call["direction"]) == ("7", "2026-11-20T09:30:00Z", "Inbound")
    assert [party.get("phoneNumber") for party in call["parties"]] == [None, "+12025550147", "+12025550148"]
    assert "context" not in call


def test_a_sidecar_may_have_the_columns_own_names(tmp_path: Path) -> None:
    record(tmp_path, "7.wav")
    own = {
        "actualStart": "2026-11-20T09:30:00Z",
        "direction": "Inbound",
        "primary_user": HOST,
        "clientUniqueId": 7.0,
        "title": "Renewal",
        "context": SIDECAR["context"],
    }
    (tmp_path / "7.json").write_text(json.dumps(own))
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.json", name_template="{title}.wav").rows
    # The name, which somebody has described, comes before the file.
    assert (payload_of(row)["title"], payload_of(row)["clientUniqueId"]) == ("7", "7")
    assert payload_of(row)["context"] == SIDECAR["context"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "has no sidecar"),
        ("", "has no sidecar"),
        ("[]", "is not an object with named fields"),
        ("{", "cannot be read"),
        ('{"a": 1, "a": 2}', "more than once"),
        ("[" * 100_000, "cannot be read"),
        (" " * 1_048_577, "it has 1048577 bytes, more than 1048576"),
        ('{"title": "\\ud800"}', "which are not valid text"),
        (json.dumps({f"c{number}": 1 for number in range(2001)}), "more than 2000 columns"),
    ],
)
def test_a_sidecar_that_cannot_be_read_rejects_its_row(tmp_path: Path, content: str | None, says: str) -> None:
    record(tmp_path, "a.wav")
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.json").rows
    assert row.state is CallState.REJECTED
    assert any(says in problem.rule for problem in row.problems)
    assert says == "which are not valid text" or len(row.problems) == 1


@pytest.mark.parametrize("patterns", [["*"], ["a*.wav", "*"], ["*.wav", "*.json"]])
@pytest.mark.parametrize("sidecar", ["{file_stem}.json", "{file_name}.json"])
def test_only_a_sidecar_without_a_recording_is_a_row(tmp_path: Path, patterns: list[str], sidecar: str) -> None:
    record(tmp_path, "a.wav", "b.wav")
    for name in ("a", "b", "c"):
        (tmp_path / sidecar.format(file_stem=name, file_name=f"{name}.wav")).write_text(json.dumps({"id": name}))
    columns = {**KNOWN, "client_unique_id": "id"}
    found = plan([f"{tmp_path}/{pattern}" for pattern in patterns], sidecar=sidecar, columns=columns)
    *good, bad = sorted(found.rows, key=lambda row: str(row.media).replace(".wav.json", ".json"))
    assert [row.client_unique_id for row in good] == ["a", "b"]
    assert bad.state is CallState.REJECTED
    if sidecar == "{file_stem}.json":
        assert problem_of(bad) == ("media", f"{tmp_path}/c.json", "is a sidecar file without a recording")


def test_a_sidecar_may_be_beside_the_folder(tmp_path: Path) -> None:
    record(tmp_path / "day/rec", "7.wav")
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/7.json").write_text('{"id": "7"}')
    columns = {**KNOWN, "client_unique_id": "id"}
    (row,) = plan(f"{tmp_path}/day/rec/*", sidecar="../../meta/{file_stem}.json", columns=columns).rows
    assert row.client_unique_id == "7"


# Encodings that Python does not know, has for other purposes, or cannot hand to its parser.
OTHER_ENCODINGS = [f'<?xml version="1.0" encoding="{name}"?><a/>' for name in ("pbx-1", "base64", "shift_jis")]
BOMB = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize("content", ["<a>", "<a>text</a>", BOMB, "<a>" * 9999 + "</a>" * 9999, *OTHER_ENCODINGS])
def test_xml_that_cannot_be_read_rejects_its_row(tmp_path: Path, content: str) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / "a.xml").write_text(content)
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.xml").rows
    assert "has the sidecar" in problem_of(row)[2]


def test_xml_names_the_extra_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    with pytest.raises(GongManifestError, match=r"pip install 'airflow-provider-gong\[xml\]'"):
        plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.xml")


@pytest.mark.parametrize(
    "sidecar",
    [
        "meta.json",
        "/meta/{file_stem}.json",
        "s3://b/{file_stem}.json",
        "{file_stem}.yaml",
        "{file_stem}",
        "{stem}.json",
        "{file_name}{.xml",
    ],
)
def test_a_sidecar_template_is_checked(tmp_path: Path, sidecar: str) -> None:
    with pytest.raises(GongManifestError, match="is not the name of a file next to each recording"):
        plan(f"{tmp_path}/*.wav", sidecar=sidecar)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("{folder}/*.mp3", "There are no recordings"),
        ("{folder}/nothing/", "There are no recordings"),
        ("https://files.example.com/*.wav", "on the web"),
        ([{"media": "a.wav"}], "give a folder or a pattern"),
        ("unknown://bucket/*.wav", "cannot be listed"),
        ([" "], "the name is empty"),
    ],
)
def test_what_cannot_be_listed_is_named(night: NightlyImport, tmp_path: Path, manifest: Any, says: str) -> None:
    record(tmp_path, "a.wav")
    place = manifest.format(folder=tmp_path) if isinstance(manifest, str) else manifest
    storage = Files(ObjectStoragePath if "://" in str(place) else Path)
    with night.client() as client:
        planned = ImportPlan(night.ledger, client, manifest=place, storage=storage, name_template="{title}.wav")
        with pytest.raises(GongManifestError, match=says):
            planned.run()


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("name", ["x [2026]", "x [2026]/", "x [2026]/*.wav", "x [2026]/**/*.wav", "x [2026]/a [1].wav"])
def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path: Path, scheme: str, name: str) -> None:
    record(tmp_path / "x [2026]", "a [1].wav")
    (row,) = plan(f"{scheme}{tmp_path}/{name}", name_template="{client_unique_id}.wav", columns=KNOWN).rows
    assert payload_of(row)["clientUniqueId"] == "a [1]"


def test_patterns_that_overlap_list_each_recording_once(tmp_path: Path) -> None:
    record(tmp_path, "a.wav", "b.wav")
    found = plan([f"{tmp_path}/a*.wav", f"{tmp_path}/*.wav"], name_template="{client_unique_id}.wav", columns=KNOWN)
    assert [(row.client_unique_id, row.state) for row in found.rows] == [("a", "planned"), ("b", "planned")]


def test_spaces_around_the_parts_of_a_name_do_not_count(tmp_path: Path) -> None:
    record(tmp_path, " 7 - Renewal .wav")
    (row,) = plan(f"{tmp_path}/*.wav", name_template="{client_unique_id}-{title}.wav", columns=KNOWN).rows
    assert (row.client_unique_id, payload_of(row)["clientUniqueId"]) == ("7", "7")
    assert payload_of(row)["title"] == "Renewal"


def test_an_id_from_a_name_is_the_same_on_every_system(tmp_path: Path) -> None:
    record(tmp_path, unicodedata.normalize("NFD", "Müller-7.wav"))
    columns = {**KNOWN, "client_unique_id": "{file_stem}", "title": "{file_name}"}
    (row,) = plan(f"{tmp_path}/*.wav", name_template="{_}.wav", columns=columns).rows
    assert (row.client_unique_id, payload_of(row)["title"]) == ("Müller-7", "Müller-7.wav")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_json_sidecars_in_all_encodings_of_unicode(tmp_path: Path, encoding: str) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / "a.json").write_bytes(json.dumps({"id": "7", "title": "Grüße"}, ensure_ascii=False).encode(encoding))
    columns = {**KNOWN, "client_unique_id": "id", "title": "title"}
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.json", columns=columns).rows
    assert payload_of(row)["title"] == "Grüße"


def test_attributes_of_xml_have_no_namespaces_either(tmp_path: Path) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / "a.xml").write_text('<r xmlns:c="urn:c"><c:call c:id="7"/></r>')
    columns = {**KNOWN, "client_unique_id": "call.id"}
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.xml", columns=columns).rows
    assert row.client_unique_id == "7"


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("json", '{"id": "7", "title": null, "agent": ""}'),
        ("xml", '<r id="7"><title/><agent> </agent></r>'),
    ],
)
def test_values_that_are_empty_in_all_sidecars_are_no_missing_columns(
    tmp_path: Path, suffix: str, content: str
) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / f"a.{suffix}").write_text(content)
    columns = {**KNOWN, "client_unique_id": "id", "title": "title", "party_1_name": "agent.name"}
    (row,) = plan(f"{tmp_path}/*.wav", sidecar=f"{{file_stem}}.{suffix}", columns=columns).rows
    assert (row.state, row.client_unique_id, row.title) == (CallState.PLANNED, "7", None)
    with pytest.raises(GongManifestError, match="title is mapped to 'titel', which is not a header"):
        plan(f"{tmp_path}/*.wav", sidecar=f"{{file_stem}}.{suffix}", columns={**columns, "title": "titel"})


def test_the_text_of_an_xml_element_does_not_replace_its_attribute(tmp_path: Path) -> None:
    record(tmp_path, "a.wav")
    (tmp_path / "a.xml").write_text('<r><call text="7">Renewal</call><note kind="x">Renewal</note></r>')
    columns = {**KNOWN, "client_unique_id": "call.text", "title": "note.text"}
    (row,) = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.xml", columns=columns).rows
    assert (row.client_unique_id, row.title) == ("7", "Renewal")


def test_a_single_element_of_xml_is_the_first_of_a_list(tmp_path: Path) -> None:
    record(tmp_path, "a.wav", "b.wav")
    (tmp_path / "a.xml").write_text('<r><leg number="+4911"/></r>')
    (tmp_path / "b.xml").write_text('<r><leg number="+4922"/><leg number="+4933"/></r>')
    columns = {**KNOWN, "client_unique_id": "{file_stem}", "party_1_phone": "leg.0.number"}
    rows = plan(f"{tmp_path}/*.wav", sidecar="{file_stem}.xml", columns=columns).rows
    assert [payload_of(row)["parties"][1]["phoneNumber"] for row in rows] == ["+4911", "+4922"]
