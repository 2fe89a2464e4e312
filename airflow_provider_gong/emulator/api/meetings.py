"""The operations on meetings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.company.records import Meeting, User
from airflow_provider_gong.emulator.contract.checking import read_window, require_email
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import GongApiError

_PROVIDER_NAMES = {"googlemeet": "Google Meet", "msteams": "Microsoft Teams", "zoom": "Zoom"}
_NO_CONSENT_PAGE = "The Gong consent page is not enabled in your company. Contact your Gong Admin."
_CONSENT_PAGE_PATH = "company/recording-consent/consent-page"
_CONSENT_HELP = "https://help.gong.io/hc/en-us/articles/360043528331"
_ASSISTANT = {"email": "assistant@gong.example.com", "displayName": "Gong Assistant"}


async def add_meeting(ask: Ask) -> Reply:
    """``POST /v2/meetings``: each request creates a meeting, even with a known ``externalId``."""
    emulator, details = ask.emulator, _read_meeting(ask)
    organizer = _organizer(emulator, details)
    provider = details.get("provider") or organizer.providers[0]
    _require_connection(emulator, organizer, provider)
    meeting_id = emulator.new_id("meeting", len(emulator.meetings))
    url = f"{ask.base_url}meeting?id={meeting_id}"
    emulator.meetings[meeting_id] = Meeting(meeting_id, url, organizer, provider, details)
    ask.did("created", "meeting", meeting_id, **_facts(details))
    return Reply({"meetingId": meeting_id, "meetingUrl": url, "additionalInvitees": [_ASSISTANT]})


def _facts(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: details.get(name) for name in ("organizerEmail", "externalId", "startTime")}


async def update_meeting(ask: Ask) -> Reply:
    """``PUT /v2/meetings/{meetingId}``: replaces what was sent before."""
    emulator, details = ask.emulator, _read_meeting(ask)
    organizer = _organizer(emulator, details)
    meeting = _meeting(ask)
    if meeting is None or meeting.organizer.id != organizer.id:
        raise GongApiError(404, "No meeting found corresponding to the provided meeting ID")
    provider = details.get("provider") or meeting.provider
    _require_connection(emulator, organizer, provider)
    meeting.details, meeting.provider = details, provider
    meeting.updates += 1
    ask.did("changed", "meeting", meeting.id, **_facts(details))
    return Reply({"meetingId": meeting.id})


async def delete_meeting(ask: Ask) -> Reply:
    """``DELETE /v2/meetings/{meetingId}``, with a JSON body; a setting chooses the form of the answer."""
    meeting = required(_meeting(ask), 404, "The given meeting ID was not found.")
    email = ask.body.get("organizerEmail") or meeting.organizer.email_address
    if email.lower() not in meeting.organizer.emails:
        raise GongApiError(404, "No Gong meeting found corresponding to the provided organizer email")
    meeting.deleted = True
    ask.did("deleted", "meeting", meeting.id, organizerEmail=email)
    form = ask.emulator.settings.deleted_meeting
    return Reply(None if form == "empty" else {"organizerEmail": email}, request_id=form == "full")


async def integration_status(ask: Ask) -> Reply:
    """``POST /v2/meetings/integration/status``: a user who cannot create meetings is not an error."""
    return Reply({"users": [_status(ask.emulator, email, ask.base_url) for email in ask.body.get("emails") or ()]})


def _read_meeting(ask: Ask) -> dict[str, Any]:
    details: dict[str, Any] = ask.body
    read_window(details, "startTime", "endTime")
    for invitee in details["invitees"]:
        if invitee.get("email") is not None:
            require_email(invitee["email"])
    return details


def _organizer(emulator: Emulator, details: Mapping[str, Any]) -> User:
    organizer = emulator.users.by_email(details["organizerEmail"])
    return required(organizer, 404, "No Gong user found corresponding to the provided organizer email")


def _meeting(ask: Ask) -> Meeting | None:
    meeting = ask.emulator.meetings.get(ask.ids["meetingId"])
    return None if meeting is None or meeting.deleted else meeting


def _require_connection(emulator: Emulator, organizer: User, provider: str) -> None:
    if not emulator.settings.consent_page_enabled:
        raise GongApiError(
            409,
            "Conflict, e.g. consent page is not enabled in your company",
            details={"userFacingError": _NO_CONSENT_PAGE, "fixUrl": "", "helpUrl": _CONSENT_HELP},
        )
    if not organizer.provider_connected or provider not in organizer.providers:
        raise GongApiError(
            409,
            "Provider disconnected",
            details={"userFacingError": _disconnected(provider), "fixUrl": "", "helpUrl": ""},
        )


def _disconnected(provider: str) -> str:
    name = _PROVIDER_NAMES.get(provider, provider)
    return (
        f"Gong was not able to create a Gong meeting link since {name} is disconnected from Gong."
        " Contact your Gong Admin."
    )


def _status(emulator: Emulator, email: str, base_url: str) -> dict[str, Any]:
    user = emulator.users.by_email(email)
    status = {"email": email, "exists": user is not None, "valid": False, "fixUrl": "", "helpUrl": ""}
    if user is None:
        return {**status, "userFacingError": "There is no Gong user with this email address."}
    if not emulator.settings.consent_page_enabled:
        fix_url = f"{base_url}{_CONSENT_PAGE_PATH}"
        return {**status, "userFacingError": _NO_CONSENT_PAGE, "fixUrl": fix_url, "helpUrl": _CONSENT_HELP}
    if not user.provider_connected:
        return {**status, "userFacingError": _disconnected(user.providers[0])}
    return {**status, "valid": True, "userFacingError": ""}
