"""Tables to join with: snapshots of what belongs to the company rather than to a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_export.tables.fields import Fields, names
from airflow_provider_gong.call_export.tables.schema import Column, Kind, Row, Table, extra_column

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
        Column("user_id", Kind.TEXT, "Gong user id; `owner_id` and `user_id` of other tables"),
        Column("email_address", Kind.TEXT, "e-mail address"),
        Column("first_name", Kind.TEXT, "first name"),
        Column("last_name", Kind.TEXT, "last name"),
        Column("title", Kind.TEXT, "job title"),
        Column("phone_number", Kind.TEXT, "phone number"),
        Column("extension", Kind.TEXT, "extension of the phone number"),
        Column("is_active", Kind.FLAG, "whether the user is active"),
        Column("created_datetime", Kind.MOMENT, "when the user was created"),
        Column("manager_id", Kind.TEXT, "Gong user id of the manager"),
        Column("trusted_email_address", Kind.TEXT, "e-mail address of the identity provider"),
        Column("email_aliases", Kind.TEXTS, "other e-mail addresses"),
        Column("settings", Kind.JSON, "what Gong records and imports for the user"),
        extra_column(),
    ),
    _users,
)

WORKSPACES = Table(
    "workspaces",
    "One row for each workspace of the company.",
    ("workspace_id",),
    (
        Column("workspace_id", Kind.TEXT, "Gong's id of the workspace"),
        Column("name", Kind.TEXT, "its name"),
        Column("description", Kind.TEXT, "its description"),
        extra_column(),
    ),
    _workspaces,
)

# The tables with the operations that list their rows.
REFERENCE_TABLES = {"users": (USERS, "listUsers"), "workspaces": (WORKSPACES, "listWorkspaces")}
