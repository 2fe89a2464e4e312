"""Recordings of every kind, measured by the emulator and by decoding them with ffmpeg."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.emulator.company.recordings.meter import Meter

from .conftest import Api

SECONDS = 75.0
# Encoders add silence at both ends that players leave out, and decoders leave out a frame that is cut: two of AAC at
# 8 kHz are 0.256 s.
PADDING_SECONDS = 0.3
QUIET = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y"]
Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that encodes noise; where there is no ffmpeg, the test is skipped, but never in CI."""
    if shutil.which("ffmpeg") is None:
        if os.environ.get("CI"):
            raise FileNotFoundError("ffmpeg is not installed. On Debian: apt install ffmpeg")
        pytest.skip("needs ffmpeg; on Debian: apt install ffmpeg")
    folder = tmp_path_factory.mktemp("recordings")

    @cache
    def encode(name: str, *options: str, seconds: float = SECONDS, video: bool = False, audio: bool = True) -> bytes:
        noise = ["-f", "lavfi", "-i", f"anoisesrc=d={seconds}:c=pink:a=0.3:r=8000"] if audio else []
        picture = ["-f", "lavfi", "-i", f"testsrc=d={seconds}:s=64x64:r=5"] if video else []
        subprocess.run([*QUIET, *noise, *picture, *options, str(folder / name)], check=True)
        return (folder / name).read_bytes()

    return encode


def piped(*options: str) -> bytes:
    """Return what ffmpeg writes where it cannot go back to fill in the length."""
    noise = ["-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:c=pink:a=0.3:r=8000"]
    return subprocess.run([*QUIET, *noise, *options, "-"], check=True, capture_output=True).stdout


def decoded_seconds(folder: Path, content: bytes) -> float:
    """Return how long a player would play."""
    file = folder / "recording"
    file.write_bytes(content)
    samples = ["-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    command = ["ffmpeg", "-v", "quiet", "-i", str(file), *samples]
    return len(subprocess.run(command, check=False, capture_output=True).stdout) / 16_000


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mulaw(seconds: float, channels: int = 1, fact: int | None = None) -> bytes:
    layout = struct.pack("<HHIIHH", 7, channels, 8000, 8000 * channels, channels, 8)
    noise = random.Random(1).randbytes(int(seconds * 8000) * channels)
    facts = [] if fact is None else [chunk(b"fact", struct.pack("<I", fact))]
    return riff(chunk(b"fmt ", layout), *facts, chunk(b"data", noise))


def id3(payload: bytes) -> bytes:
    size = len(payload)
    return b"ID3\3\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + payload


def with_far_data(wav: bytes) -> bytes:
    """Return a WAV file whose samples begin behind 9 kB of notes, with more behind them."""
    start = wav.index(b"data")
    return wav[:start] + chunk(b"LIST", bytes(9001)) + wav[start:] + chunk(b"LIST", bytes(100_000))


def element(name: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return name.to_bytes((name.bit_length() + 7) // 8) + (1 << 56 | len(content)).to_bytes(8) + content


def laced() -> bytes:
    """Return Matroska with 50 frames of 40 ms in each block, a few more than a cluster may have milliseconds."""
    wave = element(0xE1, element(0xB5, struct.pack(">d", 8000)), element(0x9F, b"\1"), element(0x6264, b"\x10"))
    codec = element(0x86, b"A_PCM/INT/LIT"), element(0x23E383, (40_000_000).to_bytes(4))
    track = element(0xAE, element(0xD7, b"\1"), element(0x73C5, b"\1"), element(0x83, b"\2"), *codec, wave)
    clusters = (
        element(
            0x1F43B675, element(0xE7, time.to_bytes(4)), element(0xA3, b"\x81\0\0\x84\x31", bytes(range(128)) * 250)
        )
        for time in range(0, 76_000, 2000)
    )
    head = element(0x1A45DFA3, element(0x4282, b"matroska"))
    return head + element(0x18538067, element(0x1549A966), element(0x1654AE6B, track), *clusters)


def pcm_header_of_mp3(mp3: bytes) -> bytes:
    """Return MP3 behind a head that describes numbers."""
    return riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16)), chunk(b"data", mp3))


def with_edits(m4a: bytes, *edits: tuple[int, int]) -> bytes:
    """Return a recording with its movie last of which other parts are played: milliseconds, and where they begin."""
    start = m4a.index(b"edts") - 4
    length = int.from_bytes(m4a[start : start + 4])
    entries = b"".join(struct.pack(">iiI", duration, begin, 0x10000) for duration, begin in edits)
    elst = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    changed = bytearray(m4a[:start] + struct.pack(">I4s", 8 + len(elst), b"edts") + elst + m4a[start + length :])
    for name in (b"moov", b"trak"):
        place = changed.rindex(name, 0, start) - 4
        size = int.from_bytes(changed[place : place + 4]) + len(elst) + 8 - length
        changed[place : place + 4] = size.to_bytes(4)
    return bytes(changed)


