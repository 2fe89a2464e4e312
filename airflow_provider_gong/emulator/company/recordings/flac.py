"""FLAC recordings: as long as the last frame that is there, whatever the head says."""

from __future__ import annotations

from airflow_provider_gong.emulator.company.recordings.formats import Sound

_BEGIN = b"fLaC\0\0\0\x22"
_STREAM_INFO_END = 42
# A frame is rarely larger than its samples as numbers.
_TAIL_BYTES = 1024 * 1024
_BLOCK_SIZES = {1: 192, **{n: 576 << (n - 2) for n in range(2, 6)}, **{n: 256 << (n - 8) for n in range(8, 16)}}


class Flac:
    """A FLAC recording, or several that were joined."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._ahead = bytearray()
        self._joined = 0.0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._ahead += data
        # The one at the very beginning is that of the recording itself.
        while (place := self._ahead.find(_BEGIN, 0 if self._head else 1)) >= 0:
            self._take(place)
            self._joined += self._seconds()
            self._head.clear()
            self._tail.clear()
        # What is ahead may be the beginning of a beginning.
        self._take(max(0, len(self._ahead) - len(_BEGIN)))

    def _take(self, length: int) -> None:
        data = self._ahead[:length]
        del self._ahead[:length]
        if len(self._head) < _STREAM_INFO_END:
            self._head += data[: _STREAM_INFO_END - len(self._head)]
        self._tail += data
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    def sound(self, size: int) -> Sound:
        """Return what was found out."""
        self._take(len(self._ahead))
        if len(self._head) < _STREAM_INFO_END and not self._joined:
            return Sound(duration=0.0, content_type="audio/flac", unplayable="a FLAC file without its head")
        return Sound(duration=self._joined + self._seconds(), content_type="audio/flac")

    def _seconds(self) -> float:
        """Return how long the recording lasts that began last."""
        rate = int.from_bytes(self._head[18:21]) >> 4
        announced = int.from_bytes(self._head[21:26]) & 0xFFFFFFFFF
        there = self._samples_there(int.from_bytes(self._head[8:10]))
        samples = min(there, announced) if announced else there
        return samples / rate if rate else 0.0

    def _samples_there(self, block: int) -> int:
        place = len(self._tail)
        while (place := self._tail.rfind(b"\xff", 0, place)) >= 0:
            samples = _end_of_frame(bytes(self._tail[place : place + 16]), block)
            if samples:
                return samples
        return 0


def _end_of_frame(head: bytes, block: int) -> int:
    """
    Return the number of the sample behind a frame; 0 where there is no head of a frame.

    :param block: how many samples each frame has where the head of the frame does not say so
    """
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[3] & 0x01:
        return 0
    number, length = _coded_number(head[4:11])
    size_code, rate_code = head[2] >> 4, head[2] & 0x0F
    if not length or not size_code or rate_code == 0x0F or head[3] >> 4 > 10:
        return 0
    end = 4 + length
    size = _BLOCK_SIZES.get(size_code, 0)
    if size_code in (6, 7):
        size = int.from_bytes(head[end : end + size_code - 5]) + 1
        end += size_code - 5
    end += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if end >= len(head) or _crc8(head[:end]) != head[end]:
        return 0
    variable = head[1] & 0x01
    return (number if variable else number * block) + size


def _coded_number(data: bytes) -> tuple[int, int]:
    """Return a number coded as in UTF-8 and how many bytes it takes; no bytes where it is none."""
    if data[0] < 0x80:
        return data[0], 1
    length = 8 - (data[0] ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or len(data) < length or any(byte & 0xC0 != 0x80 for byte in data[1:length]):
        return 0, 0
    number = data[0] & (0x7F >> length)
    for byte in data[1:length]:
        number = number << 6 | byte & 0x3F
    return number, length


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
