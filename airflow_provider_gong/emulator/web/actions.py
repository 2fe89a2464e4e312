"""What the control API, the page and tests can do to an emulator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.access.keys import Blindness
from airflow_provider_gong.emulator.company.records import CallChange, SettingChange, User
from airflow_provider_gong.emulator.company.seeds.documents import read_document
from airflow_provider_gong.emulator.company.seeds.seeding import extend_company
from airflow_provider_gong.emulator.contract.checking import parse_datetime
from airflow_provider_gong.emulator.contract.operations import OPERATION_NAMES
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.clock import require_speed
from airflow_provider_gong.emulator.world.described import read
from airflow_provider_gong.emulator.world.times import company_zone


def set_clock(emulator: Emulator, body: Any) -> None:
    """
    Advance the clock or set its speed.

    :raises ValueError: if neither is requested, or the value is not allowed
    """
    if not {"advance_seconds", "speed"} & set(body):
        raise ValueError("advance_seconds or speed is required")
    speed = float(body.get("speed", emulator.clock.speed))
    require_speed(speed)
    emulator.clock.advance(float(body.get("advance_seconds", 0)))
    emulator.clock.run_at(speed)


def change_settings(emulator: Emulator, changes: Any) -> None:
    """
    Change settings.

    :raises ValueError: for an unknown setting or a wrong value
    """
    if not isinstance(changes, dict):
        raise TypeError("settings are a JSON object")
    emulator.settings = emulator.settings.changed(changes)


def add_faults(emulator: Emulator, rules: Sequence[Fault]) -> None:
    """
    Add fault rules.

    :raises ValueError: for an operation that the emulator does not serve
    """
    for rule in rules:
        if rule.operation is not None and rule.operation not in OPERATION_NAMES:
            served = ", ".join(sorted(OPERATION_NAMES))
            raise ValueError(f"fault rule: operation {rule.operation} is not one of {served}")
    emulator.faults.add(list(rules))


# Changeable fields of a user: Gong's name, and the type.
_CHANGEABLE: dict[str, tuple[str, type]] = {
    "firstName": ("first_name", str),
    "lastName": ("last_name", str),
    "emailAddress": ("email_address", str),
    "title": ("title", str),
    "phoneNumber": ("phone_number", str),
    "active": ("active", bool),
    "telephonyCallsImported": ("telephony_calls_imported", bool),
    "providerConnected": ("provider_connected", bool),
    "emailAliases": ("email_aliases", list),
    "conferencingProviders": ("providers", list),
}


def change_user(emulator: Emulator, body: Any) -> User:
    """
    Change a user, who is named by ``id`` or ``emailAddress``.

    :raises ValueError: when there is no such user, or a field cannot be changed
    """
    user = emulator.users.get(body.get("id")) or emulator.users.by_email(body.get("emailAddress"))
    if user is None:
        raise ValueError(f"no user has the id or address of {body}; POST /_emulator/seed adds users")
    changes: dict[str, Any] = {}
    for name, value in body.items():
        if name == "id":
            continue
        if name not in _CHANGEABLE or not isinstance(value, _CHANGEABLE[name][1]):
            raise ValueError(f"{name} cannot be set to {value!r}; fields that can be set: {', '.join(_CHANGEABLE)}")
        changes[_CHANGEABLE[name][0]] = tuple(value) if isinstance(value, list) else value
    changed = replace(user, **changes, history=(*user.history, *_changes(emulator, user, changes)))
    emulator.users.put(changed)
    return changed


def _changes(emulator: Emulator, user: User, changes: dict[str, Any]) -> list[SettingChange]:
    names = {"active": "active", "telephony_calls_imported": "callsImported"}
    now = datetime.fromtimestamp(emulator.clock.now(), company_zone(emulator))
    return [
        SettingChange(names[field], value, now)
        for field, value in changes.items()
        if field in names and value != getattr(user, field)
    ]


def add_to_company(emulator: Emulator, body: Any) -> dict[str, int]:
    """
    Add users and calls to the company, as described or generated.

    :raises ValueError: when the description is wrong or something is there already
    """
    document = read_document(body)
    if document.workspaces:
        raise ValueError("workspaces can only be set at the start")
    extend_company(emulator, document)
    return {"users": len(emulator.users), "calls": len(emulator.calls)}


def hide(emulator: Emulator, body: Any) -> None:
    """
    Hide calls or a workspace from callers.

    :raises ValueError: when a field is wrong, or there is no such workspace
    """
    blindness = read(Blindness, body, "blindness")
    if blindness.workspace_id not in (None, *(workspace.id for workspace in emulator.workspaces)):
        raise ValueError(f"there is no workspace {blindness.workspace_id}")
    emulator.visibility.hide(blindness)


# Possible changes of a call: the name in a request, the name of the change, and the type.
_CALL_CHANGES: dict[str, tuple[str, type]] = {
    "title": ("title", str),
    "started": ("started", str),
    "isPrivate": ("private", bool),
    "analyzed_again": ("analyzed_again", bool),
    "deleted": ("deleted", bool),
}


def change_call(emulator: Emulator, body: Any) -> None:
    """
    Change a call, given by ``id`` or ``clientUniqueId``, immediately or ``in_seconds``.

    :raises ValueError: if there is no such call or no such change
    """
    changes = dict(body)
    client_unique_id, call_id = changes.pop("clientUniqueId", None), changes.pop("id", None)
    found = str(call_id or emulator.calls.id_by_client_id.get(client_unique_id))
    seconds = changes.pop("in_seconds", 0)
    if not emulator.calls.is_known(found):
        raise ValueError(f"there is no call {call_id or client_unique_id}")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < math.inf:
        raise ValueError(f"in_seconds must be a number from 0, not {seconds!r}")
    for name, value in changes.items():
        if name not in _CALL_CHANGES or not isinstance(value, _CALL_CHANGES[name][1]):
            raise ValueError(f"{name}: {value!r} is not a change of a call; changes: {', '.join(_CALL_CHANGES)}")
    given = {_CALL_CHANGES[name][0]: value for name, value in changes.items()}
    if "started" in given:
        given["started"] = parse_datetime(given["started"])
        if given["started"] is None:
            raise ValueError(f"started must be a time with a time zone, not {changes['started']!r}")
    emulator.change_call(found, CallChange(**given), float(seconds))
