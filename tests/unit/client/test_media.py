from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tracemalloc
from email import message_from_bytes, policy
from pathlib import Path
from typing import IO, Any

import pytest
import python_multipart

from airflow_provider_gong.client.media import MediaFile, MultipartUpload


async def _collect(upload: MultipartUpload) -> bytes:
    return b"".join([chunk async for chunk in upload.async_chunks()])


def sync_body(upload: MultipartUpload) -> bytes:
    return b"".join(upload.chunks())


def async_body(upload: MultipartUpload) -> bytes:
    return asyncio.run(_collect(upload))


BOTH = pytest.mark.parametrize("body_of", [sync_body, async_body], ids=["sync", "async"])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call 1.wav"
    path.write_bytes(os.urandom(700_001))
    return path


def parsed(upload: MultipartUpload, body: bytes) -> Any:
    """Return the only part of a body, as the standard library's e-mail parser reads it."""
    head = f"Content-Type: {upload.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + body, policy=policy.HTTP)
    assert not message.defects
    (part,) = message.get_payload()
    return part


@BOTH
def test_independent_parser_reads_back_the_recording(recording: Path, body_of: Any) -> None:
    upload = MultipartUpload(MediaFile.at(recording))
    part = parsed(upload, body_of(upload))
    assert part.get_content_disposition() == "form-data"
    assert part.get_param("name", header="content-disposition") == "mediaFile"
    assert part.get_filename() == "call 1.wav"
    assert part.get_content_type() == "audio/wav"
    # The e-mail parser takes text lines; bytes come back through its surrogates.
    assert part.get_payload(decode=True) == recording.read_bytes()


@BOTH
def test_server_side_parser_reads_back_the_recording(recording: Path, body_of: Any) -> None:

    upload = MultipartUpload(MediaFile.at(recording))
    body = body_of(upload)
    seen = bytearray()
    parser = python_multipart.MultipartParser(
        upload.boundary.encode(), {"on_part_data": lambda data, start, end: seen.extend(data[start:end])}
    )
    parser.write(body)
    parser.finalize()
    assert bytes(seen) == recording.read_bytes()


@BOTH
@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_000])
def test_length_and_hash_are_those_of_the_recording(tmp_path: Path, size: int, body_of: Any) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(os.urandom(size))
    media = MediaFile.at(path)
    upload = MultipartUpload(media)
    assert media.sha256 is None
    assert int(upload.headers["Content-Length"]) == len(body_of(upload))
    assert media.size == size
    assert media.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_both_ways_send_the_same_bytes(recording: Path) -> None:
    media = MediaFile.at(recording)
    assert sync_body(MultipartUpload(media, "b0undary")) == async_body(MultipartUpload(media, "b0undary"))


def test_every_attempt_has_a_boundary_of_its_own(recording: Path) -> None:
    media = MediaFile.at(recording)
    assert MultipartUpload(media).boundary != MultipartUpload(media).boundary


def test_recording_can_be_sent_again(recording: Path) -> None:
    media = MediaFile.at(recording)
    assert sync_body(MultipartUpload(media, "b")) == sync_body(MultipartUpload(media, "b"))


@BOTH
@pytest.mark.parametrize("change", [-1, 1, 300_000])
def test_recording_that_changes_while_it_is_sent_is_an_error(recording: Path, change: int, body_of: Any) -> None:
    media = MediaFile.at(recording)
    upload = MultipartUpload(media)
    os.truncate(recording, media.size + change)
    with pytest.raises(OSError, match=r"call 1\.wav changed during the upload.*700001 bytes"):
        body_of(upload)
    assert media.sha256 is None


def test_never_sends_more_than_it_announced(recording: Path) -> None:
    media = MediaFile.at(recording)
    upload = MultipartUpload(media)
    os.truncate(recording, media.size + 100_000)
    sent = 0
    chunks = upload.chunks()
    with contextlib.suppress(OSError):
        for chunk in chunks:
            sent += len(chunk)
    assert sent < int(upload.headers["Content-Length"])


@BOTH
def test_recording_that_is_gone_is_an_error(recording: Path, body_of: Any) -> None:
    upload = MultipartUpload(MediaFile.at(recording))
    recording.unlink()
    with pytest.raises(FileNotFoundError):
        body_of(upload)


def test_missing_recording_is_found_out_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MediaFile.at(tmp_path / "missing.wav")


class Watched:
    """A path that remembers the files it has opened."""

    name = "a.wav"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.opened: list[IO[Any]] = []

    def open(self, mode: str = "rb") -> IO[Any]:
        self.opened.append(self._path.open(mode))
        return self.opened[-1]

    def stat(self) -> Any:
        return self._path.stat()


def test_file_is_closed_when_sending_is_given_up(recording: Path) -> None:
    path = Watched(recording)
    chunks = MultipartUpload(MediaFile.at(path)).chunks()
    for _ in range(2):
        next(chunks)
    assert not path.opened[0].closed
    chunks.close()
    assert path.opened[0].closed


def test_file_is_closed_when_sending_is_given_up_in_an_event_loop(recording: Path) -> None:
    path = Watched(recording)

    async def give_up() -> None:
        chunks = MultipartUpload(MediaFile.at(path)).async_chunks()
        for _ in range(2):
            await anext(chunks)
        await chunks.aclose()

    asyncio.run(give_up())
    assert path.opened[0].closed


@pytest.mark.parametrize("asynchronous", [False, True])
def test_memory_stays_flat_however_long_the_recording_is(tmp_path: Path, asynchronous: bool) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    upload = MultipartUpload(MediaFile.at(path))

    async def walk() -> int:
        return sum([len(chunk) async for chunk in upload.async_chunks()])

    tracemalloc.start()
    sent = asyncio.run(walk()) if asynchronous else sum(len(chunk) for chunk in upload.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent == int(upload.headers["Content-Length"])
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.wav", "audio/wav"),
        ("a.WAV", "audio/wav"),
        ("a.mp3", "audio/mpeg"),
        ("a.mp4", "audio/mp4"),
        ("a.m4a", "audio/mp4"),
        ("a.mkv", "video/x-matroska"),
        ("a.flac", "audio/flac"),
        ("wav", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_suffix_decides_the_content_type(tmp_path: Path, name: str, content_type: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert MediaFile.at(tmp_path / name).content_type == content_type


def test_file_name_cannot_break_out_of_its_header(tmp_path: Path) -> None:
    path = tmp_path / 'a"; x="\r\nX-Evil: 1.wav'
    path.write_bytes(b"content")
    upload = MultipartUpload(MediaFile.at(path))
    part = parsed(upload, sync_body(upload))
    assert part["X-Evil"] is None
    assert part.get_payload(decode=True) == b"content"
    assert part.get_filename() == "a%22; x=%22%0D%0AX-Evil: 1.wav"


def test_file_name_may_be_in_any_language(tmp_path: Path) -> None:
    path = tmp_path / "Anruf Größe 通話.wav"
    path.write_bytes(b"content")
    assert 'filename="Anruf Größe 通話.wav"'.encode() in sync_body(MultipartUpload(MediaFile.at(path)))
