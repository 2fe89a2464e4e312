"""Builds a company from its description; the same seed gives the same company."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from airflow_provider_gong.emulator.company.company import Arrival, Company
from airflow_provider_gong.emulator.company.records import (
    LONG_AGO,
    Call,
    SettingChange,
    User,
    Workspace,
    new_call,
)
from airflow_provider_gong.emulator.company.seeds.documents import (
    MOST_CALLS,
    MOST_USERS,
    CallSeed,
    CompanyDocument,
    UserSeed,
    default_document,
    read_document,
)
from airflow_provider_gong.emulator.company.seeds.generator import generated_calls, generated_users, processed_media
from airflow_provider_gong.emulator.company.users import Users
from airflow_provider_gong.emulator.contract.checking import field_errors
from airflow_provider_gong.emulator.contract.notation import schemas
from airflow_provider_gong.emulator.world.answers import GongApiError

_FIRST_CREATED = datetime(2024, 1, 15, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-8)))
_MOST_MINUTES = 1_440


def seed_company(company: Company, description: Mapping[str, Any] | None) -> None:
    """
    Add the workspaces, users and calls of a description to an empty company.

    :param description: the description; workspaces and users default to those of the small company
    :raises ValueError: if the description is wrong
    """
    default = default_document()
    document = default if description is None else read_document(description)
    company.workspaces = [
        Workspace(company.new_id("workspace", seed.name), seed.name, seed.description)
        for seed in document.workspaces or default.workspaces
    ]
    if not document.users:
        _put_users(company, company.users, default.users)
    extend_company(company, document)


def extend_company(company: Company, document: CompanyDocument) -> None:
    """
    Add the users and calls of a description, including generated ones, to a company: all or nothing.

    :raises ValueError: if something already exists, or a call's host or workspace is unknown
    """
    users = Users(company.users)
    _put_users(company, users, document.users)
    _put_users(company, users, generated_users(company, users, document.generate))
    arrivals = _new_calls(company, document, users)
    company.users = users
    company.add_calls(arrivals)


def user_id(company: Company, email: str) -> str:
    """Return the id that a seeded user has."""
    return company.new_id("user", email.removesuffix("@example.com"))


def _put_users(company: Company, users: Users, seeds: Iterable[UserSeed]) -> None:
    added = list(seeds)
    for seed in added:
        user = _user(company, users, seed)
        if user.id in users:
            raise ValueError(f"user {seed.email} already exists")
        users.put(user)
    for seed in added:
        if seed.manager and user_id(company, seed.manager) not in users:
            raise ValueError(f"user {seed.email}: the manager {seed.manager} is unknown")


def _user(company: Company, users: Users, seed: UserSeed) -> User:
    number, first = len(users), next(iter(users), None)
    created = _FIRST_CREATED + timedelta(days=37 * (number % 24), minutes=number)
    return User(
        id=user_id(company, seed.email),
        email_address=seed.email,
        first_name=seed.firstName,
        last_name=seed.lastName,
        title=seed.title,
        phone_number=seed.phoneNumber or f"+1 202-555-{100 + number:04}",
        created=created,
        active=seed.active,
        email_aliases=seed.emailAliases,
        manager_id=user_id(company, seed.manager) if seed.manager else (first.id if first else None),
        telephony_calls_imported=seed.telephonyCallsImported,
        providers=seed.conferencingProviders,
        provider_connected=seed.providerConnected,
        language=seed.language,
        history=_history(created, seed),
    )


def _history(created: datetime, seed: UserSeed) -> tuple[SettingChange, ...]:
    changes = [SettingChange("active", True, created), SettingChange("callsImported", True, created)]
    if not seed.telephonyCallsImported:
        changes.append(SettingChange("callsImported", False, created + timedelta(days=3)))
    if not seed.active:
        changes.append(SettingChange("active", False, created + timedelta(days=30)))
    return tuple(changes)


def _new_calls(company: Company, document: CompanyDocument, users: Users) -> list[Arrival]:
    known = len(company.calls) + len(document.calls)
    for kind, count, most in (
        ("users", len(users), MOST_USERS),
        ("calls", known + document.generate.calls, MOST_CALLS),
    ):
        if count > most:
            raise ValueError(f"a company has up to {most} {kind}, not {count}")
    described = [_arrival(company, seed, users) for seed in document.calls]
    arrivals = [*described, *generated_calls(company, users, document.generate, known)]
    taken = set()
    for arrival in arrivals:
        name = arrival.call.client_unique_id
        if name in taken or company.calls.id_by_client_id.get(name):
            raise ValueError(f"call {name} already exists")
        taken.add(name)
    for arrival in described:
        _check(arrival.call)
    return arrivals


def _check(call: Call) -> None:
    try:
        errors = field_errors(call.posted, schemas()["NewCallAddingRequest"])
    except GongApiError:
        errors = ["the start, a party, the direction or the language has a wrong form"]
    if errors:
        raise ValueError(f"call {call.client_unique_id}: {', '.join(errors)}")


def _arrival(company: Company, seed: CallSeed, users: Users) -> Arrival:
    host = users.by_email(seed.host)
    name = seed.workspace or company.workspaces[0].name
    workspace = next((found for found in company.workspaces if found.name == name), None)
    if host is None:
        raise ValueError(f"call {seed.clientUniqueId}: no user has the address {seed.host}")
    if workspace is None:
        raise ValueError(f"call {seed.clientUniqueId}: there is no workspace {seed.workspace}")
    if not 0 < seed.minutes <= _MOST_MINUTES:
        raise ValueError(f"call {seed.clientUniqueId}: minutes must be up to {_MOST_MINUTES}, not {seed.minutes}")
    call_id = company.new_id("call", seed.clientUniqueId)
    call = new_call(call_id, _posted(seed, host, company.clock.now()), workspace.id)
    call.received, call.private = 1, seed.isPrivate
    call.media = processed_media(call_id, seed.minutes * 60.0)
    appears = call.started + seed.appearsAfterHours * 3_600 if seed.appearsAfterHours else LONG_AGO
    transcribed = call.started + seed.transcriptAfterHours * 3_600 if seed.transcriptAfterHours else appears
    return Arrival(call, appears, transcribed)


def _posted(seed: CallSeed, host: User, now: float) -> dict[str, Any]:
    posted = {
        "clientUniqueId": seed.clientUniqueId,
        "title": seed.title,
        "actualStart": _started(seed, now),
        "direction": seed.direction,
        "languageCode": seed.languageCode,
        "primaryUser": host.id,
        "parties": [{"userId": host.id, "emailAddress": host.email_address, "name": host.name}, *seed.parties],
    }
    return {**posted, "disposition": seed.disposition} if seed.disposition else posted


def _started(seed: CallSeed, now: float) -> str:
    try:
        if seed.started:
            return datetime.fromisoformat(seed.started).isoformat()
        return (datetime.fromtimestamp(int(now), UTC) - timedelta(days=seed.daysAgo)).isoformat()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"call {seed.clientUniqueId}: started or daysAgo is not a valid time: {error}") from error
