"""Tags around MPEG audio and FLAC: ID3v2 before, ID3v1, APE and Lyrics3 after, any of them between joined files."""

from __future__ import annotations

from airflow_provider_gong.call_import.recordings.findings import CutOffError
from airflow_provider_gong.call_import.recordings.reading import BLOCK, Reader

_ID3V2_HEAD = 10
_ID3V1 = 128
_ID3V1_EXTENDED = 227
_APE_HEAD = 32
_APE_HAS_HEAD = 0x80000000
_LYRICS_END = b"LYRICS200"
_LYRICS_DIGITS = 6
_MAX_TAGS = 50


def skip_id3(reader: Reader, start: int) -> int:
    """
    Return where a row of ID3v2 tags ends; ``start`` if there are none.

    :raises CutOffError: if a tag is longer than the file
    """
    for _ in range(_MAX_TAGS):
        length = _id3v2_length(reader.at(start, _ID3V2_HEAD))
        if length == 0:
            break
        start += length
        if start > reader.size:
            raise CutOffError(f"its tags announce {start} bytes, but it has only {reader.size}")
    return start


def tag_length(reader: Reader, start: int) -> int:
    """Return the length of the tag that begins here; 0 if there is none."""
    head = reader.at(start, _APE_HEAD)
    if head.startswith(b"TAG+"):
        return _ID3V1_EXTENDED
    if head.startswith(b"TAG"):
        return _ID3V1
    if head.startswith(b"APETAGEX") and len(head) == _APE_HEAD:
        return _APE_HEAD + int.from_bytes(head[12:16], "little")
    return _id3v2_length(head)


def end_of_sound(reader: Reader, start: int) -> int:
    """Return where the tags at the end of the file begin; the end of the file if none follows ``start``."""
    end = reader.size
    for _ in range(_MAX_TAGS):
        length = _tag_length_before(reader, end)
        if not 0 < length <= end - start:
            break
        end -= length
    return end


def _id3v2_length(head: bytes) -> int:
    # https://id3.org/id3v2.4.0-structure, "ID3v2 header": four times seven bits, and a footer if the flag says so.
    size = head[6:_ID3V2_HEAD]
    if not head.startswith(b"ID3") or len(size) < 4 or max(size) > 0x7F or 0xFF in head[3:5]:
        return 0
    footer = _ID3V2_HEAD if head[5] & 0x10 else 0
    return _ID3V2_HEAD + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + footer


def _tag_length_before(reader: Reader, end: int) -> int:
    start = max(0, end - _ID3V1 - _ID3V1_EXTENDED)
    # A whole block, in which readers then search for the last frame.
    tail = reader.at(max(0, end - BLOCK), min(end, BLOCK))[start - end :]
    if tail[-_ID3V1:].startswith(b"TAG") and len(tail) >= _ID3V1:
        return _ID3V1 + (_ID3V1_EXTENDED if tail.startswith(b"TAG+") else 0)
    if tail[-_APE_HEAD:].startswith(b"APETAGEX"):
        return _ape_length(tail[-_APE_HEAD:])
    if tail[-_ID3V2_HEAD:].startswith(b"3DI"):
        return _id3v2_length(b"ID3" + tail[-_ID3V2_HEAD + 3 :])
    digits = tail[-len(_LYRICS_END) - _LYRICS_DIGITS : -len(_LYRICS_END)]
    if tail.endswith(_LYRICS_END) and digits.isdigit():
        return int(digits) + _LYRICS_DIGITS + len(_LYRICS_END)
    return 0


def _ape_length(foot: bytes) -> int:
    # https://wiki.hydrogenaud.io/index.php?title=APE_Tags_Header: the size counts the footer, not the header.
    head = _APE_HEAD if int.from_bytes(foot[20:24], "little") & _APE_HAS_HEAD else 0
    return int.from_bytes(foot[12:16], "little") + head
