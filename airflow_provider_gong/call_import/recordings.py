"""What can be known of a recording before it is sent: that it is there, is audio, and is long enough for Gong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.store.ledger_rows import Problem

# Gong API reference, PUT /v2/calls/{id}/media.
MAX_BYTES = 1_500_000_000
# Gong's help: shorter recordings are discarded without a word after they were accepted.
MIN_SECONDS = 60.0
ACCEPTED = "WAV, MP3, MP4, MKV or FLAC"
_FIELD = "media"
_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A recording that may be sent.

    :param size: length in bytes
    :param seconds: duration by its header, None where that does not tell
    """

    size: int
    seconds: float | None


def check_recording(text: str, open_path: Callable[[str], MediaPath]) -> Recording | Problem:
    """
    Return what the recording's head tells, or why Gong would not take it.

    :param text: path or URL as the manifest has it, for problems
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
    seconds = _duration(file)
    if seconds is not None and seconds < MIN_SECONDS:
        return _problem(
            text,
            f"lasts {seconds:.0f} s, and Gong discards recordings of less than {MIN_SECONDS:.0f} s",
            "Leave the call out of the manifest.",
        )
    return Recording(size, seconds)


def _is_accepted(head: bytes) -> bool:
    return (
        (head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE")
        or head[:4] in (b"fLaC", b"\x1aE\xdf\xa3")
        or head[4:8] == b"ftyp"
        or head[:3] == b"ID3"
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)
    )


def _duration(file: IO[Any]) -> float | None:
    file.seek(0)
    try:
        return TinyTag.get(file_obj=cast(BinaryIO, file), tags=False).duration
    except (TinyTagException, ValueError, ArithmeticError, LookupError):
        # A kind that tinytag does not know, such as MKV, or a header it cannot follow: Gong will tell.
        return None


def _problem(text: str, rule: str, remedy: str) -> Problem:
    shown = text.partition("?")[0]
    return Problem(_FIELD, shown, rule, remedy, "recording")
