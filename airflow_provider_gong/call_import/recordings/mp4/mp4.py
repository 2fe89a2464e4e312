"""Measures MP4 and QuickTime by the samples of the sound, the played parts, and fragments."""

from __future__ import annotations

from airflow_provider_gong.call_import.recordings.findings import (
    MAX_PARTS,
    UNKNOWN,
    CutOffError,
    EncryptedError,
    Length,
    NoSoundError,
    check_bytes,
)
from airflow_provider_gong.call_import.recordings.mp4 import fragments
from airflow_provider_gong.call_import.recordings.mp4.boxes import Box, box_at
from airflow_provider_gong.call_import.recordings.mp4.movie import Movie, last_chunk, read_movie
from airflow_provider_gong.call_import.recordings.reading import Reader

# QuickTime files may begin without ftyp.
_FIRST_BOXES = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid"}
)
_TAIL = 4096
# Frames of this codec never end with zeros.
_AAC = b"mp4a"


def is_mp4(head: bytes) -> bool:
    """Return whether a file begins like MP4 or QuickTime."""
    return head[4:8] in _FIRST_BOXES


def measure(reader: Reader) -> Length:
    """
    Return the length of an MP4 file.

    :raises UnusableRecordingError: if it is cut off, or has no sound
    """
    movie, moov, data = _parts(reader)
    if movie.is_compressed:
        return UNKNOWN
    if not movie.sounds:
        raise NoSoundError
    if all(track.is_encrypted for track in movie.sounds):
        raise EncryptedError
    if movie.is_fragmented:
        return _fragments(reader, movie, moov)
    length = _length(movie)
    _check_data(reader, movie, moov, data, length)
    return length


def _parts(reader: Reader) -> tuple[Movie, Box, list[Box]]:
    """Return the movie header, its box, and those of the data, as far as they matter."""
    movie, moov, data, position = None, None, [], 0
    for _ in range(MAX_PARTS):
        box = box_at(reader, position, reader.size)
        if box is None:
            break
        if box.kind == b"moov" and moov is None:
            moov, movie = box, _movie(reader, box)
            if movie.is_fragmented:
                break
        elif box.kind == b"mdat":
            data.append(box)
        position = box.end
    if moov is None or movie is None:
        raise CutOffError("it has no index (moov), which most programs write last")
    return movie, moov, data


def _movie(reader: Reader, moov: Box) -> Movie:
    if moov.end > reader.size:
        raise CutOffError("it ends within its index (moov)")
    return read_movie(reader, moov)


def _fragments(reader: Reader, movie: Movie, moov: Box) -> Length:
    found = Length(at_most=0.0)
    for track in movie.sounds:
        length = fragments.measure(reader, movie, track, moov.end) if track.timescale else UNKNOWN
        if length.is_enough:
            return length
        found = Length(max(found.at_least, length.at_least), max(found.at_most, length.at_most))
    return found


def _length(movie: Movie) -> Length:
    """Return the length of the sound, at most the length of the picture."""
    sounds = [track.length(movie.timescale) for track in movie.sounds]
    seen = [track.length(movie.timescale).at_least for track in movie.pictures]
    return Length(max(sound.at_least for sound in sounds), max([sound.at_most for sound in sounds] + seen))


def _check_data(reader: Reader, movie: Movie, moov: Box, data: list[Box], length: Length) -> None:
    """Check that the file contains the sound that the movie header announces."""
    for mdat in data:
        if mdat.end > reader.size:
            check_bytes(mdat.end - mdat.body, reader.size - mdat.body, length.seconds)
    if not data or data[-1].is_open:
        _check_chunks(reader, movie, data[-1].body if data else moov.end, length)
    if data and moov.start < data[-1].start and all(track.codec == _AAC for track in movie.tracks):
        end = min(data[-1].end, reader.size)
        tail = reader.at(max(data[-1].body, end - _TAIL), min(_TAIL, end - data[-1].body))
        if tail and not any(tail):
            raise CutOffError(f"its last {len(tail)} bytes are empty")


def _check_chunks(reader: Reader, movie: Movie, begin: int, length: Length) -> None:
    """
    Check that the last chunk of sound is there, for data that simply extends to the end of the file.

    :param begin: where the data begins
    """
    for track in movie.sounds:
        start, size = last_chunk(reader, track) or (0, 0)
        if start >= reader.size:
            raise CutOffError(f"its sound continues after {start} bytes, but it has only {reader.size}")
        check_bytes(start + size - begin, reader.size - begin, length.seconds)
