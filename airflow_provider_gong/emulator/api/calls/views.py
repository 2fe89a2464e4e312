"""Calls as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask
from airflow_provider_gong.emulator.api.calls.conversation import Conversation
from airflow_provider_gong.emulator.api.calls.links import signed_recording_url, unsigned_recording_url
from airflow_provider_gong.emulator.company.records import Call
from airflow_provider_gong.emulator.state import Emulator
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


def without_missing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def basic_data(ask: Ask, call: Call) -> dict[str, Any]:
    """Return the metadata of a processed call; missing values are ``null`` (observed on live tenants)."""
    return _basic_data(ask, call, call.posted)


def _basic_data(ask: Ask, call: Call, posted: Mapping[str, Any]) -> dict[str, Any]:
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


def call_data(ask: Ask, call: Call, selector: Mapping[str, Any]) -> dict[str, Any]:
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
    return without_missing(
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
        {**without_missing(crm_object), "timing": timing}
        for crm_object in context.get("objects") or ()
        if crm_object["objectType"] in types
        for timing in timings
    ]


def transcript(emulator: Emulator, call: Call) -> dict[str, Any]:
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
