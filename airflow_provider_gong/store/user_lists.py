"""The users of a company as listed by Gong, kept for a while because each listing takes requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import db_now, put
from airflow_provider_gong.store.schema import user_list_table as user_lists


@dataclass(frozen=True, slots=True)
class KeptUsers:
    """
    A stored list.

    :param users: JSON objects, unchanged
    :param listed_at: time of the list, in seconds since 1970
    """

    users: list[dict[str, Any]]
    listed_at: float


class UserList:
    """
    The list of one company.

    :param store: the store of the list
    :param company: name of the Gong company
    """

    def __init__(self, store: Store, company: str) -> None:
        self._store = store.quick
        self._company = company
        self._mine = user_lists.c.company == company

    def read(self, max_age: float) -> KeptUsers | None:
        """
        Return the list if it is recent enough.

        :param max_age: maximum age in seconds
        """
        # A time in the future is from before the clock was set back.
        young = (user_lists.c.listed_at > db_now() - max_age, user_lists.c.listed_at <= db_now())
        query = select(user_lists.c.users, user_lists.c.listed_at).where(self._mine, *young)
        kept = [KeptUsers(json.loads(found.users), found.listed_at) for found in self._store.fetch(query)]
        return kept[0] if kept else None

    def keep(self, users: Sequence[dict[str, Any]]) -> None:
        """Store a list that was just read."""
        values = {"users": json.dumps(users), "listed_at": db_now()}
        with self._store.begin() as connection:
            put(connection, user_lists, {"company": self._company}, values)


def forget_user_lists(store: Store, min_age: float, company: str | None = None) -> int:
    """
    Delete lists of users, which are personal data, and return their number.

    :param min_age: minimum age in seconds
    :param company: only the list of this company; None for all
    """
    old = delete(user_lists).where(user_lists.c.listed_at <= db_now() - min_age)
    with store.quick.begin() as connection:
        return int(connection.execute(old if company is None else old.where(user_lists.c.company == company)).rowcount)
