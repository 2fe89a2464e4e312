"""Boxes, the building blocks of MP4 and QuickTime files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import MAX_PARTS
from airflow_provider_gong.call_import.recordings.reading import Reader

_HEAD = 8
_LONG_HEAD = 16
_IS_LONG = 1
_TO_THE_END = 0
_FULL_HEAD = 4


@dataclass(frozen=True, slots=True)
class Box:
    """
    A box (ISO/IEC 14496-12, 4.2).

    :param kind: its four letters
    :param start: where it begins
    :param body: where its content begins
    :param end: where it ends according to its header
    :param is_open: whether it has no length and extends to the end of the file
    """

    kind: bytes
    start: int
    body: int
    end: int
    is_open: bool = False


def box_at(reader: Reader, start: int, end: int) -> Box | None:
    """Return the box that begins here; None if there is none. ``end`` is the end of its container."""
    head = reader.at(start, _LONG_HEAD)
    if start + _HEAD > end or len(head) < _HEAD or not _is_kind(head[4:_HEAD]):
        return None
    size, body = int.from_bytes(head[:4], "big"), _HEAD
    if size == _TO_THE_END:
        return Box(head[4:_HEAD], start, start + _HEAD, end, is_open=True)
    if size == _IS_LONG:
        size, body = int.from_bytes(head[_HEAD:], "big"), _LONG_HEAD
    return Box(head[4:_HEAD], start, start + body, start + size) if size >= body and len(head) >= body else None


def children(reader: Reader, parent: Box) -> Iterator[Box]:
    """Yield the boxes in a box; those that would exceed it end where it ends."""
    position = parent.body
    for _ in range(MAX_PARTS):
        box = box_at(reader, position, parent.end)
        if box is None:
            return
        yield box if box.end <= parent.end else Box(box.kind, box.start, box.body, parent.end)
        position = box.end


def content(reader: Reader, box: Box, length: int) -> tuple[int, int, bytes]:
    """Return version, flags and the first bytes of the content of a full box."""
    head = reader.at(box.body, min(_FULL_HEAD + length, box.end - box.body))
    if len(head) < _FULL_HEAD:
        return 0, 0, b""
    return head[0], int.from_bytes(head[1:_FULL_HEAD], "big"), head[_FULL_HEAD:]


def number(data: bytes, at: int, length: int) -> int:
    """Return an unsigned number; missing bytes are ignored."""
    return int.from_bytes(data[at : at + length], "big")


def _is_kind(kind: bytes) -> bool:
    # Apple's own kinds begin with a copyright sign.
    return all(0x20 <= sign < 0x7F or sign == 0xA9 for sign in kind)
