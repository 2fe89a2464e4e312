"""MP3: by the header of its encoder if that covers the whole of it, else by counting frames."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from airflow_provider_gong.call_import.recordings.check import Recording
from tests.support.sound import (
    AAC,
    assert_judged_rightly,
    decoded_seconds,
    encoded,
    needs_ffmpeg,
    noise,
    recording_of,
    rule_of,
    streamed,
)

LAME = ("-c:a", "libmp3lame")
BARE = ("-write_xing", "0", "-id3v2_version", "0")
TELEPHONE = (*LAME, "-ar", "8000", "-b:a", "16k")
NOT_ACCEPTED = "is not a recording that Gong accepts, according to its content"
# MPEG 1, layer III, 128 kbit/s, 44.1 kHz; 417 bytes and 26 ms each.
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
FRAME_SECONDS = 1152 / 44100


def id3(content: bytes) -> bytes:
    size = len(content)
    return b"ID3\3\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + content


def ape(content: bytes) -> bytes:
    def part(flags: int) -> bytes:
        return b"APETAGEX" + struct.pack("<IIII", 2000, len(content) + 32, 1, flags) + bytes(8)

    return part(0xA0000000) + content + part(0x80000000)


def xing(frames: int, length: int) -> bytes:
    head = FRAME[:36] + b"Xing" + struct.pack(">III", 3, frames, length)
    return head + bytes(len(FRAME) - len(head))


def vbri(frames: int, length: int) -> bytes:
    head = FRAME[:36] + b"VBRI" + struct.pack(">HHHII", 1, 0, 75, length, frames)
    return head + bytes(len(FRAME) - len(head))


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize("extra", [(), BARE], ids=["Xing", "no Xing"])
@pytest.mark.parametrize("rate", ["8000", "16000", "24000", "44100"])
def test_rates_of_all_versions(tmp_path: Path, rate: str, extra: tuple[str, ...], seconds: int) -> None:
    content = encoded(".mp3", *LAME, "-ar", rate, "-b:a", "32k", *extra, seconds=seconds)
    found = assert_judged_rightly(tmp_path, content)
    if isinstance(found, Recording):
        assert found.seconds == (None if extra else pytest.approx(62, abs=0.01))
        assert found.length.at_least >= 60.9


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
def test_telephone_quality(tmp_path: Path, seconds: int) -> None:
    assert_judged_rightly(tmp_path, encoded(".mp3", *TELEPHONE, seconds=seconds))


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp3", (*LAME, "-q:a", "2", "-ar", "44100", "-write_id3v1", "1")),
        (".mp3", (*LAME, "-q:a", "2", "-ar", "44100", "-write_apetag", "1", "-metadata", "title=call")),
        (".mp2", ("-c:a", "mp2", "-ar", "16000", "-b:a", "160k")),
    ],
    ids=["ID3v1", "APE", "layer II"],
)
def test_other_kinds(tmp_path: Path, suffix: str, options: tuple[str, ...], seconds: int) -> None:
    assert_judged_rightly(tmp_path, encoded(suffix, *options, seconds=seconds))


@needs_ffmpeg
def test_the_most_bits_are_counted_within_the_limit(tmp_path: Path) -> None:
    content = encoded(".mp3", *LAME, "-ar", "44100", "-ac", "2", "-b:a", "320k", *BARE, seconds=80)
    assert recording_of(tmp_path, content).length.is_enough


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
def test_a_stream_has_an_empty_header(tmp_path: Path, seconds: int) -> None:
    assert_judged_rightly(tmp_path, streamed("mp3", *TELEPHONE, seconds=seconds))


@needs_ffmpeg
@pytest.mark.parametrize(
    ("parts", "options"),
    [
        ((8, 20, 50), ("-q:a", "4", "-ar", "8000")),
        ((20, 10), ("-q:a", "2", "-ar", "44100", "-ac", "2")),
        ((-10, 20), ("-q:a", "2", "-ar", "44100", "-ac", "2")),
        ((-50, 20), ("-q:a", "2", "-ar", "44100", "-ac", "2")),
    ],
)
def test_varying_bits_without_a_header(tmp_path: Path, parts: tuple[int, ...], options: tuple[str, ...]) -> None:
    """What averages the first frames is wrong by a factor of two: silence takes few bits, and noise many."""
    signal = b"".join(bytes(-16_000 * part) if part < 0 else noise(part) for part in parts)
    assert_judged_rightly(tmp_path, encoded(".mp3", *LAME, *options, *BARE, sound=signal))


@needs_ffmpeg
@pytest.mark.parametrize(("first", "second"), [(30, 75), (75, 30), (10, 20)])
@pytest.mark.parametrize("between", [b"", id3(b"TIT2" + bytes(400)), b"TAG" + bytes(125), ape(bytes(99)), bytes(5000)])
def test_joined_files(tmp_path: Path, first: int, second: int, between: bytes) -> None:
    joined = (encoded(".mp3", *LAME, "-ar", "16000", "-q:a", "5", seconds=seconds) for seconds in (first, second))
    content = between.join(joined)
    if first + second > 60:
        assert recording_of(tmp_path, content).length.is_enough
    else:
        assert rule_of(tmp_path, content).startswith(f"lasts {first + second} s")


@needs_ffmpeg
def test_joined_files_of_different_rates(tmp_path: Path) -> None:
    parts = [encoded(".mp3", *LAME, "-ar", rate, seconds=32) for rate in ("8000", "44100")]
    assert recording_of(tmp_path, b"".join(parts)).length.is_enough
    assert rule_of(tmp_path, parts[0]).startswith("lasts 32 s")


@needs_ffmpeg
def test_tags_in_a_row_are_skipped(tmp_path: Path) -> None:
    sound = encoded(".mp3", *TELEPHONE, "-id3v2_version", "0", seconds=62)
    picture = id3(b"APIC" + random.Random(1).randbytes(3_500_000))
    content = id3(b"TIT2" + bytes(20)) + picture + id3(b"") + sound
    assert recording_of(tmp_path, content).seconds == pytest.approx(62, abs=0.1)


@needs_ffmpeg
def test_aac_behind_a_tag_is_not_accepted(tmp_path: Path) -> None:
    aac = encoded(".aac", *AAC, seconds=62)
    assert rule_of(tmp_path, aac) == NOT_ACCEPTED
    assert rule_of(tmp_path, id3(b"PRIV" + bytes(50)) + aac) == NOT_ACCEPTED


def test_nothing_behind_a_tag_is_not_accepted(tmp_path: Path) -> None:
    for rest in (b"", bytes(30_000_000), b"\xff" * 300_000, random.Random(1).randbytes(300_000)):
        assert rule_of(tmp_path, id3(b"TIT2\0call") + rest) == NOT_ACCEPTED


def test_a_tag_that_is_longer_than_the_file(tmp_path: Path) -> None:
    assert rule_of(tmp_path, id3(bytes(5000))[:1000]).startswith("is cut off: its tags announce 5010 bytes")


def test_zeros_between_a_tag_and_the_first_frame(tmp_path: Path) -> None:
    assert recording_of(tmp_path, id3(b"") + bytes(20_000) + FRAME * 2400).length.is_enough


def test_a_file_that_begins_within_a_frame(tmp_path: Path) -> None:
    assert recording_of(tmp_path, FRAME[100:] + FRAME * 2400).length.is_enough
    assert rule_of(tmp_path, FRAME[100:] + FRAME * 400).startswith("lasts 10 s")


@needs_ffmpeg
def test_a_header_that_announces_more_than_there_is_means_cut_off(tmp_path: Path) -> None:
    content = encoded(".mp3", *LAME, "-ar", "16000", "-q:a", "5", seconds=90)
    held = content[: len(content) // 4 * 3]
    assert decoded_seconds(held) > 60
    assert rule_of(tmp_path, held).startswith(f"is cut off: it holds {len(held) - 45} of the ")


@needs_ffmpeg
def test_zeros_at_the_end_are_no_sound(tmp_path: Path) -> None:
    """What copies into a file of the full size, and stops."""
    content = encoded(".mp3", *LAME, "-ar", "16000", "-q:a", "5", seconds=90)
    half = len(content) // 2
    rule = rule_of(tmp_path, content[:half] + bytes(len(content) - half))
    assert rule == "is cut off: it holds 45 s of the 90 s that its header announces"


@pytest.mark.parametrize("header", [xing, vbri])
def test_headers_of_encoders(tmp_path: Path, header: object) -> None:
    assert callable(header)
    sound = FRAME * 2400
    for length in (len(sound), len(sound) + len(FRAME)):
        found = recording_of(tmp_path, header(2400, length) + sound)
        assert found.seconds == pytest.approx(2400 * FRAME_SECONDS)
    # About the first of two files.
    assert recording_of(tmp_path, header(400, 400 * 417) + sound).length.is_enough
    # So long that its frames would be too short, or too long.
    assert rule_of(tmp_path, header(24_000, 401 * 417) + FRAME * 400).startswith("lasts 10 s")
    assert recording_of(tmp_path, header(24, len(sound)) + sound).length.is_enough


def test_a_header_that_counts_tags_as_well_is_not_about_what_is_missing(tmp_path: Path) -> None:
    tag, sound = id3(bytes(100_000)), FRAME * 2400
    assert recording_of(tmp_path, tag + xing(2400, len(tag) + 417 + len(sound)) + sound).length.is_enough


def test_sound_that_ends_in_what_is_none(tmp_path: Path) -> None:
    content = FRAME * 400 + bytes(600_000)
    assert (
        rule_of(tmp_path, content) == "is cut off: it holds 10 s of sound, followed by 600000 bytes that are not sound"
    )
    # What comes behind may be long enough.
    found = recording_of(tmp_path, content + FRAME * 400)
    assert found.length.is_enough is None
    assert found.length.at_least == pytest.approx(400 * FRAME_SECONDS)


def test_a_tag_at_the_end_that_would_hold_all_sound_is_none(tmp_path: Path) -> None:
    foot = b"APETAGEX" + struct.pack("<IIII", 2000, 900_000, 1, 0) + bytes(8)
    assert rule_of(tmp_path, FRAME * 400 + foot).startswith("lasts 10 s")
    assert rule_of(
        tmp_path, FRAME * 400 + b"APETAGEX" + struct.pack("<II", 2000, 90_000) + bytes(900) + FRAME
    ).startswith("lasts 10 s")


def test_frames_with_a_checksum(tmp_path: Path) -> None:
    frame = b"\xff\xfa\x90\x00" + FRAME[4:]
    assert rule_of(tmp_path, frame * 400).startswith("lasts 10 s")
    assert recording_of(tmp_path, frame * 2400).length.is_enough


def test_free_format_is_left_to_gong(tmp_path: Path) -> None:
    frame = b"\xff\xfb\x00\x00" + random.Random(5).randbytes(700).replace(b"\xff", b"\0")
    found = recording_of(tmp_path, frame * 400)
    assert (found.content_type, found.length.is_enough) == ("audio/mpeg", None)


def test_one_tag_after_the_other_ends_the_search(tmp_path: Path) -> None:
    assert rule_of(tmp_path, id3(b"") * 400_000) == NOT_ACCEPTED
    content = FRAME * 4 + id3(b"") * 400_000 + FRAME * 4
    assert recording_of(tmp_path, content).length.is_enough is None


@pytest.mark.parametrize(("held", "announced"), [(2400, 1200), (2400, 4800), (1200, 2400), (1200, 600), (2400, 2640)])
def test_a_header_with_a_wrong_number_of_frames(tmp_path: Path, held: int, announced: int) -> None:
    content = xing(announced, (held + 1) * 417) + FRAME * held
    if held * FRAME_SECONDS > 60:
        assert recording_of(tmp_path, content).length.is_enough
    else:
        assert rule_of(tmp_path, content).startswith(f"lasts {held * FRAME_SECONDS:.0f} s")


def test_a_long_recording_of_varying_bits_is_not_counted(tmp_path: Path) -> None:
    large = b"\xff\xfb\xe0\x00" + bytes(1040)
    content = xing(12_000, 417 + 6000 * 417 + 6000 * 1044) + FRAME * 6000 + large * 6000
    assert recording_of(tmp_path, content).seconds == pytest.approx(12_000 * FRAME_SECONDS)
