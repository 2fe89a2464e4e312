"""Access to single calls, and permission profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.contract.notation import Field, schemas
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError
from airflow_provider_gong.emulator.world.ids import require_id


def _require_calls(ask: Ask, call_ids: Sequence[str]) -> None:
    if any(call_id not in ask.emulator.calls for call_id in call_ids):
        raise GongApiError(400, "Some calls not found")


def _access_list(ask: Ask) -> list[Mapping[str, Any]]:
    wanted = ask.body.get("callAccessList") or []
    _require_calls(ask, [access["callId"] for access in wanted])
    if any(user_id not in ask.emulator.users for access in wanted for user_id in access["userIds"]):
        raise GongApiError(400, "Some users not found")
    return list(wanted)


async def add_access(ask: Ask) -> Reply:
    """``PUT /v2/calls/users-access``."""
    for access in _access_list(ask):
        ask.emulator.call_access.setdefault(access["callId"], {}).update(dict.fromkeys(access["userIds"]))
        ask.did("changed", "call access", access["callId"], added=access["userIds"])
    return Reply({})


async def delete_access(ask: Ask) -> Reply:
    """``DELETE /v2/calls/users-access``, with a JSON body."""
    for access in _access_list(ask):
        granted = ask.emulator.call_access.get(access["callId"], {})
        for user_id in access["userIds"]:
            granted.pop(user_id, None)
        ask.did("changed", "call access", access["callId"], removed=access["userIds"])
    return Reply({})


async def list_access(ask: Ask) -> Reply:
    """``POST /v2/calls/users-access``."""
    call_ids = ask.body["filter"]["callIds"]
    _require_calls(ask, call_ids)
    granted = ask.emulator.call_access
    found = [
        {"callId": call_id, "users": [{"userId": user_id} for user_id in granted.get(call_id, ())]}
        for call_id in dict.fromkeys(call_ids)
    ]
    return Reply({"callAccessList": found})


async def list_profiles(ask: Ask) -> Reply:
    """``GET /v2/all-permission-profiles``, alphabetically."""
    workspace = _workspace(ask)
    found = [profile for profile in ask.emulator.profiles.values() if profile["workspaceId"] == workspace]
    return Reply({"profiles": [_shown(profile) for profile in sorted(found, key=lambda profile: profile["name"])]})


async def get_profile(ask: Ask) -> Reply:
    """``GET /v2/permission-profile``."""
    return Reply({"profile": _shown(_profile(ask))})


async def create_profile(ask: Ask) -> Reply:
    """``POST /v2/permission-profile``."""
    profiles, workspace = ask.emulator.profiles, _workspace(ask)
    _require_name(ask, workspace, None)
    profile_id = ask.emulator.new_id("profile", len(profiles))
    profiles[profile_id] = {"level": "none", "rights": False, **ask.body, "id": profile_id, "workspaceId": workspace}
    ask.did("created", "permission profile", profile_id)
    return Reply({"profile": _shown(profiles[profile_id])})


async def update_profile(ask: Ask) -> Reply:
    """``PUT /v2/permission-profile``; fields that are not sent stay unchanged."""
    profile = _profile(ask)
    _require_name(ask, profile["workspaceId"], profile)
    profile.update({**ask.body, "id": profile["id"]})
    ask.did("changed", "permission profile", profile["id"])
    return Reply({"profile": _shown(profile)})


async def list_profile_users(ask: Ask) -> Reply:
    """``GET /v2/permission-profile/users``: the users are spread over the profiles."""
    profile, profiles = _profile(ask), list(ask.emulator.seeded["profiles"])
    place = next((number for number, known in enumerate(profiles) if known["id"] == profile["id"]), None)
    found = [user for number, user in enumerate(ask.emulator.users) if number % len(profiles) == place]
    return Reply(
        {"users": [{"id": user.id, "fullName": user.name, "emailAddress": user.email_address} for user in found]}
    )


def _workspace(ask: Ask) -> str:
    wanted = ask.query["workspaceId"]
    return ask.workspace_id(wanted, f"workspaceId: workspace {wanted} was not found")


def _profile(ask: Ask) -> dict[str, Any]:
    return required(ask.emulator.profiles.get(require_id(ask.query["profileId"])), 400, BAD_REQUEST)


def _require_name(ask: Ask, workspace: str, own: Mapping[str, Any] | None) -> None:
    name = ask.body.get("name") or (own and own["name"])
    if not name:
        raise GongApiError(400, "name: must not be null")
    others = (profile for profile in ask.emulator.profiles.values() if profile is not own)
    if any((profile["name"], profile["workspaceId"]) == (name, workspace) for profile in others):
        raise GongApiError(422, f"name: there is a profile {name} already")


def _shown(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return a profile with all its rights; rights that were not sent have the profile's common level."""
    fields = schemas()["PermissionProfileDTO"].fields or {}
    shown = {name: _value(profile, name, field) for name, field in fields.items()}
    return {name: value for name, value in shown.items() if value is not None}


def _value(profile: Mapping[str, Any], name: str, expected: Field) -> Any:
    if profile.get(name) is not None:
        return profile[name]
    if expected.kind == "boolean":
        return profile["rights"]
    if expected.fields is None:
        return None
    if "permissionLevel" in expected.fields:
        level = profile["level"]
        choices = expected.fields["permissionLevel"].choices
        return {"permissionLevel": level if level in choices else "none"}
    return {inner: _value({**profile, inner: None}, inner, field) for inner, field in expected.fields.items()}
