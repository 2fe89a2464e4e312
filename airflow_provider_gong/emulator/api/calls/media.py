"""The upload of a call's recording."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.multipart import FilePart, read_part
from airflow_provider_gong.emulator.company.recordings.folder import Draft
from airflow_provider_gong.emulator.company.recordings.meter import Measurement, Meter
from airflow_provider_gong.emulator.company.records import Call, Media
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.errors import BAD_REQUEST, GongApiError

SHORTEST_SECONDS = 60.0


async def add_call_recording(ask: Ask) -> Reply:
    """``PUT /v2/calls/{id}/media``."""
    emulator, call = ask.emulator, _call_of(ask)
    recording = _Recording(emulator.recordings.draft())
    try:
        await read_part(ask, recording, emulator.settings.media_limit_bytes)
        call.received += 1
        measured = recording.meter.result()
        _refuse_known(ask, call, measured)
        arrive(ask, call, measured)
        emulator.recordings.keep(recording.draft, call.id)
    finally:
        recording.draft.discard()
    return Reply({"callId": call.id, "url": f"{ask.base_url}call?id={call.id}"})


class _Recording(FilePart):
    """
    An arriving recording: measured, and kept if it is small.

    :param draft: where the bytes are kept
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.meter = Meter()

    def write(self, data: bytes) -> None:
        self.meter.write(data)
        self.draft.write(data)


def _call_of(ask: Ask) -> Call:
    call = ask.emulator.calls.get(ask.ids["id"])
    if call is None:
        # The only client error that the reference lists for this operation is 400.
        raise GongApiError(400, f"Call ID {ask.ids['id']} was not found")
    return call


def arrive(ask: Ask, call: Call, measured: Measurement) -> None:
    """Attach a recording to a call and start processing it."""
    emulator, now = ask.emulator, ask.emulator.clock.now()
    media = Media(
        sha256=measured.sha256,
        size=measured.size,
        duration=measured.duration,
        arrived_at=now,
        begun_at=emulator.calls.next_begin(now),
        content_type=measured.content_type,
        discarded_because=_why_discarded(emulator, measured),
    )
    emulator.calls.attach(call, media)
    ask.did("stored", "recording", call.id, **_facts(call, measured))


def _facts(call: Call, measured: Measurement) -> dict[str, Any]:
    return {"clientUniqueId": call.client_unique_id, "sha256": measured.sha256, "bytes": measured.size}


def _why_discarded(emulator: Emulator, measured: Measurement) -> str | None:
    # Accepted and then silently dropped (observed on live tenants).
    if measured.unplayable:
        return measured.unplayable
    if measured.duration < SHORTEST_SECONDS:
        return f"shorter than {SHORTEST_SECONDS:.0f} seconds"
    if not measured.speech:
        return "no speech"
    if measured.trimmed < SHORTEST_SECONDS:
        return f"shorter than {SHORTEST_SECONDS:.0f} seconds without the silence at its ends"
    if emulator.calls.id_by_content(measured.sha256) is not None:
        return "same content as another call"
    return None


def _refuse_known(ask: Ask, call: Call, measured: Measurement) -> None:
    emulator = ask.emulator
    other = emulator.calls.id_by_content(measured.sha256)
    if call.media is None and other is None:
        return
    ask.did("received", "recording", call.id, **_facts(call, measured))
    if call.media is not None:
        raise GongApiError(400, f"The media file of call {call.id} has already been handled")
    if emulator.settings.duplicate_media_text == "bare":
        raise GongApiError(400, BAD_REQUEST)
    raise GongApiError(
        400,
        f"A media file with the same content has been uploaded in the past. callID with the same content: {other}",
    )
