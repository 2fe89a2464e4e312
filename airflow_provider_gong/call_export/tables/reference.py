"""Tables to join with: snapshots of what belongs to the company rather than to a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_export.tables import schema
from airflow_provider_gong.call_export.tables.fields import Fields, names
from airflow_provider_gong.call_export.tables.schema import Row, Table

_KNOWN_USER = names(
    "meetingConsentPageUrl",
    "personalMeetingUrls",
    conferencingProviders=names("provider", "isDefault"),
    spokenLanguages=names("language", "primary"),
)


def _users(user: Mapping[str, Any], unknown: Counter[str]) -> list[Row]:
    fields = Fields(user, "users", unknown)
    row = (
        fields.text("id"),
        fields.text("emailAddress"),
        fields.text("firstName"),
        fields.text("lastName"),
        fields.text("title"),
        fields.text("phoneNumber"),
        fields.text("extension"),
        fields.flag("active"),
        fields.moment("created"),
        fields.text("managerId"),
        fields.text("trustedEmailAddress"),
        fields.texts("emailAliases"),
        fields.take("settings") or None,
        fields.rest(_KNOWN_USER) or None,
    )
    return [row]


def _workspaces(workspace: Mapping[str, Any], unknown: Counter[str]) -> list[Row]:
    fields = Fields(workspace, "workspaces", unknown)
    return [(fields.text("id"), fields.text("name"), fields.text("description"), fields.rest() or None)]


USERS = Table(
    "users",
    "One row for each user of the company.",
    ("user_id",),
    (
        schema.text("user_id", "Gong user id; `owner_id` and `user_id` of other tables"),
        schema.text("email_address", "e-mail address"),
        schema.text("first_name", "first name"),
        schema.text("last_name", "last name"),
        schema.text("title", "job title"),
        schema.text("phone_number", "phone number"),
        schema.text("extension", "extension of the phone number"),
        schema.flag("is_active", "whether the user is active"),
        schema.moment("created_datetime", "when the user was created"),
        schema.text("manager_id", "Gong user id of the manager"),
        schema.text("trusted_email_address", "e-mail address of the identity provider"),
        schema.texts("email_aliases", "other e-mail addresses"),
        schema.json_column("settings", "what Gong records and imports for the user"),
        schema.extra_column(),
    ),
    _users,
)

WORKSPACES = Table(
    "workspaces",
    "One row for each workspace of the company.",
    ("workspace_id",),
    (
        schema.text("workspace_id", "Gong's id of the workspace"),
        schema.text("name", "its name"),
        schema.text("description", "its description"),
        schema.extra_column(),
    ),
    _workspaces,
)

# The tables with the operations that list their rows.
REFERENCE_TABLES = {"users": (USERS, "listUsers"), "workspaces": (WORKSPACES, "listWorkspaces")}
