"""Manifests in other formats than CSV, in several files, and from an upstream task."""

from __future__ import annotations

import contextlib
import decimal
import json
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.files import find_files, read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest, ManifestRow, Table
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_manifest, write_night, write_wav
from tests.unit.call_import.conftest import NOW, USERS, SeenPlan

NESTED = {
    "clientUniqueId": "pbx-1",
    "actualStart": "2026-11-19T08:01:00+01:00",
    "direction": "Outbound",
    "primaryUser": 234599484848423,
    "media": "recordings/1.wav",
    "duration": 61.5,
    "parties": [{"emailAddress": "dana@northwind.example.com", "partyId": "c"}],
    "flowContext": {"taskId": "task-7"},
    "speakersTimeline": {"precise": True, "speechSegments": [{"fromTime": 0, "toTime": 5, "partyIds": ["c"]}]},
    "context": None,
}


def write_lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def rows_of(*names: object, columns: dict[str, str] | None = None) -> list[ManifestRow]:
    files = find_files([str(name) for name in names], Path)
    with contextlib.closing(read_files(files, Path)) as tables:
        return list(Manifest(tables, ColumnMap(columns)).rows)


def error_of(*names: object, columns: dict[str, str] | None = None) -> str:
    with pytest.raises(GongManifestError) as raised:
        rows_of(*names, columns=columns)
    return str(raised.value)


def plan_tables(tables: Iterable[Table], media_base: MediaBase | None = None) -> SeenPlan:
    with checked_rows(
        Manifest(tables), HostDirectory(USERS), PlanSettings(media_base, Files(), rules=CellRules(now=NOW))
    ) as draft:
        return SeenPlan.of(draft)


def plan_files(*names: object) -> SeenPlan:
    return plan_tables(read_files(find_files([str(name) for name in names], Path), Path))


def listed(*rows: Any) -> Sequence[ManifestRow]:
    return list(Manifest([list_table(rows)]).rows)


def test_json_lines_may_be_nested_like_a_call_of_gong(tmp_path: Path) -> None:
    write_wav(tmp_path / "recordings/1.wav", seconds=60, seed=1)
    manifest = write_lines(tmp_path / "calls.jsonl", NESTED)
    (row,) = plan_files(manifest).planned
    assert row.payload is not None
    assert row.call["parties"][1] == {"emailAddress": "dana@northwind.example.com", "partyId": "c"}
    assert row.call["primaryUser"] == "234599484848423"
    assert (row.call["duration"], row.call["flowContext"]) == (61.5, {"taskId": "task-7"})
    assert row.call["speakersTimeline"] == NESTED["speakersTimeline"]
    assert (row.file, row.row_number) == (str(manifest), 1)


def test_json_lines_may_be_flat(tmp_path: Path) -> None:
    (row,) = rows_of(write_lines(tmp_path / "calls.ndjson", manifest_row(1) | {"Party_2_Name": " Lee ", "title": ""}))
    assert row.values == {**manifest_row(1, title=""), "party_2_name": "Lee"}


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    manifest.write_text('\ufeff{"media": "1.wav"}\n\n{"media": "2.wav"}\n')
    assert [(row.number, row.values["media"]) for row in rows_of(manifest)] == [(1, "1.wav"), (2, "2.wav")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"media": ', "is not in JSON Lines format"),
        ("[" * 100_000, "is not in JSON Lines format"),
        ('["pbx-1"]', "line 2 is list and not an object"),
        ('{"title": "x", "Title": "y"}', "line 2 has 'title' more than once"),
        ('{"title": "x", "title": "y"}', "an object has 'title' more than once, in line 2"),
        ('{"parties": [{"name": "x", "name": "y"}]}', "an object has 'name' more than once, in line 2"),
        (json.dumps({"title": "x" * 1_000_001}), "line 2 has 'title' of more than 1000000 characters"),
    ],
)
def test_what_is_not_json_lines_is_refused_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    manifest = tmp_path / "calls.jsonl"
    manifest.write_text(f'{{"media": "1.wav"}}\n{line}\n')
    error = error_of(manifest)
    assert str(manifest) in error
    assert says in error
    assert "line 2" in error


def test_objects_without_a_value_are_no_rows(tmp_path: Path) -> None:
    manifest = write_lines(
        tmp_path / "calls.jsonl", {}, {"media": " "}, {"title": math.nan, "": "x"}, {"media": "1.wav"}
    )
    assert [(row.number, row.values) for row in rows_of(manifest)] == [(1, {"media": "1.wav"})]


