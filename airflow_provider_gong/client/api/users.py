"""Requests about users and workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.models import (
    User,
    UserFilter,
    UserSettingsHistory,
    Workspace,
    parse_request,
)
from airflow_provider_gong.client.requests import GongRequest, Listing, raw_request, typed_request


def list_users(*, include_avatars: bool = False) -> Listing[User]:
    """``GET /v2/users``: all users of the company."""
    query = {"includeAvatars": "true"} if include_avatars else {}
    return Listing(raw_request("listUsers", query=query), User.model_validate)


def list_users_extensive(filters: UserFilter | Mapping[str, Any]) -> Listing[User]:
    """``POST /v2/users/extensive``: users by id or by when they were created."""
    body = {"filter": parse_request(UserFilter, filters).wire()}
    return Listing(raw_request("listMultipleUsers", body=body), User.model_validate)


def get_user(user_id: str) -> GongRequest[User]:
    """``GET /v2/users/{id}``."""
    return typed_request("getUser", lambda answer: User.model_validate(answer["user"]), path={"id": user_id})


def get_user_settings_history(user_id: str) -> GongRequest[list[UserSettingsHistory]]:
    """``GET /v2/users/{id}/settings-history``: when the user's capture settings changed."""
    return typed_request("getUserHistory", _history, path={"id": user_id})


def list_workspaces() -> Listing[Workspace]:
    """``GET /v2/workspaces``."""
    return Listing(raw_request("listWorkspaces"), Workspace.model_validate)


def _history(answer: JsonObject) -> list[UserSettingsHistory]:
    return [UserSettingsHistory.model_validate(entry) for entry in answer.get("userSettingsHistory") or ()]
