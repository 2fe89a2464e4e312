"""Measures Matroska and WebM by the duration in the header, else by the times of the blocks of sound."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_gong.call_import.recordings.findings import (
    ENOUGH_SECONDS,
    MAX_PARTS,
    NO_SOUND,
    SLACK_SECONDS,
    CutOffError,
    Length,
    NoSoundError,
    between,
    check_bytes,
    check_complete,
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
_TRACK_NUMBER = 0xD7
_TRACK_TYPE = 0x83
_TIMESTAMP = 0xE7
_BLOCK_GROUP = 0xA0
_BLOCKS = frozenset({0xA3, 0xA1})
# Their content is read like what follows them, so it does not matter where they end.
_OPEN = frozenset({_CLUSTER, _BLOCK_GROUP})
_SOUND = 2
_LONGEST_HEAD = 12
_BLOCK_HEAD = 10
# Contains the beginning of a cluster in most streams.
_TAIL = 64 * 1024
# Half a minute of the shortest packets of Opus would be 12,000.
_MAX_ELEMENTS = 50_000
_NANOSECONDS = 1_000_000_000
_DEFAULT_SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Element:
    """
    An element.

    :param position: where it begins
    :param start: where its content begins
    :param end: where it ends; None if its size is unknown, as in streams
    """

    id: int
    position: int
    start: int
    end: int | None


@dataclass(slots=True)
class _Sound:
    """
    The blocks of sound that were found.

    :param times: when they begin, in units of the segment
    :param cluster: where the cluster with the last one begins
    :param is_whole: whether there are no others
    """

    times: list[int] = field(default_factory=list)
    cluster: int = 0
    is_whole: bool = False

    @property
    def units(self) -> int:
        """Time from the first to the last one."""
        return self.times[-1] - self.times[0] if self.times else 0


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
        raise CutOffError(NO_SOUND)
    scale, seconds, sounds, clusters = _DEFAULT_SCALE, None, None, segment.end or reader.size
    for element in _children(reader, segment):
        if element.id == _INFO:
            scale, seconds = _times(reader, element)
        elif element.id == _TRACKS:
            sounds = _sounds(reader, element)
        elif element.id == _CLUSTER:
            clusters = element.position
            break
    if segment.end is not None:
        check_bytes(segment.end - segment.start, reader.size - segment.start, seconds)
    if sounds is not None and not sounds:
        raise NoSoundError
    stream = _Stream(reader, sounds or frozenset(), scale, min(segment.end or reader.size, reader.size))
    if seconds is None or segment.end is None or stream.delay(clusters) > SLACK_SECONDS:
        length = stream.measure(clusters)
        check_complete(0.0 if segment.end else seconds or 0.0, length.at_most)
    else:
        length = exactly(seconds)
    # Players continue with a file that was joined to this one.
    return length if segment.end is None or reader.at(segment.end, 4) != _MARK else Length(length.at_least)


class _Stream:
    """
    Clusters of blocks.

    :param reader: reads the recording
    :param sounds: numbers of the tracks with sound
    :param scale: nanoseconds per unit
    :param end: where the last cluster ends
    """

    def __init__(self, reader: Reader, sounds: frozenset[int], scale: int, end: int) -> None:
        self._reader = reader
        self._sounds = sounds
        self._unit = scale / _NANOSECONDS
        self._end = end

    def delay(self, start: int) -> float:
        """Return when the sound of a cluster begins; 0 if there is none."""
        return max(0, next(iter(self._blocks(start, enough=0).times), 0)) * self._unit

    def measure(self, start: int) -> Length:
        """Return the length of the sound from a cluster on."""
        enough = ENOUGH_SECONDS / self._unit
        first, late = self._blocks(start, 0).times, self._late_times()
        if first and late and late[-1] - first[0] >= enough:
            return Length(at_least=(late[-1] - first[0]) * self._unit)
        sound = self._blocks(start, enough)
        if sound.is_whole and self._sounds and not sound.times:
            raise CutOffError(NO_SOUND)
        if sound.is_whole and sound.times:
            # The first block of the last cluster is not the last one.
            end = self._blocks(sound.cluster, enough, is_brief=False)
            units = end.times[-1] - sound.times[0]
            before = [*sound.times[-2:-1], *end.times[:-1]]
            # The last block lasts no longer than the one before.
            if end.is_whole and before:
                return between(units * self._unit, (units + end.times[-1] - before[-1]) * self._unit)
            return Length(at_least=units * self._unit)
        return Length(at_least=sound.units * self._unit)

    def _late_times(self) -> list[int]:
        """Return the times of blocks at the end of the file, which are enough if they are late."""
        start = max(0, self._end - _TAIL)
        cluster = self._reader.at(start, self._end - start).rfind(_CLUSTER.to_bytes(4, "big"))
        return self._blocks(start + cluster, math.inf, is_brief=False).times if cluster >= 0 else []

    def _blocks(self, start: int, enough: float, *, is_brief: bool = True) -> _Sound:
        """
        Return the blocks of sound from a cluster on.

        :param enough: units after which to stop
        :param is_brief: whether the first one of each cluster is sufficient
        """
        found, position, cluster, base = _Sound(), start, None, 0
        for _ in range(_MAX_ELEMENTS):
            element = _element_at(self._reader, position) if position < self._end else None
            # Times start again in a file that was joined to this one.
            if element is None or element.id == _SEGMENT:
                found.is_whole = position >= self._end
                break
            position = element.start if element.end is None or element.id in _OPEN else element.end
            if element.id == _CLUSTER:
                cluster = element
            elif element.id == _TIMESTAMP:
                base = int.from_bytes(_content(self._reader, element), "big")
            elif element.id in _BLOCKS and cluster is not None and (time := self._time(element)) is not None:
                found.times.append(base + time)
                found.cluster = cluster.position
                position = cluster.end if is_brief and cluster.end is not None else position
                if found.units >= enough:
                    break
        return found

    def _time(self, block: _Element) -> int | None:
        """Return the time of a block in its cluster; None if it is not of sound."""
        head = _content(self._reader, block)[:_BLOCK_HEAD]
        length = _vint_length(head[:1])
        number = int.from_bytes(head[:length], "big") & (1 << 7 * length) - 1
        time = head[length : length + 2]
        return int.from_bytes(time, "big", signed=True) if len(time) == 2 and number in self._sounds else None


def _times(reader: Reader, info: _Element) -> tuple[int, float | None]:
    """Return the nanoseconds per unit, and the duration in seconds; None if it is not known."""
    scale, duration = _DEFAULT_SCALE, math.nan
    for element in _children(reader, info):
        content = _content(reader, element)
        if element.id == _TIMESTAMP_SCALE:
            scale = int.from_bytes(content, "big") or _DEFAULT_SCALE
        elif element.id == _DURATION and len(content) in (4, 8):
            (duration,) = struct.unpack(">f" if len(content) == 4 else ">d", content)
    seconds = duration * scale / _NANOSECONDS
    return scale, seconds if math.isfinite(seconds) and seconds > 0 else None


def _sounds(reader: Reader, tracks: _Element) -> frozenset[int] | None:
    """Return the numbers of the tracks with sound; None if no track states its type."""
    types: dict[int, int] = {}
    for entry in _children(reader, tracks):
        found = {element.id: int.from_bytes(_content(reader, element), "big") for element in _children(reader, entry)}
        if entry.id == _TRACK_ENTRY and _TRACK_TYPE in found:
            types[found.get(_TRACK_NUMBER, 0)] = found[_TRACK_TYPE]
    return frozenset(number for number, kind in types.items() if kind == _SOUND) if types else None


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
    return _Element(int.from_bytes(head[:id_length], "big"), position, position + start, end)


def _vint_length(first: bytes) -> int:
    return 9 - first[0].bit_length() if first and first[0] else 0
