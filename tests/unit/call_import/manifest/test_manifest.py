"""Reading a manifest: what its header and its rows may look like, and what is said when they do not."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_cells import escape_cell, unescape_cell
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.manifest.manifest import SURPLUS, Manifest, ManifestRow

HEADER = "client_unique_id,actual_start,direction,primary_user,media,title"


def read(content: str | bytes, encoding: str = "utf-8-sig") -> tuple[Manifest, list[ManifestRow]]:
    raw = content.encode() if isinstance(content, str) else content
    with io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="") as lines:
        manifest = Manifest([csv_table(lines, "night.csv")])
        return manifest, list(manifest.rows)


def rows_of(*lines: str, header: str = HEADER) -> list[dict[str, str]]:
    return [row.values for row in read("\r\n".join((header, *lines)))[1]]


def error_of(content: str | bytes, encoding: str = "utf-8-sig") -> str:
    with pytest.raises(GongManifestError) as raised:
        read(content, encoding)
    return str(raised.value)


def test_cells_stand_under_their_columns_without_white_space_and_empty_ones_are_left_out() -> None:
    (row,) = rows_of('pbx-1 ,, Outbound,"t@example.com",a.wav,"Hello, ""world"""')
    assert row == {
        "client_unique_id": "pbx-1",
        "direction": "Outbound",
        "primary_user": "t@example.com",
        "media": "a.wav",
        "title": 'Hello, "world"',
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_belongs_to_no_column(encoding: str) -> None:
    (row,) = read(f"\ufeff{HEADER}\npbx-1\n", encoding)[1]
    assert row.values == {"client_unique_id": "pbx-1"}


def test_names_of_columns_may_have_capitals_and_spaces() -> None:
    assert rows_of("pbx-1", header=HEADER.upper().replace(",", " , ")) == [{"client_unique_id": "pbx-1"}]


def test_missing_columns_are_all_named_with_those_that_are_there() -> None:
    error = error_of("client_unique_id,start,direction\n")
    assert "night.csv lacks the columns actual_start, primary_user, media; it has client_unique_id, start" in error


def test_a_header_with_other_separators_says_that_commas_are_expected() -> None:
    assert "separated by commas" in error_of(HEADER.replace(",", "^"))


def test_repeated_columns_are_refused() -> None:
    assert "more than once: media, title" in error_of(f"{HEADER},Title,MEDIA\n")


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("titel", "Did you mean 'title'?"),
        ("party_1_mail", "Did you mean 'party_1_email'?"),
        ("party_0_email", "Did you mean 'party_"),
        ("agent_team", None),
    ],
)
def test_unknown_columns_are_ignored_with_a_hint(column: str, hint: str | None) -> None:
    (warning,) = read(f"{HEADER},{column}\n")[0].warnings()
    assert warning.startswith(f"Column {column!r} is unknown and ignored.")
    assert (hint or "") in warning
    assert ("Did you mean" in warning) == (hint is not None)


def test_columns_of_99_parties_are_known() -> None:
    assert not read(f"{HEADER},party_1_name,party_10_email,party_99_phone\n")[0].warnings()


def test_blank_lines_are_no_rows() -> None:
    rows = read(f"{HEADER}\n\npbx-1\n , ,\n\npbx-2\n")[1]
    assert [(row.number, row.values["client_unique_id"]) for row in rows] == [(1, "pbx-1"), (2, "pbx-2")]


def test_a_short_row_lacks_its_last_cells() -> None:
    assert rows_of("pbx-1,,Inbound") == [{"client_unique_id": "pbx-1", "direction": "Inbound"}]


def test_cells_beyond_the_header_are_kept_apart() -> None:
    (row,) = rows_of("pbx-1,,,,a.wav,Hello, world,again,")
    assert row["title"] == "Hello"
    assert row[SURPLUS] == "world, again"


def test_empty_cells_beyond_the_header_are_nothing() -> None:
    assert SURPLUS not in rows_of("pbx-1,,,,a.wav,Hello,,, ")[0]