def movie_of(m4a: bytes) -> bytes:
    return m4a[m4a.index(b"moov") - 4 :]


def started_again(mka: bytes) -> bytes:
    """Return a stream whose time starts again, as if its pieces were of two recorders."""
    return mka + mka[mka.index(b"\x1f\x43\xb6\x75") :]


MP3 = ("-c:a", "libmp3lame")
AAC = ("-c:a", "aac")
FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "3000000")
H264 = ("-c:v", "libx264")
KEY = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76" * 16, "-encryption_kid", "a7" * 16)
NO_HEAD = ("-write_xing", "0", "-id3v2_version", "0")

# What can be played, with what makes it.
PLAYABLE: dict[str, Callable[[Make], bytes]] = {
    "wav": lambda make: make("a.wav"),
    "wav of 8 bits": lambda make: make("a.wav", "-c:a", "pcm_u8"),
    "wav of 24 bits": lambda make: make("a.wav", "-c:a", "pcm_s24le"),
    "wav of floats": lambda make: make("a.wav", "-c:a", "pcm_f32le"),
    "wav of six channels": lambda make: make("a.wav", "-ac", "6"),
    "wav whose samples begin late": lambda make: with_far_data(make("a.wav")),
    "wav cut off": lambda make: make("a.wav")[:1_000_001],
    "RF64": lambda make: make("a.wav", "-rf64", "always"),
    "streamed wav": lambda _: piped("-f", "wav"),
    "A-law": lambda make: make("a.wav", "-c:a", "pcm_alaw"),
    "G.711 without fact": lambda _: mulaw(SECONDS),
    "G.711 with fact 1": lambda _: mulaw(SECONDS, fact=1),
    "G.711 with fact 0": lambda _: mulaw(SECONDS, fact=0),
    "G.711 with fact for both channels": lambda _: mulaw(SECONDS, 2, fact=int(SECONDS) * 16_000),
    "streamed G.711": lambda _: piped("-c:a", "pcm_mulaw", "-f", "wav"),
    "GSM": lambda make: make("a.wav", "-c:a", "libgsm_ms"),
    "IMA ADPCM": lambda make: make("a.wav", "-c:a", "adpcm_ima_wav"),
    "MS ADPCM": lambda make: make("a.wav", "-c:a", "adpcm_ms"),
    "G.722": lambda make: make("a.wav", "-c:a", "g722"),
    "G.723.1": lambda make: make("a.wav", "-c:a", "g723_1", "-b:a", "6300"),
    "G.711 with a chunk of zeros and a second layout": lambda _: riff(
        chunk(b"fmt ", struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8)),
        bytes(8),
        chunk(b"fmt ", struct.pack("<HHIIHH", 7, 1, 4000, 4000, 1, 8)),
        chunk(b"data", random.Random(1).randbytes(int(SECONDS * 8000))),
    ),
    "G.711 of the oldest form": lambda _: riff(
        chunk(b"fmt ", struct.pack("<HHIIH", 7, 1, 8000, 8000, 1)),
        chunk(b"data", random.Random(1).randbytes(int(SECONDS * 8000))),
    ),
    "MPEG layer II in wav": lambda make: make("a.wav", "-c:a", "mp2", "-ar", "16000"),
    "MP3 in wav of numbers": lambda make: pcm_header_of_mp3(make("a.mp3", *MP3, *NO_HEAD)),
    "MP3 in wav": lambda make: make("a.wav", *MP3),
    "mp3 of a telephone": lambda make: make("a.mp3", *MP3, "-b:a", "16k", "-ar", "8000"),
    "mp3 of 12 kHz": lambda make: make("a.mp3", *MP3, "-b:a", "24k", "-ar", "12000"),
    "mp3 of variable bit rate": lambda make: make("a.mp3", *MP3, "-q:a", "9", "-ar", "44100"),
    "mp3 that says nothing": lambda make: make("a.mp3", *MP3, "-q:a", "4", *NO_HEAD),
    "mp3 with tags at both ends": lambda make: make("a.mp3", *MP3, "-write_id3v1", "1", "-metadata", "title=Call"),
    "mp3 with two tags": lambda make: (
        id3(b"TIT2\0\0\0\5\0\0\0call") + id3(random.Random(2).randbytes(900_000)) + make("a.mp3", *MP3)
    ),
    "mp3 cut off": lambda make: make("a.mp3", *MP3)[:400_000],
    "two mp3 joined": lambda make: make("a.mp3", *MP3, seconds=30) + make("b.mp3", *MP3, "-ar", "16000"),
    "mp2": lambda make: make("a.mp2", "-c:a", "mp2", "-ar", "16000"),
    "m4a": lambda make: make("a.m4a", *AAC),
    "m4a with its movie first": lambda make: make("a.m4a", *AAC, "-movflags", "+faststart"),
    "m4a cut off": lambda make: make("a.m4a", *AAC, "-movflags", "+faststart")[:300_000],
    "m4a of which a part is played": lambda make: with_edits(make("a.m4a", *AAC), (30_000, 80_000)),
    "m4a without its middle": lambda make: with_edits(make("a.m4a", *AAC), (30_000, 0), (34_000, 320_000)),
    "m4a with a pause": lambda make: with_edits(make("a.m4a", *AAC), (20_000, 0), (30_000, -1), (20_000, 160_000)),
    "m4a with a second movie": lambda make: make("a.m4a", *AAC) + movie_of(make("short.m4a", *AAC, seconds=20)),
    "lossless m4a": lambda make: make("a.m4a", "-c:a", "alac"),
    "mp4 of fragments": lambda make: make("a.mp4", *AAC, *FRAGMENTS),
    "mp4 of fragments, the first in the movie": lambda make: make(
        "a.mp4", *AAC, "-movflags", "+frag_keyframe", "-frag_duration", "5000000"
    ),
    "mp4 of fragments cut off": lambda make: make("a.mp4", *AAC, *FRAGMENTS)[:300_000],
    "mp4 with a picture": lambda make: make("a.mp4", *AAC, *H264, video=True),
    "QuickTime": lambda make: make("a.mov", *AAC),
    "QuickTime of numbers": lambda make: make("a.mov", "-c:a", "pcm_s16le"),
    "flac": lambda make: make("a.flac"),
    "flac behind a tag": lambda make: id3(b"TIT2\0\0\0\5\0\0\0call") + make("a.flac"),
    "streamed flac": lambda _: piped("-c:a", "flac", "-f", "flac"),
    "flac of several": lambda make: make("short.flac", seconds=40) + make("shorter.flac", seconds=25),
    "flac cut off": lambda make: make("a.flac")[:900_000],
    "mkv": lambda make: make("a.mkv", *AAC, *H264, video=True),
    "mka of Opus": lambda make: make("a.mka", "-c:a", "libopus"),
    "streamed webm": lambda _: piped("-c:a", "libopus", "-f", "webm"),
    "webm of two recorders": lambda _: started_again(piped("-t", "40", "-c:a", "libopus", "-f", "webm")),
    "mka of laced frames": lambda _: laced(),
    "mka cut off": lambda make: make("a.mka", "-c:a", "libopus")[:450_000],
}
UNPLAYABLE: dict[str, tuple[Callable[[Make], bytes], str]] = {
    "mp4 without its movie": (lambda make: make("a.m4a", *AAC)[:100_000], "no moov"),
    "mp4 without sound": (lambda make: make("a.mp4", *H264, video=True, audio=False), "without sound"),
    "mkv without sound": (lambda make: make("a.mkv", *H264, video=True, audio=False), "without sound"),
    "encrypted mp4": (lambda make: make("a.mp4", *AAC, *KEY), "encrypted"),
    "encrypted mp4 of fragments": (lambda make: make("b.mp4", *AAC, *KEY, *FRAGMENTS), "encrypted"),
    "wav behind a tag": (lambda _: id3(bytes(9)) + mulaw(SECONDS), "not a format"),
    "AAC behind a tag": (lambda make: id3(b"PRIV\0\0\0\0\0\0") + make("a.aac", *AAC), "AAC without a container"),
    "zeros behind a tag": (lambda _: id3(b"TIT2\0\0\0\0\0\0") + bytes(3_000_000), "not a format"),
    "zeros behind a head of wav": (lambda _: b"RIFF\0\0\0\0WAVE" + bytes(3_000_000), "without a format"),
    "Ogg": (lambda make: make("a.ogg", "-c:a", "libvorbis"), "not a format"),
    "wav without channels": (
        lambda _: riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 0, 8000, 16_000, 2, 16)), chunk(b"data", bytes(2**20))),
        "without a format",
    ),
    "noise": (lambda _: random.Random(3).randbytes(2_000_000), "not a format"),
    "text": (lambda _: b"<html>not here</html>" * 50_000, "not a format"),
    "nothing": (lambda _: b"", "not a format"),
}
# Kinds by their length in seconds: what is too short by truth, whatever it says of itself.
SHORT: dict[str, Callable[[Make], bytes]] = {
    "G.711 without fact": lambda _: mulaw(30),
    "G.711 with fact for both channels": lambda _: mulaw(30, 2, fact=480_000),
    "mp3 that says nothing": lambda make: make("a.mp3", *MP3, "-q:a", "2", *NO_HEAD, seconds=30),
    "m4a cut off": lambda make: make("a.m4a", *AAC, "-movflags", "+faststart")[:150_000],
}


