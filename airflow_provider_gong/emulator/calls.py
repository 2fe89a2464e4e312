"""The operations on calls, except the upload of media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request

from airflow_provider_gong.emulator.call_schema import CALL, EXTENSIVE, TRANSCRIPTS
from airflow_provider_gong.emulator.call_views import basic_data, call_data, transcript
from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.ids import require_id
from airflow_provider_gong.emulator.measuring import measure_url
from airflow_provider_gong.emulator.media import arrive
from airflow_provider_gong.emulator.paging import Page, cut, requested_page
from airflow_provider_gong.emulator.records import Call, CallState, User
from airflow_provider_gong.emulator.replies import Reply
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.validation import (
    parse_body,
    parse_datetime,
    parse_query_datetime,
    require_email,
    require_window,
)

NO_CALLS = "No calls found corresponding to the provided filters"


async def add_call(emulator: Emulator, request: Request) -> Reply:
    """``POST /v2/calls``."""
    posted = parse_body(await request.body(), CALL)
    _check_parties(posted)
    _check_timeline(posted)
    _check_media_url(posted.get("downloadMediaUrl"))
    workspace_id = _workspace_of(emulator, posted)
    host = _host_of(emulator, posted)
    _refuse_duplicate(emulator, posted["clientUniqueId"])
    if not host.telephony_calls_imported:
        raise GongApiError(409, f"Recording or telephony call import is not enabled for primaryUser {host.id}")
    call_id = emulator.new_call_id(posted["clientUniqueId"])
    call = Call(call_id, posted, datetime.fromisoformat(posted["actualStart"]), workspace_id)
    emulator.add_call(call)
    if posted.get("downloadMediaUrl"):
        arrive(emulator, call, measure_url(posted["downloadMediaUrl"], posted.get("duration")))
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


def _workspace_of(emulator: Emulator, posted: Mapping[str, Any]) -> str:
    default = emulator.workspaces[0].id
    wanted = str(posted.get("workspaceId") or default)
    if wanted not in {workspace.id for workspace in emulator.workspaces}:
        raise GongApiError(400, f"workspaceId: workspace {wanted} was not found")
    return wanted


def _host_of(emulator: Emulator, posted: Mapping[str, Any]) -> User:
    host = emulator.users.get(posted["primaryUser"])
    if host is None:
        raise GongApiError(400, f"primaryUser: user {posted['primaryUser']} was not found")
    if not any(_is_host(party, host) for party in posted["parties"]):
        raise GongApiError(400, "parties: must include the primaryUser")
    return host


def _is_host(party: Mapping[str, Any], host: User) -> bool:
    return party.get("userId") == host.id or (party.get("emailAddress") or "").lower() in host.emails


def _refuse_duplicate(emulator: Emulator, client_unique_id: str) -> None:
    existing = emulator.call_by_client_id(client_unique_id)
    if existing is not None:
        raise GongApiError(
            emulator.settings.duplicate_status,
            f"A call with clientUniqueId '{client_unique_id}' has already been posted for the call {existing.id}",
        )


async def list_calls(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/calls``."""
    query = request.query_params
    start = parse_query_datetime("fromDateTime", query.get("fromDateTime"))
    end = parse_query_datetime("toDateTime", query.get("toDateTime"))
    require_window(start, end, "fromDateTime", "toDateTime")
    chosen = _Filter(start=start, end=end, workspace_id=query.get("workspaceId"))
    question = [start.isoformat(), end.isoformat(), chosen.workspace_id]
    page = requested_page(emulator, query.get("cursor"), "listCalls", question)
    found, records = _cut_page(emulator, chosen, page)
    base_url = str(request.base_url)
    return Reply({"records": records, "calls": [basic_data(emulator, call, base_url) for call in found]})


async def list_calls_extensive(emulator: Emulator, request: Request) -> Reply:
    """``POST /v2/calls/extensive``."""
    body = parse_body(await request.body(), EXTENSIVE)
    selector = body.get("contentSelector") or {}
    if "contextTiming" in selector and selector.get("context") != "Extended":
        raise GongApiError(400, "contentSelector.contextTiming: allowed only with context Extended")
    chosen = _read_filter(body["filter"])
    page = requested_page(emulator, body.get("cursor"), "listCallsExtensive", body["filter"])
    found, records = _cut_page(emulator, chosen, page)
    base_url = str(request.base_url)
    calls = [call_data(emulator, call, selector, base_url) for call in found]
    return Reply({"records": records, "calls": calls})


async def get_call_transcripts(emulator: Emulator, request: Request) -> Reply:
    """``POST /v2/calls/transcript``."""
    body = parse_body(await request.body(), TRANSCRIPTS)
    chosen = _read_filter(body["filter"])
    page = requested_page(emulator, body.get("cursor"), "getCallTranscripts", body["filter"])
    found, records = _cut_page(emulator, chosen, page)
    return Reply({"records": records, "callTranscripts": [transcript(emulator, call) for call in found]})


async def get_call(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/calls/{id}``."""
    call_id = require_id(request.path_params["id"])
    call = emulator.calls.get(call_id)
    if call is None or not emulator.settings.key_sees_calls:
        raise GongApiError(404, f"Call ID {call_id} was not found")
    match emulator.call_state(call):
        case CallState.VISIBLE:
            return Reply({"call": basic_data(emulator, call, str(request.base_url))})
        case CallState.NOT_READY:
            raise GongApiError(emulator.settings.not_ready_status, f"Call ID {call_id} is not ready yet")
        case _:
            raise GongApiError(404, f"Call ID {call_id} was not found")


def _read_filter(filters: Mapping[str, Any]) -> _Filter:
    start, end = _moment(filters, "fromDateTime"), _moment(filters, "toDateTime")
    require_window(start, end, "filter.fromDateTime", "toDateTime")
    return _Filter(
        start=start,
        end=end,
        workspace_id=filters.get("workspaceId"),
        call_ids=_ids(filters.get("callIds")),
        primary_user_ids=_ids(filters.get("primaryUserIds")),
    )


def _moment(filters: Mapping[str, Any], name: str) -> datetime | None:
    return parse_datetime(filters[name]) if filters.get(name) else None


def _ids(values: Sequence[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(map(require_id, values))


@dataclass(frozen=True, kw_only=True)
class _Filter:
    start: datetime | None
    end: datetime | None
    workspace_id: str | None
    call_ids: frozenset[str] | None = None
    primary_user_ids: frozenset[str] | None = None

    def matches(self, call: Call) -> bool:
        return (
            (self.call_ids is None or call.id in self.call_ids)
            and (self.start is None or call.started >= self.start)
            and (self.end is None or call.started < self.end)
            and (not self.workspace_id or call.workspace_id == self.workspace_id)
            and (self.primary_user_ids is None or call.primary_user_id in self.primary_user_ids)
        )


def _cut_page(emulator: Emulator, chosen: _Filter, page: Page) -> tuple[list[Call], dict[str, Any]]:
    found, records = cut(emulator, emulator.visible_calls(chosen.matches), page)
    if not found:
        raise GongApiError(404, NO_CALLS)
    return found, records
