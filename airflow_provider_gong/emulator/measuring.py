"""What Gong finds out about a recording: its content, its length, whether anybody speaks."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

_HEAD_BYTES = 4096
# An estimate for compressed audio, 64 kbit/s: its length is not read from the file.
_BYTES_PER_SECOND = 8_000
_PULLED_SECONDS = 300.0
_SIGNATURES = (
    (0, b"RIFF", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftyp", "audio/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/x-matroska"),
)


@dataclass(frozen=True)
class Measurement:
    """A recording as measured; ``silent`` where every sample of a WAV file is the same."""

    sha256: str
    size: int
    duration: float
    content_type: str
    silent: bool = False


@dataclass(frozen=True)
class _WavHeader:
    data_start: int
    data_size: int
    bytes_per_second: int


class Meter:
    """Measures a recording piece by piece, without keeping it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self._size = 0
        self._wav: _WavHeader | None = None
        self._constant: bytes | None = b""

    @property
    def size(self) -> int:
        """The bytes measured so far."""
        return self._size

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
            self._wav = self._wav or _read_wav_header(bytes(self._head))
        if self._wav is not None:
            self._listen(data[max(0, self._wav.data_start - self._size) :])
        self._size += len(data)

    def _listen(self, samples: bytes) -> None:
        if self._constant is None or not samples:
            return
        self._constant = self._constant or samples[:1]
        if samples.count(self._constant) != len(samples):
            self._constant = None

    def result(self) -> Measurement:
        """Return what was found out."""
        return Measurement(
            sha256=self._hash.hexdigest(),
            size=self._size,
            duration=self._duration(),
            content_type=_content_type(bytes(self._head)),
            silent=self._wav is not None and self._constant is not None,
        )

    def _duration(self) -> float:
        if self._wav is None:
            return self._size / _BYTES_PER_SECOND
        # The header of a streamed file may announce more than there is.
        samples = min(self._size - self._wav.data_start, self._wav.data_size or self._size)
        return max(0, samples) / self._wav.bytes_per_second


def _read_wav_header(head: bytes) -> _WavHeader | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    position, bytes_per_second = 12, 0
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        if name == b"fmt " and position + 20 <= len(head):
            bytes_per_second = struct.unpack_from("<I", head, position + 16)[0]
        if name == b"data" and bytes_per_second:
            return _WavHeader(position + 8, size, bytes_per_second)
        position += 8 + size + size % 2
    return None


def _content_type(head: bytes) -> str:
    for offset, signature, content_type in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return content_type
    return "application/octet-stream"


def measure_url(url: str, sent_duration: float | None) -> Measurement:
    """Return what a recording behind a URL measures; the emulator makes no request, so the URL is the content."""
    duration = _PULLED_SECONDS if sent_duration is None else float(sent_duration)
    sha256 = hashlib.sha256(f"downloadMediaUrl {url}".encode()).hexdigest()
    return Measurement(sha256, int(duration * _BYTES_PER_SECOND), duration, "audio/mpeg")
