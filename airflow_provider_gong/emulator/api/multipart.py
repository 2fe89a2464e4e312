"""Reads the single file of a multipart body as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from airflow_provider_gong.emulator.api.ask import Ask
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError

_LARGEST_HEADER = 8_192

Taker = Callable[[bytes], object]


async def read_part(ask: Ask, most: int, *takers: Taker, missing: str | None = None) -> None:
    """
    Read a whole multipart body and pass on the content of the operation's part.

    :param most: maximum number of bytes of the part
    :param takers: receive its bytes as they arrive
    :param missing: the error if there is no such part
    :raises GongApiError: 415 if the body is not multipart; 400 if the part is missing or too large, or the body is
        cut off
    """
    name = ask.operation.part or ""
    reader = _PartReader(name, most, takers)
    parser = reader.parser(_boundary(ask.request.headers.get("content-type", "")))
    try:
        async for data in ask.request.stream():
            if data and not reader.ended:
                parser.write(data)
    except FormParserError as error:
        raise GongApiError(400, BAD_REQUEST) from error
    if not reader.ended:
        raise GongApiError(400, BAD_REQUEST)
    if not reader.found:
        raise GongApiError(400, missing or f"Required request part '{name}' is not present")


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise GongApiError(415, "Unsupported Media Type")
    if not options.get(b"boundary"):
        raise GongApiError(400, BAD_REQUEST)
    return options[b"boundary"]


class _PartReader:
    """Extracts one part of a multipart body."""

    def __init__(self, name: str, most: int, takers: Sequence[Taker]) -> None:
        self._name = name.encode()
        self._takers = takers
        self._left = most
        # Name and value.
        self._header = [b"", b""]
        self._inside = False
        self.found = False
        self.ended = False

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": partial(self._take_header, 0),
                "on_header_value": partial(self._take_header, 1),
                "on_header_end": self._end_header,
                "on_part_data": self._take_data,
                "on_end": self._end,
            },
        )

    def _begin_part(self) -> None:
        self._inside = False

    def _take_header(self, part: int, data: bytes, start: int, end: int) -> None:
        self._header[part] += data[start:end]
        if sum(map(len, self._header)) > _LARGEST_HEADER:
            raise GongApiError(400, BAD_REQUEST)

    def _end_header(self) -> None:
        header, value = self._header
        if header.lower() == b"content-disposition":
            name = parse_options_header(value)[1].get(b"name")
            # The first of several parts with this name counts.
            self._inside = name == self._name and not self.found
            self.found = self.found or self._inside
        self._header = [b"", b""]

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if not self._inside:
            return
        self._left -= end - start
        if self._left < 0:
            raise GongApiError(400, "Maximum upload size exceeded")
        for take in self._takers:
            take(data[start:end])

    def _end(self) -> None:
        self.ended = True
