"""Matroska and WebM recordings: from the first block that sounds to the last."""

from __future__ import annotations

import struct
from collections.abc import Generator

from airflow_provider_gong.emulator.company.recordings.formats import Sound
from airflow_provider_gong.emulator.company.recordings.reading import Exactly, Feed, Reading, Skip, Wish

_SEGMENT, _CLUSTER, _GROUP, _TRACKS, _INFO = 0x18538067, 0x1F43B675, 0xA0, 0x1654AE6B, 0x1549A966
_TRACK, _NUMBER, _TYPE, _FRAME_TIME, _SCALE = 0xAE, 0xD7, 0x83, 0x23E383, 0x2AD7B1
_TIME, _SIMPLE_BLOCK, _BLOCK = 0xE7, 0xA3, 0xA1
_ENCODINGS, _ENCODING, _ENCRYPTION = 0x6D80, 0x6240, 0x5035
# Their content is read like what stands beside them, so it does not matter where they end.
_OPEN = frozenset({_SEGMENT, _CLUSTER, _GROUP, _TRACKS, _INFO, _TRACK, _ENCODINGS, _ENCODING})
_NUMBERS = frozenset({_NUMBER, _TYPE, _FRAME_TIME, _SCALE, _TIME})
_AUDIO = 2
_BLOCK_HEAD = 12
# What goes back further is not late, but of another recording that was joined to the first.
_SLACK_SECONDS = 1.0
# Several frames are in one block.
_LACED = 0x06
_NANOSECONDS = 1_000_000_000


class Matroska:
    """A Matroska recording."""

    def __init__(self) -> None:
        self._scale = 1_000_000
        self._types: dict[int, int] = {}
        self._frame_times: dict[int, int] = {}
        self._encrypted: set[int] = set()
        self._joined = 0.0
        self._track = 0
        self._time = 0
        self._first: int | None = None
        self._end = 0.0
        self._feed = Feed(self._read())

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._feed.write(data)

    def sound(self, size: int) -> Sound:
        """Return what was found out."""
        sounds = {track for track, kind in self._types.items() if kind == _AUDIO}
        reason: str | None = "a movie without sound" if self._types else "without its tracks"
        if sounds:
            reason = None if sounds - self._encrypted else "encrypted"
        duration = self._joined + self._part()
        return Sound(duration=duration, content_type="video/x-matroska", unplayable=reason)

    def _part(self) -> float:
        """Return the seconds from the first sound on."""
        return 0.0 if self._first is None else self._end - self._first * self._scale / _NANOSECONDS

    def _read(self) -> Reading:
        while True:
            name = yield from _vint(keep_marker=True)
            size = yield from _vint(keep_marker=False)
            if name in _OPEN:
                continue
            if name in _NUMBERS and size <= 8:
                self._note(name, int.from_bytes((yield Exactly(size))))
            elif name == _ENCRYPTION:
                self._encrypted.add(self._track)
                yield Skip(size)
            elif name in (_SIMPLE_BLOCK, _BLOCK):
                yield from self._read_block(size)
            else:
                yield Skip(size)

    def _note(self, name: int, value: int) -> None:
        match name:
            case 0xD7:
                self._track = value
            case 0x83:
                self._types[self._track] = value
            case 0x23E383:
                self._frame_times[self._track] = value
            case 0x2AD7B1:
                self._scale = value
            case _:
                self._time = value

    def _read_block(self, size: int) -> Reading:
        head = yield Exactly(min(size, _BLOCK_HEAD))
        yield Skip(size - len(head))
        length = 9 - head[0].bit_length() if head else 0
        if len(head) < length + 4:
            return
        track = int.from_bytes(head[:length]) & (1 << 7 * length) - 1
        time, flags, last_frame = struct.unpack_from(">hBB", head, length)
        if self._types.get(track) == _AUDIO:
            moment = self._time + time
            if moment * self._scale / _NANOSECONDS < self._end - _SLACK_SECONDS:
                self._joined += self._part()
                self._first, self._end = None, 0.0
            self._first = moment if self._first is None else min(self._first, moment)
            frames = last_frame + 1 if flags & _LACED else 1
            seconds = (moment * self._scale + frames * self._frame_times.get(track, 0)) / _NANOSECONDS
            self._end = max(self._end, seconds)


def _vint(*, keep_marker: bool) -> Generator[Wish, bytes, int]:
    """Read a number whose first bit that is set tells how many bytes it has."""
    first = (yield Exactly(1))[0]
    length = 9 - first.bit_length()
    if length > 8:
        return 0
    rest = (yield Exactly(length - 1)) if length > 1 else b""
    return int.from_bytes(bytes([first if keep_marker else first & (0x7F >> (length - 1))]) + rest)
