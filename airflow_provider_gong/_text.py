"""The ground floor, which imports nothing of ours: texts as logs and reports may show them, and batches."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_LONGEST = 1000
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
# Both take time in proportion to the text, however often these signs are in it.
_PASSWORD = re.compile(r"(://)[^\s/?#:]*:[^\s/?#]*@")
# A text that is a URL ends with its query; one that quotes a URL goes on after it.
_QUERY = re.compile(r"(\A\w[\w+.-]*://[^?]*)\?.*|(://[^\s?'\"]*)(?:\?[^\s'\"]*)?", re.DOTALL)


def shown(text: str, longest: int = _LONGEST) -> str:
    """
    Return a text as one line that neither forges a line of a log nor tells what signs a URL.

    :param text: anything a manifest, a file system or Gong says
    :param longest: characters at most
    """
    safe = _QUERY.sub(r"\1\2", _PASSWORD.sub(r"\1", text))
    line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in safe[: longest + 1])
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def row_place(number: int, file: str) -> str:
    """Return how a message names a row of a manifest; rows of a task have no file."""
    return f"Row {number} of {shown(file)}" if file else f"Row {number}"


def storable(text: str) -> str:
    """Return the text itself if every database keeps it, else with U+FFFD for NUL and halves of surrogate pairs."""
    return text if text.isprintable() or not _NOT_STORABLE.search(text) else _NOT_STORABLE.sub("\ufffd", text)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 problem``, ``2 problems``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, of which the last may be shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
