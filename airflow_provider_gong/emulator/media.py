"""The upload of media: read as a stream, measured, and kept only where it is small."""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.ids import require_id
from airflow_provider_gong.emulator.measuring import Measurement, Meter
from airflow_provider_gong.emulator.recordings import Draft
from airflow_provider_gong.emulator.records import Call, Media
from airflow_provider_gong.emulator.replies import Reply
from airflow_provider_gong.emulator.state import Emulator

PART_NAME = "mediaFile"
SHORTEST_SECONDS = 60.0


async def add_call_recording(emulator: Emulator, request: Request) -> Reply:
    """``PUT /v2/calls/{id}/media``."""
    call = _call_of(emulator, request)
    draft = emulator.recordings.draft()
    try:
        measured = await _receive(request, draft, emulator.settings.media_limit_bytes)
        call.received += 1
        _refuse_known(emulator, call, measured)
        arrive(emulator, call, measured)
        draft.keep(call.id)
    finally:
        draft.discard()
    return Reply({"callId": call.id, "url": f"{request.base_url}call?id={call.id}"}, status=201)


def _call_of(emulator: Emulator, request: Request) -> Call:
    call_id = require_id(request.path_params["id"])
    if call_id not in emulator.calls:
        # The only client error that is declared for this operation is 400.
        raise GongApiError(400, f"Call ID {call_id} was not found")
    return emulator.calls[call_id]


def arrive(emulator: Emulator, call: Call, measured: Measurement) -> None:
    """Attach a recording to a call; from now on the call is processed."""
    call.media = Media(
        sha256=measured.sha256,
        size=measured.size,
        duration=measured.duration,
        arrived_at=emulator.clock.now(),
        content_type=measured.content_type,
        discarded_because=_why_discarded(emulator, measured),
    )
    emulator.register_content(call, measured.sha256)


def _why_discarded(emulator: Emulator, measured: Measurement) -> str | None:
    # Accepted and then silently dropped (observed on live tenants).
    if measured.duration < SHORTEST_SECONDS:
        return f"shorter than {SHORTEST_SECONDS:.0f} seconds"
    if measured.silent:
        return "no speech"
    if emulator.call_by_content(measured.sha256) is not None:
        return "same content as another call"
    return None


def _refuse_known(emulator: Emulator, call: Call, measured: Measurement) -> None:
    if call.media is not None:
        raise GongApiError(400, f"The media file of call {call.id} has already been handled")
    other = emulator.call_by_content(measured.sha256)
    if other is None:
        return
    if emulator.settings.duplicate_media_text == "bare":
        raise GongApiError(400, "Bad request")
    raise GongApiError(
        400,
        f"A media file with the same content has been uploaded in the past. callID with the same content: {other.id}",
    )


async def _receive(request: Request, draft: Draft, limit: int) -> Measurement:
    boundary = _boundary(request.headers.get("content-type", ""))
    part = _MediaPart(draft, limit)
    try:
        return await part.read(request.stream(), boundary)
    except FormParserError as error:
        raise GongApiError(400, "Bad request") from error


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise GongApiError(415, "Unsupported Media Type")
    if not options.get(b"boundary"):
        raise GongApiError(400, "Bad request")
    return options[b"boundary"]


class _MediaPart:
    """Picks the part ``mediaFile`` out of a multipart body as it arrives.

    :param draft: where the bytes go.
    :param limit: the most bytes that are taken.
    """

    def __init__(self, draft: Draft, limit: int) -> None:
        self._draft = draft
        self._limit = limit
        self._meter = Meter()
        self._header_name = b""
        self._header_value = b""
        self._found = False
        self._inside = False
        self._ended = False

    async def read(self, body: AsyncIterator[bytes], boundary: bytes) -> Measurement:
        """Read a whole body and return what the part measures.

        :raises GongApiError: 400 when the part is missing or too large, or the body is cut off.
        """
        parser = self._parser(boundary)
        async for data in body:
            if data and not self._ended:
                parser.write(data)
        if not self._ended:
            raise GongApiError(400, "Bad request")
        if not self._found:
            raise GongApiError(400, f"Required request part '{PART_NAME}' is not present")
        if self._meter.size > self._limit:
            raise GongApiError(400, "Maximum upload size exceeded")
        return self._meter.result()

    def _parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header_name,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_part_data": self._take_data,
                "on_end": self._end,
            },
        )

    def _begin_part(self) -> None:
        self._inside = False

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            name = parse_options_header(self._header_value)[1].get(b"name")
            # Of several parts with this name the first counts.
            self._inside = name == PART_NAME.encode() and not self._found
            self._found = self._found or self._inside
        self._header_name = self._header_value = b""

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if not self._inside:
            return
        piece = data[start:end]
        self._meter.write(piece)
        if self._meter.size > self._limit:
            self._draft.discard()
        else:
            self._draft.write(piece)

    def _end(self) -> None:
        self._ended = True
