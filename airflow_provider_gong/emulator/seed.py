"""The company that an emulator starts with; the same seed gives the same company."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from airflow_provider_gong.emulator.ids import mint_id
from airflow_provider_gong.emulator.records import Call, Media, SettingChange, User, Workspace

_FIRST_CREATED = datetime(2024, 1, 15, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-8)))

# first name, last name, title; the first is everybody's manager.
_PEOPLE = (
    ("Mara", "Lindqvist", "Head of Sales"),
    ("Tobias", "Okafor", "Account Executive"),
    ("Priya", "Raman", "Account Executive"),
    ("Jonas", "Weidner", "Account Executive"),
    ("Elena", "Marchetti", "Enterprise Account Executive"),
    ("Samuel", "Adeyemi", "Sales Development Representative"),
    ("Noor", "Haddad", "Sales Development Representative"),
    ("Grace", "Nakamura", "Customer Success Manager"),
    ("Lucas", "Ferreira", "Customer Success Manager"),
    ("Ingrid", "Solheim", "Solutions Consultant"),
    ("Victor", "Petrov", "Revenue Operations Manager"),
    ("Amelie", "Dubois", "Account Executive"),
)
_ALIASES = {
    "tobias.okafor": ("t.okafor@example.com", "tobias@sales.example.com"),
    "elena.marchetti": ("emarchetti@example.com",),
}
_NOT_IMPORTED = frozenset({"noor.haddad", "ingrid.solheim", "victor.petrov", "amelie.dubois"})
_INACTIVE = "amelie.dubois"
_DISCONNECTED = "jonas.weidner"
_PROVIDERS = {"jonas.weidner": ("googlemeet",), "mara.lindqvist": ("zoom", "msteams")}


class _PastCall(NamedTuple):
    title: str
    host: str
    days_ago: int
    minutes: int
    customer: str
    customer_email: str


_PAST_CALLS = (
    _PastCall("Discovery with Northwind Mills", "tobias.okafor", 20, 31, "Dana Ortiz", "dana@northwind.example.com"),
    _PastCall("Pricing review, Halden Logistics", "priya.raman", 15, 24, "Kim Halden", "kim@halden.example.com"),
    _PastCall("Quarterly review, Brightwater", "grace.nakamura", 9, 47, "Omar Reyes", "omar@brightwater.example.com"),
    _PastCall("Technical questions, Vela Foods", "elena.marchetti", 5, 38, "Ruth Vela", "ruth@vela.example.com"),
    _PastCall("Follow-up with Northwind Mills", "tobias.okafor", 2, 18, "Dana Ortiz", "dana@northwind.example.com"),
)


def seed_workspaces(seed: int) -> list[Workspace]:
    """Return the company's workspaces, the default one first."""
    descriptions = {"Sales": "New business", "Customer Success": "Existing customers"}
    return [
        Workspace(mint_id(seed, "workspace", name), name, description) for name, description in descriptions.items()
    ]


def seed_users(seed: int) -> list[User]:
    """Return the company's users: some without telephony import, one inactive, one without a provider."""
    return [_user(seed, number, *person) for number, person in enumerate(_PEOPLE)]


def _user(seed: int, number: int, first_name: str, last_name: str, title: str) -> User:
    name = f"{first_name}.{last_name}".lower()
    created = _FIRST_CREATED + timedelta(days=37 * number)
    imported = name not in _NOT_IMPORTED
    return User(
        id=_user_id(seed, name),
        email_address=f"{name}@example.com",
        first_name=first_name,
        last_name=last_name,
        title=title,
        phone_number=f"+1 202-555-{100 + number:04}",
        created=created,
        active=name != _INACTIVE,
        email_aliases=_ALIASES.get(name, ()),
        manager_id=_user_id(seed, "mara.lindqvist") if number else None,
        telephony_calls_imported=imported,
        providers=_PROVIDERS.get(name, ("zoom",)),
        provider_connected=name != _DISCONNECTED,
        history=_history(created, name, imported),
    )


def _user_id(seed: int, name: str) -> str:
    return mint_id(seed, "user", name)


def _history(created: datetime, name: str, imported: bool) -> tuple[SettingChange, ...]:
    changes = [SettingChange("active", True, created), SettingChange("callsImported", True, created)]
    if not imported:
        changes.append(SettingChange("callsImported", False, created + timedelta(days=3)))
    if name == _INACTIVE:
        changes.append(SettingChange("active", False, created + timedelta(days=30)))
    return tuple(changes)


def seed_calls(seed: int, now: float, users: list[User], workspace_id: str) -> list[Call]:
    """Return processed calls of the past weeks."""
    hosts = {user.email_address.partition("@")[0]: user for user in users}
    calls = []
    for number, past in enumerate(_PAST_CALLS, start=1):
        started = datetime.fromtimestamp(int(now), UTC) - timedelta(days=past.days_ago)
        posted = _posted(f"seed-{number}", past, hosts[past.host], started)
        call_id = mint_id(seed, "call", f"seed-{number}")
        media = _processed_media(mint_id(seed, "content", f"seed-{number}"), past.minutes)
        calls.append(Call(call_id, posted, started, workspace_id, media, received=1))
    return calls


def _posted(client_unique_id: str, past: _PastCall, host: User, started: datetime) -> dict[str, Any]:
    host_name = f"{host.first_name} {host.last_name}"
    return {
        "clientUniqueId": client_unique_id,
        "title": past.title,
        "actualStart": started.isoformat(),
        "direction": "Outbound",
        "languageCode": "en-US",
        "primaryUser": host.id,
        "parties": [
            {"userId": host.id, "emailAddress": host.email_address, "name": host_name},
            {"name": past.customer, "emailAddress": past.customer_email},
        ],
    }


def _processed_media(content: str, minutes: int) -> Media:
    return Media(
        sha256=f"{int(content):064x}",
        size=minutes * 480_000,
        duration=minutes * 60.0,
        arrived_at=float("-inf"),  # processed whatever the processing time
        content_type="audio/mpeg",
    )
