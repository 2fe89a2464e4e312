"""Measures fragmented MP4 by its indexes (sidx, mfra) if they cover it, else by counting fragments."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import (
    ENOUGH_SECONDS,
    MAX_PARTS,
    NO_SOUND,
    SLACK_SECONDS,
    UNKNOWN,
    CutOffError,
    Length,
    between,
    check_bytes,
    check_complete,
    exactly,
)
from airflow_provider_gong.call_import.recordings.mp4.boxes import Box, box_at, children, content, number
from airflow_provider_gong.call_import.recordings.mp4.movie import Movie, Track
from airflow_provider_gong.call_import.recordings.reading import BLOCK, Reader, ReadLimitError

_MAX_BOXES = 20_000
_MFRO = 16
# Flags of tfhd and trun, and the sizes of the fields that they announce (ISO/IEC 14496-12, 8.8.7 and 8.8.8).
_TFHD_BEFORE_DURATION = ((0x1, 8), (0x2, 4))
_TFHD_DURATION = 0x8
_TRUN_BEFORE_SAMPLES = ((0x1, 4), (0x4, 4))
_TRUN_DURATION = 0x100
_TRUN_OF_SAMPLE = ((0x100, 4), (0x200, 4), (0x400, 4), (0x800, 4))


@dataclass(frozen=True, slots=True)
class _Fragment:
    """
    A fragment of a track.

    :param begin: when it begins, in units of the track; None if it does not say
    :param units: its length in units of the track
    """

    begin: int | None
    units: int


def measure(reader: Reader, movie: Movie, track: Track, start: int) -> Length:
    """
    Return the length of the sound of a fragmented movie.

    :param track: its sound
    :param start: where the movie header ends
    :raises CutOffError: if there is less than an index or the header announces
    """
    indexed = _by_index_at_end(reader, track, start)
    if indexed is not None:
        return _played(track, indexed)
    return _Count(reader, movie, track).run(start)


def _by_index_at_end(reader: Reader, track: Track, start: int) -> int | None:
    """Return the end of the last fragment listed in the box mfra at the end of the file; None without such a box."""
    end = reader.size
    # A whole block, which contains most of these boxes.
    tail = reader.at(max(0, end - BLOCK), BLOCK)[-_MFRO:]
    length = number(tail, 12, 4)
    mfra = box_at(reader, end - length, end) if tail[4:8] == b"mfro" and length < end - start else None
    if mfra is None or mfra.kind != b"mfra" or mfra.end != end:
        return None
    for tfra in children(reader, mfra):
        entries = _random_access(reader, tfra, track.id)
        if entries is not None:
            first, last = entries
            return _indexed_end(reader, track, first, last, mfra)
    return None


def _random_access(reader: Reader, tfra: Box, track_id: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return time and position of the first and last fragment that tfra lists for a track."""
    version, _, head = content(reader, tfra, 12)
    if tfra.kind != b"tfra" or number(head, 0, 4) != track_id:
        return None
    lengths, count = number(head, 4, 4), number(head, 8, 4)
    width = 8 if version == 1 else 4
    size = 2 * width + 3 + (lengths >> 4 & 3) + (lengths >> 2 & 3) + (lengths & 3)
    if count == 0 or tfra.body + 16 + count * size > tfra.end:
        return None
    places = tfra.body + 16, tfra.body + 16 + (count - 1) * size
    first, last = (reader.at(place, 2 * width) for place in places)
    return (number(first, 0, width), number(first, width, width)), (number(last, 0, width), number(last, width, width))


def _indexed_end(reader: Reader, track: Track, first: tuple[int, int], last: tuple[int, int], mfra: Box) -> int | None:
    moof = box_at(reader, last[1], mfra.start)
    if moof is None or moof.kind != b"moof" or moof.end > mfra.start:
        return None
    data = box_at(reader, moof.end, mfra.start)
    fragment = _fragment(reader, moof, track)
    if data is None or data.kind != b"mdat" or data.end != mfra.start or fragment is None:
        return None
    if fragment.begin is not None and abs(fragment.begin - last[0]) > SLACK_SECONDS * track.timescale:
        return None
    units = last[0] + fragment.units - (0 if track.units else first[0])
    return units if units >= fragment.units else None


def _played(track: Track, units: int) -> Length:
    """Return the played length of this much of a track; decoders differ in whether they skip its beginning."""
    return between(max(0, units - track.skipped_units) / track.timescale, units / track.timescale)


