"""The users of a company: listed once a day, and again if the list seems to be out of date."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.models import User
from airflow_provider_gong.store.user_lists import UserList

log = logging.getLogger(__name__)

_DAY = 86_400.0
# The only fields of a user that are used.
_KEPT: dict[str, Any] = {
    "id": True,
    "email_address": True,
    "email_aliases": True,
    "trusted_email_address": True,
    "first_name": True,
    "last_name": True,
    "active": True,
    "settings": {"telephony_calls_imported"},
}


class CompanyUsers:
    """
    The users of a company.

    :param kept: the stored list of the company
    :param client: client for Gong
    :param keep: whether to store a new list
    """

    def __init__(self, kept: UserList, client: GongClient, *, keep: bool = True) -> None:
        self._kept = kept
        self._client = client
        self._keep = keep
        self._is_old = False
        self.listed_at = datetime.now(UTC)
        """When Gong has listed the users that were returned last."""

    def users(self) -> list[User]:
        """Return the users from a list of the last day."""
        found = self._kept.read(_DAY)
        if found is None:
            return self._list()
        self._is_old = True
        self.listed_at = datetime.fromtimestamp(found.listed_at, UTC)
        log.info("Hosts are looked up in Gong's list of users from %s.", self.listed_at.isoformat(timespec="seconds"))
        return [User.model_validate(user) for user in found.users]

    def refresh(self) -> list[User] | None:
        """Return the users from a new list; None if the last list is already new."""
        return self._list() if self._is_old else None

    def _list(self) -> list[User]:
        users = list(self._client.users.list())
        self._is_old = False
        self.listed_at = datetime.now(UTC)
        if self._keep:
            self._kept.keep([_kept(user) for user in users])
        return users


def _kept(user: User) -> dict[str, Any]:
    return user.model_dump(mode="json", by_alias=True, exclude_none=True, include=_KEPT)
