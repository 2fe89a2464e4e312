"""Hears whether there is more than silence or a tone, and where it begins and ends."""

from __future__ import annotations


class Listener:
    """
    Listens to samples.

    :param silence: the bytes of silence
    :param second: the bytes of a second
    """

    def __init__(self, silence: bytes, second: int) -> None:
        self._silence = silence
        self._second = second
        self._position = 0
        self._first_sound: int | None = None
        self._last_sound = 0
        self._first_second = bytearray()
        self._monotonous = True

    def write(self, samples: bytes) -> None:
        """Take the next samples."""
        silence = self._silence
        if samples.strip(silence):
            if self._first_sound is None:
                self._first_sound = self._position + len(samples) - len(samples.lstrip(silence))
            self._last_sound = self._position + len(samples.rstrip(silence))
        if self._monotonous:
            self._monotonous = self._repeats(samples)
        self._position += len(samples)

    def _repeats(self, samples: bytes) -> bool:
        """Return whether each second is like the first, as that of a tone."""
        length = self._second
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
        return (self._last_sound - (self._first_sound or 0)) / self._second
