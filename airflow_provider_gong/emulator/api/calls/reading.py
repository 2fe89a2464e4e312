"""Reads calls: lists, single calls, transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.calls.views import basic_data, call_data, transcript
from airflow_provider_gong.emulator.company.calls import Shelf
from airflow_provider_gong.emulator.company.records import Call, CallState
from airflow_provider_gong.emulator.contract.checking import read_window
from airflow_provider_gong.emulator.world.errors import GongApiError
from airflow_provider_gong.emulator.world.ids import require_id

NO_CALLS = "No calls found corresponding to the provided filters"
MEDIA_SCOPE = "api:calls:read:media-url"


async def list_calls(ask: Ask) -> Reply:
    """``GET /v2/calls``."""
    window = read_window(ask.query, "fromDateTime", "toDateTime")
    wanted = _Wanted(*window, ask.query.get("workspaceId"))
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
    if call is not None and ask.sees(call):
        state = ask.emulator.calls.state(call, ask.now)
    if state is CallState.NOT_READY:
        raise GongApiError(ask.emulator.settings.not_ready_status, f"Call ID {call_id} is not ready yet")
    if call is None or state is not CallState.VISIBLE:
        raise GongApiError(404, f"Call ID {call_id} was not found")
    return Reply({"call": basic_data(ask, call)})


class _Wanted:
    """A filter for calls."""

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
    window = read_window(filters, "fromDateTime", "toDateTime", "filter.")
    return _Wanted(*window, filters.get("workspaceId"), filters.get("callIds"), filters.get("primaryUserIds"))


def _page(ask: Ask, shelf: Shelf, wanted: _Wanted) -> tuple[list[Call], dict[str, Any]]:
    store = ask.emulator.calls
    if wanted.call_ids is None:
        calls = ask.readable(shelf, start=wanted.start, end=wanted.end)
    else:
        calls = [call for call in store.readable_of(shelf, ask.now, wanted.call_ids) if ask.sees(call)]
    if not wanted.everything_of_the_window:
        calls = [call for call in calls if wanted.matches(call)]
    lagging = ask.emulator.settings.lagging_counts
    ahead = sum(wanted.matches(call) and ask.sees(call) for call in shelf.processing()) if lagging else 0
    found, records = ask.page(calls, ahead=ahead)
    if not found:
        raise GongApiError(404, NO_CALLS)
    return found, records