class _Count:
    """Adds up the lengths of fragments until there is enough."""

    def __init__(self, reader: Reader, movie: Movie, track: Track) -> None:
        self._reader = reader
        self._movie = movie
        self._track = track
        self._units = track.units or 0
        self._fragments = 0
        self._begin = -1
        self._is_joined = False

    @property
    def _seconds(self) -> float:
        """The minimum length of the counted fragments."""
        return _played(self._track, self._units).at_least

    def run(self, start: int) -> Length:
        """Return the length of the fragments."""
        try:
            is_whole = self._walk(start)
        except ReadLimitError:
            is_whole = False
        announced = self._movie.announced or 0.0
        if self._fragments and not self._units:
            # Its samples have no lengths.
            return UNKNOWN
        if is_whole:
            check_complete(announced, self._seconds)
            return _played(self._track, self._units)
        # What is announced for a part of a joined file says nothing of the others.
        is_known = announced > self._seconds and not self._is_joined
        return exactly(announced) if is_known else Length(at_least=self._seconds)

    def _walk(self, position: int) -> bool:
        """Step from box to box; return whether the end was reached."""
        for place in range(_MAX_BOXES):
            if self._seconds >= ENOUGH_SECONDS:
                return position >= self._reader.size
            if place == MAX_PARTS and not self._units:
                raise CutOffError(NO_SOUND)
            box = box_at(self._reader, position, self._reader.size)
            if box is None:
                return True
            position = self._step(box)
            if self._is_joined:
                return False
        return False

    def _step(self, box: Box) -> int:
        """Count the content of a box, and return where the next one begins."""
        fragment, end = None, box.end
        if box.kind == b"sidx" and (indexed := _segment_index(self._reader, box, self._track)) is not None:
            fragment, end = indexed
            check_bytes(end - box.end, self._reader.size - box.end, fragment.units / self._track.timescale)
        elif box.kind == b"moof" and (fragment := _fragment(self._reader, box, self._track)) is not None:
            self._check_data(box, fragment)
        # Players differ in whether they continue where time starts again.
        self._is_joined = box.kind == b"moov" or (fragment is not None and not self._add(fragment))
        return end

    def _add(self, fragment: _Fragment) -> bool:
        """Count a fragment, unless it does not begin after the others; return whether it does."""
        if fragment.begin is not None and fragment.units:
            if fragment.begin <= self._begin:
                return False
            self._begin = fragment.begin
        self._units += fragment.units
        self._fragments += 1
        return True

    def _check_data(self, moof: Box, fragment: _Fragment) -> None:
        size = self._reader.size
        data = box_at(self._reader, moof.end, size)
        if data is None or data.end > size:
            seconds = fragment.units / self._track.timescale
            missing = 1.0 if data is None else (data.end - size) / (data.end - data.start)
            check_complete(self._seconds + seconds, self._seconds + seconds * (1 - missing))


def _segment_index(reader: Reader, sidx: Box, track: Track) -> tuple[_Fragment, int] | None:
    """Return the segments in an index as one fragment, and where they end."""
    version, _, head = content(reader, sidx, 28)
    width = 8 if version == 1 else 4
    timescale, offset = number(head, 4, 4), number(head, 8 + width, width)
    count = number(head, 10 + 2 * width, 2)
    data = reader.at(sidx.body + 4 + 12 + 2 * width, count * 12)
    if number(head, 0, 4) != track.id or timescale == 0 or count == 0 or len(data) < count * 12:
        return None
    references = list(struct.iter_unpack(">III", data))
    units = sum(duration for _, duration, _ in references) * track.timescale // timescale
    # Writers without a clock give all the time 0.
    begin = number(head, 8, width) * track.timescale // timescale or None
    return _Fragment(begin, units), sidx.end + offset + sum(size & 0x7FFFFFFF for size, _, _ in references)


def _fragment(reader: Reader, moof: Box, track: Track) -> _Fragment | None:
    """Return the part of a fragment that belongs to a track; None if there is none."""
    begin, units, is_there = None, 0, False
    for traf in children(reader, moof):
        boxes = list(children(reader, traf)) if traf.kind == b"traf" else []
        default = next((_default(reader, box, track) for box in boxes if box.kind == b"tfhd"), None)
        if default is None:
            continue
        is_there = True
        units += sum(_run_units(reader, box, default) for box in boxes if box.kind == b"trun")
        begin = next((_begin(reader, box) for box in boxes if box.kind == b"tfdt"), begin)
    return _Fragment(begin, units) if is_there else None


def _default(reader: Reader, tfhd: Box, track: Track) -> int | None:
    """Return the default length of a sample; None if the fragment belongs to another track."""
    _, flags, head = content(reader, tfhd, 20)
    if number(head, 0, 4) != track.id:
        return None
    at = 4 + sum(length for flag, length in _TFHD_BEFORE_DURATION if flags & flag)
    return number(head, at, 4) if flags & _TFHD_DURATION else track.default_units


def _begin(reader: Reader, tfdt: Box) -> int:
    version, _, head = content(reader, tfdt, 8)
    return number(head, 0, 8 if version == 1 else 4)


def _run_units(reader: Reader, trun: Box, default: int) -> int:
    _, flags, head = content(reader, trun, 4)
    count = number(head, 0, 4)
    start = trun.body + 8 + sum(length for flag, length in _TRUN_BEFORE_SAMPLES if flags & flag)
    size = sum(length for flag, length in _TRUN_OF_SAMPLE if flags & flag)
    if not flags & _TRUN_DURATION:
        return count * default if start + count * size <= trun.end else 0
    data = reader.at(start, min(count * size, trun.end - start))
    return sum(number(data, at, 4) for at in range(0, len(data) - size + 1, size))
