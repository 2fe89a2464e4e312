"""Data privacy: finds where a person is mentioned, and erases the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.company.records import Call, CallState, Meeting
from airflow_provider_gong.emulator.contract.checking import require_email
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import GongApiError

_PHONE = re.compile(r"\+[0-9 ().-]{6,}")
_EVENT_TYPES = {"addDigitalInteraction": "digitalInteraction", "customAction": "customEvent"}


@dataclass(frozen=True)
class _Person:
    """
    A person to find, by address or phone number.

    :param field: the field of a party and of a CRM object
    """

    field: str
    normalize: Callable[[str], str]
    wanted: str

    def is_meant_by(self, text: Any) -> bool:
        return isinstance(text, str) and bool(text) and self.normalize(text) == self.wanted

    def calls(self, emulator: Emulator) -> list[Call]:
        calls: Iterable[Call] = emulator.calls
        if self.field == "emailAddress":
            # Most calls are skipped without parsing.
            calls = (call for call in calls if self.wanted.encode() in call.document.lower())
        return [call for call in calls if any(self.is_meant_by(who.get(self.field)) for who in call.posted["parties"])]

    def meetings(self, emulator: Emulator) -> list[Meeting]:
        if self.field != "emailAddress":
            return []
        return [
            meeting
            for meeting in emulator.meetings.values()
            if not meeting.deleted and any(self.is_meant_by(who.get("email")) for who in meeting.details["invitees"])
        ]

    def crm_objects(self, emulator: Emulator) -> list[tuple[str, dict[str, Any]]]:
        return emulator.crm.people_with(self.field, self.is_meant_by)

    def events(self, emulator: Emulator) -> dict[tuple[str, str | int], dict[str, Any]]:
        if self.field != "emailAddress":
            return {}
        return {key: event for key, event in emulator.events.items() if any(map(self.is_meant_by, _emails_in(event)))}


def _emails_in(event: Any) -> list[str]:
    if isinstance(event, Mapping):
        own = [event["email"]] if isinstance(event.get("email"), str) else []
        return own + [email for value in event.values() for email in _emails_in(value)]
    return [email for item in event for email in _emails_in(item)] if isinstance(event, list) else []


def _by_email(ask: Ask) -> _Person:
    email = ask.query["emailAddress"]
    require_email(email)
    if ask.emulator.users.by_email(email) is not None:
        raise GongApiError(400, f"emailAddress: {email} is the address of a user of the company")
    return _Person("emailAddress", str.lower, email.lower())


def _by_phone(ask: Ask) -> _Person:
    # A + that was not encoded arrives as a space.
    number = ask.query["phoneNumber"].strip()
    if not _PHONE.fullmatch(number):
        raise GongApiError(400, "phoneNumber: must start with + and the country code")
    return _Person("phoneNumber", _digits, _digits(number))


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _references(ask: Ask, person: _Person) -> dict[str, Any]:
    emulator = ask.emulator
    return {
        "emails": [],
        "calls": [_call_reference(ask, call) for call in person.calls(emulator)],
        "meetings": [{"id": meeting.id} for meeting in person.meetings(emulator)],
        "customerData": _customer_data(emulator, person),
    }


def _call_reference(ask: Ask, call: Call) -> dict[str, Any]:
    visible = ask.emulator.calls.state(call, ask.now) is CallState.VISIBLE
    return {"id": call.id, "status": "COMPLETED" if visible else "PROCESSING", "externalSystems": []}


def _customer_data(emulator: Emulator, person: _Person) -> list[dict[str, Any]]:
    objects = [
        {
            "id": emulator.new_id("crm object", f"{kind}/{found['objectId']}"),
            "objectType": kind.title(),
            "externalId": str(found["objectId"]),
            "mirrorId": str(found["objectId"]),
            "fields": [{"name": name, "value": value} for name, value in found.items()],
        }
        for kind, found in person.crm_objects(emulator)
    ]
    return [{"system": "Generic", "objects": objects}] if objects else []


async def references_to_email(ask: Ask) -> Reply:
    """``GET /v2/data-privacy/data-for-email-address``."""
    person = _by_email(ask)
    events = [_engagement(event) for event in person.events(ask.emulator).values()]
    return Reply({**_references(ask, person), "customerEngagement": events})


def _engagement(event: Mapping[str, Any]) -> dict[str, Any]:
    content = event.get("content") or event
    found = {
        "eventType": _EVENT_TYPES.get(event["operation"], event["operation"]),
        "timestamp": event.get("timestamp") or event.get("eventTimestamp"),
        "contentId": content.get("contentId"),
        "contentUrl": content.get("contentUrl"),
        "reportingSystem": event.get("reportingSystem") or event.get("sourceSystemName"),
        "eventName": event.get("eventType") or event.get("actionName"),
        "sourceEventId": event.get("eventId"),
    }
    return {name: value for name, value in found.items() if value is not None}


async def references_to_phone(ask: Ask) -> Reply:
    """``GET /v2/data-privacy/data-for-phone-number``."""
    person = _by_phone(ask)
    parties = [party for call in person.calls(ask.emulator) for party in call.posted["parties"]]
    meant = [party for party in parties if person.is_meant_by(party.get("phoneNumber"))]
    found = {
        "suppliedPhoneNumber": ask.query["phoneNumber"].strip(),
        "matchingPhoneNumbers": sorted({party["phoneNumber"] for party in meant}),
        "emailAddresses": sorted({party["emailAddress"] for party in meant if party.get("emailAddress")}),
    }
    return Reply({**_references(ask, person), **found})


async def purge_email(ask: Ask) -> Reply:
    """``POST /v2/data-privacy/erase-data-for-email-address``: answered at once, carried out later."""
    return _purge(ask, _by_email(ask))


async def purge_phone(ask: Ask) -> Reply:
    """``POST /v2/data-privacy/erase-data-for-phone-number``: answered at once, carried out later."""
    return _purge(ask, _by_phone(ask))


def _purge(ask: Ask, person: _Person) -> Reply:
    emulator = ask.emulator
    emulator.agenda.at(emulator.clock.now() + emulator.settings.erase_seconds, lambda: _erase(emulator, person))
    ask.did("scheduled", "erasure", person.wanted)
    return Reply({})


def _erase(emulator: Emulator, person: _Person) -> None:
    for call in person.calls(emulator):
        emulator.erase_call(call, emulator.clock.now())
    for meeting in person.meetings(emulator):
        del emulator.meetings[meeting.id]
    for kind, found in person.crm_objects(emulator):
        emulator.crm.erase(kind, str(found["objectId"]))
    for key in person.events(emulator):
        del emulator.events[key]
