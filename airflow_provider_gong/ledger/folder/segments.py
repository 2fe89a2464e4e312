"""The segments of a journal: entries as lines of JSON, below a line with their length and digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Entry = dict[str, Any]

_MOST_DIGITS = 15


class DamageError(Exception):
    """A file of a journal was damaged; the text continues the sentence after the file's name."""


@dataclass(frozen=True, slots=True)
class Segment:
    """
    The entries that were written together.

    :param name: name of the file
    :param digest: hash of the entries; empty if an earlier version wrote the segment without one
    """

    name: str
    entries: list[Entry]
    digest: str = ""


def packed(entries: Iterable[Entry]) -> tuple[bytes, str]:
    """Return the content of a segment's file, and its digest."""
    body = "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()
    digest = hashlib.sha256(body).hexdigest()
    return f"{len(body)} {digest}\n".encode() + body, digest


def mark_of(digests: Sequence[str]) -> str:
    """Return the digest of several segments."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def is_number(word: str) -> bool:
    """Return whether a word of a file can be a length or a count; Python refuses to read much longer numbers."""
    return word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS


def unpacked(name: str, content: bytes | None, *, version: str = "2", may_be_cut: bool = False) -> Segment:
    """
    Return a segment, without entries if its writer was killed while writing it.

    :param version: format of the journal; segments of the first one have neither length nor digest
    :param may_be_cut: whether it is the last segment of its writer
    :raises DamageError: if it is not what was written
    """
    if content is None:
        raise DamageError("is missing")
    if version == "1":
        return _first_format(name, content, may_be_cut=may_be_cut)
    head, end_of_line, body = content.partition(b"\n")
    words = head.decode(errors="replace").split()
    if end_of_line and not (len(words) == 2 and is_number(words[0])):
        raise DamageError("does not begin with its length and digest")
    if not end_of_line or len(body) < int(words[0]):
        if may_be_cut:
            return Segment(name, [])
        raise DamageError("is cut off")
    if hashlib.sha256(body).hexdigest() != words[1]:
        raise DamageError("does not hold what was written")
    return Segment(name, [_entry(line) for line in body.splitlines()], words[1])


def _first_format(name: str, content: bytes, *, may_be_cut: bool) -> Segment:
    *lines, rest = content.split(b"\n")
    if rest and not may_be_cut:
        raise DamageError("is cut off")
    return Segment(name, [_entry(line) for line in lines])


def _entry(line: bytes) -> Entry:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"holds a line that cannot be read ({error})") from error
    if not isinstance(entry, dict):
        raise DamageError("holds a line that is no entry")
    return entry
