"""Users and workspaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.company.records import User
from airflow_provider_gong.emulator.contract.checking import parse_datetime, require_window
from airflow_provider_gong.emulator.world.errors import GongApiError


async def list_users(ask: Ask) -> Reply:
    """``GET /v2/users``."""
    found, records = ask.page(list(ask.emulator.users))
    return Reply({"records": records, "users": [user_view(user) for user in found]})


async def list_multiple_users(ask: Ask) -> Reply:
    """``POST /v2/users/extensive``."""
    filters = ask.body["filter"]
    ids = filters.get("userIds")
    chosen = ask.emulator.users if ids is None else filter(None, map(ask.emulator.users.get, dict.fromkeys(ids)))
    created = created_window(filters)
    found, records = ask.page([user for user in chosen if created(user)])
    if not found:
        raise GongApiError(404, "No users found corresponding to the provided filters")
    return Reply({"records": records, "users": [user_view(user) for user in found]})


def created_window(filters: Mapping[str, Any]) -> Callable[[User], bool]:
    """
    Return whether a user was created in the window of a filter.

    :raises GongApiError: 400 when the window does not start before its end
    """
    start, end = _moment(filters, "createdFromDateTime"), _moment(filters, "createdToDateTime")
    require_window(start, end, "filter.createdFromDateTime", "createdToDateTime")
    return lambda user: (start is None or user.created >= start) and (end is None or user.created < end)


def _moment(filters: Mapping[str, Any], name: str) -> datetime | None:
    return parse_datetime(filters[name]) if filters.get(name) else None


async def get_user(ask: Ask) -> Reply:
    """``GET /v2/users/{id}``."""
    return Reply({"user": user_view(_user_of(ask))})


async def get_user_history(ask: Ask) -> Reply:
    """``GET /v2/users/{id}/settings-history``."""
    changes = [
        {"setting": change.setting, "value": change.value, "time": change.time.isoformat()}
        for change in _user_of(ask).history
    ]
    return Reply({"userSettingsHistory": changes})


def _user_of(ask: Ask) -> User:
    user = ask.emulator.users.get(ask.ids["id"])
    if user is None:
        raise GongApiError(404, f"User ID {ask.ids['id']} was not found")
    return user


async def list_workspaces(ask: Ask) -> Reply:
    """``GET /v2/workspaces``."""
    hidden = ask.caller.hidden_workspaces
    return Reply({"workspaces": [asdict(found) for found in ask.emulator.workspaces if found.id not in hidden]})


def user_view(user: User) -> dict[str, Any]:
    """Return a user as the API shows it; missing values are ``null``."""
    return {
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
        "extension": None,
        "personalMeetingUrls": [],
        "settings": _settings_view(user),
        "conferencingProviders": [
            {"provider": provider, "isDefault": position == 0} for position, provider in enumerate(user.providers)
        ],
        "managerId": user.manager_id,
        "meetingConsentPageUrl": None,
        "spokenLanguages": [{"language": user.language, "primary": True}],
    }


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
