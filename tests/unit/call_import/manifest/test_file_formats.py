"""Files as other programs write them: compressed, with other separators, in other formats, and beside other files."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import random
import sys
import tracemalloc
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pendulum
import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from airflow_provider_gong.call_import.errors import GongImportError, GongManifestError
from airflow_provider_gong.call_import.manifest import files
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap, Columns
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.manifest.files import find_files, read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.manifest.records import jsonl_table, list_table
from airflow_provider_gong.call_import.manifest.texts import UnreadableCellError, check_text
from airflow_provider_gong.call_import.plan.cells import read_json
from tests.support.recordings import manifest_row, write_manifest

Cells = dict[str, str]
HEADER = "client_unique_id,actual_start,direction,primary_user,media"


def ids(*names: object) -> list[str]:
    """Return the ids of the rows that files and patterns hold."""
    places = [str(name) for name in names]
    files = find_files(places, Path)
    with contextlib.closing(read_files(files, Path, may_be_empty=files != places)) as tables:
        return [row.values.get("client_unique_id", "") for row in Manifest(tables).rows]


def error_of(*names: object) -> str:
    with pytest.raises(GongManifestError) as raised:
        ids(*names)
    return str(raised.value)


def contents() -> dict[str, bytes]:
    rows = [manifest_row(1), manifest_row(2)]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    table = "\n".join([HEADER, *(",".join(row[name] for name in HEADER.split(",")) for row in rows)])
    return {"calls.csv": table.encode(), "calls.jsonl": lines.encode(), "calls.parquet": file.getvalue()}


@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl", "calls.parquet"])
@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".zst", zstandard.compress), (".GZ", gzip.compress)]
)
def test_compressed_files_are_read(tmp_path: Path, name: str, suffix: str, compress: object) -> None:
    assert callable(compress)
    (tmp_path / f"{name}{suffix}").write_bytes(compress(contents()[name]))
    assert ids(tmp_path / f"{name}{suffix}") == ["pbx-00001", "pbx-00002"]


def test_what_counts_is_the_content_and_not_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_bytes(gzip.compress(contents()["calls.csv"]))
    (tmp_path / "calls.csv.gz").write_bytes(contents()["calls.csv"])
    assert ids(tmp_path / "calls.csv", tmp_path / "calls.csv.gz") == ["pbx-00001", "pbx-00002"] * 2


def test_zstandard_names_the_extra_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calls.csv.zst").write_bytes(zstandard.compress(contents()["calls.csv"]))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "pip install 'airflow-provider-gong[zstd]'" in error_of(tmp_path / "calls.csv.zst")


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("kept", [5, 30, -9])
def test_damaged_compressed_files_are_named(tmp_path: Path, compress: object, kept: int) -> None:
    assert callable(compress)
    content = compress(contents()["calls.csv"] + b"\n" + b"x,y\n" * 9)
    (tmp_path / "calls.csv.gz").write_bytes(content[:kept])
    assert f"Manifest {tmp_path}/calls.csv.gz" in error_of(tmp_path / "calls.csv.gz")


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "an Excel workbook", "Save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old format", "Save it as CSV in UTF-8"),
        (contents()["calls.parquet"], "a Parquet file", "ends with .parquet"),
        (f"\ufeff{HEADER}".encode("utf-16-le"), "text in UTF-16", "Save it as CSV in UTF-8"),
        (HEADER.encode("utf-16"), "text in UTF-16", "Save it as CSV in UTF-8"),
        (HEADER.encode("utf-16-le"), "text in UTF-16", "Save it as CSV in UTF-8"),
        (b"<!DOCTYPE html><title>Sign in", "XML or HTML", "Export it as CSV"),
        (f"{HEADER},title\n1,,,,,M\u00fcller".encode("cp1252"), "Windows-1252", "Save it as CSV in UTF-8"),
        (gzip.compress(contents()["calls.parquet"], mtime=0), "a Parquet file", "ends with .parquet"),
    ],
)
@pytest.mark.parametrize("name", ["calls", "calls.csv"])
def test_what_is_no_csv_is_named_for_what_it_is(
    tmp_path: Path, name: str, content: bytes, what: str, remedy: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = error_of(tmp_path / name)
    assert what in error
    assert remedy in error


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep={}\n", "\ufeffsep={}\r\n", '"sep={}"\n', "\n"])
def test_separators_are_recognized(tmp_path: Path, separator: str, start: str) -> None:
    header = HEADER.replace(",", separator)
    content = f'{start.format(separator)}{header}{separator}"a, b; c; d; e; f; g"\npbx-1{separator}\n'
    (tmp_path / "calls.csv").write_text(content)
    assert ids(tmp_path / "calls.csv") == ["pbx-1"]


def test_a_separator_of_which_the_file_tells_may_be_any_sign(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(f"sep=|\n{HEADER.replace(',', '|')}\na;b,c|\n")
    assert ids(tmp_path / "calls.csv") == ["a;b,c"]


@pytest.mark.parametrize("empty", [b"", gzip.compress(b"", mtime=0)])
def test_empty_files_among_many_have_no_rows(tmp_path: Path, empty: bytes) -> None:
    for name in ("part-0.csv", "part-2.csv", "_SUCCESS", ".part-1.csv.crc"):
        (tmp_path / name).write_bytes(empty)
    write_manifest(tmp_path / "part-1.csv", [manifest_row(1)])
    (tmp_path / "_committed_1.csv").write_text("{}")
    assert ids(tmp_path / "*") == ids(tmp_path / "part-*") == ["pbx-00001"]
    assert ids(tmp_path / "part-0.csv", tmp_path / "part-1.csv") == ["pbx-00001"]
    assert ids(tmp_path / "part-0*") == ids(tmp_path / "_SUC*") == []
    assert "is empty" in error_of(tmp_path / "part-0.csv")


@pytest.mark.parametrize("name", ["calls [1].csv", "calls?.csv", "*.csv"])
def test_a_name_that_exists_is_no_pattern(tmp_path: Path, name: str) -> None:
    write_manifest(tmp_path / name, [manifest_row(1)])
    write_manifest(tmp_path / "calls 1.csv", [manifest_row(2)])
    assert ids(tmp_path / name) == ["pbx-00001"]


def test_the_format_of_a_file_with_signs_of_urls_in_its_name_is_known(tmp_path: Path) -> None:
    (tmp_path / "m#2.jsonl").write_bytes(contents()["calls.jsonl"])
    assert ids(f"file://{tmp_path}/m#2.jsonl".removeprefix("file://")) == ["pbx-00001", "pbx-00002"]


@pytest.mark.parametrize("name", ["day\\calls.csv", "day\\Zo\u00eb.csv", "day/Zo\u00eb.csv"])
def test_a_manifest_that_is_named_otherwise_on_the_disk_is_suggested(tmp_path: Path, name: str) -> None:
    for found in ("calls.csv", unicodedata.normalize("NFD", "Zo\u00eb.csv")):
        write_manifest(tmp_path / "day" / found, [manifest_row(1)])
    assert f"Did you mean {tmp_path}/day/" in error_of(tmp_path / name)


def test_compressed_parquet_is_not_copied_without_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = contents()["calls.parquet"]
    (tmp_path / "calls.parquet.gz").write_bytes(gzip.compress(content, mtime=0))
    monkeypatch.setattr(files, "LARGEST_COPY", len(content))
    assert ids(tmp_path / "calls.parquet.gz") == ["pbx-00001", "pbx-00002"]
    monkeypatch.setattr(files, "LARGEST_COPY", len(content) - 1)
    error = error_of(tmp_path / "calls.parquet.gz")
    assert f"calls.parquet.gz is a compressed Parquet file of more than {len(content) - 1} bytes" in error
    assert "Decompress it" in error


def test_ids_in_parquet_may_be_uuids(tmp_path: Path) -> None:
    ident = uuid.UUID("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    rest = {name: [text] for name, text in manifest_row(1).items() if name != "client_unique_id"}
    for kind in (pyarrow.uuid(), pyarrow.binary(16), pyarrow.binary()):
        table = pyarrow.table({"client_unique_id": pyarrow.array([ident.bytes], kind), **rest})
        pyarrow.parquet.write_table(table, tmp_path / "calls.parquet")
        assert ids(tmp_path / "calls.parquet") == [str(ident)]


def test_sixteen_bytes_that_happen_to_be_characters_are_a_uuid_all_the_same(tmp_path: Path) -> None:
    ident = uuid.UUID("00010203-0405-4607-c2a8-090a0b0c0d0e")
    table = pyarrow.table({name: [text] for name, text in manifest_row(1).items()})
    table = table.set_column(0, "client_unique_id", pyarrow.array([ident.bytes], pyarrow.binary(16)))
    pyarrow.parquet.write_table(table, tmp_path / "calls.parquet")
    assert ids(tmp_path / "calls.parquet") == [str(ident)]


def test_sixteen_bytes_of_text_are_text(tmp_path: Path) -> None:
    table = pyarrow.table({name: [text.encode()] for name, text in manifest_row(1).items()})
    table = table.set_column(0, "client_unique_id", pyarrow.array([b"pbx-000000000001"], pyarrow.binary(16)))
    pyarrow.parquet.write_table(table, tmp_path / "calls.parquet")
    assert ids(tmp_path / "calls.parquet") == ["pbx-000000000001"]


class EndlessLine(io.RawIOBase):
    """A file whose header is followed by one line of a gigabyte."""

    def __init__(self, start: bytes, filling: bytes) -> None:
        self._start = start
        self._filling = filling
        self._left = 1_000_000_000

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        content = self._start or self._filling * (len(buffer) // len(self._filling))
        self._start = b""
        self._left -= len(content)
        assert len(content) <= len(buffer)
        buffer[: len(content)] = content
        return len(content) if self._left > 0 else 0


@pytest.mark.parametrize(
    ("start", "filling"),
    [
        (f"{HEADER}\n".encode(), b"x"),
        (f"{HEADER}\n".encode(), b",x"),
        (f"{HEADER}\n".encode(), b'"a%s\n",' % (b"b" * 500)),
        (b"", b"x,"),
        (b'{"title": "', b"x"),
        (b'{"title": [', b"1,"),
    ],
)
def test_a_line_without_end_is_refused_before_it_fills_the_memory(start: bytes, filling: bytes) -> None:
    lines = io.TextIOWrapper(io.BufferedReader(EndlessLine(start, filling)), encoding="utf-8", newline="")
    make_table = jsonl_table if start.startswith(b"{") else csv_table
    tracemalloc.start()
    with pytest.raises(GongManifestError, match="more than 10000000 characters"):
        list(Manifest([make_table(lines, "calls")]).rows)
    assert tracemalloc.get_traced_memory()[1] < 300_000_000
    tracemalloc.stop()


def wide_objects() -> Iterator[dict[str, str]]:
    for number in range(3000):
        yield {f"column {number}": "x"}


def test_columns_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(",".join(f"c{number}" for number in range(1_000_000)))
    assert "has more than 2000 columns" in error_of(tmp_path / "calls.csv")
    for rows in ([dict.fromkeys(map(str, range(2001)), "x")], wide_objects()):
        with pytest.raises(GongManifestError, match="has more than 2000 columns"):
            list(Manifest([list_table(rows)]).rows)


def test_many_unknown_columns_are_ignored_at_once(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(f"{HEADER},{','.join(f'titel{number}' for number in range(1900))}\n")
    manifest = Manifest(read_files([str(tmp_path / "calls.csv")], Path), ColumnMap())
    assert list(manifest.rows) == []
    assert len(manifest.warnings()) == 1900


def test_a_line_of_objects_without_a_bottom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(f'{{"context": {"[" * 100_000}{"]" * 100_000}}}\n')
    assert "is not in JSON Lines format" in error_of(tmp_path / "calls.jsonl")


@pytest.mark.parametrize("depth", [33, 300, 980])
def test_objects_that_are_nested_too_deeply_are_problems_of_their_cell(depth: int) -> None:
    for text in ("[" * depth + "]" * depth, '{"x":' * depth + "1" + "}" * depth):
        with pytest.raises(UnreadableCellError, match=r"is nested more than 32 levels deep|is not JSON") as raised:
            read_json(text)
        assert raised.value.remedy
    assert read_json("[" * 31 + "]" * 31)


def test_compressed_with_something_else_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "calls.csv.bz2").write_bytes(bz2.compress(contents()["calls.csv"]))
    assert "is not in UTF-8" in error_of(tmp_path / "calls.csv.bz2")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"BZh91AY", "compressed with bzip2"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"\x04\x22\x4d\x18", "compressed with LZ4"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"%PDF-1.7", "a PDF document"),
        ("client".encode("utf-16-be"), "text in UTF-16"),
        (b'{"client_unique_id": "1"}\n', "JSON, not CSV. Give it a name that ends with .jsonl"),
        (b'[ {"client_unique_id": "1"}]', "JSON, not CSV. Give it a name that ends with .jsonl"),
    ],
)
def test_further_formats_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "calls.csv").write_bytes(content)
    assert what in error_of(tmp_path / "calls.csv")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_named_with_the_remedy(tmp_path: Path, indent: int | None) -> None:
    (tmp_path / "calls.json").write_text(json.dumps([manifest_row(1)], indent=indent))
    assert "is a JSON array, not JSON Lines. Write one object per line" in error_of(tmp_path / "calls.json")


def test_a_folder_says_that_a_pattern_is_needed(tmp_path: Path) -> None:
    assert f"is a folder. Give a pattern for its files, such as {tmp_path}/*.csv" in error_of(f"{tmp_path}/")


def test_bytes_in_a_column_of_no_field_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([manifest_row(1) | {"hash": b"\xff\xfe"}]), file)
    assert ids(file) == ["pbx-00001"]
    (row,) = Manifest(read_files([str(file)], Path), ColumnMap({"*": "*", "custom_data": "hash"})).rows
    with pytest.raises(UnreadableCellError, match="consists of bytes that are not text in UTF-8"):
        check_text(row.values["custom_data"])


@pytest.mark.parametrize("pattern", ["*.csv", "**/*.csv", "calls [1].csv"])
def test_a_folder_with_brackets_that_exists_is_no_pattern(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "x [2026]").mkdir()
    (tmp_path / "x [2026]/calls [1].csv").write_bytes(contents()["calls.csv"])
    assert ids(tmp_path / "x [2026]" / pattern) == ["pbx-00001", "pbx-00002"]


def test_moments_of_spark_are_in_utc(tmp_path: Path) -> None:
    file = tmp_path / "calls.parquet"
    rows = [manifest_row(1) | {"actual_start": datetime(2026, 11, 20, 9)}, manifest_row(2) | {"actual_start": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file, use_deprecated_int96_timestamps=True)
    found = [row.values.get("actual_start") for row in Manifest(read_files([str(file)], Path)).rows]
    assert found == ["2026-11-20T09:00:00+00:00", None]


@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_what_an_object_store_says_is_shown_without_secrets(kind: type[Exception]) -> None:
    class Failing:
        def __init__(self, name: str) -> None:
            self.name = name

        def open(self, *_: object) -> NoReturn:
            raise kind("403 for https://b.example.com/calls.csv?X-Amz-Signature=0123456789abcdef")

        exists = glob = open

    for name in ("s3://b/calls.csv", "s3://b/*.csv"):
        with pytest.raises(GongImportError, match="403 for https") as raised:
            list(read_files(find_files([name], Failing), Failing))
        assert "0123456789abcdef" not in str(raised.value)


def parquet_rows(folder: Path, table: pyarrow.Table, columns: Columns | None = None, **options: bool) -> list[Cells]:
    pyarrow.parquet.write_table(table, folder / "calls.parquet", **options)
    tables = read_files([str(folder / "calls.parquet")], Path)
    return [row.values for row in Manifest(tables, ColumnMap(columns), required=()).rows]


def test_moments_of_spark_inside_objects_are_in_utc(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 20, 9)
    call = {"start": moment, "legs": [{"end": moment}], "direction": "in"}
    table = pyarrow.Table.from_pylist([{"call": call, "plain.name": moment, "gone": None}, {"call": None}])
    columns = {"actual_start": "call.start", "scheduled_end": "call.legs.0.end", "scheduled_start": "plain.name"}
    (first,) = parquet_rows(tmp_path, table, columns, use_deprecated_int96_timestamps=True)
    assert [first[field] for field in columns] == ["2026-11-20T09:00:00+00:00"] * 3


def test_maps_of_parquet_are_objects(tmp_path: Path) -> None:
    kind = pyarrow.map_(pyarrow.string(), pyarrow.string())
    table = pyarrow.table({"Attributes": pyarrow.array([[("Phone", "+12025550147"), ("Name", "Dana")], []], kind)})
    columns = {"party_1_phone": "Attributes.phone", "party_1_name": "Attributes.Name"}
    first, second = parquet_rows(tmp_path, table, columns)
    assert (first["party_1_phone"], first["party_1_name"]) == ("+12025550147", "Dana")
    assert second.keys().isdisjoint(columns)


@pytest.mark.parametrize("other", ["Foo", "foo"])
def test_unread_columns_of_parquet_may_be_there_twice(tmp_path: Path, other: str) -> None:
    table = pyarrow.table([["a"], ["b"], ["c"]], names=["foo", other, "Subject"])
    (row,) = parquet_rows(tmp_path, table, {"title": "Subject"})
    assert row["title"] == "c"
    for columns in (None, {"title": "foo"}):
        with pytest.raises(GongManifestError, match="more than once: foo"):
            parquet_rows(tmp_path, table, columns)


@pytest.mark.parametrize(
    "content", [b"a,b\n1", b'a\n"x"y', b"a\n\xff", b"a,a\n1", b"{\n", b"[1]", b"a," * 3000, b"PAR1"]
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_signature_in_a_manifests_address_is_not_shown(content: bytes, suffix: str) -> None:
    class Place:
        def __init__(self, name: str) -> None:
            self.name = name

        def open(self, _: str) -> io.BytesIO:
            return io.BytesIO(content)

        def exists(self) -> bool:
            return False

    name = f"https://b.example.com/calls.{suffix}?X-Amz-Signature=0123456789abcdef"
    with pytest.raises(GongManifestError, match="calls") as raised:
        list(Manifest(read_files([name], Place)).rows)
    assert "0123456789abcdef" not in str(raised.value)


@pytest.mark.parametrize("length", [timedelta(minutes=12, seconds=30), pendulum.duration(minutes=12, seconds=30)])
def test_lengths_of_time_are_seconds(length: timedelta) -> None:
    (row,) = Manifest([list_table([{"duration": length}])]).rows
    assert row.values["duration"] == "750"


@pytest.mark.parametrize(
    ("number", "is_exact"), [(5550001, True), (2**24 - 1, True), (2**24, False), (99999999, False)]
)
def test_ids_of_single_precision_have_lost_digits(tmp_path: Path, number: int, is_exact: bool) -> None:
    table = pyarrow.table(
        {"client_unique_id": pyarrow.array([float(number), None], pyarrow.float32()), "media": ["a", "b"]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "calls.parquet")
    rows = [{"client_unique_id": pytest.importorskip("numpy").float32(number)}]
    for tables in (read_files([str(tmp_path / "calls.parquet")], Path), [list_table(rows)]):
        row, *_ = Manifest(tables, required=()).rows
        assert row.values.get("client_unique_id") == (str(number) if is_exact else None)
        assert [problem.rule[:12] for problem in row.problems] == ([] if is_exact else ["is not an id"])


def long_contents() -> dict[str, bytes]:
    """Return manifests of which a part can be decompressed, too."""
    rows = [manifest_row(number, title=random.Random(number).randbytes(30).hex()) for number in range(1500)]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    table = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    return {"calls.csv": table.encode(), "calls.jsonl": lines.encode(), "calls.parquet": file.getvalue()}


@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl", "calls.parquet"])
def test_compressed_files_that_are_cut_off_lose_no_rows_unseen(tmp_path: Path, name: str) -> None:
    content = long_contents()[name]
    file = tmp_path / f"{name}.x"
    frames = [zstandard.compress(piece) for piece in (content[:100_000], content[100_000:])]
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(content)
    for compressed in (gzip.compress(content), zstandard.compress(content), streamed, b"".join(frames)):
        place = file.with_suffix(".gz" if compressed[:2] == b"\x1f\x8b" else ".zst")
        place.write_bytes(compressed)
        assert len(ids(place)) == 1500
        for damaged in (compressed[:-1], compressed[: len(compressed) // 2], compressed[:-9] + b"123456789"):
            place.write_bytes(damaged)
            assert f"Manifest {place}" in error_of(place)
    place.write_bytes(streamed + b"garbage")
    assert f"Manifest {place} cannot be read" in error_of(place)


def test_zeros_without_end_are_not_decompressed_at_once(tmp_path: Path) -> None:
    (tmp_path / "calls.csv.zst").write_bytes(zstandard.compress(HEADER.encode() + b"\n" + bytes(400_000_000)))
    tracemalloc.start()
    error_of(tmp_path / "calls.csv.zst")
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