def test_of_a_flow_context_the_task_is_taken_and_nothing_else() -> None:
    (row,) = listed({"flowContext": {"flowId": "7"}})
    assert "flow_task_id" not in row.values


def test_json_lines_have_to_be_utf_8(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    manifest.write_bytes('{"title": "M\u00fcller"}'.encode("cp1252"))
    assert "is not in UTF-8" in error_of(manifest)


def test_a_field_that_no_row_has_is_missed_when_columns_name_it(tmp_path: Path) -> None:
    manifest = write_lines(tmp_path / "calls.jsonl", manifest_row(1), manifest_row(2) | {"topic": "x"})
    assert rows_of(manifest, columns={"title": "Topic"})[1].values["title"] == "x"
    assert "title is mapped to 'tpoic', which is not a header. Did you mean 'topic'?" in error_of(
        manifest, columns={"title": "tpoic"}
    )


def test_a_field_that_is_null_in_all_rows_is_not_missing(tmp_path: Path) -> None:
    manifest = write_lines(tmp_path / "calls.jsonl", manifest_row(1) | {"topic": None}, manifest_row(2) | {"topic": ""})
    assert "title" not in rows_of(manifest, columns={"title": "Topic"})[0].values


def test_unknown_fields_of_objects_are_ignored_with_a_warning(tmp_path: Path) -> None:
    write_night(tmp_path, [manifest_row(1)])
    plan = plan_files(write_lines(tmp_path / "calls.jsonl", manifest_row(1) | {"titel": "x"}))
    assert plan.warnings == ["Column 'titel' is unknown and ignored. Did you mean 'title'?"]


def test_what_an_object_lacks_rejects_its_row(tmp_path: Path) -> None:
    write_night(tmp_path, [manifest_row(1)])
    plan = plan_files(write_lines(tmp_path / "calls.jsonl", manifest_row(1), {"media": "recordings/1.wav"}))
    (row,) = plan.rejected
    assert row.row_number == 2
    assert {problem.field for problem in row.problems} >= {"client_unique_id", "actual_start", "direction"}


def write_parquet(path: Path, rows: Sequence[Any]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path, row_group_size=1)
    return path


def test_parquet_keeps_types(tmp_path: Path) -> None:
    write_wav(tmp_path / "recordings/1.wav", seconds=60, seed=1)
    start = datetime(2026, 11, 19, 8, 1, tzinfo=UTC)
    manifest = write_parquet(tmp_path / "calls.parquet", [NESTED | {"actualStart": start}])
    (row,) = plan_files(manifest).planned
    assert row.payload is not None
    assert row.call["actualStart"] == "2026-11-19T08:01:00Z"
    assert row.call["speakersTimeline"] == NESTED["speakersTimeline"]


def test_parquet_without_a_required_column_is_refused(tmp_path: Path) -> None:
    manifest = write_parquet(tmp_path / "calls.parquet", [{"client_unique_id": "1", "media": "1.wav"}])
    assert "calls.parquet lacks the columns actual_start, direction, primary_user" in error_of(manifest)


def test_what_is_not_parquet_is_refused(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "calls.parquet", [manifest_row(1)])
    assert f"Manifest {manifest} is not a Parquet file" in error_of(manifest)


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    manifest = write_parquet(tmp_path / "calls.parquet", [manifest_row(1)])
    content = bytearray(manifest.read_bytes())
    content[-9] ^= 0xFF
    manifest.write_bytes(content)
    assert f"Manifest {manifest} is not a Parquet file" in error_of(manifest)


def test_columns_of_parquet_stand_once(tmp_path: Path) -> None:
    columns = pyarrow.table({name: [text] for name, text in manifest_row(1).items()})
    pyarrow.parquet.write_table(columns.append_column("title", pyarrow.array(["y"])), tmp_path / "calls.parquet")
    assert "has these columns more than once: title. Keep one each." in error_of(tmp_path / "calls.parquet")


def test_bytes_in_parquet_are_text(tmp_path: Path) -> None:
    row = {name: text.encode() for name, text in manifest_row(1, title="Jürgen").items()}
    assert rows_of(write_parquet(tmp_path / "calls.parquet", [row]))[0].values == manifest_row(1, title="Jürgen")
    write_parquet(tmp_path / "calls.parquet", [row | {"title": b"J\xfcrgen"}])
    assert "cannot be read: 'utf-8' codec can't decode byte 0xfc" in error_of(tmp_path / "calls.parquet")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (2**62, pyarrow.timestamp("us")),
        (2**40, pyarrow.timestamp("us", "Nowhere/Atlantis")),
        (2**31 - 1, pyarrow.date32()),
        (2**62, pyarrow.duration("s")),
    ],
)
def test_values_of_parquet_that_python_does_not_have_are_refused(
    tmp_path: Path, number: int, kind: pyarrow.DataType
) -> None:
    columns = pyarrow.table({name: [text] for name, text in manifest_row(1).items()})
    columns = columns.append_column("exported", pyarrow.array([number], kind))
    pyarrow.parquet.write_table(columns, tmp_path / "calls.parquet")
    assert f"Manifest {tmp_path / 'calls.parquet'} cannot be read: " in error_of(tmp_path / "calls.parquet")


