"""A call as Gong returns it, with what several tables need to know about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_gong.call_export.tables.fields import as_text, microseconds, objects

_ACCOUNT_NAMES = ("Name", "name", "AccountName", "Account Name")
_COMPANY_NAMES = ("CompanyName", "Company", "AccountName", "Account Name")
INTERNAL = "Internal"


@dataclass(frozen=True, slots=True)
class Person:
    """
    Identity of a party.

    :param name: name, or else e-mail address or phone number
    :param company: company of an external party, if Gong's CRM data or the e-mail address shows it
    :param affiliation: ``Internal``, ``External`` or ``Unknown``
    """

    name: str | None
    company: str | None
    affiliation: str | None
    user_id: str | None

    @property
    def label(self) -> str | None:
        """The person's name in documents."""
        return f"{self.name} ({self.company})" if self.name and self.company else self.name


NOBODY = Person(None, None, None, None)


class ExportedCall:
    """
    A call.

    :param data: a row of ``POST /v2/calls/extensive``
    :param transcript: a row of ``POST /v2/calls/transcript``; None if Gong has no transcript
    :param unknown: counts fields that are not in Gong's reference
    :ivar owner_id: Gong user id of the host; empty if there is none
    :ivar workspace_id: the id of the workspace; empty if there is none
    """

    def __init__(self, data: Mapping[str, Any], transcript: Mapping[str, Any] | None, unknown: Counter[str]) -> None:
        self.data = data
        self.transcript = transcript
        self.unknown = unknown
        self.meta: Mapping[str, Any] = data["metaData"]
        self.call_id = str(self.meta["id"])
        self.owner_id = str(self.meta.get("primaryUserId") or "")
        self.workspace_id = str(self.meta.get("workspaceId") or "")

    @cached_property
    def started(self) -> int | None:
        """When it started, in microseconds since 1970."""
        return microseconds(self.meta.get("started"))

    @cached_property
    def monologues(self) -> Sequence[Mapping[str, Any]]:
        """What is said."""
        return () if self.transcript is None else objects(self.transcript.get("transcript"))

    @cached_property
    def people(self) -> list[tuple[Mapping[str, Any], Person]]:
        """Its parties with their identities."""
        return [(party, _person(party, self._account_name)) for party in objects(self.data.get("parties"))]

    @cached_property
    def speakers(self) -> Mapping[str, Person]:
        """Identities of the speakers, by speaker id."""
        found = ((as_text(party.get("speakerId")), person) for party, person in self.people)
        return {speaker_id: person for speaker_id, person in found if speaker_id}

    @cached_property
    def owner(self) -> tuple[Mapping[str, Any], Person]:
        """The party who hosts the call."""
        for party, person in self.people:
            if person.user_id and person.user_id == self.owner_id:
                return party, person
        return {}, NOBODY

    def crm_ids(self, object_type: str) -> list[str]:
        """Return the CRM ids of one object type that the call is about."""
        found = [item for _, item in crm_objects(self.data) if item.get("objectType") == object_type]
        return list(dict.fromkeys(str(item["objectId"]) for item in found if item.get("objectId")))

    @cached_property
    def _account_name(self) -> str | None:
        accounts = [item for _, item in crm_objects(self.data) if item.get("objectType") == "Account"]
        return crm_field(accounts[0], _ACCOUNT_NAMES) if accounts else None


def crm_objects(holder: Mapping[str, Any]) -> list[tuple[str | None, Mapping[str, Any]]]:
    """Return the CRM objects of a call or party, each with the name of its system."""
    return [
        (as_text(context.get("system")), item)
        for context in objects(holder.get("context"))
        for item in objects(context.get("objects"))
    ]


def is_plain_context(context: Mapping[str, Any]) -> bool:
    """Return whether nothing of a context is lost where only its CRM objects are exported."""
    items = context.get("objects") or []
    return context.keys() <= {"system", "objects"} and isinstance(items, list) and len(objects(items)) == len(items)


def crm_field(crm_object: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the first text among fields of a CRM object."""
    values = {as_text(field.get("name")): field.get("value") for field in objects(crm_object.get("fields"))}
    return next((value for name in names if isinstance(value := values.get(name), str) and value), None)


def _person(party: Mapping[str, Any], account_name: str | None) -> Person:
    affiliation = as_text(party.get("affiliation"))
    name = next(filter(None, (as_text(party.get(field)) for field in ("name", "emailAddress", "phoneNumber"))), None)
    company = None if affiliation == INTERNAL else _company(party) or account_name
    return Person(name, company, affiliation, as_text(party.get("userId")) or None)


def _company(party: Mapping[str, Any]) -> str | None:
    return next(filter(None, (crm_field(item, _COMPANY_NAMES) for _, item in crm_objects(party))), None)
