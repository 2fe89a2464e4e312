"""Recordings whose headers were damaged at random, and files that count how they are read."""

from __future__ import annotations

import functools
import io
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.recordings.check import check_recording, read_recording
from airflow_provider_gong.call_import.recordings.findings import UnusableRecordingError
from airflow_provider_gong.call_import.recordings.reading import Reader
from airflow_provider_gong.ledger.rows import Problem
from tests.support.boxes import FTYP, access_index, box, fragment, fragmented, movie, track
from tests.support.object_store import ObjectStore
from tests.support.sound import AAC, encoded

SECONDS = 62
FORMATS: dict[str, tuple[str, ...]] = {
    "WAV": (".wav",),
    "WAV, ADPCM": (".wav", "-c:a", "adpcm_ms"),
    "RF64": (".wav", "-rf64", "always"),
    "WAV, MP3": (".wav", "-c:a", "libmp3lame"),
    "MP3": (".mp3", "-c:a", "libmp3lame", "-ar", "16000", "-q:a", "5", "-write_id3v1", "1", "-write_apetag", "1"),
    "MP3 without Xing": (".mp3", "-c:a", "libmp3lame", "-write_xing", "0"),
    "MP4": (".m4a", *AAC, "-movflags", "+faststart"),
    "MP4, index last": (".m4a", *AAC),
    "MP4, fragments": (".mp4", *AAC, "-movflags", "+frag_keyframe+global_sidx", "-frag_duration", "5000000"),
    "FLAC": (".flac",),
    "MKV": (".mkv", *AAC),
}
_HEAD_BYTES = 1200
_TAIL_BYTES = 400
_VALUES = (0, 1, 0x7F, 0x80, 0xFF)


class CountingFile(io.BytesIO):
    """A file in memory that counts how often and how much of it is read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads = 0
        self.bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.reads += 1
        self.bytes += len(data)
        return data


@dataclass(frozen=True)
class Reading:
    """
    What reading one recording took.

    :param verdict: ``long enough``, ``unknown`` or why it was rejected
    """

    verdict: str
    reads: int
    bytes: int
    seconds: float


@functools.cache
def made_by_hand() -> dict[str, bytes]:
    """Return recordings that need no ffmpeg."""
    parts = [fragment(160, begin=number * 160_000, units=1000) for number in range(4)]
    head = FTYP + fragmented(track(0), announced=80)
    places = [(number * 160_000, len(head) + number * len(parts[0])) for number in range(4)]
    # MPEG 2.5, 8 kbit/s: 72 ms each.
    sound = (b"\xff\xe3\x18\xc0" + bytes(68)) * 900
    return {
        "MP4 by hand": FTYP + movie(track(75, edits=((75_000, 0),), chunks=(99, 999))) + box(b"mdat", b"\x21" * 9000),
        "fragments by hand": head + b"".join(parts) + access_index(*places),
        "MP3 by hand": b"ID3\3\0\0\0\0\0\x7f" + bytes(127) + sound,
    }


def recording(name: str) -> bytes:
    """Return a recording of a format that is long enough."""
    by_hand = made_by_hand()
    return by_hand[name] if name in by_hand else encoded(*FORMATS[name], seconds=SECONDS)


def mutated(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield a recording with damaged structure, each time damaged in another way."""
    chance = random.Random(seed)
    index = content.find(b"moov")
    places = [(0, _HEAD_BYTES), (len(content) - _TAIL_BYTES, len(content))]
    places += [(index, index + _HEAD_BYTES)] if index > 0 else []
    for _ in range(count):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            start, end = chance.choice(places)
            at = chance.randrange(max(0, start), min(end, len(content)))
            damaged[at] = chance.choice(_VALUES) if chance.random() < 0.5 else chance.randrange(256)
        kind, at = chance.random(), chance.randrange(_HEAD_BYTES)
        if kind < 0.1:
            del damaged[chance.randrange(len(damaged)) :]
        elif kind < 0.2:
            del damaged[at : at + chance.randrange(1, 40)]
        elif kind < 0.3:
            damaged[at:at] = chance.randbytes(chance.randrange(1, 40))
        yield bytes(damaged)


def read(content: bytes) -> Reading:
    """Read a recording, counting outside of the code that does so."""
    file = CountingFile(content)
    start = time.perf_counter()
    try:
        is_enough = read_recording(Reader(file, len(content))).length.is_enough
        verdict = "long enough" if is_enough else "unknown"
    except UnusableRecordingError as found:
        verdict = found.rule.split(":")[0].split(",")[0]
    return Reading(verdict, file.reads, file.bytes, time.perf_counter() - start)


def check_in(store: ObjectStore, connection: str, content: bytes) -> Reading:
    """
    Check a recording in a bucket of an object store, counting where its server does.

    :param store: has a bucket called recordings, in which one object is replaced
    :param connection: the Airflow connection to it
    """
    (store.folder / "recordings" / "damaged").write_bytes(content)
    store.reset()
    start = time.perf_counter()
    found = check_recording(f"s3://{connection}@recordings/damaged", ObjectStoragePath)
    seconds = time.perf_counter() - start
    verdict = found.rule if isinstance(found, Problem) else "accepted"
    return Reading(verdict, store.heads + store.gets, store.bytes, seconds)
