"""Measures recordings as they arrive, with independent code: as a player hears them, not by their headers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from airflow_provider_gong.emulator.company.recordings.flac import Flac
from airflow_provider_gong.emulator.company.recordings.formats import Format
from airflow_provider_gong.emulator.company.recordings.matroska import Matroska
from airflow_provider_gong.emulator.company.recordings.mp3 import Mp3, tag_length
from airflow_provider_gong.emulator.company.recordings.mp4 import FIRST_BOXES, Mp4
from airflow_provider_gong.emulator.company.recordings.wav import Wav

_HEAD_BYTES = 12
_BYTES_PER_SECOND = 8_000
_PULLED_SECONDS = 300.0


@dataclass(frozen=True)
class Measurement:
    """
    A recording as measured.

    :param duration: seconds
    :param trimmed: seconds without the silence at both ends; as ``duration`` where that is not known
    :param unplayable: why nothing can be heard
    :param speech: whether somebody may speak: there is more than silence or a tone, where samples can be heard
    """

    sha256: str
    size: int
    duration: float
    content_type: str
    trimmed: float
    unplayable: str | None = None
    speech: bool = True


class Meter:
    """Measures a recording piece by piece, without keeping it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = b""
        self._skip = 0
        self._has_tag = False
        self._size = 0
        self._format: Format | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self._size += len(data)
        if self._format is None:
            self._find_format(data)
        else:
            self._format.write(data)

    def _find_format(self, data: bytes) -> None:
        self._head += data
        while True:
            skipped = min(self._skip, len(self._head))
            self._head, self._skip = self._head[skipped:], self._skip - skipped
            if len(self._head) < _HEAD_BYTES:
                return
            self._skip = tag_length(self._head, 0) if self._head[:3] == b"ID3" else 0
            if not self._skip:
                break
            self._has_tag = True
        self._format = _format_of(self._head, has_tag=self._has_tag)
        self._format.write(self._head)

    def result(self) -> Measurement:
        """Return what was found out."""
        sound = (self._format or Mp3()).sound(self._size)
        return Measurement(
            sha256=self._hash.hexdigest(),
            size=self._size,
            duration=sound.duration,
            content_type=sound.content_type,
            trimmed=sound.duration if sound.trimmed is None else sound.trimmed,
            unplayable=sound.unplayable,
            speech=sound.speech,
        )


def _format_of(head: bytes, *, has_tag: bool) -> Format:
    if head[:4] == b"fLaC":
        return Flac()
    # Tags stand before MP3 and FLAC; before others, not all players skip them.
    if has_tag:
        return Mp3()
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return Wav()
    if head[4:8] in FIRST_BOXES:
        return Mp4()
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Matroska()
    # What is none of MP3 either has no frames of it.
    return Mp3()


def measure_url(url: str, sent_duration: float | None) -> Measurement:
    """Return what a recording behind a URL measures; the emulator makes no request, so the URL is the content."""
    duration = _PULLED_SECONDS if sent_duration is None else float(sent_duration)
    sha256 = hashlib.sha256(f"downloadMediaUrl {url}".encode()).hexdigest()
    return Measurement(sha256, int(duration * _BYTES_PER_SECOND), duration, "audio/mpeg", trimmed=duration)
