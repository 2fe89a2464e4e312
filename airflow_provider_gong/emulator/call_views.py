"""Calls as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.ids import mint_id
from airflow_provider_gong.emulator.links import signed_recording_url, unsigned_recording_url
from airflow_provider_gong.emulator.records import Call, User
from airflow_provider_gong.emulator.state import Emulator

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
_SENTENCES = (
    "Thank you for taking the time today.",
    "Happy to. We have been looking at this for a while.",
    "Could you tell me how you handle it at the moment?",
    "Mostly by hand, and that is what we would like to change.",
)


def without_missing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: Gong leaves out what it does not have."""
    return {name: value for name, value in fields.items() if value is not None}


def basic_data(emulator: Emulator, call: Call, base_url: str) -> dict[str, Any]:
    """Return the metadata of a processed call."""
    posted = call.posted
    return without_missing(
        {
            "id": call.id,
            "url": f"{base_url}call?id={call.id}",
            "title": posted.get("title") or "Call",
            "scheduled": posted.get("scheduledStart"),
            "started": call.started.isoformat(),
            "duration": round(call.media.duration) if call.media else None,
            "primaryUserId": call.primary_user_id,
            "direction": posted["direction"],
            "system": "Upload API",
            "scope": _scope(emulator, call),
            "media": "Audio",
            "language": _LANGUAGES.get((posted.get("languageCode") or "en")[:2], "und"),
            "workspaceId": call.workspace_id,
            "sdrDisposition": posted.get("disposition"),
            "clientUniqueId": call.client_unique_id,
            "customData": posted.get("customData"),
            "purpose": posted.get("purpose"),
            "meetingUrl": posted.get("meetingUrl") or unsigned_recording_url(base_url, call.id),
            "isPrivate": False,
        }
    )


def _scope(emulator: Emulator, call: Call) -> str:
    everybody_known = all(_user_of(emulator, party) for party in call.posted["parties"])
    return "Internal" if everybody_known else "External"


def _user_of(emulator: Emulator, party: Mapping[str, Any]) -> User | None:
    by_id = emulator.users.get(party.get("userId") or "")
    return by_id or emulator.user_by_email(party.get("emailAddress") or "")


def call_data(emulator: Emulator, call: Call, selector: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return a call with the blocks that were asked for; blocks that Gong does not have are left out."""
    exposed = selector.get("exposedFields") or {}
    data: dict[str, Any] = {"metaData": basic_data(emulator, call, base_url)}
    if selector.get("context", "None") != "None":
        data["context"] = _context(call.posted, ("Opportunity", "Account"))
    if exposed.get("parties"):
        data["parties"] = _parties(emulator, call)
    if exposed.get("media"):
        data["media"] = {"audioUrl": signed_recording_url(emulator, base_url, call.id)}
    return data


def _parties(emulator: Emulator, call: Call) -> list[dict[str, Any]]:
    return [_party(emulator, call, number, party) for number, party in enumerate(call.posted["parties"])]


def _party(emulator: Emulator, call: Call, number: int, party: Mapping[str, Any]) -> dict[str, Any]:
    user = _user_of(emulator, party)
    return without_missing(
        {
            "id": mint_id(emulator.settings.seed, "party", f"{call.id}/{number}"),
            "emailAddress": party.get("emailAddress"),
            "name": party.get("name"),
            "title": user.title if user else None,
            "userId": user.id if user else None,
            "speakerId": _speaker_id(emulator, call, number),
            "context": _context(party, ("Contact", "Lead", "User")),
            "affiliation": "Internal" if user else "External",
            "phoneNumber": party.get("phoneNumber"),
            "methods": ["Attendee"],
        }
    )


def _speaker_id(emulator: Emulator, call: Call, number: int) -> str:
    return mint_id(emulator.settings.seed, "speaker", f"{call.id}/{number}")


def _context(holder: Mapping[str, Any], types: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"system": context["system"], "objects": _crm_objects(context, types)}
        for context in holder.get("context") or ()
    ]


def _crm_objects(context: Mapping[str, Any], types: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {**without_missing(crm_object), "timing": "Now"}
        for crm_object in context.get("objects") or ()
        if crm_object["objectType"] in types
    ]


def transcript(emulator: Emulator, call: Call) -> dict[str, Any]:
    """Return the transcript of a processed call: the parties talk in turn; times are milliseconds."""
    length = int((call.media.duration if call.media else 0) * 1000) // len(_SENTENCES)
    speakers = len(call.posted["parties"])
    monologues = [
        {
            "speakerId": _speaker_id(emulator, call, number % speakers),
            "topic": None,
            "sentences": [{"start": number * length, "end": (number + 1) * length, "text": text}],
        }
        for number, text in enumerate(_SENTENCES)
    ]
    return {"callId": call.id, "transcript": monologues}