def test_parquet_names_the_extra_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = write_parquet(tmp_path / "calls.parquet", [manifest_row(1)])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'airflow-provider-gong[parquet]'" in error_of(manifest)


def test_several_files_are_one_manifest(tmp_path: Path) -> None:
    for day in ("1", "2"):
        write_night(tmp_path / day, [manifest_row(int(day))], seconds=60 + int(day))
    write_lines(tmp_path / "extra.jsonl", manifest_row(2, media="2/recordings/00002.wav"))
    plan = plan_files(tmp_path / "*" / "manifest.csv", tmp_path / "extra.jsonl")
    assert [(row.file, row.row_number) for row in plan.rows] == [
        (str(tmp_path / "1/manifest.csv"), 1),
        (str(tmp_path / "2/manifest.csv"), 1),
        (str(tmp_path / "extra.jsonl"), 1),
    ]
    # Recordings are looked for beside the file that names them.
    assert [row.media for row in plan.planned] == [str(tmp_path / f"{n}/recordings/0000{n}.wav") for n in "12"]
    (problem,) = plan.rejected[0].problems
    assert problem.rule == f"is already in row 1 of {tmp_path}/2/manifest.csv"


def test_files_are_opened_one_after_the_other(tmp_path: Path) -> None:
    opened: list[str] = []

    class Watched(type(tmp_path)):  # type: ignore[misc]
        def open(self, *args: Any, **kwargs: Any) -> Any:
            opened.append(self.name)
            return super().open(*args, **kwargs)

    names = [str(write_manifest(tmp_path / f"{n}.csv", [manifest_row(n)])) for n in (1, 2)]
    rows = Manifest(read_files(names, Watched)).rows
    next(rows)
    assert opened == ["1.csv"]
    next(rows)
    assert opened == ["1.csv", "2.csv"]


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path}/*.csv matches no file" in error_of(tmp_path / "*.csv")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "1.csv", [manifest_row(1)])
    assert f"Manifest {tmp_path}/2.csv cannot be read" in error_of(manifest, tmp_path / "2.csv")


def test_rows_of_a_task_are_a_manifest(tmp_path: Path) -> None:
    write_wav(tmp_path / "recordings/00001.wav", seconds=60, seed=1)
    start = datetime(2026, 11, 19, 8, 1, tzinfo=UTC)
    row = manifest_row(1) | {"actual_start": start, "duration": decimal.Decimal("61.5"), "title": None}
    plan = plan_tables([list_table([row])], media_base=MediaBase.at(str(tmp_path)))
    (planned,) = plan.planned
    assert planned.payload is not None
    assert (planned.call["actualStart"], planned.call["duration"]) == ("2026-11-19T08:01:00Z", 61.5)
    assert planned.file == ""


def test_recordings_of_rows_of_a_task_have_to_have_a_folder() -> None:
    (row,) = plan_tables([list_table([manifest_row(1)])]).rejected
    assert [(problem.field, problem.remedy) for problem in row.problems] == [("media", "Set media_base of the plan.")]


@pytest.mark.parametrize("row", [("pbx-1", "2026"), "pbx-1", None, {1: "pbx-1"}])
def test_a_row_of_a_task_has_to_name_its_columns(row: Any) -> None:
    with pytest.raises(GongManifestError, match="Manifest of the upstream task, row 2 is"):
        listed({"media": "1.wav"}, row)


def test_values_of_rows_become_text() -> None:
    (row,) = listed({"title": True, "Topic": ["a", datetime(2026, 1, 1)], "purpose": 7, "duration": 0.1})
    assert row.values == {"title": "true", "topic": '["a", "2026-01-01T00:00:00"]', "purpose": "7", "duration": "0.1"}
