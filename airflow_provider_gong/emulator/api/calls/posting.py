"""Creates calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.calls.media import arrive
from airflow_provider_gong.emulator.company.recordings.meter import measure_url
from airflow_provider_gong.emulator.company.records import User, new_call
from airflow_provider_gong.emulator.contract.checking import require_email
from airflow_provider_gong.emulator.world.errors import GongApiError


async def add_call(ask: Ask) -> Reply:
    """``POST /v2/calls``."""
    emulator, posted = ask.emulator, ask.body
    _check_parties(posted)
    _check_timeline(posted)
    _check_media_url(posted.get("downloadMediaUrl"))
    workspace_id = _workspace_of(ask)
    host = _host_of(ask)
    _refuse_duplicate(ask, posted["clientUniqueId"])
    if not host.telephony_calls_imported:
        raise GongApiError(409, f"Recording or telephony call import is not enabled for primaryUser {host.id}")
    call_id = emulator.new_id("call", posted["clientUniqueId"])
    call = new_call(call_id, posted, workspace_id)
    emulator.calls.add(call)
    ask.did("created", "call", call_id, clientUniqueId=call.client_unique_id, primaryUserId=host.id)
    if posted.get("downloadMediaUrl"):
        arrive(ask, call, measure_url(posted["downloadMediaUrl"], posted.get("duration")))
    return Reply({"callId": call_id})


def _check_parties(posted: Mapping[str, Any]) -> None:
    for party in posted["parties"]:
        if party.get("emailAddress") is not None:
            require_email(party["emailAddress"])


def _check_timeline(posted: Mapping[str, Any]) -> None:
    known = {party.get("partyId") for party in posted["parties"]}
    timeline = posted.get("speakersTimeline") or {}
    for number, segment in enumerate(timeline.get("speechSegments") or ()):
        unknown = [party_id for party_id in segment["partyIds"] if party_id not in known]
        if unknown:
            where = f"speakersTimeline.speechSegments[{number}].partyIds"
            raise GongApiError(400, f"{where}: no party has the partyId {unknown[0]}")


def _check_media_url(url: str | None) -> None:
    if url and not url.lower().startswith(("http://", "https://")):
        raise GongApiError(400, "downloadMediaUrl: must be a valid URL")


def _workspace_of(ask: Ask) -> str:
    workspaces = ask.emulator.workspaces
    wanted = ask.body.get("workspaceId") or workspaces[0].id
    if all(workspace.id != wanted for workspace in workspaces):
        raise GongApiError(400, f"workspaceId: workspace {wanted} was not found")
    return str(wanted)


def _host_of(ask: Ask) -> User:
    posted = ask.body
    host = ask.emulator.users.get(posted["primaryUser"])
    if host is None:
        raise GongApiError(400, f"primaryUser: user {posted['primaryUser']} was not found")
    if not any(_is_host(party, host) for party in posted["parties"]):
        raise GongApiError(400, "parties: must include the primaryUser")
    return host


def _is_host(party: Mapping[str, Any], host: User) -> bool:
    return party.get("userId") == host.id or (party.get("emailAddress") or "").lower() in host.emails


def _refuse_duplicate(ask: Ask, client_unique_id: str) -> None:
    existing = ask.emulator.calls.id_by_client_id(client_unique_id)
    if existing is not None:
        raise GongApiError(
            ask.emulator.settings.duplicate_status,
            f"A call with clientUniqueId '{client_unique_id}' has already been posted for the call {existing}",
        )
