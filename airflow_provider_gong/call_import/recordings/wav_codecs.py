"""The length of the data of a WAV file, by the codec in its format."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import UNKNOWN, Length, between, exactly

# Format tags: RFC 2361 and Microsoft's mmreg.h.
_PCM_TAGS = frozenset({0x1, 0x3})
_MS_ADPCM = 0x2
_G711_TAGS = frozenset({0x6, 0x7})
_IMA_ADPCM = 0x11
_GSM = 0x31
# MPEG audio and MP3: streams of frames that contain their own lengths.
MPEG_TAGS = frozenset({0x50, 0x55})
# OKI, Dialogic, Yamaha, G.721 and G.726: a few bits per sample, without blocks.
_FEW_BITS_TAGS = frozenset({0x10, 0x17, 0x20, 0x40, 0x45, 0x64})
_FEW_BITS = range(2, 6)
# Always 64 kbit/s; writers differ in whether its samples are those of the telephone or twice as many.
_G722_TAGS = frozenset({0x65, 0x28F})
_G722_BYTES = 8000
_EXTENSIBLE = 0xFFFE
_GUID_AT = 24
# The rest of a GUID after the tag, in general and for Ambisonic recordings.
_GUID_ENDS = (bytes.fromhex("000000001000800000aa00389b71"), bytes.fromhex("00002107d3118644c8c1ca000000"))
_GSM_BLOCK, _GSM_SAMPLES = 65, 320
_UNKNOWN_SAMPLES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class WavFormat:
    """
    The content of the chunk ``fmt``.

    :param tag: the codec
    :param channels: number of channels
    :param rate: samples per second and channel
    :param byte_rate: bytes per second, on average
    :param block: bytes of a sample of all channels, or of a compressed block
    :param bits: bits of a sample
    """

    tag: int
    channels: int
    rate: int
    byte_rate: int
    block: int
    bits: int

    @classmethod
    def read(cls, content: bytes) -> WavFormat:
        """Parse the chunk's first bytes, at least 14."""
        tag, channels, rate, byte_rate, block = struct.unpack_from("<HHIIH", content)
        bits = int.from_bytes(content[14:16], "little") if len(content) >= 16 else 8
        if tag == _EXTENSIBLE and content[_GUID_AT + 2 : _GUID_AT + 16] in _GUID_ENDS:
            tag = int.from_bytes(content[_GUID_AT : _GUID_AT + 2], "little")
        return cls(tag, channels, rate, byte_rate, block, bits)

    @property
    def is_sound(self) -> bool:
        """Whether there is anything to play."""
        return self.channels > 0 and self.rate > 0

    def length(self, size: int, samples: int | None) -> Length:
        """
        Return the length of data.

        :param size: its bytes
        :param samples: number of samples in the chunk ``fact``; None without one
        """
        if self.tag in _PCM_TAGS:
            return self._pcm(size)
        if self.tag in _G722_TAGS:
            return exactly(size / (_G722_BYTES * self.channels))
        counted = self._counted(size)
        if counted is not None:
            return exactly(counted / self.rate)
        if not samples or samples == _UNKNOWN_SAMPLES or not self.byte_rate:
            return UNKNOWN
        # Writers get either of them wrong.
        return between(samples / self.rate, size / self.byte_rate)

    def _pcm(self, size: int) -> Length:
        sample = (self.bits + 7) // 8 * self.channels
        if sample == 0:
            return UNKNOWN
        # Players differ in which of the two they use.
        blocks = {sample, self.block or sample}
        return between(*(size // block / self.rate for block in blocks))

    def _counted(self, size: int) -> int | None:
        """Return the number of samples in data; None if unknown."""
        if self.tag in _G711_TAGS:
            return size // self.channels
        if self.tag in _FEW_BITS_TAGS and self.bits in _FEW_BITS:
            return size * 8 // (self.bits * self.channels)
        if self.tag == _GSM and self.channels == 1:
            return size // _GSM_BLOCK * _GSM_SAMPLES
        if self.tag == _MS_ADPCM and self.bits == 4:
            return self._adpcm(size, head=7, in_head=2)
        if self.tag == _IMA_ADPCM and self.bits == 4:
            return self._adpcm(size, head=4, in_head=1)
        return None

    def _adpcm(self, size: int, *, head: int, in_head: int) -> int | None:
        """
        Return the number of samples in blocks of four bits per sample.

        :param head: bytes of a block's header per channel
        :param in_head: samples in the header
        """
        head *= self.channels
        if self.block <= head:
            return None
        blocks, rest = divmod(size, self.block)
        samples = blocks * ((self.block - head) * 2 // self.channels + in_head)
        return samples + ((rest - head) * 2 // self.channels + in_head if rest > head else 0)
