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
    """A recording as measured.

    :param duration: seconds.
    :param trimmed: seconds without the silence at both ends; as ``duration`` where that is not known.
    :param speech: whether somebody may speak: a WAV file is more than silence or a tone.
    """

    sha256: str
    size: int
    duration: float
    content_type: str
    trimmed: float
    speech: bool = True


@dataclass(frozen=True)
class _WavHeader:
    data_start: int
    data_size: int
    bytes_per_second: int
    silence: bytes


class _Listener:
    """Listens to the samples of a WAV file."""

    def __init__(self, header: _WavHeader) -> None:
        self._header = header
        self._position = 0
        self._first_sound: int | None = None
        self._last_sound = 0
        self._first_second = bytearray()
        self._monotonous = True

    def write(self, samples: bytes) -> None:
        """Take the next samples."""
        silence = self._header.silence
        if samples.strip(silence):
            if self._first_sound is None:
                self._first_sound = self._position + len(samples) - len(samples.lstrip(silence))
            self._last_sound = self._position + len(samples.rstrip(silence))
        if self._monotonous:
            self._monotonous = self._repeats(samples)
        self._position += len(samples)

    def _repeats(self, samples: bytes) -> bool:
        """Return whether each second is like the first, as that of a tone."""
        length = self._header.bytes_per_second
        rest = samples[length - len(self._first_second) :] if len(self._first_second) < length else samples
        self._first_second += samples[: len(samples) - len(rest)]
        begin = (self._position + len(samples) - len(rest)) % length
        expected = self._first_second * (len(rest) // length + 2)
        return rest == expected[begin : begin + len(rest)]

    @property
    def speech(self) -> bool:
        """Whether there is more than silence or a tone."""
        return self._first_sound is not None and not self._monotonous

    @property
    def trimmed(self) -> float:
        """Seconds between the first sound and the last."""
        return (self._last_sound - (self._first_sound or 0)) / self._header.bytes_per_second


class Meter:
    """Measures a recording piece by piece, without keeping it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self._size = 0
        self._wav: _WavHeader | None = None
        self._listener: _Listener | None = None

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
            self._listener = self._listener or _Listener(self._wav)
            self._listener.write(data[max(0, self._wav.data_start - self._size) :])
        self._size += len(data)

    def result(self) -> Measurement:
        """Return what was found out."""
        duration = self._duration()
        return Measurement(
            sha256=self._hash.hexdigest(),
            size=self._size,
            duration=duration,
            content_type=_content_type(bytes(self._head)),
            trimmed=duration if self._listener is None else self._listener.trimmed,
            speech=self._listener is None or self._listener.speech,
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
    position, bytes_per_second, bits = 12, 0, 0
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        if name == b"fmt " and position + 24 <= len(head):
            bytes_per_second, _, bits = struct.unpack_from("<IHH", head, position + 16)
        if name == b"data" and bytes_per_second:
            # Samples of eight bits have no sign.
            return _WavHeader(position + 8, size, bytes_per_second, b"\x80" if bits == 8 else b"\0")
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
    return Measurement(sha256, int(duration * _BYTES_PER_SECOND), duration, "audio/mpeg", trimmed=duration)
