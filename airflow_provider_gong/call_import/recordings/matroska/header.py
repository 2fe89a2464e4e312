"""The header of a Matroska file: its tracks and its duration."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.matroska.elements import (
    CLUSTER,
    Element,
    children,
    content,
    number,
)
from airflow_provider_gong.call_import.recordings.reading import Reader

# Ids of elements: RFC 9559, 5.
_INFO = 0x1549A966
_TRACKS = 0x1654AE6B
_TIMESTAMP_SCALE = 0x2AD7B1
_DURATION = 0x4489
_TRACK_ENTRY = 0xAE
_TRACK_NUMBER = 0xD7
_TRACK_TYPE = 0x83
_CONTENT_ENCODINGS = 0x6D80
_CONTENT_ENCODING = 0x6240
_CONTENT_ENCRYPTION = 0x5035
_SOUND = 2
_NANOSECONDS = 1_000_000_000
_DEFAULT_SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Track:
    """A track."""

    number: int
    is_sound: bool
    is_encrypted: bool


@dataclass(slots=True)
class Header:
    """
    What precedes the clusters.

    :param unit: seconds per unit of time
    :param seconds: announced duration; None if it gives none
    :param tracks: its tracks; None if it does not list them
    :param clusters: where the first cluster begins
    """

    clusters: int
    unit: float = _DEFAULT_SCALE / _NANOSECONDS
    seconds: float | None = None
    tracks: list[Track] | None = None

    @property
    def sounds(self) -> list[Track]:
        """The tracks with sound."""
        return [track for track in self.tracks or () if track.is_sound]


def read_header(reader: Reader, segment: Element) -> Header:
    """Return the header of a segment."""
    header = Header(clusters=segment.end or reader.size)
    for element in children(reader, segment):
        if element.id == _INFO:
            header.unit, header.seconds = _times(reader, element)
        elif element.id == _TRACKS:
            tracks = (_track(reader, entry) for entry in children(reader, element) if entry.id == _TRACK_ENTRY)
            header.tracks = [track for track in tracks if track is not None] or None
        elif element.id == CLUSTER:
            header.clusters = element.position
            break
    return header


def _times(reader: Reader, info: Element) -> tuple[float, float | None]:
    """Return the seconds per unit, and the duration in seconds; None if it is not known."""
    scale, duration = _DEFAULT_SCALE, math.nan
    for element in children(reader, info):
        value = content(reader, element)
        if element.id == _TIMESTAMP_SCALE:
            scale = int.from_bytes(value, "big") or _DEFAULT_SCALE
        elif element.id == _DURATION and len(value) in (4, 8):
            (duration,) = struct.unpack(">f" if len(value) == 4 else ">d", value)
    seconds = duration * scale / _NANOSECONDS
    return scale / _NANOSECONDS, seconds if math.isfinite(seconds) and seconds > 0 else None


def _track(reader: Reader, entry: Element) -> Track | None:
    """Return a track; None if it does not state its type."""
    found = {element.id: element for element in children(reader, entry)}
    if _TRACK_TYPE not in found:
        return None
    encodings = children(reader, found[_CONTENT_ENCODINGS]) if _CONTENT_ENCODINGS in found else ()
    return Track(
        number(reader, found[_TRACK_NUMBER]) if _TRACK_NUMBER in found else 0,
        number(reader, found[_TRACK_TYPE]) == _SOUND,
        any(
            inner.id == _CONTENT_ENCRYPTION
            for encoding in encodings
            if encoding.id == _CONTENT_ENCODING
            for inner in children(reader, encoding)
        ),
    )
