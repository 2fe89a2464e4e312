"""Matroska: by the duration in its header."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.support.sound import (
    AAC,
    PICTURES,
    assert_judged_rightly,
    encoded,
    needs_ffmpeg,
    recording_of,
    rule_of,
    streamed,
)

DURATION = b"\x44\x89\x88"
CUT_OFF = "is cut off: it has a header, but no sound after it"


def with_duration(content: bytes, milliseconds: float) -> bytes:
    at = content.index(DURATION) + len(DURATION)
    return content[:at] + struct.pack(">d", milliseconds) + content[at + 8 :]


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize(
    ("suffix", "options", "content_type"),
    [
        (".mkv", AAC, "video/x-matroska"),
        (".mka", ("-c:a", "flac"), "video/x-matroska"),
        (".mkv", (*PICTURES, *AAC), "video/x-matroska"),
        (".webm", ("-c:a", "libopus"), "video/webm"),
    ],
)
def test_what_ffmpeg_writes(
    tmp_path: Path, suffix: str, options: tuple[str, ...], content_type: str, seconds: int
) -> None:
    content = encoded(suffix, *options, seconds=seconds)
    assert_judged_rightly(tmp_path, content)
    assert recording_of(tmp_path, with_duration(content, 75_000)).content_type == content_type


@needs_ffmpeg
def test_a_stream_has_no_duration(tmp_path: Path) -> None:
    found = recording_of(tmp_path, streamed("matroska", *AAC, seconds=20))
    assert (found.seconds, found.length.is_enough) == (None, None)


@needs_ffmpeg
@pytest.mark.parametrize("duration", [0, -5, float("nan"), float("inf")])
def test_a_duration_that_is_none(tmp_path: Path, duration: float) -> None:
    content = with_duration(encoded(".mkv", *AAC, seconds=62), duration)
    assert recording_of(tmp_path, content).length.is_enough is None


@needs_ffmpeg
def test_a_movie_without_sound(tmp_path: Path) -> None:
    content = encoded(".mkv", *PICTURES, "-an", seconds=62)
    assert rule_of(tmp_path, content) == "is a video without sound"


@needs_ffmpeg
def test_what_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".mkv", *AAC, seconds=62)
    assert "is cut off: it holds" in rule_of(tmp_path, content[: len(content) // 2])


@pytest.mark.parametrize("rest", [b"", bytes(5_000_000), b"\xec\x80" * 2_000_000], ids=["nothing", "zeros", "voids"])
def test_a_header_without_sound_is_cut_off(tmp_path: Path, rest: bytes) -> None:
    assert rule_of(tmp_path, b"\x1aE\xdf\xa3\x80" + rest) == CUT_OFF
    assert rule_of(tmp_path, b"\x1aE\xdf\xa3" + rest) == CUT_OFF
