"""Measures FLAC by its header and the number of its last frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from airflow_provider_gong.call_import.recordings.findings import (
    MAX_PARTS,
    NO_SOUND,
    SLACK_SECONDS,
    UNKNOWN,
    CutOffError,
    Length,
    between,
    check_complete,
    exactly,
)
from airflow_provider_gong.call_import.recordings.mpeg.tags import end_of_sound
from airflow_provider_gong.call_import.recordings.reading import BLOCK, Reader

_MARK = b"fLaC"
_STREAM_INFO_AT = 8
_STREAM_INFO = 34
_LARGEST_TAIL = 128 * 1024
# Where to look for a joined file, which matters if it brings the length to a minute.
_PLACES = 8
# Bytes that look like a frame header are rare, and checksums are slow.
_MAX_CANDIDATES = 16
_SHORTEST_HEAD, _LONGEST_HEAD = 6, 16
_METADATA_HEAD = 4
_IS_LAST_METADATA = 0x80
_FIXED, _VARIABLE = 0xF8, 0xF9


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    """
    The first block of metadata (RFC 9639, 8.2).

    :param block: samples per frame, if all frames have the same number
    :param longest: bytes of the longest frame, 0 if unknown
    :param rate: samples per second
    :param samples: samples of each channel, 0 if unknown
    """

    block: int
    longest: int
    rate: int
    samples: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """
    A frame.

    :param first: number of its first sample
    :param samples: number of its samples
    :param is_at_end: whether nothing follows it
    """

    first: int
    samples: int
    is_at_end: bool = False


def is_flac(head: bytes) -> bool:
    """Return whether a file begins like FLAC."""
    return head.startswith(_MARK)


def measure(reader: Reader, start: int) -> Length:
    """
    Return the length of a FLAC file.

    :param start: where it begins, after tags
    :raises CutOffError: if it ends too early
    """
    info = _stream_info(reader, start)
    tail = _tail(reader, start, info)
    last = _last_frame(tail, info)
    if last is None:
        if not any(tail):
            raise CutOffError(f"its last {len(tail)} bytes are empty")
        return UNKNOWN
    announced, held = info.samples / info.rate, (last.first + last.samples) / info.rate
    length = exactly(announced) if held <= announced + SLACK_SECONDS else _streamed(reader, start, info, last)
    is_short = length.is_enough is False or held + SLACK_SECONDS < announced
    if is_short and _is_joined(reader, start, len(tail), info, last):
        return UNKNOWN
    check_complete(announced, held)
    return length


def _tail(reader: Reader, start: int, info: _StreamInfo) -> bytes:
    """Return the end of the sound: at least one whole frame, no matter where the last one begins."""
    end = end_of_sound(reader, start + _STREAM_INFO_AT + _STREAM_INFO)
    length = min(max(BLOCK, 2 * info.longest), _LARGEST_TAIL, end - start)
    return reader.at(end - length, length)


def _is_joined(reader: Reader, start: int, tail: int, info: _StreamInfo, last: _Frame) -> bool:
    """Return whether frames are numbered anew somewhere, as in a joined file, which players play to the end."""
    step = max(BLOCK, (reader.size - start) // _PLACES)
    blocks = (reader.at(place, BLOCK) for place in range(start, reader.size - tail - BLOCK, step))
    frames = [frame for block in blocks if (frame := _last_frame(block, info)) is not None]
    return any(after.first <= before.first for before, after in pairwise([*frames, last]))


def _streamed(reader: Reader, start: int, info: _StreamInfo, last: _Frame) -> Length:
    """Return the length of frames without a length in the header; a part of a stream does not begin at number 0."""
    position = start + len(_MARK)
    for _ in range(MAX_PARTS):
        head = reader.at(position, _METADATA_HEAD)
        position += _METADATA_HEAD + int.from_bytes(head[1:], "big")
        if not head or head[0] & _IS_LAST_METADATA:
            break
    first = _frame_at(reader.at(position, _LONGEST_HEAD), info)
    if first is None:
        return UNKNOWN
    held = (last.first + last.samples - first.first) / info.rate
    return exactly(held) if last.is_at_end else between(held, held + info.block / info.rate)


def _stream_info(reader: Reader, start: int) -> _StreamInfo:
    head = reader.at(start, _STREAM_INFO_AT + _STREAM_INFO)
    kind, length, info = head[4] & 0x7F if len(head) > 4 else -1, head[5:8], head[_STREAM_INFO_AT:]
    rate = int.from_bytes(info[10:13], "big") >> 4
    if kind != 0 or int.from_bytes(length, "big") != _STREAM_INFO or len(info) < _STREAM_INFO or rate == 0:
        raise CutOffError(NO_SOUND)
    samples = int.from_bytes(info[13:18], "big") & 0xFFFFFFFFF
    return _StreamInfo(int.from_bytes(info[2:4], "big"), int.from_bytes(info[7:10], "big"), rate, samples)


def _last_frame(tail: bytes, info: _StreamInfo) -> _Frame | None:
    """Return the last frame that its checksum confirms; None if there is none."""
    starts: list[int] = []
    end = len(tail)
    while len(starts) < _MAX_CANDIDATES and (index := tail.rfind(0xFF, 0, end)) >= 0:
        if (frame := _frame_at(tail[index : index + _LONGEST_HEAD], info)) is not None:
            starts.append(index)
            if (stop := _proved_end(tail, index, starts)) is not None:
                return replace(frame, is_at_end=stop == len(tail))
        end = index
    return None


def _proved_end(tail: bytes, start: int, starts: list[int]) -> int | None:
    """
    Return the end of the frame that begins here; None if it is not a frame.

    :param starts: where frames may begin from here on
    """
    crc, position = 0, start
    for end in (*reversed(starts[:-1]), len(tail)):
        for byte in tail[position:end]:
            crc = crc << 8 & 0xFFFF ^ _CRC_16[crc >> 8 ^ byte]
        if crc == 0:
            return end
        position = end
    return None


def _head_length(head: bytes) -> int:
    """Return the length of a frame's header (RFC 9639, 9.1); 0 if it is not a header."""
    if len(head) < _SHORTEST_HEAD or head[0] != 0xFF or head[1] not in (_FIXED, _VARIABLE):
        return 0
    block, rate, channels, bits = head[2] >> 4, head[2] & 15, head[3] >> 4, head[3] >> 1 & 7
    if block == 0 or rate == 15 or channels > 10 or bits == 3 or head[3] & 1:
        return 0
    length = 4 + _number_length(head[4]) + {6: 1, 7: 2}.get(block, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    crc = 0
    for byte in head[:length]:
        crc = _CRC_8[crc ^ byte]
    return length + 1 if length < len(head) and crc == head[length] else 0


def _number_length(first: int) -> int:
    """Return the length of a number that is encoded like a character in UTF-8, by its first byte."""
    ones = 8 - (first ^ 0xFF).bit_length()
    return 1 if ones < 2 else ones


def _frame_at(head: bytes, info: _StreamInfo) -> _Frame | None:
    """Return the frame with this header; None if it is not a header."""
    if _head_length(head) == 0:
        return None
    length = _number_length(head[4])
    number = head[4] if length == 1 else head[4] & 0x7F >> length
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    code = head[2] >> 4
    if code in (6, 7):
        samples = int.from_bytes(head[4 + length : 4 + length + code - 5], "big") + 1
    else:
        samples = 192 if code == 1 else 144 << code if code < 6 else 1 << code
    return _Frame(number if head[1] == _VARIABLE else number * info.block, samples)


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    """Return the checksum of each byte."""
    top, mask, table = 1 << bits - 1, (1 << bits) - 1, []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & top else 0)) & mask
        table.append(crc)
    return tuple(table)


_CRC_8 = _crc_table(0x07, 8)
_CRC_16 = _crc_table(0x8005, 16)
