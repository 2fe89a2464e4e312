"""FLAC: by its header, and by the number of its last frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_gong.call_import.recordings.check import read_recording
from airflow_provider_gong.call_import.recordings.findings import UnusableRecordingError
from airflow_provider_gong.call_import.recordings.reading import LIMIT, Reader
from tests.support.mutations import CountingFile
from tests.support.sound import FFMPEG_MARKS, assert_judged_rightly, decoded_seconds, encoded, recording_of, rule_of

pytestmark = list(FFMPEG_MARKS)

FLAC = ("-c:a", "flac")
# Of the number of samples in STREAMINFO, 36 bits; the other four belong to the bits of a sample.
SAMPLES_AT = 21
ID3 = b"ID3\3\0\0\0\0\7\x76" + bytes(1014)


def with_samples(content: bytes, samples: int) -> bytes:
    """Change how many samples the header announces."""
    first = content[SAMPLES_AT] & 0xF0 | samples >> 32
    return content[:SAMPLES_AT] + bytes([first]) + (samples & 0xFFFFFFFF).to_bytes(4, "big") + content[SAMPLES_AT + 5 :]


@pytest.mark.parametrize("seconds", [62, 60, 59.9, 20])
@pytest.mark.parametrize(
    "options",
    [(), ("-ar", "48000", "-ac", "2"), ("-compression_level", "12"), ("-frame_size", "65535")],
    ids=["telephone", "stereo", "small", "long frames"],
)
def test_what_ffmpeg_writes(tmp_path: Path, options: tuple[str, ...], seconds: float) -> None:
    content = encoded(".flac", *FLAC, *options, seconds=seconds)
    assert_judged_rightly(tmp_path, content, tolerance=0.01)
    assert_judged_rightly(tmp_path, with_samples(content, 0), tolerance=0.01)


def test_tags_around_it(tmp_path: Path) -> None:
    content = ID3 + encoded(".flac", *FLAC, seconds=62) + b"TAG" + bytes(125)
    found = recording_of(tmp_path, content)
    assert (found.content_type, found.seconds) == ("audio/flac", 62)
    assert rule_of(tmp_path, ID3 + encoded(".flac", *FLAC, seconds=20)).startswith("lasts 20 s")


def test_digital_silence(tmp_path: Path) -> None:
    """Frames of a few bytes."""
    content = encoded(".flac", *FLAC, seconds=62, sound=bytes(2 * 8000 * 62))
    assert recording_of(tmp_path, with_samples(content, 0)).seconds == 62


def test_what_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".flac", *FLAC, seconds=90)
    part = content[: len(content) * 8 // 9]
    assert decoded_seconds(part) > 60
    for end in (0, 1, 777, 5000):
        rule = rule_of(tmp_path, part[: len(part) - end])
        assert rule.startswith("is cut off: it holds ")
        assert rule.endswith("of the 90 s that its header announces")
        assert recording_of(tmp_path, with_samples(part, 0)).length.is_enough


def test_zeros_in_place_of_sound_are_cut_off(tmp_path: Path) -> None:
    content = encoded(".flac", *FLAC, seconds=90)
    empty = content[:50_000] + bytes(len(content) - 50_000)
    assert rule_of(tmp_path, empty).startswith("is cut off: its last ")
    assert (
        rule_of(tmp_path, b"fLaC\0\0\0\x22" + bytes(5_000_000)) == "is cut off: it has a header, but no sound after it"
    )
    assert rule_of(tmp_path, b"fLaC") == "is cut off: it has a header, but no sound after it"


def test_junk_at_the_end_leaves_it_to_gong(tmp_path: Path) -> None:
    content = encoded(".flac", *FLAC, seconds=62)
    assert recording_of(tmp_path, content + b"\x11" * 200_000).length.is_enough is None


def test_a_header_that_knows_too_little(tmp_path: Path) -> None:
    content = encoded(".flac", *FLAC, seconds=62)
    assert recording_of(tmp_path, with_samples(content, 8000)).seconds == 62


def test_a_file_that_was_joined_to_another_is_left_to_gong(tmp_path: Path) -> None:
    part = encoded(".flac", *FLAC, seconds=40)
    assert decoded_seconds(part + part) > 60
    assert recording_of(tmp_path, part + part).length.is_enough is None
    assert "lasts 40 s" in rule_of(tmp_path, part)
    for lengths in ((40, 30), (30, 40), (58, 5), (20, 20, 20, 20), (9,) * 8, (5,) * 14):
        parts = b"".join(encoded(".flac", *FLAC, seconds=seconds) for seconds in lengths)
        assert recording_of(tmp_path, parts).length.is_enough is None, lengths


def test_one_that_is_too_short_is_read_at_a_few_places(tmp_path: Path) -> None:
    content = encoded(".flac", *FLAC, "-ar", "48000", "-ac", "2", seconds=50)
    assert len(content) > LIMIT
    reader = Reader(CountingFile(content), len(content))
    with pytest.raises(UnusableRecordingError, match="lasts 50 s"):
        read_recording(reader)
    assert (reader.reads <= 12, reader.bytes <= 300_000) == (True, True)
