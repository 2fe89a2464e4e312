"""What every reader of a format finds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# Gong accepts WAV, MP3, MP4, MKV and FLAC (its API reference).
NO_FORMAT = "not a format that Gong takes"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """
    What can be heard of a recording.

    :param duration: seconds, as a player counts them
    :param content_type: e.g. ``audio/wav``
    :param unplayable: why nothing can be heard
    :param trimmed: seconds without the silence at both ends, where that is known
    :param speech: ``False`` where there is nothing but silence or a tone
    """

    duration: float
    content_type: str
    unplayable: str | None = None
    trimmed: float | None = None
    speech: bool = True


class Format(Protocol):
    """Reads recordings of one format as they arrive."""

    def write(self, data: bytes) -> None:
        """Take the next bytes."""

    def sound(self, size: int) -> Sound:
        """
        Return what was found out.

        :param size: of the whole recording
        """
