"""Users and workspaces."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.company.records import User
from airflow_provider_gong.emulator.contract.checking import read_window

NO_USERS = "No users found corresponding to the provided filters"


async def list_users(ask: Ask) -> Reply:
    """``GET /v2/users``."""
    found, records = ask.page(list(ask.emulator.users))
    return Reply({"records": records, "users": [user_view(user) for user in found]})


async def list_multiple_users(ask: Ask) -> Reply:
    """``POST /v2/users/extensive``."""
    found, records = ask.page(chosen_users(ask), none=NO_USERS)
    return Reply({"records": records, "users": [user_view(user) for user in found]})


def chosen_users(ask: Ask) -> list[User]:
    """
    Return the users that a filter is about.

    :raises GongApiError: 400 when the window of their creation does not start before its end
    """
    filters, users = ask.body["filter"], ask.emulator.users
    start, end = read_window(filters, "createdFromDateTime", "createdToDateTime", "filter.")
    ids = filters.get("userIds")
    return [
        user
        for user in (users if ids is None else filter(None, map(users.get, dict.fromkeys(ids))))
        if (start is None or user.created.timestamp() >= start) and (end is None or user.created.timestamp() < end)
    ]


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
    return required(ask.emulator.users.get(ask.ids["id"]), 404, f"User ID {ask.ids['id']} was not found")


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
        "settings": {
            "webConferencesRecorded": user.active,
            "preventWebConferenceRecording": False,
            "telephonyCallsImported": user.telephony_calls_imported,
            "emailsImported": user.active,
            "preventEmailImport": False,
            "nonRecordedMeetingsImported": False,
            "gongConnectEnabled": user.active,
        },
        "conferencingProviders": [
            {"provider": provider, "isDefault": position == 0} for position, provider in enumerate(user.providers)
        ],
        "managerId": user.manager_id,
        "meetingConsentPageUrl": None,
        "spokenLanguages": [{"language": user.language, "primary": True}],
    }
