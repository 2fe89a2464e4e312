"""The operations on users and workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request

from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.ids import require_id
from airflow_provider_gong.emulator.paging import cut, requested_page
from airflow_provider_gong.emulator.records import User
from airflow_provider_gong.emulator.replies import Reply
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.validation import Field, parse_body, parse_datetime, require_window

_EXTENSIVE = {
    "cursor": Field(),
    "filter": Field(
        kind="object",
        needed=True,
        fields={
            "createdFromDateTime": Field(kind="datetime"),
            "createdToDateTime": Field(kind="datetime"),
            "includeAvatars": Field(kind="boolean"),
            "userIds": Field(kind="array", items=Field(needed=True)),
        },
    ),
}


async def list_users(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/users``."""
    query = request.query_params
    if query.get("includeAvatars", "false").lower() not in ("true", "false"):
        raise GongApiError(400, "Bad request")
    page = requested_page(emulator, query.get("cursor"), "listUsers", None)
    found, records = cut(emulator, list(emulator.users.values()), page)
    return Reply({"records": records, "users": [user_view(user) for user in found]})


async def list_multiple_users(emulator: Emulator, request: Request) -> Reply:
    """``POST /v2/users/extensive``."""
    body = parse_body(await request.body(), _EXTENSIVE)
    filters = body["filter"]
    start, end = _moment(filters, "createdFromDateTime"), _moment(filters, "createdToDateTime")
    require_window(start, end, "filter.createdFromDateTime", "createdToDateTime")
    ids = filters.get("userIds")
    matching = [
        user
        for user in emulator.users.values()
        if (start is None or user.created >= start)
        and (end is None or user.created < end)
        and (ids is None or user.id in ids)
    ]
    page = requested_page(emulator, body.get("cursor"), "listMultipleUsers", filters)
    found, records = cut(emulator, matching, page)
    if not found:
        raise GongApiError(404, "No users found corresponding to the provided filters")
    return Reply({"records": records, "users": [user_view(user) for user in found]})


def _moment(filters: Mapping[str, Any], name: str) -> datetime | None:
    return parse_datetime(filters[name]) if filters.get(name) else None


async def get_user(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/users/{id}``."""
    return Reply({"user": user_view(_user_of(emulator, request))})


async def get_user_history(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/users/{id}/settings-history``."""
    user = _user_of(emulator, request)
    changes = [
        {"setting": change.setting, "value": change.value, "time": change.time.isoformat()} for change in user.history
    ]
    return Reply({"userSettingsHistory": changes})


def _user_of(emulator: Emulator, request: Request) -> User:
    user_id = require_id(request.path_params["id"])
    if user_id not in emulator.users:
        raise GongApiError(404, f"User ID {user_id} was not found")
    return emulator.users[user_id]


async def list_workspaces(emulator: Emulator, request: Request) -> Reply:
    """``GET /v2/workspaces``."""
    workspaces = [
        {"id": workspace.id, "name": workspace.name, "description": workspace.description}
        for workspace in emulator.workspaces
    ]
    return Reply({"workspaces": workspaces})


def user_view(user: User) -> dict[str, Any]:
    """Return a user as the API shows it."""
    view: dict[str, Any] = {
        "id": user.id,
        "emailAddress": user.email_address,
        "created": user.created.isoformat(),
        "active": user.active,
        "emailAliases": list(user.email_aliases),
        "trustedEmailAddress": user.email_address,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "title": user.title,
        "phoneNumber": user.phone_number,
        "personalMeetingUrls": [],
        "settings": _settings_view(user),
        "conferencingProviders": [
            {"provider": provider, "isDefault": position == 0} for position, provider in enumerate(user.providers)
        ],
        "spokenLanguages": [{"language": user.language, "primary": True}],
    }
    if user.manager_id is not None:
        view["managerId"] = user.manager_id
    return view


def _settings_view(user: User) -> dict[str, bool]:
    return {
        "webConferencesRecorded": user.active,
        "preventWebConferenceRecording": False,
        "telephonyCallsImported": user.telephony_calls_imported,
        "emailsImported": user.active,
        "preventEmailImport": False,
        "nonRecordedMeetingsImported": False,
        "gongConnectEnabled": user.active,
    }
