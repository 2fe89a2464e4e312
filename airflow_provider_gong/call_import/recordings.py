"""What can be known of a recording before it is sent: that it is there, is audio, and is long enough for Gong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import Actor, Problem

# Gong API reference, PUT /v2/calls/{id}/media.
MAX_BYTES = 1_500_000_000
# Gong's help: shorter recordings are discarded without a word after they were accepted.
MIN_SECONDS = 60.0
ACCEPTED = "WAV, MP3, MP4, MKV or FLAC"
_FIELD = "media"
_HEAD_BYTES = 16
# Headers are allowed to be a little wrong.
_WHOLE = 0.98


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A recording that may be sent.

    :param size: length in bytes
    :param seconds: duration by its header or its length, None where they do not tell
    """

    size: int
    seconds: float | None


def check_recording(text: str, open_path: Callable[[str], MediaPath]) -> Recording | Problem:
    """
    Return what the recording's head tells, or why Gong would not take it.

    :param text: path or URL
    :param open_path: makes the path object
    """
    try:
        path = open_path(text)
        size = path.stat().st_size
        if size == 0:
            return _problem(text, "is an empty file", "Export the recording again.")
        if size > MAX_BYTES:
            return _problem(text, f"has {size} bytes, more than Gong's 1.5 GB", "Compress or split the recording.")
        with path.open("rb") as file:
            return _check_content(text, file, size)
    except FileNotFoundError:
        return _problem(text, "does not exist", "Correct the path, or put the recording there.")
    except (OSError, ValueError, ImportError) as error:
        rule = f"cannot be read ({type(error).__name__}: {error})"
        return _problem(text, rule, "Check the path and the permissions of the Airflow worker.")


def _check_content(text: str, file: IO[Any], size: int) -> Recording | Problem:
    head = file.read(_HEAD_BYTES)
    if not _is_accepted(head):
        return _problem(
            text, "is not a recording that Gong accepts, judged by its content", f"Convert it to {ACCEPTED}."
        )
    announced, held = _durations(file, size, is_wave=_is_wave(head))
    if announced is not None and held is not None and held < announced * _WHOLE:
        rule = f"is cut off: it holds {held:.0f} s of the {announced:.0f} s that its header announces"
        return _problem(text, rule, "Export or copy the recording again.")
    seconds = announced or held
    if seconds is not None and seconds < MIN_SECONDS:
        return _problem(
            text,
            f"lasts {seconds:.0f} s, and Gong discards recordings of less than {MIN_SECONDS:.0f} s",
            "Leave the call out of the manifest.",
        )
    return Recording(size, seconds)


def _is_accepted(head: bytes) -> bool:
    return (
        _is_wave(head)
        or head[:4] in (b"fLaC", b"\x1aE\xdf\xa3")
        or head[4:8] == b"ftyp"
        or head[:3] == b"ID3"
        or _is_mpeg_frame(head)
    )


def _is_wave(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"


def _is_mpeg_frame(head: bytes) -> bool:
    # Layer and rates are looked at too: text in UTF-16 and raw AAC begin with nearly the same bits.
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    return head[1] & 0x06 in (0x02, 0x04) and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C


def _durations(file: IO[Any], size: int, *, is_wave: bool) -> tuple[float | None, float | None]:
    """Return the seconds that the header announces and, for WAV, those that the file is long enough for."""
    file.seek(0)
    try:
        tag = TinyTag.get(file_obj=cast(BinaryIO, file), tags=False)
    except (TinyTagException, ValueError, ArithmeticError, LookupError):
        # A kind that tinytag does not know, such as MKV, or a header it cannot follow: Gong will tell.
        return None, None
    bytes_per_second = (tag.bitrate or 0) * 1000 / 8 if is_wave else 0
    # What was written as a stream announces nothing, or as much as the format can.
    announced = tag.duration if tag.duration and tag.duration * bytes_per_second <= MAX_BYTES else None
    return announced, size / bytes_per_second if bytes_per_second else None


def _problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem(_FIELD, text, rule, remedy, Actor.RECORDING)
