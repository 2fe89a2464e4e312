"""Creates calls, and takes their recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.api.multipart import read_part
from airflow_provider_gong.emulator.company.recordings.meter import Measurement, Meter, measure_url
from airflow_provider_gong.emulator.company.records import Call, Media, User, new_call
from airflow_provider_gong.emulator.contract.checking import require_email
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError

_SHORTEST_SECONDS = 60.0


async def add_call(ask: Ask) -> Reply:
    """``POST /v2/calls``."""
    emulator, posted = ask.emulator, ask.body
    for party in posted["parties"]:
        if party.get("emailAddress") is not None:
            require_email(party["emailAddress"])
    _check_timeline(posted)
    media_url = posted.get("downloadMediaUrl")
    if media_url and not media_url.lower().startswith(("http://", "https://")):
        raise GongApiError(400, "downloadMediaUrl: must be a valid URL")
    wanted = posted.get("workspaceId") or emulator.workspaces[0].id
    workspace_id = ask.workspace_id(wanted, f"workspaceId: workspace {wanted} was not found")
    host = _host_of(ask)
    _refuse_duplicate(ask, posted["clientUniqueId"])
    if not host.telephony_calls_imported:
        raise GongApiError(409, f"Recording or telephony call import is not enabled for primaryUser {host.id}")
    call_id = emulator.new_id("call", posted["clientUniqueId"])
    call = new_call(call_id, posted, workspace_id)
    emulator.calls.add(call)
    ask.did("created", "call", call_id, clientUniqueId=call.client_unique_id, primaryUserId=host.id)
    if media_url:
        _arrive(ask, call, measure_url(media_url, posted.get("duration")))
    return Reply({"callId": call_id})


def _check_timeline(posted: Mapping[str, Any]) -> None:
    known = {party.get("partyId") for party in posted["parties"]}
    timeline = posted.get("speakersTimeline") or {}
    for number, segment in enumerate(timeline.get("speechSegments") or ()):
        unknown = [party_id for party_id in segment["partyIds"] if party_id not in known]
        if unknown:
            where = f"speakersTimeline.speechSegments[{number}].partyIds"
            raise GongApiError(400, f"{where}: no party has the partyId {unknown[0]}")


def _host_of(ask: Ask) -> User:
    posted, user_id = ask.body, ask.body["primaryUser"]
    host = required(ask.emulator.users.get(user_id), 400, f"primaryUser: user {user_id} was not found")
    if not any(_is_host(party, host) for party in posted["parties"]):
        raise GongApiError(400, "parties: must include the primaryUser")
    return host


def _is_host(party: Mapping[str, Any], host: User) -> bool:
    return party.get("userId") == host.id or (party.get("emailAddress") or "").lower() in host.emails


def _refuse_duplicate(ask: Ask, client_unique_id: str) -> None:
    existing = ask.emulator.calls.id_by_client_id.get(client_unique_id)
    if existing is not None:
        raise GongApiError(
            ask.emulator.settings.duplicate_status,
            f"A call with clientUniqueId '{client_unique_id}' has already been posted for the call {existing}",
        )


async def add_call_recording(ask: Ask) -> Reply:
    """``PUT /v2/calls/{id}/media``."""
    emulator, call = ask.emulator, _call_of(ask)
    # Kept if it is small.
    meter, draft = Meter(), emulator.recordings.draft()
    try:
        await read_part(ask, emulator.settings.media_limit_bytes, meter.write, draft.write)
        call.received += 1
        measured = meter.result()
        _refuse_known(ask, call, measured)
        _arrive(ask, call, measured)
        emulator.recordings.keep(draft, call.id)
    finally:
        draft.discard()
    return Reply({"callId": call.id, "url": f"{ask.base_url}call?id={call.id}"})


def _call_of(ask: Ask) -> Call:
    # The only client error that the reference lists for this operation is 400.
    return required(ask.emulator.calls.get(ask.ids["id"]), 400, f"Call ID {ask.ids['id']} was not found")


def _arrive(ask: Ask, call: Call, measured: Measurement) -> None:
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
    if measured.duration < _SHORTEST_SECONDS:
        return f"shorter than {_SHORTEST_SECONDS:.0f} seconds"
    if not measured.speech:
        return "no speech"
    if measured.trimmed < _SHORTEST_SECONDS:
        return f"shorter than {_SHORTEST_SECONDS:.0f} seconds without the silence at its ends"
    if emulator.calls.id_by_content.get(measured.sha256) is not None:
        return "same content as another call"
    return None


def _refuse_known(ask: Ask, call: Call, measured: Measurement) -> None:
    emulator = ask.emulator
    other = emulator.calls.id_by_content.get(measured.sha256)
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
