"""Where a row stands: the line of the file, as an editor counts them."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest
import zstandard

from airflow_provider_gong.call_import.manifest.files import read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest, ManifestRow
from airflow_provider_gong.call_import.manifest.records import list_table
from tests.support.recordings import manifest_row

HEADER = "client_unique_id,actual_start,direction,primary_user,media,title"
CELLS = "2026-11-19T08:01:00+01:00,Outbound,tobias.okafor@example.com,1.wav"


def rows_of(file: Path) -> list[ManifestRow]:
    with contextlib.closing(read_files([str(file)], Path)) as tables:
        return list(Manifest(tables).rows)


def editor_lines(text: str) -> dict[str, int]:
    """Return in which line of a text each id of a call is, by its line breaks alone."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {
        f"pbx-{number}": line for number in range(9) for line, cells in enumerate(lines, 1) if f"pbx-{number}" in cells
    }


TEXTS = {
    "plain": f"{HEADER}\npbx-1,{CELLS},A\npbx-2,{CELLS},B\n",
    "no newline at the end": f"{HEADER}\npbx-1,{CELLS},A\npbx-2,{CELLS},B",
    "newlines in cells": f'{HEADER}\npbx-1,{CELLS},"A\nB\n\nC"\npbx-2,{CELLS},"D ""E""\n"\npbx-3,{CELLS},F\n',
    "newlines in the header": f'{HEADER},"Notes\nof the\nagent"\npbx-1,{CELLS},A,\npbx-2,{CELLS},B,\n',
    "blank lines": f"\n\n{HEADER}\n\npbx-1,{CELLS},A\n\n  \n,,,,,\npbx-2,{CELLS},B\n\n",
    "sep=": f"sep=,\n{HEADER}\npbx-1,{CELLS},A\npbx-2,{CELLS},B\n",
    "blank line before sep=": f"\nsep=,\n\n{HEADER}\npbx-1,{CELLS},A\n",
    "Windows": f'sep=,\r\n{HEADER}\r\npbx-1,{CELLS},"A\r\nB"\r\n\r\npbx-2,{CELLS},C\r\n',
    "a byte order mark": f"\ufeff{HEADER}\npbx-1,{CELLS},A\n",
    "old Macintosh": f"{HEADER}\rpbx-1,{CELLS},A\rpbx-2,{CELLS},B\r",
    "comments": f"{HEADER}\n# of the night\npbx-1,{CELLS},A\n# the rest\npbx-2,{CELLS},B\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_rows_of_csv_have_the_line_that_they_begin_in(tmp_path: Path, text: str, suffix: str) -> None:
    file = tmp_path / f"calls.csv{suffix}"
    compress = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(suffix, bytes)
    file.write_bytes(compress(text.encode()))
    found = {
        row.values["client_unique_id"]: row.line for row in rows_of(file) if "#" not in row.values["client_unique_id"]
    }
    assert found == editor_lines(text)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_rows_of_json_lines_have_their_lines(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"calls.jsonl{suffix}"
    text = f"\n{json.dumps(manifest_row(1))}\n\n   \n{json.dumps(manifest_row(2))}"
    compress = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}.get(suffix, bytes)
    file.write_bytes(compress(text.encode()))
    assert [(row.number, row.line) for row in rows_of(file)] == [(1, 2), (2, 5)]


def test_wrong_rows_have_their_lines_too(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(
        f"{HEADER}\n\n12.0,{CELLS},A\n1.5E+10,{CELLS},B\npbx-3,{CELLS},C,beyond\npbx-4,{CELLS},\ud800D\n".encode(
            "utf-8", "replace"
        ).decode()
    )
    assert [row.line for row in rows_of(file)] == [3, 4, 5, 6]


def test_rows_of_a_task_have_no_line() -> None:
    assert [row.line for row in Manifest([list_table([manifest_row(1)])]).rows] == [None]
