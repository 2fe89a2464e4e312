"""Reads calls: lists, single calls, transcripts, as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.calls.conversation import Conversation
from airflow_provider_gong.emulator.api.calls.links import signed_recording_url, unsigned_recording_url
from airflow_provider_gong.emulator.company.calls import Shelf
from airflow_provider_gong.emulator.company.records import Call, CallState
from airflow_provider_gong.emulator.contract.checking import read_window
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.ids import require_id
from airflow_provider_gong.emulator.world.times import wire_time

# ISO 639-2/B, as in responses; requests use BCP-47.
_LANGUAGES = {
    "de": "ger",
    "en": "eng",
    "es": "spa",
    "fr": "fre",
    "it": "ita",
    "ja": "jpn",
    "nl": "dut",
    "pt": "por",
}
_MEDIA_SCOPE = "api:calls:read:media-url"


async def list_calls(ask: Ask) -> Reply:
    """``GET /v2/calls``."""
    window = read_window(ask.query, "fromDateTime", "toDateTime")
    wanted = _Wanted(*window, ask.query.get("workspaceId"))
    found, records = _page(ask, ask.emulator.calls.details, wanted)
    return Reply({"records": records, "calls": [_basic_data(ask, call, call.posted) for call in found]})


async def list_calls_extensive(ask: Ask) -> Reply:
    """``POST /v2/calls/extensive``."""
    selector = ask.body.get("contentSelector") or {}
    if (selector.get("exposedFields") or {}).get("media"):
        ask.caller.require_scope(_MEDIA_SCOPE)
    if "contextTiming" in selector and selector.get("context") != "Extended":
        raise GongApiError(400, "contentSelector.contextTiming: allowed only with context Extended")
    found, records = _page(ask, ask.emulator.calls.details, _read_filter(ask))
    return Reply({"records": records, "calls": [_call_data(ask, call, selector) for call in found]})


async def get_call_transcripts(ask: Ask) -> Reply:
    """``POST /v2/calls/transcript``."""
    found, records = _page(ask, ask.emulator.calls.transcripts, _read_filter(ask))
    return Reply({"records": records, "callTranscripts": [_transcript(ask.emulator, call) for call in found]})


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
    return Reply({"call": _basic_data(ask, call, call.posted)})


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
    calls = ask.readable(shelf, start=wanted.start, end=wanted.end, call_ids=wanted.call_ids)
    if not wanted.everything_of_the_window:
        calls = [call for call in calls if wanted.matches(call)]
    lagging = ask.emulator.settings.lagging_counts
    ahead = sum(wanted.matches(call) and ask.sees(call) for call in shelf.processing.values()) if lagging else 0
    return ask.page(calls, ahead=ahead, none="No calls found corresponding to the provided filters")


def _without_missing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def _basic_data(ask: Ask, call: Call, posted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a processed call; missing values are ``null`` (observed on live tenants)."""
    started = wire_time(ask.emulator, call.started)
    return {
        "id": call.id,
        "url": f"{ask.base_url}call?id={call.id}",
        "title": posted.get("title") or "Call",
        "scheduled": _scheduled(ask.emulator, posted) or started,
        "started": started,
        "duration": round(call.media.duration) if call.media else None,
        "primaryUserId": call.primary_user_id,
        "direction": posted["direction"],
        "system": "Upload API",
        "scope": _scope(ask.emulator, posted),
        "media": "Audio",
        "language": _LANGUAGES.get((posted.get("languageCode") or "en")[:2], "und"),
        "workspaceId": call.workspace_id,
        "sdrDisposition": posted.get("disposition"),
        "clientUniqueId": call.client_unique_id,
        "customData": posted.get("customData"),
        "purpose": posted.get("purpose"),
        "meetingUrl": posted.get("meetingUrl") or unsigned_recording_url(ask.base_url, call.id),
        "isPrivate": call.private,
        "calendarEventId": None,
    }


def _scheduled(emulator: Emulator, posted: Mapping[str, Any]) -> str | None:
    scheduled = posted.get("scheduledStart")
    return wire_time(emulator, datetime.fromisoformat(scheduled).timestamp()) if scheduled else None


def _scope(emulator: Emulator, posted: Mapping[str, Any]) -> str:
    return "Internal" if all(map(emulator.users.of_party, posted["parties"])) else "External"


def _call_data(ask: Ask, call: Call, selector: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call with the requested blocks, without what Gong does not have."""
    emulator, posted = ask.emulator, call.posted
    conversation = Conversation(emulator, call)
    exposed = selector.get("exposedFields") or {}
    data: dict[str, Any] = {"metaData": _basic_data(ask, call, posted)}
    if selector.get("context", "None") not in (None, "None"):
        timings = selector.get("contextTiming") or ["Now"]
        data["context"] = _context(posted, ("Opportunity", "Account"), timings)
    if exposed.get("parties") and emulator.settings.imported_parties:
        data["parties"] = [
            _party(emulator, call, number, speaker_id, party)
            for number, (speaker_id, party) in enumerate(zip(conversation.speaker_ids, posted["parties"], strict=True))
        ]
    blocks = ("content", "interaction", "collaboration")
    data.update((name, getattr(conversation, name)(exposed[name])) for name in blocks if exposed.get(name))
    if exposed.get("media"):
        data["media"] = {"audioUrl": signed_recording_url(emulator, ask.base_url, call.id)}
    return data


def _party(emulator: Emulator, call: Call, number: int, speaker_id: str, party: Mapping[str, Any]) -> dict[str, Any]:
    user = emulator.users.of_party(party)
    return _without_missing(
        {
            "id": emulator.new_id("party", f"{call.id}/{number}"),
            # For users, Gong shows its own record rather than what was posted (observed on live tenants).
            "emailAddress": user.email_address if user else party.get("emailAddress"),
            "name": user.name if user else party.get("name"),
            "title": user.title if user else None,
            "userId": user.id if user else None,
            "speakerId": speaker_id,
            "context": _context(party, ("Contact", "Lead", "User"), ["Now"]),
            "affiliation": "Internal" if user else "External",
            "phoneNumber": user.phone_number if user else party.get("phoneNumber"),
            "methods": ["Attendee"],
        }
    )


def _context(holder: Mapping[str, Any], types: tuple[str, ...], timings: list[str]) -> list[dict[str, Any]]:
    return [
        {"system": context["system"], "objects": _crm_objects(context, types, timings)}
        for context in holder.get("context") or ()
    ]


def _crm_objects(context: Mapping[str, Any], types: tuple[str, ...], timings: list[str]) -> list[dict[str, Any]]:
    return [
        {**_without_missing(crm_object), "timing": timing}
        for crm_object in context.get("objects") or ()
        if crm_object["objectType"] in types
        for timing in timings
    ]


def _transcript(emulator: Emulator, call: Call) -> dict[str, Any]:
    """Return the transcript of a call; times are milliseconds, and the topic is often missing."""
    conversation = Conversation(emulator, call)
    monologues = [
        {
            "speakerId": conversation.speaker_ids[monologue.party],
            "topic": monologue.topic if number % 3 == 0 else None,
            "sentences": [{"start": start, "end": end, "text": text} for start, end, text in monologue.sentences],
        }
        for number, monologue in enumerate(conversation.monologues)
    ]
    return {"callId": call.id, "transcript": monologues}
