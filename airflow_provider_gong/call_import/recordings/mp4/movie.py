"""The header of an MP4 file (the box moov): its tracks, and the length of their sound."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_gong.call_import.recordings.findings import UNKNOWN, Length, exactly
from airflow_provider_gong.call_import.recordings.mp4.boxes import Box, children, content, number
from airflow_provider_gong.call_import.recordings.reading import Reader

_NO_DURATION = frozenset({0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})
_ENTRIES_AT_A_TIME = 8192
_SOUND, _PICTURES = b"soun", b"vide"
_NORMAL_SPEED = 0x10000
_PAUSE = -1
# Longer samples are damage: some writers subtract past zero.
_LONGEST_SAMPLE = 0x7FFFFFFF
# Common encryption (ISO/IEC 23001-7) and Apple's FairPlay.
_ENCRYPTED = frozenset({b"enca", b"drms"})
_MAX_EDITS = 1000


@dataclass(frozen=True, slots=True)
class Edit:
    """
    A part of a track that is played.

    :param duration: in units of the movie; 0 for the whole track
    :param media_time: where it begins, in units of the track; negative for a pause
    :param is_normal: whether it is a pause, or played at normal speed
    """

    duration: int
    media_time: int
    is_normal: bool


@dataclass(slots=True)
class Track:
    """
    A track.

    :param id: its number in the file
    :param handler: its type: ``soun`` or ``vide``
    :param codec: four letters
    :param timescale: units per second
    :param units: length of the samples in the header; None if unknown
    :param edits: the parts that are played; empty for all
    :param chunks: where the positions of its data are listed
    :param samples_in_chunks: where the number of samples of its chunks is listed
    :param sizes: where the sizes of its samples are listed
    :param default_units: length of samples in fragments that give none
    """

    id: int = 0
    handler: bytes = b""
    codec: bytes = b""
    timescale: int = 0
    units: int | None = None
    edits: list[Edit] = field(default_factory=list)
    chunks: Box | None = None
    samples_in_chunks: Box | None = None
    sizes: Box | None = None
    default_units: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether it is sound."""
        return self.handler == _SOUND

    @property
    def is_encrypted(self) -> bool:
        """Whether only players with a key can play it."""
        return self.codec in _ENCRYPTED

    @property
    def skipped_units(self) -> int:
        """Length of the beginning that is not played, usually the encoder's delay."""
        return next((edit.media_time for edit in self.edits if edit.media_time >= 0), 0)

    def length(self, movie_timescale: int) -> Length:
        """Return its played length; players differ in whether they play the pauses in it."""
        if self.units is None or self.timescale == 0:
            return UNKNOWN
        whole = self.units / self.timescale
        if not self.edits:
            return exactly(whole)
        if movie_timescale == 0 or not all(edit.is_normal for edit in self.edits):
            return UNKNOWN
        played = paused = 0.0
        for edit in self.edits:
            seconds = edit.duration / movie_timescale
            if edit.media_time != _PAUSE:
                played += min(max(0.0, whole - edit.media_time / self.timescale), seconds or whole)
            elif played:
                paused += seconds
        return Length(played, played + paused)


@dataclass(slots=True)
class Movie:
    """
    A movie header.

    :param timescale: units per second
    :param tracks: its tracks
    :param is_fragmented: whether more of the tracks follows in fragments
    :param announced: announced length of all fragments in seconds; None if it gives none
    :param is_compressed: whether it cannot be read
    """

    timescale: int = 0
    tracks: list[Track] = field(default_factory=list)
    is_fragmented: bool = False
    announced: float | None = None
    is_compressed: bool = False

    @property
    def sounds(self) -> list[Track]:
        """The tracks with sound."""
        return [track for track in self.tracks if track.is_sound]

    @property
    def pictures(self) -> list[Track]:
        """The tracks with pictures."""
        return [track for track in self.tracks if track.handler == _PICTURES]


def read_movie(reader: Reader, moov: Box) -> Movie:
    """Return the content of a movie header."""
    movie, defaults = Movie(), {}
    for box in children(reader, moov):
        if box.kind == b"mvhd":
            movie.timescale, _ = _times(reader, box)
        elif box.kind == b"trak":
            movie.tracks.append(_track(reader, box))
        elif box.kind == b"mvex":
            movie.is_fragmented = True
            movie.announced = _fragments_seconds(reader, box, movie.timescale)
            defaults = dict(_defaults(reader, box))
        elif box.kind == b"cmov":
            movie.is_compressed = True
    for track in movie.tracks:
        track.default_units = defaults.get(track.id, 0)
    return movie


def last_chunk(reader: Reader, track: Track) -> tuple[int, int] | None:
    """Return where the last chunk of a track's data begins, and its size (0 if unknown); None without one."""
    if track.chunks is None:
        return None
    width = 8 if track.chunks.kind == b"co64" else 4
    start = _last(reader, track.chunks, width)
    return None if start is None else (number(start, 0, width), _last_chunk_bytes(reader, track))