def uploaded(api: Api, content: bytes) -> dict[str, Any]:
    call_id = api.add_call()
    answer = api.upload(call_id, content)
    assert answer.status_code == 201, answer.text
    api.advance(api.settings.processing_seconds)
    return api.call_state(call_id)


@pytest.mark.parametrize("kind", PLAYABLE)
def test_a_recording_is_as_long_as_it_plays(api: Api, make: Make, kind: str, tmp_path: Path) -> None:
    content = PLAYABLE[kind](make)
    call = uploaded(api, content)
    decoded = decoded_seconds(tmp_path, content)
    assert call["media"]["duration"] == pytest.approx(decoded, abs=PADDING_SECONDS)
    assert (call["state"] == "visible") == (decoded >= 60), call["media"]
    assert decoded > 20


@pytest.mark.parametrize("kind", UNPLAYABLE)
def test_what_cannot_be_played_is_dropped_in_silence(api: Api, make: Make, kind: str) -> None:
    build, reason = UNPLAYABLE[kind]
    call = uploaded(api, build(make))
    assert (call["state"], call["media"]["duration"]) == ("discarded", 0.0)
    assert reason in call["media"]["discardedBecause"]


@pytest.mark.parametrize("kind", SHORT)
def test_what_is_too_short_is_so_by_truth(api: Api, make: Make, kind: str) -> None:
    call = uploaded(api, SHORT[kind](make))
    assert (call["state"], call["media"]["discardedBecause"]) == ("discarded", "shorter than 60 seconds")


