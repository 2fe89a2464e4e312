"""Matroska files, put together by hand."""

from __future__ import annotations

import struct

_HEAD = 0x1A45DFA3
_SEGMENT = 0x18538067
_ENDLESS = b"\x01" + b"\xff" * 7


def element(name: int, *content: bytes, is_endless: bool = False) -> bytes:
    """Return an element, whose size is unknown if it is endless."""
    body = b"".join(content)
    size = _ENDLESS if is_endless else (1 << 56 | len(body)).to_bytes(8)
    return name.to_bytes((name.bit_length() + 7) // 8) + size + body


def _number(name: int, value: int) -> bytes:
    return element(name, value.to_bytes(4))


def info(seconds: float | None = None) -> bytes:
    """Return the head of a segment that counts milliseconds."""
    duration = b"" if seconds is None else element(0x4489, struct.pack(">d", seconds * 1000))
    return element(0x1549A966, _number(0x2AD7B1, 1_000_000), duration)


def track(place: int, *more: bytes, is_sound: bool = True) -> bytes:
    """Return a track."""
    return element(0xAE, _number(0xD7, place), _number(0x83, 2 if is_sound else 1), *more)


def encryption() -> bytes:
    """Return the part of a track that says that it is encrypted."""
    return element(0x6D80, element(0x6240, _number(0x5033, 1), element(0x5035, _number(0x47E1, 5))))


def block(place: int, time: int, data: int = 2000) -> bytes:
    """Return a block of a track; ``time`` counts from its cluster."""
    return element(0xA3, bytes([0x80 | place]), struct.pack(">hB", time, 0x80), b"\x21" * data)


def cluster(time: int, *blocks: bytes) -> bytes:
    """Return blocks that begin at a time."""
    return element(0x1F43B675, _number(0xE7, time), *blocks)


def file(head: bytes, tracks: bytes, *clusters: bytes, is_endless: bool = False) -> bytes:
    """Return a file, or an endless stream."""
    listed = element(0x1654AE6B, tracks) if tracks else b""
    doc_type = element(_HEAD, element(0x4282, b"matroska"))
    return doc_type + element(_SEGMENT, head, listed, *clusters, is_endless=is_endless)
