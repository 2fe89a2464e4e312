"""Measures Matroska and WebM by the times of their sound, of which the duration in the header is a part."""

from __future__ import annotations

from airflow_provider_gong.call_import.recordings.findings import (
    MAX_PARTS,
    NO_SOUND,
    CutOffError,
    EncryptedError,
    Length,
    NoSoundError,
    check_bytes,
    check_complete,
)
from airflow_provider_gong.call_import.recordings.matroska.elements import (
    EBML,
    SEGMENT,
    Element,
    children,
    content,
    element_at,
)
from airflow_provider_gong.call_import.recordings.matroska.header import Header, read_header
from airflow_provider_gong.call_import.recordings.matroska.stream import Stream
from airflow_provider_gong.call_import.recordings.reading import Reader

_DOC_TYPE = 0x4282
# May follow without being sound, such as a tag.
_LONGEST_REST = 1024


def is_matroska(head: bytes) -> bool:
    """Return whether a file begins like Matroska or WebM."""
    return head.startswith(EBML.to_bytes(4, "big"))


def content_type(reader: Reader) -> str:
    """Return the MIME type for the document type in the header."""
    head = element_at(reader, 0)
    for element in children(reader, head) if head else ():
        if element.id == _DOC_TYPE and content(reader, element).rstrip(b"\0") == b"webm":
            return "video/webm"
    return "video/x-matroska"


def measure(reader: Reader) -> Length:
    """
    Return the length of a Matroska file.

    :raises UnusableRecordingError: if it is cut off, encrypted, or has no sound
    """
    segment = _segment(reader)
    if segment is None:
        raise CutOffError(NO_SOUND)
    header = read_header(reader, segment)
    if segment.end is not None:
        check_bytes(segment.end - segment.start, reader.size - segment.start, header.seconds)
    if header.tracks is not None and not header.sounds:
        raise NoSoundError
    if header.sounds and all(track.is_encrypted for track in header.sounds):
        raise EncryptedError
    length = _length(reader, header, segment)
    # Players continue with what was joined to the file.
    is_joined = segment.end is not None and reader.size - segment.end > _LONGEST_REST
    return Length(length.at_least) if is_joined else length


def _length(reader: Reader, header: Header, segment: Element) -> Length:
    sounds = frozenset(track.number for track in header.sounds)
    end = reader.size if segment.end is None else min(segment.end, reader.size)
    length = Stream(reader, sounds, header.unit, end).measure(header.clusters, header.seconds)
    if length.at_most == 0 and len(header.sounds) < len(header.tracks or ()):
        raise NoSoundError
    if segment.end is None:
        check_complete(header.seconds or 0.0, length.at_most)
    return length


def _segment(reader: Reader) -> Element | None:
    """Return the segment, which follows the head and padding; None if there is none."""
    position = 0
    for _ in range(MAX_PARTS):
        element = element_at(reader, position)
        if element is None or element.id == SEGMENT:
            return element
        position = element.start if element.end is None else element.end
    return None
