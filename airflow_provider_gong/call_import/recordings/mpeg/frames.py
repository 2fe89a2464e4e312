"""Frames of MPEG audio (MP3 and its older siblings): reads their headers, finds and counts them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import ENOUGH_SECONDS
from airflow_provider_gong.call_import.recordings.mpeg.tags import tag_length
from airflow_provider_gong.call_import.recordings.reading import BLOCK, Reader, ReadLimitError

HEAD = 4
LAYER_3 = 1
MPEG_1 = 3
# ISO/IEC 11172-3 and 13818-3, 2.4.2.3; MPEG 2.5 halves the rates once more. Kilobits by bit rate index, by layer bits.
_KILOBITS_1 = {
    3: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_LOW_KILOBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_KILOBITS_2 = {
    3: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: _LOW_KILOBITS,
    1: _LOW_KILOBITS,
}
_RATES = (44100, 48000, 32000)
_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}
_LONGEST_FRAME = 2881
_CHAIN = 3
# How far to search for a frame after other bytes, and how much at the end must contain one.
_SEARCHED = 256 * 1024
# Searched at a time: together with a chain of frames, less than one read.
_SEARCH_STEP = 4 * 1024
_TAIL = 4 * _LONGEST_FRAME
_MAX_TAGS = 1000


@dataclass(frozen=True, slots=True)
class Frame:
    """
    A frame's header.

    :param length: bytes, including the header; 0 in free format, which gives none
    :param samples: samples of sound per channel
    :param rate: samples per second
    :param version: 3 for MPEG 1, 2 for MPEG 2, 0 for MPEG 2.5
    :param layer: 1 for layer III, 2 for II, 3 for I
    """

    length: int
    samples: int
    rate: int
    version: int
    layer: int

    @property
    def seconds(self) -> float:
        """Length of its sound."""
        return self.samples / self.rate

    @property
    def bounds(self) -> tuple[int, int]:
        """Lengths of the shortest and longest frame of this kind."""
        table = (_KILOBITS_1 if self.version == MPEG_1 else _KILOBITS_2)[self.layer]
        return _length(self, table[0]), _length(self, table[-1]) + 4

    def is_like(self, other: Frame) -> bool:
        """Whether a decoder continues from the other frame to this one without a break."""
        return (self.version, self.layer, self.rate) == (other.version, other.layer, other.rate)


def frame_at(data: bytes, index: int) -> Frame | None:
    """Return the frame with the header here; None if there is none."""
    if index + HEAD > len(data) or data[index] != 0xFF or data[index + 1] < 0xE0:
        return None
    return _frame(data[index + 1], data[index + 2])


@functools.cache
def _frame(second: int, third: int) -> Frame | None:
    version, layer = second >> 3 & 3, second >> 1 & 3
    bit_rate, rate = third >> 4, third >> 2 & 3
    if version == 1 or layer == 0 or bit_rate == 15 or rate == 3:
        return None
    samples = 384 if layer == 3 else 576 if layer == LAYER_3 and version != MPEG_1 else 1152
    free = Frame(0, samples, _RATES[rate] // _RATE_DIVISORS[version], version, layer)
    if bit_rate == 0:
        return free
    kilobits = (_KILOBITS_1 if version == MPEG_1 else _KILOBITS_2)[layer][bit_rate - 1]
    padding = (third >> 1 & 1) * (4 if layer == 3 else 1)
    return Frame(_length(free, kilobits) + padding, samples, free.rate, version, layer)


def _length(frame: Frame, kilobits: int) -> int:
    if frame.layer == 3:
        return 12 * kilobits * 1000 // frame.rate * 4
    return frame.samples // 8 * kilobits * 1000 // frame.rate


def find_frame(reader: Reader, start: int, end: int, searched: int = _SEARCHED) -> int | None:
    """
    Return the start of the first frame that is followed by others; None if there is none.

    :param start: where to begin
    :param end: where the sound ends
    :param searched: maximum distance of the frame from the start
    """
    stop = min(start + searched, end)
    for block in range(start, stop, _SEARCH_STEP):
        length = min(_SEARCH_STEP, stop - block)
        # Frames that begin in this block, and as much after them as a chain may need.
        data = reader.at(block, min(length + _CHAIN * _LONGEST_FRAME, end - block))
        index = data.find(0xFF, 0, length)
        while index >= 0:
            if _is_chain(data, index, ends_here=block + len(data) >= end):
                return block + index
            index = data.find(0xFF, index + 1, length)
    return None


def _is_chain(data: bytes, index: int, *, ends_here: bool) -> bool:
    """Return whether several frames of a kind follow each other here, or fewer up to the exact end of the sound."""
    first = frame_at(data, index)
    for _ in range(_CHAIN):
        frame = frame_at(data, index)
        if first is None or frame is None or frame.length == 0 or not frame.is_like(first):
            return False
        index += frame.length
        if index == len(data) and ends_here:
            return True
    return True


def is_free_format(reader: Reader, start: int) -> bool:
    """Return whether frames in free format begin here: of unknown length, all equally long except for padding."""
    data = reader.at(start, 4 * _LONGEST_FRAME)
    frame = frame_at(data, 0)
    if frame is None or frame.length != 0:
        return False
    second = _next_like(data, HEAD)
    third = _next_like(data, second + HEAD) if second > 0 else -1
    return third > 0 and abs(third - 2 * second) <= HEAD


def _next_like(data: bytes, index: int) -> int:
    """Return the position of the next header that differs from the first one at most in its padding."""
    while (index := data.find(data[:2], index)) >= 0:
        if index + 2 < len(data) and (data[index + 2] ^ data[2]) & 0xFD == 0:
            return index
        index += 1
    return -1


def has_frames_at_end(reader: Reader, start: int, end: int) -> bool:
    """Return whether the last part of the sound contains frames."""
    start = max(start, end - _TAIL)
    return find_frame(reader, start, end, end - start) is not None


class FrameCount:
    """
    Counts frames until there are enough.

    :param reader: reads the recording
    :param start: where the first frame begins
    :param end: where the sound ends
    """

    def __init__(self, reader: Reader, start: int, end: int) -> None:
        self.seconds = 0.0
        self.position = start
        self.is_lost = False
        self.is_limited = False
        self._reader = reader
        self._end = end
        self._tags = 0

    @property
    def is_enough(self) -> bool:
        """Whether a minute of sound is certain."""
        return self.seconds >= ENOUGH_SECONDS

    def run(self) -> None:
        """Count until there is enough, the sound or the frames end, or the read limit is reached."""
        try:
            while not self.is_enough and self.position < self._end and self._count_block():
                pass
        except ReadLimitError:
            self.is_limited = True

    def _count_block(self) -> bool:
        """Count frames up to a gap, skip the gap, and return whether there is more."""
        data = self._reader.at(self.position, min(BLOCK, self._end - self.position))
        index = 0
        while not self.is_enough and (frame := frame_at(data, index)) is not None and frame.length > 0:
            if self.position + index + frame.length > self._end:
                # Decoders do not play partial frames.
                self.position = self._end
                return False
            index += frame.length
            self.seconds += frame.seconds
        self.position += index
        return index > 0 or self._skip_gap()

    def _skip_gap(self) -> bool:
        length = tag_length(self._reader, self.position)
        if 0 < length <= self._end - self.position and self._tags < _MAX_TAGS:
            self._tags += 1
            self.position += length
            return True
        found = find_frame(self._reader, self.position, self._end)
        if found is not None:
            self.position = found
            return True
        self.is_lost = self._end - self.position > _SEARCHED
        return False
