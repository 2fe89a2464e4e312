"""Measures MP3 by its encoder's header if that covers the whole file, else by counting frames."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import (
    ENOUGH_SECONDS,
    UNKNOWN,
    CutOffError,
    Length,
    NotAcceptedError,
    check_bytes,
    check_complete,
    exactly,
    shown_seconds,
)
from airflow_provider_gong.call_import.recordings.mpeg.frames import (
    HEAD,
    LAYER_3,
    MPEG_1,
    Frame,
    FrameCount,
    find_frame,
    frame_at,
    has_frames_at_end,
    is_free_format,
)
from airflow_provider_gong.call_import.recordings.mpeg.tags import end_of_sound
from airflow_provider_gong.call_import.recordings.reading import Reader

# Writers pad tags with zeros; a file without tags begins at most with the rest of a frame.
_SEARCHED_BEHIND_TAGS = 64 * 1024
_SEARCHED = 4 * 1024
# The header of an encoder, and some of the frames that it announces.
_SAMPLE = 8 * 1024
# Of constant bit rates; the share by which rounded frames differ.
_AGREEMENT = 0.02
_MONO = 3
_VBRI_AT = HEAD + 32
_ENCODERS_WITH_DELAY = (b"LAME", b"Lavf", b"Lavc")


@dataclass(frozen=True, slots=True)
class _Announced:
    """
    An encoder's header.

    :param frames: number of frames after it, 0 if it does not say
    :param length: bytes of all frames, including its own, 0 if it does not say
    :param cut: samples that the encoder added and decoders skip
    """

    frames: int
    length: int
    cut: int = 0


def measure(reader: Reader, start: int, end: int) -> Length:
    """
    Return the length of frames of MPEG audio.

    :param start: where the first one should be
    :param end: where they end, including tags
    :raises NotAcceptedError: if there are none
    """
    if _is_aac(reader.at(start, 2)):
        raise NotAcceptedError
    first = find_frame(reader, start, end, _SEARCHED_BEHIND_TAGS if start else _SEARCHED)
    data = reader.at(first, min(_SAMPLE, end - first)) if first is not None else b""
    frame = frame_at(data, 0)
    if first is None or frame is None:
        if is_free_format(reader, start):
            return UNKNOWN
        raise NotAcceptedError
    if end == reader.size:
        end = end_of_sound(reader, first)
    announced = _announced(data, frame)
    if announced is None:
        return _counted(reader, first, end)
    cut = announced.cut / frame.rate
    covered = _covered(announced, frame, end - first, reader.size)
    if covered is None:
        return _counted(reader, first + frame.length, end, cut=cut)
    if not has_frames_at_end(reader, first, end):
        return _counted(reader, first + frame.length, end, cut=cut, announced=covered)
    if _is_borne_out(covered, _estimated(data, frame, end - first)):
        return exactly(max(0.0, covered - cut))
    return _counted(reader, first + frame.length, end, cut=cut)


def _is_aac(head: bytes) -> bool:
    return len(head) == 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0


def _covered(announced: _Announced, frame: Frame, held: int, size: int) -> float | None:
    """
    Return the seconds that an encoder's header announces; None if it does not cover the whole recording.

    :param held: bytes of the recording from its first frame to its last
    :param size: bytes of the file including tags, which some encoders count
    :raises CutOffError: if the header announces more than there is
    """
    if not announced.frames or not announced.length:
        return None
    seconds = announced.frames * frame.seconds
    # Writers differ in whether they count the header's own frame.
    slack = frame.length + 2 * announced.length // announced.frames
    shortest, longest = frame.bounds
    is_likely = shortest * announced.frames <= announced.length <= longest * (announced.frames + 2)
    if is_likely and announced.length > size + slack:
        check_bytes(announced.length, held, seconds)
    return seconds if is_likely and abs(announced.length - held) <= slack else None


def _estimated(data: bytes, header: Frame, held: int) -> float:
    """
    Return the seconds of all frames if they are like the first ones.

    :param data: the beginning of the recording
    :param header: the frame with the encoder's header
    :param held: bytes of the recording from its first frame to its last
    """
    index, seconds = header.length, 0.0
    while (frame := frame_at(data, index)) is not None and 0 < frame.length <= len(data) - index:
        index += frame.length
        seconds += frame.seconds
    return seconds * (held - header.length) / (index - header.length) if seconds else 0.0


def _is_borne_out(covered: float, estimated: float) -> bool:
    """Tell whether a wrong number of frames in an encoder's header cannot change the verdict."""
    return abs(covered - estimated) <= _AGREEMENT * estimated or min(covered, estimated) >= 2 * ENOUGH_SECONDS


def _counted(reader: Reader, first: int, end: int, *, cut: float = 0.0, announced: float = 0.0) -> Length:
    """
    Return the length that counting frames proves.

    :param cut: seconds that the encoder added and decoders skip
    :param announced: seconds that a header announces for a recording whose end is missing
    """
    count = FrameCount(reader, first, end)
    count.run()
    if count.is_enough and not announced:
        return Length(at_least=count.seconds - cut)
    if count.is_limited or (count.is_lost and has_frames_at_end(reader, first, end)):
        return Length(at_least=max(0.0, count.seconds - cut))
    check_complete(announced, count.seconds)
    if count.is_lost:
        behind = f"followed by {end - count.position} bytes that are not sound"
        raise CutOffError(f"it holds {shown_seconds(count.seconds)} of sound, {behind}")
    return exactly(max(0.0, count.seconds - cut))


def _announced(data: bytes, frame: Frame) -> _Announced | None:
    if frame.layer != LAYER_3:
        return None
    is_mono = data[3] >> 6 == _MONO
    side = (17 if is_mono else 32) if frame.version == MPEG_1 else (9 if is_mono else 17)
    # Some writers account for the frame's checksum, others do not.
    for at in (HEAD + side, HEAD + 2 + side):
        if data[at : at + 4] in (b"Xing", b"Info"):
            return _xing(data, at + 4)
    return _vbri(data, _VBRI_AT) if data[_VBRI_AT : _VBRI_AT + 4] == b"VBRI" else None


def _xing(data: bytes, at: int) -> _Announced:
    # http://gabriel.mp3-tech.org/mp3infotag.html: flags, then frames, bytes, table and quality if flagged.
    flags = int.from_bytes(data[at : at + 4], "big")
    at += 4
    values = []
    for flag, length in ((1, 4), (2, 4), (4, 100), (8, 4)):
        is_there = flags & flag != 0
        values.append(int.from_bytes(data[at : at + length], "big") if is_there else 0)
        at += length if is_there else 0
    cut = 0
    if data[at : at + 4] in _ENCODERS_WITH_DELAY:
        delays = int.from_bytes(data[at + 21 : at + 24], "big")
        cut = (delays >> 12) + (delays & 0xFFF)
    return _Announced(values[0], values[1], cut)


def _vbri(data: bytes, at: int) -> _Announced:
    # Fraunhofer's header: signature, version, delay and quality in ten bytes, then bytes and frames.
    length, frames = data[at + 10 : at + 14], data[at + 14 : at + 18]
    return _Announced(int.from_bytes(frames, "big"), int.from_bytes(length, "big"))