@pytest.mark.parametrize(("tag", "quiet"), [(1, b"\x80"), (6, b"\xd5"), (7, b"\xff"), (7, b"\x7f")])
def test_silence_is_heard_in_the_samples_of_telephones_as_well(api: Api, tag: int, quiet: bytes) -> None:
    layout = chunk(b"fmt ", struct.pack("<HHIIHH", tag, 1, 8000, 8000, 1, 8))
    silent = uploaded(api, riff(layout, chunk(b"data", quiet * 8000 * 90)))
    assert silent["media"]["discardedBecause"] == "no speech"
    talk = random.Random(tag).randbytes(8000 * 45)
    answer = Api()
    trimmed = uploaded(answer, riff(layout, chunk(b"data", quiet * 8000 * 45 + talk)))
    assert "without the silence at its ends" in trimmed["media"]["discardedBecause"]


@pytest.mark.parametrize(
    "kind", ["mp3 with two tags", "mp4 of fragments", "flac", "flac of several", "mkv", "GSM", "RF64"]
)
def test_it_does_not_matter_how_the_bytes_arrive(make: Make, kind: str) -> None:
    content = PLAYABLE[kind](make)
    found = []
    for step in (len(content), 65_536, 4_099, 61):
        meter = Meter()
        for start in range(0, len(content), step):
            meter.write(content[start : start + step])
        found.append(meter.result())
    assert found == found[:1] * 4


def test_an_mp4_without_a_time_scale_has_no_length(make: Make) -> None:
    content = bytearray(make("a.m4a", *AAC))
    place = content.index(b"mdhd") + 16
    content[place : place + 4] = bytes(4)
    meter = Meter()
    meter.write(bytes(content))
    assert meter.result().duration == 0


def test_mutated_recordings_are_measured_without_a_crash(make: Make) -> None:
    rnd = random.Random(4)
    for kind in ("wav", "GSM", "mp3 with tags at both ends", "m4a", "mp4 of fragments", "flac", "mkv"):
        content = PLAYABLE[kind](make)
        for _ in range(40):
            changed = bytearray(content[: rnd.choice([300, 5_000, len(content)])])
            for _ in range(rnd.randrange(1, 20)):
                changed[rnd.randrange(min(2_000, len(changed)))] = rnd.choice([0, 255, rnd.randrange(256)])
            meter = Meter()
            meter.write(bytes(changed))
            result = meter.result()
            assert result.size == len(changed)
            assert result.duration >= 0
