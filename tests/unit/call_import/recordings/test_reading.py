"""Recordings are read in few pieces, and never more than a limit of each."""

from __future__ import annotations

import io
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fsspec.asyn import AsyncFileSystem

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.recordings.check import Recording, check_recording, read_recording
from airflow_provider_gong.call_import.recordings.reading import LIMIT, Reader, ReadLimitError, open_for_reading
from tests.support.boxes import FTYP, box, movie, track
from tests.support.mutations import CountingFile
from tests.support.sound import AAC, encoded, needs_ffmpeg

CONTENT = random.Random(2).randbytes(5_000_000)
# Reads, and KiB of them.
USUAL = {
    "WAV": (1, 16, (".wav",)),
    "MP3": (2, 32, (".mp3", "-c:a", "libmp3lame")),
    "M4A, index last": (2, 32, (".m4a", *AAC)),
    "M4A, index first": (2, 32, (".m4a", *AAC, "-movflags", "+faststart")),
    "fragments": (2, 32, (".mp4", *AAC, "-movflags", "+frag_keyframe", "-frag_duration", "5000000")),
    "FLAC": (2, 32, (".flac",)),
    "MKV": (2, 80, (".mkv", *AAC)),
}


@pytest.fixture
def file() -> CountingFile:
    return CountingFile(CONTENT)


@pytest.fixture
def reader(file: CountingFile) -> Reader:
    return Reader(file, len(CONTENT))


def test_any_part_is_what_is_in_the_file(reader: Reader) -> None:
    chance = random.Random(4)
    for _ in range(300):
        offset = chance.choice([chance.randrange(40_000), chance.randrange(4_960_000, 5_000_010)])
        length = chance.choice([1, 10, 3000, 40_000])
        try:
            assert reader.at(offset, length) == CONTENT[offset : offset + length]
        except ReadLimitError:
            break
    assert reader.at(0, 10) == CONTENT[:10]


def test_what_follows_is_read_in_larger_and_larger_pieces(file: CountingFile, reader: Reader) -> None:
    for offset in range(0, 2_400_000, 400):
        assert reader.at(offset, 400) == CONTENT[offset : offset + 400]
    assert (reader.reads, reader.bytes) == (file.reads, file.bytes)
    assert file.reads <= 9
    assert file.bytes <= 2_900_000


def test_the_limit_holds_to_the_byte(file: CountingFile, reader: Reader) -> None:
    def read_all() -> None:
        for offset in range(0, len(CONTENT), 1000):
            reader.at(offset, 1000)

    with pytest.raises(ReadLimitError):
        read_all()
    assert file.bytes == LIMIT
    with pytest.raises(ReadLimitError):
        reader.at(4_900_000, 1)
    assert reader.at(LIMIT - 1000, 500) == CONTENT[LIMIT - 1000 : LIMIT - 500]


def test_a_file_that_answers_in_small_pieces() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 700))

    assert Reader(Slow(CONTENT), len(CONTENT)).at(5, 3000) == CONTENT[5:3005]


def test_a_file_that_is_shorter_than_it_was() -> None:
    assert Reader(io.BytesIO(CONTENT[:100]), 5000).at(50, 100) == CONTENT[50:100]


@needs_ffmpeg
def test_a_stream_takes_a_read_at_each_end() -> None:
    content = encoded(".webm", "-c:a", "libopus", "-live", "1", seconds=70)
    reader = Reader(CountingFile(content), len(content))
    assert read_recording(reader).length.is_enough
    assert reader.reads == 2


@needs_ffmpeg
@pytest.mark.parametrize(("reads", "kibibytes", "made"), USUAL.values(), ids=USUAL)
def test_the_usual_file_takes_a_read_at_each_end(
    tmp_path: Path, reads: int, kibibytes: int, made: tuple[str, ...]
) -> None:
    content = encoded(made[0], *made[1:], seconds=120)
    opened: list[CountingFile] = []

    class Counted(type(tmp_path)):  # type: ignore[misc]
        def open(self, *_: Any) -> CountingFile:
            opened.append(CountingFile(content))
            return opened[-1]

    (tmp_path / "call").write_bytes(content)
    found = check_recording(str(tmp_path / "call"), Counted)
    assert isinstance(found, Recording)
    assert found.seconds == pytest.approx(120, abs=0.5)
    (file,) = opened
    assert file.reads == reads
    assert file.bytes <= kibibytes * 1024


def test_object_storage_on_this_host(tmp_path: Path) -> None:
    place = ObjectStoragePath(f"file://{tmp_path}/call.m4a")
    with place.open("wb") as file:
        file.write(FTYP + box(b"mdat", bytes(100_000)) + movie(track(75)))
    found = check_recording(str(place), ObjectStoragePath)
    assert isinstance(found, Recording)
    assert (found.seconds, found.content_type) == (75, "audio/mp4")


class WholeFiles(AsyncFileSystem):
    """A store whose ``cat_file`` returns the whole file, whatever is asked for, as that of sshfs does."""

    async def _cat_file(self, path: str, **_: Any) -> bytes:
        return bytes(range(100))


def test_a_store_that_cannot_read_ranges() -> None:
    path: Any = SimpleNamespace(fs=WholeFiles(), path="a", open=lambda *_, **__: io.BytesIO(bytes(range(100))))
    with open_for_reading(path) as file:
        file.seek(10)
        assert file.read(3) == bytes([10, 11, 12])