def _last(reader: Reader, table: Box, width: int) -> bytes | None:
    """Return the last entry of a table; None if it is empty."""
    _, _, head = content(reader, table, 4)
    count = min(number(head, 0, 4), (table.end - table.body - 8) // width)
    return reader.at(table.body + 8 + (count - 1) * width, width) if count > 0 else None


def _last_chunk_bytes(reader: Reader, track: Track) -> int:
    """Return the size of the last chunk of a track's data; 0 if it is unknown."""
    entry = _last(reader, track.samples_in_chunks, 12) if track.samples_in_chunks else None
    if entry is None or track.sizes is None:
        return 0
    samples = number(entry, 4, 4)
    _, _, head = content(reader, track.sizes, 8)
    size, count = number(head, 0, 4), number(head, 4, 4)
    if size:
        return size * samples
    table = track.sizes.body + 12
    samples = min(samples, count, (track.sizes.end - table) // 4)
    sizes = reader.at(table + 4 * (count - samples), 4 * samples)
    return sum(number(sizes, at, 4) for at in range(0, len(sizes), 4))


def _track(reader: Reader, trak: Box) -> Track:
    track = Track()
    for box in children(reader, trak):
        if box.kind == b"tkhd":
            version, _, head = content(reader, box, 20)
            track.id = number(head, 16 if version == 1 else 8, 4)
        elif box.kind == b"edts":
            lists = (inner for inner in children(reader, box) if inner.kind == b"elst")
            track.edits = [edit for elst in lists for edit in _edits(reader, elst)]
        elif box.kind == b"mdia":
            _read_media(reader, box, track)
    return track


def _read_media(reader: Reader, mdia: Box, track: Track) -> None:
    for box in children(reader, mdia):
        if box.kind == b"mdhd":
            track.timescale, track.units = _times(reader, box)
        elif box.kind == b"hdlr":
            track.handler = content(reader, box, 8)[2][4:8]
        elif box.kind == b"minf" and track.is_sound:
            _read_samples(reader, box, track)


def _read_samples(reader: Reader, minf: Box, track: Track) -> None:
    samples = 0
    for box in (inner for stbl in children(reader, minf) if stbl.kind == b"stbl" for inner in children(reader, stbl)):
        if box.kind == b"stsd":
            track.codec = content(reader, box, 12)[2][8:12]
        elif box.kind == b"stts":
            # Players go by the samples, regardless of the header.
            samples, track.units = _sample_units(reader, box)
        elif box.kind in (b"stco", b"co64"):
            track.chunks = box
        elif box.kind == b"stsc":
            track.samples_in_chunks = box
        elif box.kind == b"stsz":
            track.sizes = box
    if track.sizes is not None and samples != number(content(reader, track.sizes, 8)[2], 4, 4):
        track.units = None


def _sample_units(reader: Reader, stts: Box) -> tuple[int, int | None]:
    """Return the number of samples, and their length; None if it is unknown."""
    _, _, head = content(reader, stts, 4)
    position = stts.body + 8
    count = min(number(head, 0, 4), (stts.end - position) // 8)
    samples = units = longest = 0
    while count > 0:
        entries = min(count, _ENTRIES_AT_A_TIME)
        data = reader.at(position, entries * 8)
        for number_of, delta in struct.iter_unpack(">II", data[: len(data) // 8 * 8]):
            samples += number_of
            units += number_of * delta
            longest = max(longest, delta)
        position, count = position + entries * 8, count - entries
    return samples, units if longest <= _LONGEST_SAMPLE else None


def _edits(reader: Reader, elst: Box) -> Iterator[Edit]:
    version, _, data = content(reader, elst, 4 + 20 * _MAX_EDITS)
    entry = struct.Struct(">Qqi" if version == 1 else ">Iii")
    count = min(number(data, 0, 4), (len(data) - 4) // entry.size, _MAX_EDITS)
    for index in range(count):
        duration, media_time, speed = entry.unpack_from(data, 4 + index * entry.size)
        yield Edit(duration, media_time, media_time == _PAUSE or (media_time > _PAUSE and speed == _NORMAL_SPEED))


def _times(reader: Reader, box: Box) -> tuple[int, int | None]:
    """Return timescale and duration from mvhd or mdhd, which begin in the same way."""
    version, _, head = content(reader, box, 28)
    at, width = (16, 8) if version == 1 else (8, 4)
    duration = number(head, at + 4, width)
    return number(head, at, 4), None if duration in _NO_DURATION else duration


def _fragments_seconds(reader: Reader, mvex: Box, timescale: int) -> float | None:
    for box in children(reader, mvex):
        if box.kind == b"mehd" and timescale:
            version, _, head = content(reader, box, 8)
            duration = number(head, 0, 8 if version == 1 else 4)
            return None if duration in _NO_DURATION else duration / timescale
    return None


def _defaults(reader: Reader, mvex: Box) -> Iterator[tuple[int, int]]:
    """Yield the number of each track, and the length of its samples in fragments that give none."""
    for box in children(reader, mvex):
        if box.kind == b"trex":
            _, _, head = content(reader, box, 12)
            yield number(head, 0, 4), number(head, 8, 4)
