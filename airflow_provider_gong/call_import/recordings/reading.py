"""Bounded reading of a recording: few reads, each counted, and never more than a limit in total."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
from collections.abc import Iterator
from typing import Any, Protocol

from airflow_provider_gong.client.media import MediaPath

# Enough for 61 s of every bit rate of MP3.
LIMIT = 3 * 1024 * 1024
# Object stores charge and delay by request: the first block contains most headers, and each consecutive block is twice
# as large as the one before.
BLOCK = 16 * 1024
_LARGEST_BLOCK = 512 * 1024
_KEPT_BLOCKS = 4
# Block size for reading a whole recording.
_CHUNK = 1024 * 1024


class ReadLimitError(Exception):
    """The read limit of a recording is reached."""


class RangeFile(Protocol):
    """A file from which ranges are read."""

    def seek(self, position: int, /) -> Any:
        """Go to a position."""

    def read(self, length: int, /) -> bytes:
        """Return the bytes there, possibly fewer than requested."""


class Reader:
    """
    Reads parts of a recording and keeps the latest.

    :param file: opened for reading bytes, without a buffer
    :param size: its length in bytes
    :param limit: bytes that may be read in total
    """

    def __init__(self, file: RangeFile, size: int, limit: int = LIMIT) -> None:
        self.size = size
        self.reads = 0
        self.bytes = 0
        self._file = file
        self._limit = limit
        # Where the last read ended, and how much it requested; the first read requests twice as much.
        self._position = 0
        self._block = BLOCK // 2
        self._blocks: list[tuple[int, bytes]] = []
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Hash of the bytes read and their positions; the same for the same content."""
        return self._digest.hexdigest()

    def at(self, offset: int, length: int) -> bytes:
        """
        Return the bytes at a position, fewer only at the end of the file.

        :raises ReadLimitError: if the total would exceed the limit
        """
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        start, data = self._block_around(offset)
        if end > start + len(data):
            start, data = self._extended(start, data, offset, end)
        return data[offset - start : end - start]

    def _block_around(self, offset: int) -> tuple[int, bytes]:
        """Return the latest block that contains a position or ends there; nothing if there is none."""
        for start, data in reversed(self._blocks):
            if start <= offset <= start + len(data):
                return start, data
        return offset, b""

    def _extended(self, start: int, data: bytes, offset: int, end: int) -> tuple[int, bytes]:
        """Read on after a block until at least ``end``, and keep the bytes from ``offset``."""
        position = start + len(data)
        self._block = min(self._block * 2, _LARGEST_BLOCK) if 0 <= position - self._position <= BLOCK else BLOCK
        wanted = min(max(end - position, self._block), self.size - position, self._limit - self.bytes)
        if wanted < end - position:
            raise ReadLimitError
        block = offset, data[offset - start :] + self._read(position, wanted)
        # The first block holds the headers, to which readers return.
        self._blocks = [*self._blocks[:1], *self._blocks[1:][-(_KEPT_BLOCKS - 2) :], block]
        return block

    def _read(self, position: int, length: int) -> bytes:
        self._file.seek(position)
        parts = []
        while length > 0:
            part = self._file.read(length)
            self.reads += 1
            if not part:
                break
            self.bytes += len(part)
            length -= len(part)
            position += len(part)
            parts.append(part)
        data = b"".join(parts)
        self._digest.update(b"%d " % self._position + data)
        self._position = position
        return data


class _Ranges(contextlib.AbstractContextManager["_Ranges"]):
    """
    An object of which each read is one request for exactly its bytes.

    Files opened by fsspec would ask for the size again and read ahead: s3fs 50 MiB.
    """

    def __init__(self, path: Any) -> None:
        self._fs = path.fs
        self._path = path.path
        self._position = 0

    def __exit__(self, *_: object) -> None:
        """Do nothing, because nothing is open."""

    def seek(self, position: int) -> None:
        self._position = position

    def read(self, length: int) -> bytes:
        data: bytes = self._fs.cat_file(self._path, start=self._position, end=self._position + length)
        self._position += len(data)
        return data


@functools.cache
def _reads_ranges(kind: Any) -> bool:
    """Return whether a kind of file system fetches ranges: cat_file of sshfs returns the whole file."""
    return getattr(kind, "async_impl", False) and "start" in inspect.signature(kind._cat_file).parameters


def open_for_reading(path: MediaPath) -> contextlib.AbstractContextManager[RangeFile]:
    """Open a recording so that only the bytes that are read are fetched."""
    anything: Any = path
    kind: Any = type(getattr(path, "fs", None))
    if _reads_ranges(kind):
        return _Ranges(path)
    if hasattr(path, "fs"):
        return anything.open("rb", block_size=BLOCK, cache_type="none")  # type: ignore[no-any-return]
    return anything.open("rb", 0)  # type: ignore[no-any-return]


def chunks(file: RangeFile, size: int) -> Iterator[bytes]:
    """
    Yield a whole recording in pieces.

    :param file: opened for reading
    :param size: its length; stores refuse to read past the end
    """
    file.seek(0)
    left = size
    while left > 0 and (chunk := file.read(min(left, _CHUNK))):
        left -= len(chunk)
        yield chunk
