"""MP4 recordings: what of the samples that the movie names is there, in one piece or in fragments."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise, repeat

from airflow_provider_gong.emulator.company.recordings.formats import Sound
from airflow_provider_gong.emulator.company.recordings.reading import Exactly, Feed, Reading, Skip

FIRST_BOXES = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid"}
)
# What describes a recording of 1.5 GB is far smaller.
_LARGEST_DESCRIPTION = 64 * 1024 * 1024
_MOST_SAMPLES = 2**31 - 1
_DEEPEST = 5
_PARENTS = frozenset({b"trak", b"edts", b"mdia", b"minf", b"stbl", b"mvex", b"traf"})
_PAUSE = -1
# Those with a key, and Apple's.
_ENCRYPTED = frozenset({b"enca", b"drms"})


def _boxes(data: bytes, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Return name and content of the boxes, those inside of others included."""
    start = 0
    while start + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= len(data):
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        end = start + size if size else len(data)
        if end < start + head:
            return
        content = data[start + head : end]
        yield name, content
        if name in _PARENTS and depth < _DEEPEST:
            yield from _boxes(content, depth + 1)
        start = end


@dataclass
class _Defaults:
    """What samples of a fragment have where it says nothing else."""

    duration: int = 0
    size: int = 0


@dataclass
class _Run:
    """Bytes that follow each other, and how long they sound in units of the track's time."""

    start: int
    size: int
    duration: int

    def there(self, size: int) -> float:
        """Return how much of it is there in a file of a size."""
        return self.duration * min(1.0, max(0.0, (size - self.start) / self.size)) if self.size else self.duration


@dataclass
class _Track:
    """
    A track that sounds.

    :param units: of a second
    :param edits: which parts are played: for how many seconds, and from which unit on
    """

    units: int
    is_encrypted: bool = False
    edits: list[tuple[float, int]] = field(default_factory=list)
    defaults: _Defaults = field(default_factory=_Defaults)
    runs: list[_Run] = field(default_factory=list)

    def seconds(self, size: int) -> float:
        """Return how long it sounds, as far as it is there."""
        if not self.units:
            return 0.0
        there = sum(run.there(size) for run in self.runs) / self.units
        played = 0.0 if self.edits else there
        for seconds, start in self.edits:
            # A pause is heard between two parts, but not in front of them.
            played += seconds * (played > 0) if start == _PAUSE else self._part(there, seconds, start)
        return played

    def _part(self, there: float, seconds: float, start: int) -> float:
        return min(max(0.0, there - max(0, start) / self.units), seconds or there)


class Mp4:
    """An MP4 or QuickTime recording."""

    def __init__(self) -> None:
        self._has_movie = False
        self._tracks: dict[int, _Track] = {}
        self._feed = Feed(self._read())

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._feed.write(data)

    def sound(self, size: int) -> Sound:
        """Return what was found out."""
        clear = [track for track in self._tracks.values() if not track.is_encrypted]
        duration = max((track.seconds(size) for track in clear), default=0.0)
        reason = None if self._has_movie else "without its end: no moov"
        if self._has_movie and not clear:
            reason = "encrypted" if self._tracks else "a movie without sound"
        return Sound(duration=duration, content_type="audio/mp4", unplayable=reason)

    def _read(self) -> Reading:
        position = 0
        while True:
            size, name = struct.unpack(">I4s", (yield Exactly(8)))
            head = 8
            if size == 1:
                (size,), head = struct.unpack(">Q", (yield Exactly(8))), 16
            if size < head:
                # To the end, or no box at all.
                return
            if name in (b"moov", b"moof") and size <= _LARGEST_DESCRIPTION:
                content = yield Exactly(size - head)
                if name == b"moof":
                    self._read_fragment(content, position)
                elif not self._has_movie:
                    # Players ignore all others.
                    self._read_movie(content)
            else:
                yield Skip(size - head)
            position += size

    def _read_movie(self, content: bytes) -> None:
        self._has_movie = True
        defaults: dict[int, _Defaults] = {}
        second = next((_units_of_second(box) for name, box in _boxes(content) if name == b"mvhd"), 0)
        # The edits of a movie of fragments are about what is not in fragments.
        has_edits = second > 0 and all(name != b"mvex" for name, _ in _boxes(content))
        for name, box in _boxes(content):
            if name == b"trak":
                self._read_track(box, second if has_edits else 0)
            elif name == b"trex" and len(box) >= 20:
                track, _, duration, size = struct.unpack_from(">IIII", box, 4)
                defaults[track] = _Defaults(duration, size)
        for number, track in self._tracks.items():
            track.defaults = defaults.get(number, track.defaults)

    def _read_track(self, box: bytes, second: int) -> None:
        found: dict[bytes, bytes] = {}
        for name, content in _boxes(box):
            # QuickTime has a second handler inside the first one's media.
            found.setdefault(name, content)
        sounds = found.get(b"hdlr", b"")[8:12] == b"soun"
        head, media = found.get(b"tkhd", b""), found.get(b"mdhd", b"")
        if not sounds or len(head) < 24 or len(media) < 24:
            return
        (number,) = struct.unpack_from(">I", head, 20 if head[0] else 12)
        codec = found.get(b"stsd", b"")[12:16]
        edits = list(_edits(found.get(b"elst", b""), second)) if second else []
        self._tracks[number] = _Track(
            _units_of_second(media), codec in _ENCRYPTED, edits=edits, runs=list(_runs(found))
        )

    def _read_fragment(self, content: bytes, position: int) -> None:
        for name, box in _boxes(content):
            if name == b"traf":
                self._read_track_fragment(box, position)

    def _read_track_fragment(self, box: bytes, position: int) -> None:
        track, defaults, end = None, _Defaults(), position
        for name, content in _boxes(box):
            if name == b"tfhd" and len(content) >= 8:
                number, base, defaults = _fragment_head(content, position, self._tracks)
                track, end = self._tracks.get(number), base
                start = base
            elif name == b"trun" and track is not None:
                run = _fragment_run(content, defaults, start, end)
                track.runs.append(run)
                end = run.start + run.size


