"""The users of a company, indexed by id and by address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_gong.emulator.company.records import User


class Users:
    """The company's users, in the order they were added."""

    def __init__(self, users: Iterable[User] = ()) -> None:
        self._by_id: dict[str, User] = {}
        self._id_by_email: dict[str, str] = {}
        for user in users:
            self.put(user)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._by_id

    def get(self, user_id: str | None) -> User | None:
        """Return a user by id."""
        return self._by_id.get(user_id or "")

    def by_email(self, email: str | None) -> User | None:
        """Return the user who has this address or alias, in any case."""
        return self.get(self._id_by_email.get((email or "").lower()))

    def of_party(self, party: Mapping[str, Any]) -> User | None:
        """Return the user that a party of a call is."""
        return self.get(party.get("userId")) or self.by_email(party.get("emailAddress"))

    def put(self, user: User) -> None:
        """
        Add a user, or replace the user with the same id.

        :raises ValueError: if an address belongs to another user
        """
        for email in user.emails:
            if self._id_by_email.get(email, user.id) != user.id:
                raise ValueError(f"user: {email} belongs to another user")
        previous = self._by_id.get(user.id)
        for email in previous.emails if previous else ():
            del self._id_by_email[email]
        self._by_id[user.id] = user
        self._id_by_email.update(dict.fromkeys(user.emails, user.id))
