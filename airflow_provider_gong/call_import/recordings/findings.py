"""What reading a recording can find: how long its sound lasts, or why it is of no use."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Gong API reference, PUT /v2/calls/{id}/media.
MAX_BYTES = 1_500_000_000
# Gong's help: shorter recordings are discarded without a word after they were accepted.
MIN_SECONDS = 60.0
# What is counted piece by piece is counted no further.
ENOUGH_SECONDS = 61.0
ACCEPTED = "WAV, MP3, MP4, MKV or FLAC"
# Missing at the end, or added there by a careless writer, without consequence.
SLACK_SECONDS = 1.0
# No writer puts more parts in front of the sound.
MAX_PARTS = 1000

# Decoders differ in what they play of the first and the last frame.
_NEARLY = 0.5
# Lengths are sums of fractions.
_ROUNDING = 0.001
_EXPORT_AGAIN = "Export or copy the recording again."


@dataclass(frozen=True, slots=True)
class Length:
    """
    How long the sound lasts: between two bounds, which are nearly the same if that is known.

    :param at_least: seconds that are certain
    :param at_most: seconds that are certainly not exceeded
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
    """Return a length that is known."""
    return Length(seconds, seconds)


def between(*seconds: float) -> Length:
    """Return the length that several sources of a header say, which may differ."""
    return Length(min(seconds), max(seconds))


class UnusableRecordingError(Exception):
    """
    Gong has no use for the recording.

    :param rule: what is wrong
    :param remedy: what to do
    :param is_final: whether nobody can change that
    """

    def __init__(self, rule: str, remedy: str, *, is_final: bool = False) -> None:
        super().__init__(rule)
        self.rule = rule
        self.remedy = remedy
        self.is_final = is_final


class NotAcceptedError(UnusableRecordingError):
    """It is nothing that Gong accepts."""

    def __init__(self) -> None:
        super().__init__("is not a recording that Gong accepts, according to its content", f"Convert it to {ACCEPTED}.")


class CutOffError(UnusableRecordingError):
    """
    Its structure announces more than there is.

    :param what: what is missing
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"is cut off: {what}", _EXPORT_AGAIN)


class NoSoundError(UnusableRecordingError):
    """It is a movie without a track of sound."""

    def __init__(self) -> None:
        super().__init__("is a video without sound", "Use the recording with the sound, or remove the call.")


class DisagreementError(UnusableRecordingError):
    """
    Its header says less than there is, so players end early.

    :param what: what the header says, and what the file does
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"has a header that disagrees with the file: {what}", _EXPORT_AGAIN)


def too_short(length: Length) -> UnusableRecordingError:
    """Return what is wrong with a recording of less than a minute."""
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
    """Return a duration as a message shows it, never rounded up to what Gong keeps."""
    if MIN_SECONDS - 1 < seconds < MIN_SECONDS:
        return f"{math.floor(seconds * 10) / 10:.1f} s"
    return f"{seconds:.0f} s"