def _units_of_second(box: bytes) -> int:
    """Return the time scale of mvhd or mdhd."""
    return int.from_bytes(box[20:24] if box[:1] == b"\1" else box[12:16])


def _edits(box: bytes, second: int) -> Iterator[tuple[float, int]]:
    form = struct.Struct(">Qqi" if box[:1] == b"\1" else ">Iii")
    for place in range(8, len(box) - form.size + 1, form.size):
        duration, start, _ = form.unpack_from(box, place)
        yield duration / second, start


def _fragment_head(content: bytes, position: int, tracks: dict[int, _Track]) -> tuple[int, int, _Defaults]:
    flags, number = struct.unpack_from(">II", content)
    known = tracks.get(number)
    defaults = _Defaults(known.defaults.duration, known.defaults.size) if known else _Defaults()
    place, base = 8, position
    if flags & 0x1:
        (base,), place = struct.unpack_from(">Q", content, place), place + 8
    place += 4 if flags & 0x2 else 0
    if flags & 0x8:
        (defaults.duration,), place = struct.unpack_from(">I", content, place), place + 4
    if flags & 0x10:
        (defaults.size,) = struct.unpack_from(">I", content, place)
    return number, base, defaults


def _fragment_run(content: bytes, defaults: _Defaults, base: int, end: int) -> _Run:
    """Return the samples of a run; it begins behind the one before, unless it says where."""
    flags, count = struct.unpack_from(">II", content)
    place, start = 8, end
    if flags & 0x1:
        (offset,), place = struct.unpack_from(">i", content, place), place + 4
        start = base + offset
    place += 4 if flags & 0x4 else 0
    step = sum(4 for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag)
    count = min(count, (len(content) - place) // step) if step else count
    durations, sizes = count * defaults.duration, count * defaults.size
    if flags & 0x100:
        durations = sum(_column(content, place, count, step))
    if flags & 0x200:
        sizes = sum(_column(content, place + (4 if flags & 0x100 else 0), count, step))
    return _Run(start, sizes, durations)


def _column(content: bytes, place: int, count: int, step: int) -> Iterator[int]:
    return (int.from_bytes(content[at : at + 4]) for at in range(place, place + count * step, step))


def _numbers(box: bytes, place: int, form: str = "I") -> list[int]:
    width = struct.calcsize(form)
    numbers = box[place : place + (len(box) - place) // width * width]
    return [number for (number,) in struct.iter_unpack(f">{form}", numbers)]


class _Durations:
    """How long samples are, as runs of samples of the same length."""

    def __init__(self, box: bytes) -> None:
        numbers = _numbers(box, 8)
        self._runs = iter(zip(numbers[::2], numbers[1::2], strict=False))
        self._left, self._each = 0, 0

    def take(self, samples: int) -> int:
        """Return how long the next samples are."""
        total = 0
        while samples:
            if not self._left:
                # Samples that are not listed are like the last one; what is negative takes no time.
                self._left, each = next(self._runs, (samples, self._each))
                self._each = each if each < _MOST_SAMPLES else 0
            taken = min(samples, self._left)
            total += taken * self._each
            samples, self._left = samples - taken, self._left - taken
        return total


class _Sizes:
    """How many bytes samples have: each the same, or one by one."""

    def __init__(self, box: bytes) -> None:
        self._each = int.from_bytes(box[4:8])
        self._sizes = iter(() if self._each else _numbers(box, 12))

    def take(self, samples: int) -> int:
        """Return how many bytes the next samples have."""
        return samples * self._each if self._each else sum(islice(self._sizes, min(samples, _MOST_SAMPLES)))


def _runs(found: Mapping[bytes, bytes]) -> Iterator[_Run]:
    """Return the chunks that a track's sample table names."""
    offsets = _numbers(found[b"co64"], 8, "Q") if b"co64" in found else _numbers(found.get(b"stco", b""), 8)
    sizes, durations = _Sizes(found.get(b"stsz", b"")), _Durations(found.get(b"stts", b""))
    for offset, samples in zip(offsets, _samples_per_chunk(found.get(b"stsc", b"")), strict=False):
        yield _Run(offset, sizes.take(samples), durations.take(samples))


def _samples_per_chunk(box: bytes) -> Iterator[int]:
    numbers = _numbers(box, 8)
    firsts, counts = numbers[::3], numbers[1::3]
    for samples, (first, following) in zip(counts, pairwise([*firsts, _MOST_SAMPLES]), strict=False):
        yield from repeat(samples, max(0, following - first))