def test_a_cell_may_hold_line_breaks() -> None:
    (row, _) = rows_of('pbx-1,,,,,"two\nlines"', "pbx-2")
    assert row["title"] == "two\nlines"


@pytest.mark.parametrize("content", ["", "\ufeff"])
def test_an_empty_file_is_no_manifest(content: str) -> None:
    assert "night.csv is empty" in error_of(content)


def test_a_header_alone_is_a_manifest_without_rows() -> None:
    assert read(HEADER)[1] == []


@pytest.mark.parametrize("filling", [0, 5000])
def test_text_that_is_not_utf_8_is_found_in_its_line(filling: int) -> None:
    lines = [HEADER, *(["pbx-0,,,,,ok"] * filling), "pbx-1,,,,,ok", "pbx-2,,,,,M\u00fcller"]
    error = error_of("\n".join(lines).encode("cp1252"))
    assert f"night.csv is not in UTF-8: byte 0xfc in line {filling + 3}" in error
    assert "CSV UTF-8" in error


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_refused(encoding: str) -> None:
    error = error_of(HEADER.encode(encoding))
    assert "not in UTF-8: byte 0xff" in error or "NUL" in error


def test_nul_characters_are_refused() -> None:
    error = error_of(f"{HEADER}\npbx-1,,,,,one\npbx-2,,,,,t\0wo\n")
    assert "not a CSV file: it contains NUL characters, in line 2" in error


@pytest.mark.parametrize("row", ['pbx-1,,,,,"never closed', 'pbx-1,,,,,"closed" twice"', 'pbx-1,"' + "x" * 200_000])
def test_what_is_not_csv_is_refused_with_its_line(row: str) -> None:
    assert "night.csv is not a CSV file: " in (error := error_of(f"{HEADER}\n{row}\n"))
    assert "in line 2" in error


def test_names_in_the_header_cannot_forge_lines_of_a_log() -> None:
    forged = 'x\n[2026-11-20] ERROR "all lost'
    quoted = '"{}"'.format(forged.replace('"', '""'))
    (warning,) = read(f"{HEADER},{quoted}\n")[0].warnings()
    errors = [error_of(f"{quoted}\n"), error_of(f"{HEADER},{quoted},{quoted}\n")]
    assert not [text for text in (warning, *errors) if "\n" in text]


@pytest.mark.parametrize("cell", ["=1+1", "+1 555 0100", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x", "'=1"])
def test_cells_that_spreadsheets_would_run_are_marked_as_text(cell: str) -> None:
    assert escape_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "plain", "'tis", "a=b", "1+1", "'"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert escape_cell(cell) == unescape_cell(cell) == cell


@pytest.mark.parametrize("cell", ["\x1b[2J", "a\x00b", "\x7f", "\x9b31m", '\'"\\u001b"'])
def test_cells_that_would_control_a_terminal_are_written_as_json(cell: str) -> None:
    escaped = escape_cell(cell)
    assert escaped.isprintable()
    assert unescape_cell(escaped) == cell
    twice = escape_cell(escaped)
    assert twice != escaped
    assert unescape_cell(twice) == escaped


@given(st.one_of(st.text(alphabet="'=+-@\t\r\n＝x 1"), st.text(alphabet="'\"\\\x1bu001b=x"), st.text()))
def test_escaped_cells_come_back_as_they_were(cell: str) -> None:
    assert unescape_cell(escape_cell(cell)) == cell


def test_a_manifest_may_hold_escaped_cells() -> None:
    (row,) = rows_of("pbx-1,,,,a.wav,'=SUM(A1)")
    assert row["title"] == "=SUM(A1)"


def test_rows_are_read_one_at_a_time() -> None:
    taken: list[str] = []

    def lines(texts: Sequence[str]) -> object:
        for text in texts:
            taken.append(text)
            yield text

    manifest = Manifest([csv_table(lines([f"{HEADER}\n", "pbx-1\n", "pbx-2\n"]), "night.csv")])  # type: ignore[arg-type]
    next(manifest.rows)
    assert taken == [f"{HEADER}\n", "pbx-1\n"]
