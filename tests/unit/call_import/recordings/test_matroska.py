"""Matroska: by the duration in its header, or the times of its sound."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from airflow_provider_gong.ledger.rows import Problem
from tests.support.matroska import block, cluster, element, encryption, file, info, track
from tests.support.sound import (
    AAC,
    PICTURES,
    assert_judged_rightly,
    checked,
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
    found = assert_judged_rightly(tmp_path, content)
    assert isinstance(found, Problem) or found.content_type == content_type
    # Whatever the header says of it.
    for announced in (5, 75):
        assert_judged_rightly(tmp_path, with_duration(content, announced * 1000))


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


SOUND = track(1)
PICTURE = track(2, is_sound=False)
# Each with 5 s of sound.
MINUTE = [cluster(5000 * place, block(1, 0), block(1, 4980)) for place in range(14)]
SHORT = MINUTE[:6]
MUTED = [cluster(5000 * place, block(2, 0), block(2, 4980)) for place in range(14)]


@pytest.mark.parametrize("is_endless", [False, True])
def test_pictures_that_last_longer_than_the_sound(tmp_path: Path, *, is_endless: bool) -> None:
    sound, pictures = SOUND + PICTURE, info(70)
    both = [cluster(5000 * place, block(2, 0), *([block(1, 20)] if place < 6 else [])) for place in range(14)]
    content = file(info() if is_endless else pictures, sound, *both, is_endless=is_endless)
    assert rule_of(tmp_path, content).startswith("lasts at most 30 s")


@pytest.mark.parametrize("is_endless", [False, True])
def test_a_sound_track_in_which_nobody_was_recorded(tmp_path: Path, *, is_endless: bool) -> None:
    content = file(info() if is_endless else info(70), SOUND + PICTURE, *MUTED, is_endless=is_endless)
    assert rule_of(tmp_path, content) == "is a video without sound"
    assert rule_of(tmp_path, file(info(70), SOUND, *MUTED)) == CUT_OFF


@pytest.mark.parametrize("announced", [None, 0.07, 20, 70, 70_000], ids=str)
def test_the_times_of_the_sound_count_whatever_the_header_says(tmp_path: Path, announced: float | None) -> None:
    """Browsers give no duration, and tools that add one confuse its units."""
    assert recording_of(tmp_path, file(info(announced), SOUND, *MINUTE)).length.is_enough
    assert rule_of(tmp_path, file(info(announced), SOUND, *SHORT)).startswith("lasts")


def test_time_that_starts_again_leaves_it_to_gong(tmp_path: Path) -> None:
    """As if a browser's recorder was stopped and started, and its pieces were joined."""
    for again in (SHORT * 3, [cluster(500_000, block(1, 0)), *SHORT]):
        for announced in (None, 30):
            assert recording_of(tmp_path, file(info(announced), SOUND, *again)).length.is_enough is None


def test_more_than_the_segment_announces_leaves_it_to_gong(tmp_path: Path) -> None:
    head = file(info(30), SOUND, *SHORT)
    for more in (b"".join(SHORT), b"".join(SHORT)[99:], head[head.index(SEGMENT) :], head):
        assert recording_of(tmp_path, head + more).length.is_enough is None
    assert "lasts" in rule_of(tmp_path, head + b"TAG" + bytes(125))


def test_padding_in_front_of_the_segment(tmp_path: Path) -> None:
    content = file(info(70), SOUND, *MINUTE)
    at = content.index(SEGMENT)
    assert recording_of(tmp_path, content[:at] + element(0xEC, bytes(99)) + content[at:]).length.is_enough


def test_encrypted_sound_is_rejected(tmp_path: Path) -> None:
    content = file(info(70), track(1, encryption()), *MINUTE)
    found = checked(tmp_path, content)
    assert isinstance(found, Problem)
    assert (found.rule, found.is_final) == ("is encrypted", False)
    both = file(info(70), track(1, encryption()) + track(3), *MINUTE, *[cluster(0, block(3, 0))])
    assert recording_of(tmp_path, both).length.is_enough is not False


def test_sound_without_a_list_of_tracks_is_left_to_gong(tmp_path: Path) -> None:
    assert recording_of(tmp_path, file(info(70), b"", *MINUTE)).length.is_enough is None


def test_only_clusters_may_lack_a_size(tmp_path: Path) -> None:
    """Otherwise each byte of padding would be an element."""
    content = file(info(), SOUND, *SHORT, is_endless=True)
    assert recording_of(tmp_path, content + b"\xff" * 300_000).length.is_enough is None
