"""Calls: posting and reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.api.call_views import basic_data, call_data, transcript
from airflow_provider_gong.emulator.api.media import arrive
from airflow_provider_gong.emulator.company.calls import Shelf
from airflow_provider_gong.emulator.company.records import Call, CallState, User, new_call
from airflow_provider_gong.emulator.contract.checking import parse_datetime, require_email, require_window
from airflow_provider_gong.emulator.contract.operation import Ask, Reply
from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.ids import require_id
from airflow_provider_gong.emulator.measuring import measure_url

NO_CALLS = "No calls found corresponding to the provided filters"
MEDIA_SCOPE = "api:calls:read:media-url"


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
    call = new_call(call_id, posted, workspace_id, emulator.clock.now())
    emulator.calls.add(call)
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


async def list_calls(ask: Ask) -> Reply:
    """``GET /v2/calls``."""
    start, end = ask.query.get("fromDateTime"), ask.query.get("toDateTime")
    require_window(start, end, "fromDateTime", "toDateTime")
    wanted = _Wanted(_seconds(start), _seconds(end), ask.query.get("workspaceId"))
    found, records = _page(ask, ask.emulator.calls.details, wanted)
    return Reply({"records": records, "calls": [basic_data(ask, call) for call in found]})


async def list_calls_extensive(ask: Ask) -> Reply:
    """``POST /v2/calls/extensive``."""
    selector = ask.body.get("contentSelector") or {}
    if (selector.get("exposedFields") or {}).get("media"):
        ask.caller.require_scope(MEDIA_SCOPE)
    if "contextTiming" in selector and selector.get("context") != "Extended":
        raise GongApiError(400, "contentSelector.contextTiming: allowed only with context Extended")
    found, records = _page(ask, ask.emulator.calls.details, _read_filter(ask))
    return Reply({"records": records, "calls": [call_data(ask, call, selector) for call in found]})


async def get_call_transcripts(ask: Ask) -> Reply:
    """``POST /v2/calls/transcript``."""
    found, records = _page(ask, ask.emulator.calls.transcripts, _read_filter(ask))
    return Reply({"records": records, "callTranscripts": [transcript(ask.emulator, call) for call in found]})


async def get_call(ask: Ask) -> Reply:
    """``GET /v2/calls/{id}``."""
    call_id = ask.ids["id"]
    call = ask.emulator.calls.get(call_id)
    state = CallState.AWAITING_MEDIA
    if call is not None and ask.caller.sees_calls:
        state = ask.emulator.calls.state(call, ask.now)
    if state is CallState.NOT_READY:
        raise GongApiError(ask.emulator.settings.not_ready_status, f"Call ID {call_id} is not ready yet")
    if call is None or state is not CallState.VISIBLE:
        raise GongApiError(404, f"Call ID {call_id} was not found")
    return Reply({"call": basic_data(ask, call)})


class _Wanted:
    """Which calls are wanted."""

    def __init__(
        self,
        start: float | None,
        end: float | None,
        workspace_id: str | None,
        call_ids: Sequence[str] | None = None,
        host_ids: Sequence[str] | None = None,
    ) -> None:
        self.start, self.end = start, end
        self._workspace_id = workspace_id
        self.call_ids = None if call_ids is None else frozenset(map(require_id, call_ids))
        self._host_ids = None if host_ids is None else frozenset(map(require_id, host_ids))

    @property
    def everything_of_the_window(self) -> bool:
        return not self._workspace_id and self.call_ids is None and self._host_ids is None

    def matches(self, call: Call) -> bool:
        return (
            (self.call_ids is None or call.id in self.call_ids)
            and (self.start is None or call.started >= self.start)
            and (self.end is None or call.started < self.end)
            and (not self._workspace_id or call.workspace_id == self._workspace_id)
            and (self._host_ids is None or call.primary_user_id in self._host_ids)
        )


def _read_filter(ask: Ask) -> _Wanted:
    filters = ask.body["filter"]
    start, end = _moment(filters, "fromDateTime"), _moment(filters, "toDateTime")
    require_window(start, end, "filter.fromDateTime", "toDateTime")
    return _Wanted(
        _seconds(start),
        _seconds(end),
        filters.get("workspaceId"),
        filters.get("callIds"),
        filters.get("primaryUserIds"),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(filters: Mapping[str, Any], name: str) -> datetime | None:
    return parse_datetime(filters[name]) if filters.get(name) else None


def _page(ask: Ask, shelf: Shelf, wanted: _Wanted) -> tuple[list[Call], dict[str, Any]]:
    calls: Sequence[Call] = ()
    ahead = 0
    if ask.caller.sees_calls:
        store = ask.emulator.calls
        if wanted.call_ids is None:
            calls = store.readable(shelf, ask.now, start=wanted.start, end=wanted.end)
        else:
            calls = store.readable_of(shelf, ask.now, wanted.call_ids)
        if not wanted.everything_of_the_window:
            calls = [call for call in calls if wanted.matches(call)]
        if ask.emulator.settings.lagging_counts:
            ahead = sum(map(wanted.matches, shelf.processing()))
    found, records = ask.page(calls, ahead=ahead)
    if not found:
        raise GongApiError(404, NO_CALLS)
    return found, records
