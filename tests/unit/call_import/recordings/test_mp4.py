"""MP4 and QuickTime: by the samples of the sound, what is played of them, and fragments."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_gong.ledger.rows import Problem
from tests.support.boxes import (
    FTYP,
    access_index,
    box,
    fragment,
    fragmented,
    full,
    movie,
    numbers,
    segment_index,
    track,
)
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
)

CUT_OFF = "is cut off: it has a header, but no sound after it"
FRAGMENTED = "+frag_keyframe"
NO_INDEX = "is cut off: it has no index (moov), which most programs write last"
DATA = box(b"mdat", b"\x21" * 50_000)
KINDS = {
    "index last": (".m4a", AAC),
    "index first": (".m4a", (*AAC, "-movflags", "+faststart")),
    "ALAC": (".m4a", ("-c:a", "alac")),
    "QuickTime": (".mov", ("-c:a", "pcm_alaw")),
    "MP3": (".mp4", ("-c:a", "libmp3lame", "-ar", "44100")),
    "3GP": (".3gp", AAC),
    "movie": (".mp4", (*PICTURES, *AAC)),
    "movie, index first": (".mp4", (*PICTURES, *AAC, "-movflags", "+faststart")),
    "fragments": (".mp4", (*AAC, "-movflags", FRAGMENTED, "-frag_duration", "5000000")),
    "fragments, empty head": (".mp4", (*AAC, "-movflags", f"{FRAGMENTED}+empty_moov", "-frag_duration", "2000000")),
    "fragments, default base": (".mp4", (*AAC, "-movflags", f"{FRAGMENTED}+default_base_moof+delay_moov")),
    "fragments, no index": (".mp4", (*AAC, "-movflags", f"{FRAGMENTED}+skip_trailer", "-frag_duration", "2000000")),
    "DASH": (".mp4", (*AAC, "-movflags", "+dash", "-frag_duration", "2000000")),
    "Smooth Streaming": (".mp4", (*AAC, "-movflags", f"+isml{FRAGMENTED}", "-frag_duration", "2000000")),
    "fragments of one frame": (
        ".mp4",
        (*AAC, "-movflags", f"{FRAGMENTED}+empty_moov+skip_trailer", "-frag_duration", "9"),
    ),
    "movie in fragments": (".mp4", (*PICTURES, *AAC, "-movflags", f"{FRAGMENTED}+empty_moov")),
}


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize(("suffix", "options"), KINDS.values(), ids=KINDS)
def test_what_ffmpeg_writes(tmp_path: Path, suffix: str, options: tuple[str, ...], seconds: int) -> None:
    assert_judged_rightly(tmp_path, encoded(suffix, *options, seconds=seconds))


@needs_ffmpeg
def test_an_index_of_all_segments(tmp_path: Path) -> None:
    options = (*AAC, "-movflags", f"{FRAGMENTED}+empty_moov+global_sidx+skip_trailer", "-frag_duration", "2000000")
    assert recording_of(tmp_path, encoded(".mp4", *options, seconds=62)).seconds == pytest.approx(62, abs=0.2)
    assert rule_of(tmp_path, encoded(".mp4", *options, seconds=20)).startswith("lasts 20 s")


@needs_ffmpeg
def test_without_an_index_it_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".m4a", *AAC, seconds=62)
    assert rule_of(tmp_path, content[: len(content) // 2]) == NO_INDEX


@needs_ffmpeg
def test_data_that_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".m4a", *AAC, "-movflags", "+faststart", seconds=80)
    most = content[: len(content) // 10 * 9]
    assert decoded_seconds(most) > 60
    assert "is cut off: it holds" in rule_of(tmp_path, most)
    # A moment at the end is nothing to reject a call for.
    assert recording_of(tmp_path, content[:-2000]).length.is_enough


@needs_ffmpeg
def test_zeros_in_place_of_data_are_cut_off(tmp_path: Path) -> None:
    content = encoded(".m4a", *AAC, "-movflags", "+faststart", seconds=80)
    half = len(content) // 2
    assert rule_of(tmp_path, content[:half] + bytes(len(content) - half)) == "is cut off: its last 4096 bytes are empty"


@needs_ffmpeg
@pytest.mark.parametrize("options", [PICTURES, (*PICTURES, "-movflags", f"{FRAGMENTED}+empty_moov")])
def test_a_movie_without_sound(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert rule_of(tmp_path, encoded(".mp4", *options, "-an", seconds=62)) == "is a video without sound"


@needs_ffmpeg
def test_what_an_edit_cuts_is_not_played(tmp_path: Path) -> None:
    whole = encoded(".m4a", *AAC, seconds=80)
    (tmp_path / "whole.m4a").write_bytes(whole)
    for begin, seconds in ((10, 70), (45.3, 34.7)):
        cut = encoded(".m4a", "-ss", str(begin), "-i", str(tmp_path / "whole.m4a"), "-map", "1", "-c", "copy")
        found = assert_judged_rightly(tmp_path, cut)
        assert isinstance(found, Problem) or found.seconds == pytest.approx(seconds, abs=0.2)


@pytest.mark.parametrize(
    "first",
    [
        *(FTYP, b"", box(b"free", bytes(99)), box(b"wide"), box(b"skip"), box(b"styp", b"msdh\0\0\0\0"), box(b"mdat")),
        *(box(b"uuid", bytes(200)), box(b"udta", bytes(20))),
    ],
    ids=["ftyp", "moov", "free", "wide", "skip", "styp", "mdat", "uuid", "udta"],
)
def test_all_boxes_that_can_be_the_first(tmp_path: Path, first: bytes) -> None:
    assert recording_of(tmp_path, first + movie(track(75)) + DATA).seconds == 75
    assert recording_of(tmp_path, first + DATA + movie(track(75))).content_type == "audio/mp4"
    assert rule_of(tmp_path, first + movie(track(30)) + DATA).startswith("lasts 30 s")


def test_sizes_of_64_bits_and_to_the_end(tmp_path: Path) -> None:
    long = box(b"mdat", bytes(50_000), long=True)
    assert recording_of(tmp_path, FTYP + long + movie(track(75))).seconds == 75
    assert "it holds 9984 of the 50000 bytes" in rule_of(tmp_path, FTYP + movie(track(75)) + long[:10_000])
    open_end = box(b"mdat", b"\x21" * 50_000, size=0)
    assert recording_of(tmp_path, FTYP + movie(track(75)) + open_end).seconds == 75
    assert rule_of(tmp_path, FTYP + open_end) == NO_INDEX


def test_data_to_the_end_that_ends_before_its_last_piece(tmp_path: Path) -> None:
    content = FTYP + movie(track(75, chunks=(700, 40_000))) + box(b"mdat", b"\x21" * 50_000, size=0)
    assert recording_of(tmp_path, content).seconds == 75
    assert rule_of(tmp_path, content[:20_000]).startswith("is cut off: its sound continues after 40000 bytes")


@needs_ffmpeg
def test_data_to_the_end_of_a_single_piece(tmp_path: Path) -> None:
    content = bytearray(encoded(".m4a", *AAC, "-movflags", "+faststart", seconds=80))
    size = content.rindex(b"mdat") - 4
    content[size : size + 4] = bytes(4)
    assert_judged_rightly(tmp_path, bytes(content))
    assert rule_of(tmp_path, bytes(content[: len(content) // 3])).startswith("is cut off: it holds ")
    assert recording_of(tmp_path, bytes(content[:-500])).length.is_enough


def test_the_samples_count_whatever_the_head_says(tmp_path: Path) -> None:
    for duration in (0, 5, 4_294_967.295):
        assert recording_of(tmp_path, FTYP + movie(track(75), duration=duration) + DATA).seconds == 75
    assert rule_of(tmp_path, FTYP + movie(track(30), duration=75) + DATA).startswith("lasts 30 s")


@pytest.mark.parametrize(
    ("edits", "seconds"),
    [
        (((75_000, 0),), 75),
        (((74_000, 8000),), 74),
        (((0, 8000),), 74),
        (((20_000, -1), (75_000, 0)), 75),
        (((30_000, 0), (40_000, 240_000)), 70),
        (((100_000, 0),), 75),
    ],
)
def test_edits(tmp_path: Path, edits: tuple[tuple[int, int], ...], seconds: float) -> None:
    assert recording_of(tmp_path, FTYP + movie(track(75, edits=edits)) + DATA).seconds == seconds


def test_times_of_64_bits(tmp_path: Path) -> None:
    sound = track(75, edits=((20_000, -1), (74_000, 8000)), chunks=(700, 40_000), long=True)
    assert recording_of(tmp_path, FTYP + movie(sound) + DATA).seconds == 74
    content = FTYP + movie(sound) + box(b"mdat", b"\x21" * 50_000, size=0)
    assert rule_of(tmp_path, content[:20_000]).startswith("is cut off: its sound continues after 40000 bytes")
    head = FTYP + fragmented(track(0, number=1, long=True), default=1000)
    assert rule_of(tmp_path, head + fragment(16) * 15).startswith("lasts 30 s")


def test_an_edit_that_plays_a_part(tmp_path: Path) -> None:
    assert rule_of(tmp_path, FTYP + movie(track(75, edits=((30_000, 0),))) + DATA).startswith("lasts 30 s")


def test_a_pause_between_edits_leaves_it_to_gong(tmp_path: Path) -> None:
    """Players play it as silence, or skip it."""
    paused = ((20_000, 0), (30_000, -1), (20_000, 160_000))
    found = recording_of(tmp_path, FTYP + movie(track(40, edits=paused)) + DATA).length
    assert (found.at_least, found.at_most) == (40, 70)
    assert rule_of(tmp_path, FTYP + movie(track(40, edits=((30_000, -1), (40_000, 0)))) + DATA).startswith("lasts 40 s")


def test_an_edit_with_a_negative_time_leaves_it_to_gong(tmp_path: Path) -> None:
    assert recording_of(tmp_path, FTYP + movie(track(75, edits=((75_000, -2),))) + DATA).length.is_enough is None


@pytest.mark.parametrize(
    ("samples", "sizes"),
    [(((160, 1000),), 600), (((600, 1000),), 160), (((159, 1000), (1, 0xFFFFFF00)), 160)],
    ids=["more sizes", "fewer sizes", "a sample of minus 256 units"],
)
def test_samples_that_contradict_themselves_leave_it_to_gong(
    tmp_path: Path, samples: tuple[tuple[int, int], ...], sizes: int
) -> None:
    content = FTYP + movie(track(20, samples=samples, sizes=sizes)) + DATA
    assert recording_of(tmp_path, content).length.is_enough is None
    assert rule_of(tmp_path, FTYP + movie(track(20, sizes=160)) + DATA).startswith("lasts 20 s")


@pytest.mark.parametrize("rest", [b"", box(b"free", bytes(9)), b"\0\0\0\1"], ids=["nothing", "free", "half a box"])
@pytest.mark.parametrize("seconds", [75, 20])
def test_an_index_without_data_is_cut_off(tmp_path: Path, rest: bytes, seconds: float) -> None:
    content = FTYP + movie(track(seconds, chunks=(700, 40_000)))
    assert rule_of(tmp_path, content + rest).startswith("is cut off: its sound continues after 40000 bytes")


@needs_ffmpeg
@pytest.mark.parametrize("movflags", ["+faststart", "+frag_keyframe+empty_moov"])
def test_encrypted_sound_is_rejected(tmp_path: Path, movflags: str) -> None:
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76" * 16, "-encryption_kid", "a7" * 16)
    for seconds in (62, 20):
        found = checked(tmp_path, encoded(".mp4", *AAC, *key, "-movflags", movflags, seconds=seconds))
        assert isinstance(found, Problem)
        assert (found.rule, found.is_final) == ("is encrypted", False)


def test_sound_for_which_apple_keeps_the_key_is_rejected(tmp_path: Path) -> None:
    assert rule_of(tmp_path, FTYP + movie(track(75, codec=b"drms")) + DATA) == "is encrypted"
    both = movie(track(75, codec=b"enca"), track(75, number=2))
    assert recording_of(tmp_path, FTYP + both + DATA).seconds == 75


def test_pictures_that_last_longer_than_the_sound_leave_it_to_gong(tmp_path: Path) -> None:
    pictures = track(75, number=2, handler=b"vide")
    assert recording_of(tmp_path, FTYP + movie(pictures, track(30)) + DATA).length.is_enough is None
    assert recording_of(tmp_path, FTYP + movie(pictures, track(70)) + DATA).length.is_enough
    shorter = track(30, number=2, handler=b"vide")
    assert recording_of(tmp_path, FTYP + movie(shorter, track(75)) + DATA).seconds == 75


@pytest.mark.parametrize("units", [None, 1000], ids=["by default", "each"])
def test_fragments_are_counted_until_there_are_enough(tmp_path: Path, units: int | None) -> None:
    head = FTYP + fragmented(track(0), default=1000)
    found = recording_of(tmp_path, head + b"".join(fragment(16, units=units) for _ in range(45)))
    assert found.length.at_least == 62
    assert rule_of(tmp_path, head + fragment(16, units=units) * 15).startswith("lasts 30 s")


def test_fragments_that_come_twice_leave_it_to_gong(tmp_path: Path) -> None:
    """As an upload in pieces repeats them; players go by their times, or play them twice."""
    head = FTYP + fragmented(track(0), default=1000)
    parts = [fragment(16, begin=number * 16_000) for number in range(20)]
    assert recording_of(tmp_path, head + b"".join(part * 2 for part in parts)).length.is_enough is None
    assert recording_of(tmp_path, head + b"".join(parts) * 2).length.is_enough is None
    assert rule_of(tmp_path, head + b"".join(parts)).startswith("lasts 40 s")


def test_a_length_that_is_announced_for_a_part_only_leaves_it_to_gong(tmp_path: Path) -> None:
    part = FTYP + fragmented(track(0), announced=30.5, default=1000)
    parts = [fragment(16, begin=number * 16_000) for number in range(15)]
    for again in (part + b"".join(parts), b"".join(parts)):
        assert recording_of(tmp_path, part + b"".join(parts) + again).length.is_enough is None
    assert rule_of(tmp_path, part + b"".join(parts)).startswith("lasts 30 s")


def test_segments_that_come_twice_leave_it_to_gong(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0), default=1000)
    parts = [segment_index((len(fragment(160)), 160_000), begin=160_000 * n) + fragment(160) for n in (1, 2, 2, 3)]
    assert recording_of(tmp_path, head + b"".join(parts)).length.is_enough is None
    assert rule_of(tmp_path, head + parts[0] + parts[1]).startswith("lasts 40 s")


def test_fragments_of_samples_without_lengths_are_left_to_gong(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0), default=0)
    assert recording_of(tmp_path, head + fragment(16) * 40).length.is_enough is None


def test_samples_in_the_head_count_as_well(tmp_path: Path) -> None:
    content = FTYP + fragmented(track(35), default=1000) + DATA + fragment(16) * 15
    assert recording_of(tmp_path, content).length.at_least >= 61
    assert rule_of(tmp_path, FTYP + fragmented(track(5), default=1000) + fragment(16) * 10).startswith("lasts 25 s")


def test_only_fragments_of_the_sound_count(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0, handler=b"vide"), track(0, number=2), default=1000)
    both = fragment(16, number=1) + fragment(8, number=2)
    assert rule_of(tmp_path, head + both * 35).startswith("lasts 35 s")
    assert recording_of(tmp_path, head + both * 65).length.is_enough


def test_the_longest_sound_of_several_in_fragments_counts(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0), track(0, number=2), default=1000)
    first, second = fragment(8, number=1) * 30, fragment(8, number=2)
    assert recording_of(tmp_path, head + first + second * 75).length.is_enough
    assert rule_of(tmp_path, head + first + second * 40).startswith("lasts 40 s")


def test_announced_length_of_fragments(tmp_path: Path) -> None:
    fragments = fragment(16) * 15
    for announced in (30, 0):
        head = FTYP + fragmented(track(0), announced=announced, default=1000)
        assert rule_of(tmp_path, head + fragments).startswith("lasts 30 s")
    head = FTYP + fragmented(track(0), announced=75, default=1000)
    assert rule_of(tmp_path, head + fragments).startswith("is cut off: it holds 30 s of the 75 s")


def test_a_fragment_that_ends_too_early(tmp_path: Path) -> None:
    content = FTYP + fragmented(track(0), default=1000) + fragment(160) * 2
    assert rule_of(tmp_path, content[:-1000]).startswith("is cut off: it holds 30 s of the 40 s")


@needs_ffmpeg
def test_fragments_of_a_file_that_was_joined_are_left_to_gong(tmp_path: Path) -> None:
    part = encoded(".mp4", *AAC, "-movflags", "+frag_keyframe+empty_moov+skip_trailer", seconds=40)
    assert decoded_seconds(part + part) < 60
    assert recording_of(tmp_path, part + part).length.is_enough is None


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
def test_the_last_bytes_may_be_missing(tmp_path: Path, seconds: int) -> None:
    options = ("-movflags", "+dash+frag_keyframe+global_sidx+empty_moov", "-frag_duration", "4000000")
    assert_judged_rightly(tmp_path, encoded(".mp4", *AAC, *options, seconds=seconds)[:-200])


@needs_ffmpeg
def test_a_head_without_fragments_is_cut_off(tmp_path: Path) -> None:
    content = encoded(".mp4", *AAC, "-movflags", "+frag_keyframe+empty_moov", seconds=20)
    assert rule_of(tmp_path, content[: content.index(b"moof") - 4]) == CUT_OFF


def test_large_fragments_are_stepped_over(tmp_path: Path) -> None:
    """Sixty seconds in 30 MB of pictures."""
    head = FTYP + fragmented(track(0), default=1000)
    assert recording_of(tmp_path, head + fragment(32, data=1_000_000) * 20).length.is_enough
    # What cannot be reached is announced, or left to Gong.
    content = fragment(2, data=40_000) * 400
    assert recording_of(tmp_path, head + content).length.is_enough is None
    announced = FTYP + fragmented(track(0), announced=100, default=1000)
    assert recording_of(tmp_path, announced + content).seconds == 100


def test_index_at_the_end(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0), default=1000)
    parts = [fragment(16, begin=number * 16_000) for number in range(40)]
    places = [(number * 16_000, len(head) + number * len(parts[0])) for number in range(40)]
    found = recording_of(tmp_path, head + b"".join(parts) + access_index(*places))
    assert found.seconds == 80
    # A recording that begins in the middle of a stream.
    late = [fragment(16, begin=3600 * 8000 + number * 16_000) for number in range(15)]
    places = [(3600 * 8000 + number * 16_000, len(head) + number * len(parts[0])) for number in range(15)]
    assert rule_of(tmp_path, head + b"".join(late) + access_index(*places)).startswith("lasts 30 s")


def test_an_index_at_the_end_that_is_wrong_does_not_count(tmp_path: Path) -> None:
    head = FTYP + fragmented(track(0), default=1000)
    late = fragment(16, begin=600_000)
    for begin in (0, 900_000):
        rule = rule_of(tmp_path, head + late + access_index((700_000, len(head)), (begin, len(head))))
        assert rule.startswith("lasts 2 s")
    for index in (access_index((600_000, 5)), access_index((600_000, len(head))), access_index((0, 0), number=9)):
        assert rule_of(tmp_path, head + fragment(16) * 15 + index).startswith("lasts 30 s")


def test_index_of_segments(tmp_path: Path) -> None:
    part = fragment(160)
    head = FTYP + fragmented(track(0), default=1000)
    assert recording_of(tmp_path, head + segment_index(*[(len(part), 160_000)] * 4) + part * 4).seconds == 80
    assert rule_of(tmp_path, head + segment_index((len(part), 160_000)) + part).startswith("lasts 20 s")
    # Each segment has one of its own.
    assert recording_of(tmp_path, head + (segment_index((len(part), 160_000)) + part) * 4).length.is_enough
    # An index of the pictures does not count.
    assert rule_of(tmp_path, head + segment_index((len(part), 900_000), number=2) + part).startswith("lasts 20 s")
    index = segment_index(*[(len(part), 160_000)] * 4)
    assert rule_of(tmp_path, head + index + part * 3).startswith("is cut off: it holds")


def test_a_segment_without_its_head(tmp_path: Path) -> None:
    content = box(b"styp", b"msdh\0\0\0\0") + segment_index((9, 9)) + fragment(16) * 40
    assert rule_of(tmp_path, content) == NO_INDEX


@pytest.mark.parametrize(
    "content",
    [
        FTYP,
        FTYP + bytes(5_000_000),
        FTYP + box(b"free") * 500_000,
        FTYP + DATA,
        FTYP + DATA + bytes(5_000_000),
        FTYP + box(b"moov")[:4],
    ],
    ids=["head", "zeros", "boxes of 8 bytes", "data", "zeros behind it", "index that ends at once"],
)
def test_a_head_without_sound_is_cut_off(tmp_path: Path, content: bytes) -> None:
    assert rule_of(tmp_path, content) == NO_INDEX


def test_an_index_that_ends_too_early(tmp_path: Path) -> None:
    assert rule_of(tmp_path, (FTYP + DATA + movie(track(75)))[:-10]) == "is cut off: it ends within its index (moov)"


def test_an_index_made_of_boxes_of_8_bytes(tmp_path: Path) -> None:
    assert rule_of(tmp_path, FTYP + box(b"moov", box(b"free") * 500_000) + DATA) == "is a video without sound"
    head = FTYP + fragmented(track(0), default=1000)
    assert "no sound after it" in rule_of(tmp_path, head + box(b"free") * 500_000)
    assert recording_of(tmp_path, head + fragment(16) + box(b"free") * 500_000).length.is_enough is None


def test_a_compressed_index_is_left_to_gong(tmp_path: Path) -> None:
    assert recording_of(tmp_path, FTYP + movie(box(b"cmov", bytes(99))) + DATA).length.is_enough is None


def test_no_picture_is_taken_for_a_recording(tmp_path: Path) -> None:
    heic = box(b"ftyp", b"heic\0\0\0\0mif1heic") + full(b"meta", numbers(0) * 50) + DATA
    assert isinstance(checked(tmp_path, heic), Problem)
