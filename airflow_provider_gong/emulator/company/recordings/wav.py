"""WAV recordings: RIFF, RF64 and BW64, with samples as numbers, G.711, or compressed in blocks."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from airflow_provider_gong.emulator.company.recordings.formats import Sound
from airflow_provider_gong.emulator.company.recordings.listening import Listener
from airflow_provider_gong.emulator.company.recordings.mp3 import Mp3
from airflow_provider_gong.emulator.company.recordings.reading import AtMost, Exactly, Feed, Reading, Skip

_PIECE = 65_536
_LARGEST_CHUNK = 65_536
_MOST_CHUNKS = 1000
_EXTENSIBLE = 0xFFFE
_MPEG = (0x50, 0x55)
_G711 = (6, 7)
# Of these the samples of a block are behind the bits: both kinds of ADPCM, and GSM.
_OF_BLOCKS = (2, 0x11, 0x31)
_SHORTEST_LAYOUT = 14
_BYTE = 8
# By format tag the bytes of silence; those of numbers without a sign of their own.
_SILENCE = {1: b"\0", 3: b"\0", 6: b"\xd5\x55", 7: b"\xff\x7f"}
_SILENCE_OF_8_BITS = b"\x80"


@dataclass(frozen=True)
class _Layout:
    """
    How samples are laid out: so many bytes are one block, in which so many samples of each channel are.

    :param samples: of a block; 0 where that is not known
    """

    tag: int
    channels: int
    rate: int
    bytes_per_second: int
    block: int
    samples: int
    bits: int

    @classmethod
    def read(cls, chunk: bytes) -> _Layout:
        """Return what the chunk ``fmt`` says."""
        tag, channels, rate, bytes_per_second, block = struct.unpack_from("<HHIIH", chunk)
        # The oldest form does not say it.
        bits = int.from_bytes(chunk[14:16], "little") or 8
        if tag == _EXTENSIBLE and len(chunk) >= 26:
            (tag,) = struct.unpack_from("<H", chunk, 24)
        if tag in _G711:
            block = channels
        samples = 1 if tag in _SILENCE else 0
        if tag in _OF_BLOCKS and len(chunk) >= 20:
            (samples,) = struct.unpack_from("<H", chunk, 18)
        return cls(tag, channels, rate, bytes_per_second, block, samples, bits)

    @property
    def second(self) -> float:
        """The bytes of a second."""
        if not self.channels:
            return 0.0
        if self.samples and self.block:
            return self.block * self.rate / self.samples
        by_bits = self.channels * self.rate * self.bits / 8
        # Of compressed sound, the bits are those of what it is decoded to.
        return by_bits if 1 < self.bits < _BYTE else self.bytes_per_second or by_bits

    @property
    def silence(self) -> bytes | None:
        """The bytes of silence, where they are known."""
        return _SILENCE_OF_8_BITS if (self.tag, self.bits) == (1, 8) else _SILENCE.get(self.tag)


class Wav:
    """A WAV recording."""

    def __init__(self) -> None:
        self._layout: _Layout | None = None
        self._data_bytes = 0
        self._listener: Listener | None = None
        self._mp3 = Mp3()
        self._feed = Feed(self._read())

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._feed.write(data)

    def _read(self) -> Reading:
        yield Skip(12)
        data64 = 0
        for _ in range(_MOST_CHUNKS):
            name, size = struct.unpack("<4sI", (yield Exactly(8)))
            if name == b"data":
                break
            if name in (b"fmt ", b"ds64") and size <= _LARGEST_CHUNK:
                chunk = yield Exactly(size)
                if name == b"fmt " and size >= _SHORTEST_LAYOUT and self._layout is None:
                    self._layout = _Layout.read(chunk)
                if name == b"ds64" and size >= 16:
                    (data64,) = struct.unpack_from("<Q", chunk, 8)
            else:
                yield Skip(size)
            yield Skip(size % 2)
        else:
            return
        yield from self._read_data(data64 if size == 0xFFFFFFFF else size)

    def _read_data(self, announced: int) -> Reading:
        # What is streamed announces nothing, or as much as the format can.
        left = announced if 0 < announced < 0x7FFFF000 or announced > 0xFFFFFFFF else None
        layout = self._layout
        if layout is None:
            return
        if layout.silence and layout.block and layout.rate:
            self._listener = Listener(layout.silence, layout.block * layout.rate)
        while left is None or left > 0:
            piece = yield AtMost(_PIECE if left is None else min(left, _PIECE))
            left = None if left is None else left - len(piece)
            self._data_bytes += len(piece)
            if self._listener is not None:
                self._listener.write(piece)
            if layout.tag in _MPEG or self._mp3.begins_with_frames is not False:
                self._mp3.write(piece)

    def sound(self, size: int) -> Sound:
        """Return what was found out."""
        if self._layout is None or not self._layout.second:
            return Sound(duration=0.0, content_type="audio/wav", unplayable="a WAV file without a format or samples")
        as_mp3 = self._mp3.sound(size).duration
        # Some writers describe numbers where they write MP3.
        if self._layout.tag in _MPEG or self._mp3.begins_with_frames:
            return Sound(duration=as_mp3, content_type="audio/wav")
        duration = self._data_bytes / self._layout.second
        if self._listener is None:
            return Sound(duration=duration, content_type="audio/wav")
        return Sound(
            duration=duration,
            content_type="audio/wav",
            trimmed=self._listener.trimmed,
            speech=self._listener.speech,
        )
