"""WAV: by the size of its data, whatever else its header says."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.support.sound import assert_judged_rightly, encoded, needs_ffmpeg, recording_of, rule_of, streamed

MULAW = 7
PCM = 1
CODECS = {
    "8 bit": ("-c:a", "pcm_u8"),
    "24 bit": ("-c:a", "pcm_s24le"),
    "float": ("-c:a", "pcm_f32le"),
    "extensible": ("-c:a", "pcm_s24le", "-ac", "6"),
    "A-law": ("-c:a", "pcm_alaw"),
    "mu-law, stereo": ("-c:a", "pcm_mulaw", "-ac", "2"),
    "IMA ADPCM": ("-c:a", "adpcm_ima_wav"),
    "IMA ADPCM, stereo": ("-c:a", "adpcm_ima_wav", "-ac", "2"),
    "MS ADPCM": ("-c:a", "adpcm_ms"),
    "MS ADPCM, stereo": ("-c:a", "adpcm_ms", "-ac", "2"),
    "Yamaha ADPCM": ("-c:a", "adpcm_yamaha"),
    "G.726": ("-c:a", "g726", "-b:a", "32k"),
    "G.722": ("-c:a", "g722", "-ar", "16000"),
    "GSM 6.10": ("-c:a", "libgsm_ms"),
    "MP3": ("-c:a", "libmp3lame"),
    "MPEG layer II": ("-c:a", "mp2", "-ar", "16000"),
    "AC-3": ("-c:a", "ac3", "-ar", "48000"),
    "RF64": ("-c:a", "pcm_s16le", "-rf64", "always"),
}


def chunk(name: bytes, content: bytes, size: int | None = None, *, padded: bool = True) -> bytes:
    padding = b"\0" * (len(content) % 2) if padded else b""
    return name + struct.pack("<I", len(content) if size is None else size) + content + padding


def wav(*chunks: bytes, form: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    size = 0xFFFFFFFF if form != b"RIFF" else len(body)
    return form + struct.pack("<I", size) + body


def fmt(tag: int = MULAW, *, channels: int = 1, rate: int = 8000, block: int = 1, bits: int = 8) -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits))


def fact(samples: int) -> bytes:
    return chunk(b"fact", struct.pack("<I", samples))


def sound(seconds: float, bytes_per_second: int = 8000) -> bytes:
    return random.Random(3).randbytes(round(seconds * bytes_per_second))


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize("options", CODECS.values(), ids=CODECS)
def test_all_codecs_are_measured(tmp_path: Path, options: tuple[str, ...], seconds: int) -> None:
    assert_judged_rightly(tmp_path, encoded(".wav", *options, seconds=seconds))


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [59.9, 60.1])
def test_the_limit_is_exact(tmp_path: Path, seconds: float) -> None:
    assert_judged_rightly(tmp_path, encoded(".wav", "-c:a", "pcm_s16le", seconds=seconds), tolerance=0.01)


def test_what_lacks_little_is_not_shown_as_enough(tmp_path: Path) -> None:
    assert rule_of(tmp_path, wav(fmt(), chunk(b"data", sound(59.99)))).startswith("lasts 59.9 s")


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_mulaw", "adpcm_ima_wav", "libmp3lame"])
def test_streams(tmp_path: Path, codec: str, seconds: int) -> None:
    assert_judged_rightly(tmp_path, streamed("wav", "-c:a", codec, seconds=seconds))


@pytest.mark.parametrize("samples", [None, 0, 1, 8000, 600_000, 1_200_000, 0xFFFFFFFF])
def test_g711_is_measured_whatever_fact_says(tmp_path: Path, samples: int | None) -> None:
    facts = () if samples is None else (fact(samples),)
    assert recording_of(tmp_path, wav(fmt(), *facts, chunk(b"data", sound(75)))).seconds == 75
    assert rule_of(tmp_path, wav(fmt(), *facts, chunk(b"data", sound(30)))).startswith("lasts 30 s")


def test_a_fact_that_counts_both_channels(tmp_path: Path) -> None:
    content = wav(fmt(channels=2, block=2), fact(480_000), chunk(b"data", sound(30, 16_000)))
    assert rule_of(tmp_path, content).startswith("lasts 30 s")


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0xFFFFFFFF - 44, 0x7FFFFFFF, 0x7FFFF000, 0x80000000], ids=hex)
def test_data_of_unknown_size_goes_on_to_the_end(tmp_path: Path, size: int) -> None:
    assert recording_of(tmp_path, wav(fmt(), chunk(b"data", sound(75), size))).seconds == 75
    assert rule_of(tmp_path, wav(fmt(), chunk(b"data", sound(30), size))).startswith("lasts 30 s")


def test_long_data_that_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    for size in (1_600_000_000, 30_000_000_000):
        sizes = chunk(b"ds64", struct.pack("<QQQI", 0, size, 0, 0))
        content = wav(sizes, fmt(), chunk(b"data", sound(75), 0xFFFFFFFF), form=b"RF64")
        assert rule_of(tmp_path, content).startswith("is cut off: it holds 75 s of the ")
    assert "is cut off" in rule_of(tmp_path, wav(fmt(), chunk(b"data", sound(75), 1_600_000_000)))


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_long_forms_have_their_size_elsewhere(tmp_path: Path, form: bytes) -> None:
    def long_wav(seconds: float, announced: int) -> bytes:
        sizes = chunk(b"ds64", struct.pack("<QQQI", 0, announced, 0, 0))
        return wav(sizes, fmt(), chunk(b"data", sound(seconds), 0xFFFFFFFF), form=form)

    assert recording_of(tmp_path, long_wav(75, 600_000)).seconds == 75
    assert rule_of(tmp_path, long_wav(30, 240_000)).startswith("lasts 30 s")
    assert rule_of(tmp_path, long_wav(30, 600_000)).startswith("is cut off: it holds 30 s of the 75 s")
    for unknown in (0, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF):
        assert rule_of(tmp_path, long_wav(30, unknown)).startswith("lasts 30 s")
        assert recording_of(tmp_path, long_wav(75, unknown)).seconds == 75


def test_other_chunks_in_front_and_behind_do_not_count(tmp_path: Path) -> None:
    info = chunk(b"LIST", b"INFOISFT" + bytes(400_001))
    assert rule_of(tmp_path, wav(info, fmt(), info, chunk(b"data", sound(30)), info)).startswith("lasts 30 s")
    assert recording_of(tmp_path, wav(info, fmt(), info, chunk(b"data", sound(75)), info)).seconds == 75


def test_a_chunk_of_odd_length_may_lack_its_padding(tmp_path: Path) -> None:
    for padded in (True, False):
        info = chunk(b"LIST", b"INFOx", padded=padded)
        assert recording_of(tmp_path, wav(fmt(), info, chunk(b"data", sound(75)))).seconds == 75


@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize(
    "other", [chunk(b"PAD\0", bytes(21)), chunk(b"\xa9nam", b"call"), bytes(8), fmt(rate=9000)], ids=repr
)
def test_chunks_with_other_names_in_front_do_not_count(tmp_path: Path, other: bytes, seconds: int) -> None:
    assert_judged_rightly(tmp_path, wav(fmt(), other, chunk(b"data", sound(seconds))))


def test_data_in_front_of_its_format(tmp_path: Path) -> None:
    assert recording_of(tmp_path, wav(chunk(b"data", sound(75)), fmt())).seconds == 75


def test_data_that_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    content = wav(fmt(), chunk(b"data", sound(300)))
    assert rule_of(tmp_path, content[:-1_600_000]).startswith(
        "is cut off: it holds 100 s of the 300 s that its header announces"
    )
    assert recording_of(tmp_path, content[:-4000]).seconds == pytest.approx(299.5)


def test_compressed_data_that_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    g729 = chunk(b"fmt ", struct.pack("<HHIIHH", 0x83, 1, 8000, 1000, 10, 0))
    content = wav(g729, fact(600_000), chunk(b"data", bytes(75_000)))
    assert recording_of(tmp_path, content).seconds == 75
    assert "it holds 35000 of the 75000 bytes" in rule_of(tmp_path, content[:-40_000])


def test_a_header_that_knows_less_than_there_is(tmp_path: Path) -> None:
    content = wav(fmt(), chunk(b"data", sound(75), 80_000))
    rule = rule_of(tmp_path, content)
    assert rule == "has a header that disagrees with the file: it announces 10 s, but the file has 75 s"


def test_junk_behind_the_data_is_no_sound(tmp_path: Path) -> None:
    assert rule_of(tmp_path, wav(fmt(), chunk(b"data", sound(30))) + bytes(5000)).startswith("lasts 30 s")
    assert recording_of(tmp_path, wav(fmt(), chunk(b"data", sound(75))) + bytes(5_000_000)).seconds == 75


@pytest.mark.parametrize("samples", [None, 0, 1, 8000])
def test_a_codec_that_only_fact_measures_is_unknown_without_it(tmp_path: Path, samples: int | None) -> None:
    g729 = chunk(b"fmt ", struct.pack("<HHIIHH", 0x83, 1, 8000, 1000, 10, 0))
    facts = () if samples is None else (fact(samples),)
    found = recording_of(tmp_path, wav(g729, *facts, chunk(b"data", bytes(75_000))))
    assert (found.seconds, found.length.is_enough) == (None, None)


@needs_ffmpeg
@pytest.mark.parametrize("seconds", [62, 20])
@pytest.mark.parametrize("options", [("-b:a", "32k"), ("-q:a", "5")])
def test_mp3_that_is_described_as_what_it_was_before(tmp_path: Path, options: tuple[str, ...], seconds: int) -> None:
    mp3 = encoded(".mp3", "-c:a", "libmp3lame", "-id3v2_version", "0", *options, seconds=seconds)
    assert_judged_rightly(tmp_path, wav(fmt(PCM, block=2, bits=16), chunk(b"data", mp3)), tolerance=0.3)


def test_a_block_that_contradicts_its_samples_leaves_it_to_gong(tmp_path: Path) -> None:
    """75 s by one of them, 37.5 s by the other."""
    content = wav(fmt(PCM, block=1, bits=16), chunk(b"data", sound(75)))
    assert recording_of(tmp_path, content).length.is_enough is None
    assert rule_of(tmp_path, wav(fmt(PCM, block=1, bits=16), chunk(b"data", sound(30)))).startswith(
        "lasts at most 30 s"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVE" + bytes(5_000_000),
        b"RF64\xff\xff\xff\xffWAVEds64" + bytes(5_000_000),
        wav(fmt()),
        wav(fmt(), chunk(b"data", b"")),
        wav(fmt(), chunk(b"data", b"", 600_000)),
        wav(fmt()) + bytes(5_000_000),
        wav(chunk(b"data", bytes(600_000))),
        wav(chunk(b"fmt ", b"\1\0"), chunk(b"data", bytes(600_000))),
        wav(chunk(b"JUNK", b"") * 300_000),
    ],
    ids=[
        "head",
        "zeros",
        "zeros in RF64",
        "format",
        "no data",
        "data to come",
        "zeros behind it",
        "data",
        "short format",
        "chunks of 8 bytes",
    ],
)
def test_a_header_without_sound_is_cut_off(tmp_path: Path, content: bytes) -> None:
    assert rule_of(tmp_path, content) == "is cut off: it has a header, but no sound after it"


@pytest.mark.parametrize("values", [{"channels": 0}, {"rate": 0}])
def test_a_format_without_sound(tmp_path: Path, values: dict[str, int]) -> None:
    assert "describes no sound" in rule_of(tmp_path, wav(fmt(**values), chunk(b"data", sound(75))))
