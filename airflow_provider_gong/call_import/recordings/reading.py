"""Bounded reading of a recording: few reads, each of them counted, and never more than a limit in all."""

from __future__ import annotations

from typing import IO, Any

from airflow_provider_gong.client.media import MediaPath

# Enough for 61 s of every bit rate of MP3.
LIMIT = 3 * 1024 * 1024
# Object stores charge and delay by request: the first block holds what most headers say, and each block that follows
# the one before it is twice as large.
BLOCK = 16 * 1024
_LARGEST_BLOCK = 512 * 1024
_KEPT_BLOCKS = 4


class ReadLimitError(Exception):
    """The bytes that may be read of one recording are used up."""


class Reader:
    """
    Reads parts of a recording, and keeps what was read last.

    :param file: opened for reading bytes, without a buffer
    :param size: its length in bytes
    :param limit: bytes that may be read in all
    """

    def __init__(self, file: IO[Any], size: int, limit: int = LIMIT) -> None:
        self.size = size
        self.reads = 0
        self.bytes = 0
        self._file = file
        self._limit = limit
        # Where the last read ended, and how much it asked for; the first one asks for twice as much.
        self._position = 0
        self._block = BLOCK // 2
        self._blocks: list[tuple[int, bytes]] = []

    def at(self, offset: int, length: int) -> bytes:
        """
        Return the bytes at this place, fewer only where the file ends.

        :raises ReadLimitError: if they would be more than may be read in all
        """
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        start, data = self._block_around(offset)
        if end > start + len(data):
            start, data = self._extended(start, data, offset, end)
        return data[offset - start : end - start]

    def _block_around(self, offset: int) -> tuple[int, bytes]:
        """Return what was read last around this place or up to it; nothing where it was not."""
        for start, data in reversed(self._blocks):
            if start <= offset <= start + len(data):
                return start, data
        return offset, b""

    def _extended(self, start: int, data: bytes, offset: int, end: int) -> tuple[int, bytes]:
        """Read on behind a block until ``end`` at least, and keep what begins at ``offset``."""
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
        self._position = position
        return b"".join(parts)


def open_for_reading(path: MediaPath, size: int) -> IO[Any]:
    """
    Open a recording so that no more is fetched of it than is read.

    :param size: its length, which a path in an object store would otherwise ask for again
    """
    opener: Any = path
    if hasattr(path, "fs"):
        # fsspec: s3fs, for one, reads 50 MiB ahead by default.
        return opener.open("rb", block_size=BLOCK, cache_type="none", size=size)  # type: ignore[no-any-return]
    return opener.open("rb", buffering=0)  # type: ignore[no-any-return]
