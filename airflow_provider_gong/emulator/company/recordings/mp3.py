"""MP3 recordings: every frame is counted, so neither a bit rate nor a header is believed."""

from __future__ import annotations

from functools import cache

from airflow_provider_gong.emulator.company.recordings.formats import NO_FORMAT, Sound

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
# Kilobits per second by index, of layers I to III of version 1, then of layer I and of the others of later versions.
_KILOBITS = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# How many frames in a row tell a recording from bytes that happen to look like a frame.
_FRAMES_IN_A_ROW = 3
_LARGEST_FRAME = 2_881
_LONGEST_HEAD = 32
_TAG_BYTES = 128
# How a frame of AAC begins.
_ADTS = (b"\xff\xf0", b"\xff\xf1", b"\xff\xf8", b"\xff\xf9")


@cache
def _frames() -> dict[int, tuple[int, float]]:
    """Return length in bytes and in seconds by the second and third byte of a frame."""
    found = {}
    for version, rates in _RATES.items():
        for layer in (1, 2, 3):
            kilobits = _KILOBITS[(3, layer) if version == 3 else (2, min(3, max(2, layer)))]
            for protection in (0, 1):
                second = 0xE0 | version << 3 | layer << 1 | protection
                for index, bits in enumerate(kilobits, 1):
                    for rate_index, rate in enumerate(rates):
                        for low in range(4):
                            third = index << 4 | rate_index << 2 | low
                            found[second << 8 | third] = _frame(version, layer, bits * 1000, rate, low >> 1)
    return found


def _frame(version: int, layer: int, bits: int, rate: int, padding: int) -> tuple[int, float]:
    if layer == 3:
        return (12 * bits // rate + padding) * 4, 384 / rate
    samples = 576 if layer == 1 and version != 3 else 1152
    return samples // 8 * bits // rate + padding, samples / rate


class Mp3:
    """An MPEG recording of layer I, II or III, with whatever tags stand before, between and behind its frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self._locked = False
        self._frames = 0
        self._seconds = 0.0
        self._first = b""
        self.begins_with_frames: bool | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._first = self._first or data[:2]
        self._buffer += data
        self._advance(_LARGEST_FRAME * _FRAMES_IN_A_ROW + _LONGEST_HEAD)

    def sound(self, size: int) -> Sound:
        """Return what was found out."""
        self._advance(0)
        if not self._frames:
            what = "AAC without a container" if self._first in _ADTS else "no frames of MP3"
            return Sound(duration=0.0, content_type="application/octet-stream", unplayable=f"{what}: {NO_FORMAT}")
        return Sound(duration=self._seconds, content_type="audio/mpeg")

    def _advance(self, ahead: int) -> None:
        """Go on as long as so many bytes are ahead."""
        buffer, position = self._buffer, 0
        while True:
            taken = min(self._skip, len(buffer) - position)
            self._skip -= taken
            position += taken
            if self._skip or len(buffer) - position <= ahead:
                break
            position = self._take(position)
        del buffer[:position]

    def _take(self, position: int) -> int:
        """Take what begins at a position, and return where to go on."""
        buffer = self._buffer
        frame = self._frame_at(position)
        is_frame = frame is not None and (self._locked or self._begins(position))
        if self.begins_with_frames is None:
            self.begins_with_frames = is_frame
        if frame is not None and is_frame:
            self._locked = True
            length, seconds = frame
            if position + length <= len(buffer) and not (self._frames == 0 and self._describes(position, length)):
                self._seconds += seconds
            self._frames += 1
            return self._jump(position, length)
        tag = tag_length(buffer, position)
        if tag:
            return self._jump(position, tag)
        self._locked = False
        found = buffer.find(b"\xff", position + 1)
        tag_found = buffer.find(b"ID3", position + 1, found if found > 0 else len(buffer))
        candidates = [place for place in (found, tag_found) if place > 0]
        # The rest may be the beginning of a tag.
        return min(candidates, default=max(position + 1, len(buffer) - 2))

    def _jump(self, position: int, length: int) -> int:
        end = position + length
        self._skip = max(0, end - len(self._buffer))
        return min(end, len(self._buffer))

    def _frame_at(self, position: int) -> tuple[int, float] | None:
        head = self._buffer[position : position + 3]
        return _frames().get(head[1] << 8 | head[2]) if len(head) == 3 and head[0] == 0xFF else None

    def _begins(self, position: int) -> bool:
        """Return whether several frames follow each other from here on."""
        for _ in range(_FRAMES_IN_A_ROW):
            frame = self._frame_at(position)
            if frame is None:
                return False
            position += frame[0]
        return True

    def _describes(self, position: int, length: int) -> bool:
        # A frame that describes the others and is not heard.
        head = bytes(self._buffer[position : position + min(length, 64)])
        return b"Xing" in head or b"Info" in head or b"VBRI" in head


def tag_length(buffer: bytes | bytearray, position: int) -> int:
    """Return how many bytes the tag at a position has; 0 where there is none."""
    head = bytes(buffer[position : position + _LONGEST_HEAD])
    if head[:3] == b"ID3" and len(head) >= 10 and max(head[6:10]) < 0x80:
        footer = 10 if head[5] & 0x10 else 0
        return 10 + footer + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    if head[:3] == b"TAG":
        return _TAG_BYTES
    if head[:8] == b"APETAGEX" and len(head) == _LONGEST_HEAD:
        is_header = int.from_bytes(head[20:24], "little") & 0x20000000
        return int.from_bytes(head[12:16], "little") + _LONGEST_HEAD if is_header else _LONGEST_HEAD
    return 0
