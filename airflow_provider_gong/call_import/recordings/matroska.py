"""Measures Matroska and WebM by the duration in the header, if there is one."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import (
    MAX_PARTS,
    UNKNOWN,
    CutOffError,
    Length,
    NoSoundError,
    check_bytes,
    exactly,
)
from airflow_provider_gong.call_import.recordings.reading import Reader

_MARK = b"\x1aE\xdf\xa3"
# Ids of elements: RFC 9559, 5.
_SEGMENT = 0x18538067
_INFO = 0x1549A966
_TRACKS = 0x1654AE6B
_CLUSTER = 0x1F43B675
_DOC_TYPE = 0x4282
_TIMESTAMP_SCALE = 0x2AD7B1
_DURATION = 0x4489
_TRACK_ENTRY = 0xAE
_TRACK_TYPE = 0x83
_SOUND = 2
_LONGEST_HEAD = 12
_NANOSECONDS = 1_000_000_000
_DEFAULT_SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Element:
    """
    An element.

    :param start: where its content begins
    :param end: where it ends; None if its size is unknown, as in streams
    """

    id: int
    start: int
    end: int | None


def is_matroska(head: bytes) -> bool:
    """Return whether a file begins like Matroska or WebM."""
    return head.startswith(_MARK)


def content_type(reader: Reader) -> str:
    """Return the MIME type for the document type in the header."""
    head = _element_at(reader, 0)
    for element in _children(reader, head) if head else ():
        if element.id == _DOC_TYPE and _content(reader, element).rstrip(b"\0") == b"webm":
            return "video/webm"
    return "video/x-matroska"


def measure(reader: Reader) -> Length:
    """
    Return the length of a Matroska file.

    :raises UnusableRecordingError: if it is cut off, or has no sound
    """
    head = _element_at(reader, 0)
    segment = _element_at(reader, head.end) if head is not None and head.end is not None else None
    if segment is None or segment.id != _SEGMENT:
        raise CutOffError("it has a header, but no sound after it")
    seconds, has_sound = None, None
    for element in _children(reader, segment):
        if element.id == _INFO:
            seconds = _seconds(reader, element)
        elif element.id == _TRACKS:
            has_sound = _has_sound(reader, element)
        elif element.id == _CLUSTER:
            break
    if segment.end is not None:
        check_bytes(segment.end - segment.start, reader.size - segment.start, seconds)
    if has_sound is False:
        raise NoSoundError
    return exactly(seconds) if seconds is not None else UNKNOWN


def _seconds(reader: Reader, info: _Element) -> float | None:
    scale, duration = _DEFAULT_SCALE, math.nan
    for element in _children(reader, info):
        content = _content(reader, element)
        if element.id == _TIMESTAMP_SCALE:
            scale = int.from_bytes(content, "big")
        elif element.id == _DURATION and len(content) in (4, 8):
            (duration,) = struct.unpack(">f" if len(content) == 4 else ">d", content)
    seconds = duration * scale / _NANOSECONDS
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _has_sound(reader: Reader, tracks: _Element) -> bool | None:
    """Return whether a track is sound; None if no track states its type."""
    types = {
        int.from_bytes(_content(reader, element), "big")
        for entry in _children(reader, tracks)
        if entry.id == _TRACK_ENTRY
        for element in _children(reader, entry)
        if element.id == _TRACK_TYPE
    }
    return _SOUND in types if types else None


def _children(reader: Reader, parent: _Element) -> Iterator[_Element]:
    position, end = parent.start, reader.size if parent.end is None else min(parent.end, reader.size)
    for _ in range(MAX_PARTS):
        element = _element_at(reader, position) if position < end else None
        if element is None:
            return
        yield element
        if element.end is None:
            return
        position = element.end


def _content(reader: Reader, element: _Element) -> bytes:
    """Return the value of a small element."""
    return b"" if element.end is None else reader.at(element.start, min(element.end - element.start, 16))


def _element_at(reader: Reader, position: int) -> _Element | None:
    head = reader.at(position, _LONGEST_HEAD)
    id_length = _vint_length(head[:1])
    size_length = _vint_length(head[id_length : id_length + 1])
    start = id_length + size_length
    if not 0 < id_length <= 4 or size_length == 0 or start > len(head):
        return None
    # The first bits give the length of an element's size; if all other bits are set, the size is unknown.
    value_bits = 7 * size_length
    size = int.from_bytes(head[id_length:start], "big") & (1 << value_bits) - 1
    end = None if size == (1 << value_bits) - 1 else position + start + size
    return _Element(int.from_bytes(head[:id_length], "big"), position + start, end)


def _vint_length(first: bytes) -> int:
    return 9 - first[0].bit_length() if first and first[0] else 0
