"""Recordings for upload: opened when sent, framed as multipart, hashed while sent, and never held in memory."""

from __future__ import annotations

import asyncio
import hashlib
import math
import mimetypes
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Literal, Protocol, cast

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongError

_CHUNK = 256 * 1024
# Of an object that is sent: most recordings are read at once, and few of them are in memory. s3fs reads 50 MiB ahead.
_AHEAD = 8 * 1024 * 1024
BUCKET_STORES = ("s3", "gs", "abfs", "abfss", "adl")
"""Protocols of object stores, which have no folders. Creating one would create its bucket, or need rights on it."""
SAMPLE_BYTES = 16 * 1024
"""Length of the sample in the middle of a recording. Recordings of one system begin alike, and some with silence."""
# Gong refuses some of the platform's types for these (audio in an MP4 container); observed on live tenants.
_CONTENT_TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".m4a": "audio/mp4",
    ".mkv": "video/x-matroska",
    ".flac": "audio/flac",
}


class MediaPath(Protocol):
    """Path of a recording, such as ``pathlib.Path`` or Airflow's ``ObjectStoragePath``."""

    @property
    def name(self) -> str:
        """File name without folders."""

    def open(self, mode: Literal["rb"], /) -> IO[Any]:
        """Open the file for reading bytes."""

    def stat(self) -> Any:
        """Return an object with ``st_size``."""


class MediaChangedError(GongError, OSError):
    """A recording has changed since it was planned, or while it was sent."""


class UploadOverdueError(Exception):
    """The time for this attempt to send a recording is over."""

    def __init__(self) -> None:
        super().__init__("the recording could not be sent in time")


@dataclass(slots=True)
class ByteMeter:
    """Counts the bytes of recordings as they are sent, including failed attempts."""

    count: int = 0


@dataclass(slots=True)
class MediaFile:
    """
    A recording to upload.

    :param path: where it is read from
    :param size: length in bytes
    :param content_type: MIME type; default: by the suffix of the file's name
    :param sha256: hash of the content, known once all of it was sent
    :param meter: counts what is sent
    :param sample: hash of the sample in its middle, known with ``sha256``
    :param opened: the open file of an object, which is read by the first attempt to send it
    """

    path: MediaPath
    size: int
    content_type: str = ""
    sha256: str | None = None
    meter: ByteMeter = field(default_factory=ByteMeter)
    sample: str | None = None
    opened: IO[Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.content_type = self.content_type or _content_type(self.path.name)

    @classmethod
    def at(cls, path: MediaPath) -> MediaFile:
        """Return the recording at this path; raises ``FileNotFoundError`` if there is none."""
        try:
            # Opening an object asks for its size, so asking for it first would be a second request.
            file = open_to_send(path) if hasattr(path, "fs") else None
            details = getattr(file, "details", None)
            if isinstance(details, dict) and "size" in details:
                return cls(path, details["size"], opened=file)
            if file is not None:
                file.close()
            return cls(path, path.stat().st_size)
        except (FileNotFoundError, PermissionError) as error:
            # Its text names the path, which may be a signed URL.
            kind = FileNotFoundError if isinstance(error, FileNotFoundError) else PermissionError
            raise kind(shown(str(error))) from None

    def open(self) -> IO[Any]:
        """Open the recording, to read it as a whole."""
        file, self.opened = self.opened, None
        return file if file is not None else open_to_send(self.path)


def open_to_send(path: MediaPath) -> IO[Any]:
    """Open a recording that is read as a whole; of an object, a few MiB are read ahead."""
    anything: Any = path
    opened: IO[Any] = anything.open("rb", block_size=_AHEAD) if hasattr(path, "fs") else anything.open("rb")
    return opened


def sample_start(size: int) -> int:
    """Return where the sample of a recording of this length begins."""
    return max(size - SAMPLE_BYTES, 0) // 2


def _content_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return _CONTENT_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


AnyMedia = str | os.PathLike[str] | MediaPath | MediaFile
"""A recording or its path."""

OpenPath = Callable[[str | os.PathLike[str]], MediaPath]
"""Creates the path object for a path given as text."""


def media_file(media: AnyMedia, open_path: OpenPath) -> MediaFile:
    """
    Return a recording that is ready to be uploaded.

    :param media: the recording or its path
    :param open_path: creates the path object, unless ``media`` is one
    :raises FileNotFoundError: if there is none
    """
    if isinstance(media, MediaFile):
        return media
    is_place = isinstance(media, str) or not hasattr(media, "open")
    return MediaFile.at(open_path(cast("str", media)) if is_place else cast("MediaPath", media))


@dataclass(slots=True)
class MultipartUpload:
    """
    One attempt to send a recording: a multipart body of known length that is read from the file while it is sent.

    :param media: the recording
    :param deadline: when a thread must stop reading, by the monotonic clock
    """

    media: MediaFile
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))
    deadline: float = field(default=math.inf, kw_only=True)
    _hash: Any = field(default_factory=hashlib.sha256)
    _sample: Any = field(default_factory=hashlib.sha256)
    _sent: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """Headers that describe the body."""
        length = len(self._head) + self.media.size + len(self._tail)
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(length),
        }

    def chunks(self) -> Iterator[bytes]:
        """Yield the body, for a thread."""
        yield self._head
        with self.media.open() as file:
            while chunk := self._passed(file.read(_CHUNK)):
                yield chunk
        yield self._end()

    async def async_chunks(self) -> AsyncIterator[bytes]:
        """Yield the body, for an event loop."""
        yield self._head
        # Files in object stores block, so each read runs outside of the event loop.
        file = await asyncio.to_thread(self.media.open)
        try:
            while chunk := self._passed(await asyncio.to_thread(file.read, _CHUNK)):
                yield chunk
        finally:
            await asyncio.to_thread(file.close)
        yield self._end()

    def _passed(self, chunk: bytes) -> bytes:
        if time.monotonic() > self.deadline:
            raise UploadOverdueError
        self._hash.update(chunk)
        start = sample_start(self.media.size) - self._sent
        self._sample.update(chunk[max(start, 0) : max(start + SAMPLE_BYTES, 0)])
        self._sent += len(chunk)
        self.media.meter.count += len(chunk)
        if self._sent > self.media.size:
            raise self._changed()
        return chunk

    def _end(self) -> bytes:
        if self._sent != self.media.size:
            raise self._changed()
        self.media.sha256, self.media.sample = self._hash.hexdigest(), self._sample.hexdigest()
        return self._tail

    def _changed(self) -> MediaChangedError:
        return MediaChangedError(
            f"{shown(self.media.path.name)} changed during the upload: its size is no longer {self.media.size} bytes"
        )

    @property
    def _head(self) -> bytes:
        name = self.media.path.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="mediaFile"; filename="{name}"\r\n'
            f"Content-Type: {self.media.content_type}\r\n\r\n"
        ).encode()

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()
