"""Elements, the building blocks of Matroska files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_gong.call_import.recordings.findings import MAX_PARTS
from airflow_provider_gong.call_import.recordings.reading import Reader

# Ids: RFC 9559, 5.
EBML = 0x1A45DFA3
SEGMENT = 0x18538067
CLUSTER = 0x1F43B675
BLOCK_GROUP = 0xA0
# Only these may have an unknown size.
_STREAMED = frozenset({SEGMENT, CLUSTER, BLOCK_GROUP})
_LONGEST_HEAD = 12
_LONGEST_VALUE = 16


@dataclass(frozen=True, slots=True)
class Element:
    """
    An element.

    :param position: where it begins
    :param start: where its content begins
    :param end: where it ends; None if its size is unknown, as in streams
    """

    id: int
    position: int
    start: int
    end: int | None


def element_at(reader: Reader, position: int) -> Element | None:
    """Return the element that begins here; None if there is none."""
    head = reader.at(position, _LONGEST_HEAD)
    id_length = vint_length(head[:1])
    size_length = vint_length(head[id_length : id_length + 1])
    start = id_length + size_length
    if not 0 < id_length <= 4 or size_length == 0 or start > len(head):
        return None
    name = int.from_bytes(head[:id_length], "big")
    # The first bits give the length of an element's size; if all other bits are set, the size is unknown.
    value_bits = 7 * size_length
    size = int.from_bytes(head[id_length:start], "big") & (1 << value_bits) - 1
    if size < (1 << value_bits) - 1:
        return Element(name, position, position + start, position + start + size)
    return Element(name, position, position + start, None) if name in _STREAMED else None


def children(reader: Reader, parent: Element) -> Iterator[Element]:
    """Yield the elements in an element."""
    position, end = parent.start, reader.size if parent.end is None else min(parent.end, reader.size)
    for _ in range(MAX_PARTS):
        element = element_at(reader, position) if position < end else None
        if element is None:
            return
        yield element
        if element.end is None:
            return
        position = element.end


def content(reader: Reader, element: Element) -> bytes:
    """Return the value of a small element."""
    if element.end is None:
        return b""
    return reader.at(element.start, min(element.end - element.start, _LONGEST_VALUE))


def number(reader: Reader, element: Element) -> int:
    """Return an unsigned number."""
    return int.from_bytes(content(reader, element), "big")


def vint_length(first: bytes) -> int:
    """Return the length of a number of variable length by its first byte; 0 if it is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
