"""The results of reading a recording: the length of its sound, or why it cannot be used."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Gong API reference, PUT /v2/calls/{id}/media.
MAX_BYTES = 1_500_000_000
# Gong's help: shorter recordings are dropped silently after they were accepted.
MIN_SECONDS = 60.0
# Frames and fragments are counted only up to this length.
ENOUGH_SECONDS = 61.0
ACCEPTED = "WAV, MP3, MP4, MKV or FLAC"
# May be missing or added at the end without consequences.
SLACK_SECONDS = 1.0
NO_SOUND = "it has a header, but no sound after it"
# No program writes more parts before the sound.
MAX_PARTS = 1000

# Decoders differ in how much of the first and the last frame they play.
_NEARLY = 0.5
# Lengths are sums of fractions, so they are not exact.
_ROUNDING = 0.001
_EXPORT_AGAIN = "Export or copy the recording again."


@dataclass(frozen=True, slots=True)
class Length:
    """
    The length of the sound, between two bounds, which are nearly equal if the length is known.

    :param at_least: minimum in seconds
    :param at_most: maximum in seconds
    """

    at_least: float = 0.0
    at_most: float = math.inf

    @property
    def seconds(self) -> float | None:
        """The length; None if it is not known."""
        return self.at_least if self.at_most - self.at_least <= _NEARLY else None

    @property
    def is_enough(self) -> bool | None:
        """Whether Gong keeps recordings of this length; None if that is unknown."""
        if self.at_least >= MIN_SECONDS - _ROUNDING:
            return True
        return False if self.at_most < MIN_SECONDS - _ROUNDING else None


UNKNOWN = Length()


def exactly(seconds: float) -> Length:
    """Return an exactly known length."""
    return Length(seconds, seconds)


def between(*seconds: float) -> Length:
    """Return the length from several values in a header, which may differ."""
    return Length(min(seconds), max(seconds))


class UnusableRecordingError(Exception):
    """
    Gong would not keep the recording.

    :param rule: what is wrong
    :param remedy: what to do
    :param is_final: whether this can never be fixed
    """

    def __init__(self, rule: str, remedy: str, *, is_final: bool = False) -> None:
        super().__init__(rule)
        self.rule = rule
        self.remedy = remedy
        self.is_final = is_final


class NotAcceptedError(UnusableRecordingError):
    """Gong does not accept this kind of file."""

    def __init__(self) -> None:
        super().__init__("is not a recording that Gong accepts, according to its content", f"Convert it to {ACCEPTED}.")


class CutOffError(UnusableRecordingError):
    """
    The recording has less content than its structure announces.

    :param what: what is missing
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"is cut off: {what}", _EXPORT_AGAIN)


class NoSoundError(UnusableRecordingError):
    """The recording is a video without a sound track."""

    def __init__(self) -> None:
        super().__init__("is a video without sound", "Use the recording with the sound, or remove the call.")


class EncryptedError(UnusableRecordingError):
    """The sound is encrypted, so Gong could not play it."""

    def __init__(self) -> None:
        super().__init__("is encrypted", "Export the recording without encryption.")


class DisagreementError(UnusableRecordingError):
    """
    The header announces less than the recording contains, so players stop early.

    :param what: what the header says, and what the file does
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"has a header that disagrees with the file: {what}", _EXPORT_AGAIN)


def too_short(length: Length) -> UnusableRecordingError:
    """Return the error for a recording of less than a minute."""
    lasts = f"lasts {shown_seconds(length.at_most)}"
    if length.seconds is None:
        lasts = f"lasts at most {shown_seconds(length.at_most)}"
    return UnusableRecordingError(
        f"{lasts}, and Gong drops recordings of less than {MIN_SECONDS:.0f} s",
        "Remove the call from the manifest.",
        is_final=True,
    )


def check_complete(announced: float, held: float) -> None:
    """
    Check that a recording has the seconds that its header announces.

    :raises CutOffError: if not
    """
    if held + SLACK_SECONDS < announced:
        shown = f"{shown_seconds(held)} of the {shown_seconds(announced)}"
        raise CutOffError(f"it holds {shown} that its header announces")


def check_bytes(announced: int, held: int, seconds: float | None) -> None:
    """
    Check that a recording has the bytes that its header announces.

    :param seconds: how long the sound lasts that all bytes hold; None if that is not known
    :raises CutOffError: if more is missing than a moment at the end
    """
    missing = announced - held
    if missing > 0 and (seconds is None or seconds * missing > SLACK_SECONDS * announced):
        raise CutOffError(f"it holds {held} of the {announced} bytes that its header announces")


def shown_seconds(seconds: float) -> str:
    """Return a duration for messages, never rounded up to the minimum that Gong keeps."""
    if MIN_SECONDS - 1 < seconds < MIN_SECONDS:
        return f"{math.floor(seconds * 10) / 10:.1f} s"
    return f"{seconds:.0f} s"
