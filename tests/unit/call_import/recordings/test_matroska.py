"""Matroska: by the duration in its header, or the times of its sound."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.support.sound import (
    AAC,
    PICTURES,
    assert_judged_rightly,
    decoded_seconds,
    encoded,
    needs_ffmpeg,
    recording_of,
    rule_of,
    streamed,
)

DURATION = b"\x44\x89\x88"
SEGMENT = b"\x18\x53\x80\x67"
CLUSTER = b"\x1f\x43\xb6\x75"
UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
CUT_OFF = "is cut off: it has a header, but no sound after it"


def with_duration(content: bytes, milliseconds: float) -> bytes:
    at = content.index(DURATION) + len(DURATION)
    return content[:at] + struct.pack(">d", milliseconds) + content[at + 8 :]


def without_sizes(content: bytes) -> bytes:
    """Return a stream in which no cluster has a size, as browsers write it."""
    head, *clusters = content.split(CLUSTER)
    rest = (cluster[9 - cluster[0].bit_length() :] for cluster in clusters)
    return head + b"".join(CLUSTER + UNKNOWN_SIZE + blocks for blocks in rest)


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
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize("has_sizes", [True, False], ids=["clusters with sizes", "clusters without sizes"])
@pytest.mark.parametrize(
    ("muxer", "options"),
    [
        ("matroska", AAC),
        ("webm", ("-c:a", "libopus")),
        ("matroska", (*PICTURES, *AAC)),
        ("matroska", ("-c:a", "pcm_mulaw", "-cluster_time_limit", "500")),
    ],
    ids=["AAC", "Opus", "with pictures", "short clusters"],
)
def test_a_stream_without_a_duration(
    tmp_path: Path, muxer: str, options: tuple[str, ...], seconds: int, *, has_sizes: bool
) -> None:
    content = streamed(muxer, *options, seconds=seconds)
    assert_judged_rightly(tmp_path, content if has_sizes else without_sizes(content))


@needs_ffmpeg
def test_a_stream_that_starts_late(tmp_path: Path) -> None:
    late = ("-output_ts_offset", "45", "-c:a", "libopus")
    assert_judged_rightly(tmp_path, streamed("matroska", *late, seconds=20))
    # Its duration begins before its sound.
    assert_judged_rightly(tmp_path, encoded(".mkv", *late, seconds=20))


@needs_ffmpeg
def test_a_stream_is_as_long_as_its_sound(tmp_path: Path) -> None:
    pictures = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=70", "-c:v", "mpeg4", *AAC)
    assert_judged_rightly(tmp_path, streamed("matroska", *pictures, seconds=20))


@needs_ffmpeg
def test_a_stream_is_measured_only_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    content = streamed("matroska", "-c:a", "libopus", seconds=20)
    for broken in (content + content, content[: len(content) // 2] + bytes(len(content) // 2)):
        assert recording_of(tmp_path, broken).length.is_enough is None
    assert rule_of(tmp_path, content[: content.index(CLUSTER)]) == CUT_OFF


@needs_ffmpeg
def test_a_stream_with_an_edited_duration_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".mkv", *AAC, seconds=62)
    at = content.index(SEGMENT) + len(SEGMENT)
    endless = content[:at] + UNKNOWN_SIZE + content[at + len(UNKNOWN_SIZE) :]
    assert_judged_rightly(tmp_path, endless)
    assert "is cut off: it holds" in rule_of(tmp_path, endless[: len(endless) // 2])


@needs_ffmpeg
def test_a_file_that_was_joined_to_another_is_left_to_gong(tmp_path: Path) -> None:
    part = encoded(".webm", "-c:a", "libopus", seconds=40)
    assert decoded_seconds(part + part) > 60
    assert recording_of(tmp_path, part + part).length.is_enough is None


@needs_ffmpeg
@pytest.mark.parametrize("duration", [0, -5, float("nan"), float("inf")])
def test_a_duration_that_is_none(tmp_path: Path, duration: float) -> None:
    assert_judged_rightly(tmp_path, with_duration(encoded(".mkv", *AAC, seconds=62), duration))


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
