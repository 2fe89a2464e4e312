"""Measures WAV by the sizes of its data and samples, or blocks, including streams and RF64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.recordings.findings import (
    MAX_PARTS,
    NO_SOUND,
    CutOffError,
    DisagreementError,
    Length,
    UnusableRecordingError,
    check_bytes,
    check_complete,
    shown_seconds,
)
from airflow_provider_gong.call_import.recordings.mpeg import mp3
from airflow_provider_gong.call_import.recordings.mpeg.frames import find_frame
from airflow_provider_gong.call_import.recordings.reading import Reader
from airflow_provider_gong.call_import.recordings.wav_codecs import MPEG_TAGS, WavFormat

_FORMS = (b"RIFF", b"RF64", b"BW64")
_HEAD = 12
_CHUNK_HEAD = 8
_FORMAT_BYTES = 40
_SHORTEST_FORMAT = 14
# EBU Tech 3306: RF64 has this value instead of sizes, which are in its chunk ds64.
_IS_IN_DS64 = 0xFFFFFFFF
# Streams are written before their size is known: it is 0, or nearly the maximum of the number, signed or unsigned.
_UNKNOWN_SIZE = 0
_LEAST_PLACEHOLDER = 0x7FFF0000
_LEAST_LONG_PLACEHOLDER = 0x7FFF000000000000


@dataclass(frozen=True, slots=True)
class _Chunk:
    """
    A part of the file.

    :param start: where its content begins
    :param size: bytes that it announces
    """

    name: bytes
    start: int
    size: int

    @property
    def is_named(self) -> bool:
        """Whether it has a name of letters, as almost all have."""
        return all(0x20 <= sign < 0x7F for sign in self.name)


@dataclass(slots=True)
class _Parts:
    """The chunks of a file that determine its length."""

    format: WavFormat | None = None
    data: _Chunk | None = None
    samples: int | None = None
    data_size: int | None = None


def is_wav(head: bytes) -> bool:
    """Return whether a file begins like WAV."""
    return head[:4] in _FORMS and head[8:_HEAD] == b"WAVE"


def measure(reader: Reader) -> Length:
    """
    Return the length of a WAV file.

    :raises UnusableRecordingError: if it is cut off, or contradicts itself
    """
    parts = _read_parts(reader)
    wav, data = parts.format, parts.data
    if data is None or wav is None or data.start >= reader.size:
        raise CutOffError(NO_SOUND)
    if not wav.is_sound:
        raise UnusableRecordingError(
            f"has a header that describes no sound: {wav.channels} channels, {wav.rate} samples in a second",
            "Export the recording again.",
        )
    held = reader.size - data.start
    if data.size == _UNKNOWN_SIZE or data.size > held:
        _check_cut_off(wav, data.size, held)
        return _length(reader, parts, wav, data.start, held)
    length = _length(reader, parts, wav, data.start, data.size)
    if length.is_enough is False and not _are_chunks(reader, data.start + data.size):
        _check_rest(length, _length(reader, parts, wav, data.start, held))
    return length


def _read_parts(reader: Reader) -> _Parts:
    """Read chunks until format and data are known."""
    parts = _Parts()
    is_long = reader.at(0, 4) != b"RIFF"
    for number, chunk in enumerate(_chunks(reader, _HEAD)):
        _note(parts, chunk, reader, is_long=is_long)
        if number == MAX_PARTS or (parts.format and parts.data):
            break
    return parts


def _note(parts: _Parts, chunk: _Chunk, reader: Reader, *, is_long: bool) -> None:
    content = reader.at(chunk.start, min(chunk.size, _FORMAT_BYTES))
    if chunk.name == b"fmt " and len(content) >= _SHORTEST_FORMAT and parts.format is None:
        parts.format = WavFormat.read(content)
    elif chunk.name == b"fact" and len(content) >= 4:
        parts.samples = int.from_bytes(content[:4], "little")
    elif chunk.name == b"ds64" and len(content) >= 16:
        parts.data_size = int.from_bytes(content[8:16], "little")
    elif chunk.name == b"data" and parts.data is None:
        size = _UNKNOWN_SIZE if chunk.size >= _LEAST_PLACEHOLDER else chunk.size
        if is_long and chunk.size == _IS_IN_DS64 and parts.data_size is not None:
            size = _UNKNOWN_SIZE if parts.data_size >= _LEAST_LONG_PLACEHOLDER else parts.data_size
        parts.data = replace(chunk, size=size)


def _chunks(reader: Reader, start: int) -> Iterator[_Chunk]:
    """Yield the chunks from here on; after other bytes, what looks like chunks."""
    chunk = _chunk_at(reader, start)
    while chunk is not None:
        yield chunk
        end = chunk.start + chunk.size
        padded, unpadded = _chunk_at(reader, end + chunk.size % 2), _chunk_at(reader, end)
        # Chunks of odd length are padded, but not by all writers.
        is_unpadded = unpadded is not None and unpadded.is_named and not (padded is not None and padded.is_named)
        chunk = unpadded if is_unpadded else padded


def _chunk_at(reader: Reader, start: int) -> _Chunk | None:
    head = reader.at(start, _CHUNK_HEAD)
    if len(head) < _CHUNK_HEAD:
        return None
    return _Chunk(head[:4], start + _CHUNK_HEAD, int.from_bytes(head[4:], "little"))


def _length(reader: Reader, parts: _Parts, wav: WavFormat, start: int, size: int) -> Length:
    if wav.tag in MPEG_TAGS:
        return mp3.measure(reader, start, start + size)
    length = wav.length(size, parts.samples)
    # Some writers describe what the sound was before they compressed it.
    if length.is_enough is False and find_frame(reader, start, start + size, 1) is not None:
        return mp3.measure(reader, start, start + size)
    return length


def _check_cut_off(wav: WavFormat, announced: int, held: int) -> None:
    length, rest = wav.length(announced, None), wav.length(held, None)
    if length.seconds is not None and rest.seconds is not None:
        check_complete(length.seconds, rest.seconds)
    else:
        check_bytes(announced, held, announced / wav.byte_rate if wav.byte_rate else None)


def _are_chunks(reader: Reader, start: int) -> bool:
    """Return whether the data is followed only by other chunks up to the end of the file, or by almost nothing."""
    end = start
    for number, chunk in enumerate(_chunks(reader, start + start % 2)):
        if not chunk.is_named:
            break
        end = chunk.start + chunk.size
        if number == MAX_PARTS or chunk.name == b"data":
            return False
    return end >= reader.size - _CHUNK_HEAD


def _check_rest(announced: Length, held: Length) -> None:
    """Check that a header does not announce less than a minute while the file contains more."""
    if held.is_enough:
        shown = shown_seconds(announced.at_most)
        raise DisagreementError(f"it announces {shown}, but the file has {shown_seconds(held.at_least)}")
