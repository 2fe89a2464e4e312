"""A call as Gong returns it, with what several tables need to know about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airflow_provider_gong.call_export.tables.fields import microseconds, objects

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
    :param monologues: its transcript; None if Gong has none
    :param unknown: counts fields that are not in Gong's reference
    """

    def __init__(
        self, data: Mapping[str, Any], monologues: Sequence[Mapping[str, Any]] | None, unknown: Counter[str]
    ) -> None:
        self.data = data
        self.monologues = monologues
        self.unknown = unknown
        self.meta: Mapping[str, Any] = data["metaData"]
        self.call_id = str(self.meta["id"])

    @property
    def owner_id(self) -> str:
        """Gong user id of the host; empty if there is none."""
        return str(self.meta.get("primaryUserId") or "")

    @property
    def workspace_id(self) -> str:
        """The id of the workspace; empty if there is none."""
        return str(self.meta.get("workspaceId") or "")

    @property
    def seconds(self) -> float:
        """Its duration."""
        duration = self.meta.get("duration")
        return float(duration) if isinstance(duration, int | float) else 0.0

    @cached_property
    def started(self) -> int | None:
        """When it started, in microseconds since 1970."""
        return microseconds(self.meta.get("started"))

    @cached_property
    def people(self) -> list[tuple[Mapping[str, Any], Person]]:
        """Its parties with their identities."""
        return [(party, _person(party, self._account_name)) for party in objects(self.data.get("parties"))]

    @cached_property
    def speakers(self) -> Mapping[str, Person]:
        """Identities of the speakers, by speaker id."""
        return {str(party["speakerId"]): person for party, person in self.people if party.get("speakerId")}

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
        (context.get("system"), item)
        for context in objects(holder.get("context"))
        for item in objects(context.get("objects"))
    ]


def crm_field(crm_object: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the first text among fields of a CRM object."""
    values = {field.get("name"): field.get("value") for field in objects(crm_object.get("fields"))}
    return next((value for name in names if isinstance(value := values.get(name), str) and value), None)


def _person(party: Mapping[str, Any], account_name: str | None) -> Person:
    affiliation = party.get("affiliation")
    user_id = party.get("userId")
    email = party.get("emailAddress")
    name = party.get("name") or email or party.get("phoneNumber")
    company = None if affiliation == INTERNAL else _company(party) or account_name
    return Person(name, company, affiliation, str(user_id) if user_id else None)


def _company(party: Mapping[str, Any]) -> str | None:
    return next(filter(None, (crm_field(item, _COMPANY_NAMES) for _, item in crm_objects(party))), None)
