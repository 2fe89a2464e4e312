"""What can be known of a recording before it is sent."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from airflow_provider_gong.call_import.recordings.findings import MAX_BYTES
from airflow_provider_gong.ledger.rows import Problem
from tests.support.boxes import FTYP, box, movie, track
from tests.support.recordings import RATE, write_wav

DATA_SIZE_AT = 40
SOUND = bytes(range(256)) * 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "call.wav"


def problem_of(file: Path) -> Problem:
    found = check_recording(str(file), Path)
    assert isinstance(found, Problem), found
    assert (found.field, found.value, found.who) == ("media", str(file), "recording")
    assert found.remedy
    return found


def recording_of(file: Path) -> Recording:
    found = check_recording(str(file), Path)
    assert isinstance(found, Recording), found
    assert found.size == file.stat().st_size
    return found


def announce(file: Path, data_bytes: int) -> None:
    """Change what the header of a WAV file says about its length."""
    with file.open("r+b") as content:
        content.seek(DATA_SIZE_AT)
        content.write(struct.pack("<I", data_bytes))


def test_a_recording_of_a_minute_is_taken(file: Path) -> None:
    write_wav(file, seconds=60, seed=1)
    assert recording_of(file).seconds == pytest.approx(60)


@pytest.mark.parametrize("seconds", [1, 30, 59])
def test_a_shorter_one_is_refused_with_its_length(file: Path, seconds: int) -> None:
    write_wav(file, seconds=seconds, seed=1)
    assert problem_of(file).rule == f"lasts {seconds} s, and Gong drops recordings of less than 60 s"


def test_a_missing_file(file: Path) -> None:
    assert problem_of(file).rule == "does not exist"


def test_an_empty_file(file: Path) -> None:
    file.touch()
    assert problem_of(file).rule == "is an empty file"


def test_a_folder(tmp_path: Path) -> None:
    assert "IsADirectoryError" in problem_of(tmp_path).rule


def test_a_file_that_may_not_be_read(file: Path) -> None:
    class Forbidden(type(file)):  # type: ignore[misc]
        def open(self, *_: object) -> None:
            raise PermissionError(13, "Permission denied")

    write_wav(file, seconds=61, seed=1)
    found = check_recording(str(file), Forbidden)
    assert isinstance(found, Problem)
    assert "PermissionError" in found.rule
    assert "permissions of the Airflow worker" in found.remedy


def test_a_kind_of_path_that_is_not_known_is_a_problem_of_its_row() -> None:
    def open_path(text: str) -> Path:
        raise ValueError(f"Protocol not known: {text}")

    found = check_recording("teapot://a.wav", open_path)
    assert isinstance(found, Problem)
    assert "Protocol not known" in found.rule


@pytest.mark.parametrize(
    "content",
    [
        b"client_unique_id,actual_start\n" * 9,
        b"<!DOCTYPE html><html>" * 9,
        b"RIFF\0\0\0\0AVI LIST" + SOUND,
        b"OggS" + SOUND,
        b"\xff",
        "a manifest in UTF-16".encode("utf-16"),
        b"\xff\xd8\xff\xe0 JPEG" + SOUND,
        b"\xff\xf1\x50\x80 AAC" + SOUND,
        b"RIFF",
    ],
)
def test_what_is_no_recording_is_refused_whatever_its_name(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    problem = problem_of(file)
    assert "not a recording that Gong accepts, according to its content" in problem.rule
    assert "WAV, MP3, MP4, MKV or FLAC" in problem.remedy


@pytest.mark.parametrize(
    "head",
    [
        b"ID3\x04\0\0\0\0\0\0",
        b"fLaC\0\0\0\x22",
        b"\0\0\0\x18ftypM4A ",
        b"\x1aE\xdf\xa3\x9fB\x86\x81",
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"\xff\xfb\x90\x00",
    ],
    ids=["MP3 with tags", "FLAC", "MP4", "MKV", "long WAV", "MP3"],
)
def test_what_only_begins_like_a_recording_is_none(file: Path, head: bytes) -> None:
    for length in (0, 2000, 5_000_000):
        file.write_bytes(head + bytes(length))
        assert problem_of(file).rule.startswith(("is cut off", "is not a recording that Gong accepts"))


def test_an_mp3_is_measured_by_its_frames(file: Path) -> None:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    file.write_bytes(frame * 2400)
    assert recording_of(file).length.at_least == pytest.approx(61, abs=0.1)
    file.write_bytes(frame * 400)
    assert problem_of(file).rule.startswith("lasts 10 s")


@pytest.mark.parametrize("name", ["call", "call.wav", "call.mp3", "call.m4v", "call.mov", "call.txt"])
def test_the_content_decides_never_the_name(tmp_path: Path, name: str) -> None:
    contents = {
        "audio/mpeg": (b"\xff\xfb\x90\x00" + bytes(413)) * 2400,
        "audio/mp4": FTYP + movie(track(75)) + box(b"mdat", SOUND),
        "audio/wav": write_wav(tmp_path / "other", seconds=60, seed=1).read_bytes(),
    }
    for content_type, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert recording_of(tmp_path / name).content_type == content_type


def test_a_recording_that_is_too_large(file: Path) -> None:
    file.touch()
    os.truncate(file, MAX_BYTES + 1)
    assert problem_of(file).rule == "has 1500000001 bytes, more than Gong's 1.5 GB"


def test_a_recording_of_which_a_part_is_missing(file: Path) -> None:
    write_wav(file, seconds=300, seed=1)
    os.truncate(file, 100 * RATE)
    assert problem_of(file).rule == "is cut off: it holds 100 s of the 300 s that its header announces"


@pytest.mark.parametrize("announced", [0, 0xFFFFFFFF, 0x7FFFF000], ids=hex)
def test_a_recording_that_was_written_as_a_stream_is_measured_by_its_length(file: Path, announced: int) -> None:
    write_wav(file, seconds=61, seed=1)
    announce(file, announced)
    assert recording_of(file).seconds == pytest.approx(61, abs=0.1)
    write_wav(file, seconds=30, seed=1)
    announce(file, announced)
    assert problem_of(file).rule.startswith("lasts 30 s")


def test_a_file_that_shrinks_while_it_is_read(file: Path) -> None:
    class Shrunk(type(file)):  # type: ignore[misc]
        def stat(self, **_: object) -> os.stat_result:
            found = super().stat()
            return os.stat_result((*found[:6], found.st_size * 2, *found[7:]))

    write_wav(file, seconds=61, seed=1)
    announce(file, 90 * RATE)
    found = check_recording(str(file), Shrunk)
    assert isinstance(found, Recording)
