"""Who hosts a call: from what a manifest says to a Gong user whose calls may be imported."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_gong.client.models import User
from airflow_provider_gong.store.ledger_rows import Problem

_FIELD = "primary_user"


@dataclass(frozen=True, slots=True)
class Host:
    """
    A user who may host imported calls.

    :param id: Gong user id
    :param name: first and last name
    :param emails: all addresses of the user, in lower case, the main one first
    """

    id: str
    name: str
    emails: tuple[str, ...]


class HostDirectory:
    """
    The users of a company, looked up by id or by any of their addresses.

    :param users: the users as Gong lists them
    """

    def __init__(self, users: Iterable[User]) -> None:
        self._by_id: dict[str, User] = {}
        self._by_email: dict[str, set[str]] = defaultdict(set)
        self._unknown: dict[str, Problem] = {}
        for user in users:
            self._by_id[user.id] = user
            for email in _emails(user):
                self._by_email[email].add(user.id)

    def find(self, text: str) -> Host | Problem:
        """Return the host that a manifest names, or why that user cannot host an imported call."""
        ids = {text} & self._by_id.keys() if text.isdigit() else self._by_email.get(text.lower(), set())
        if not ids:
            # Kept, since looking for what may be meant is slow, and a manifest repeats its hosts.
            return self._unknown.get(text) or self._unknown.setdefault(text, self._not_found(text))
        if len(ids) > 1:
            rule = f"belongs to several Gong users ({', '.join(sorted(ids))})"
            return Problem(_FIELD, text, rule, "Name the host by Gong user id.", "manifest")
        return _eligible(self._by_id[next(iter(ids))], text)

    def _not_found(self, text: str) -> Problem:
        known = self._by_id if text.isdigit() else self._by_email
        close = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.85)
        hint = f"Did you mean {close[0]}?" if close else "Name a Gong user by id, e-mail address or alias."
        return Problem(_FIELD, text, "is not a user of this Gong company", hint, "manifest")


def _eligible(user: User, text: str) -> Host | Problem:
    if user.active is False:
        return Problem(
            _FIELD,
            text,
            "is an inactive Gong user",
            "Name an active user as the host, or ask a Gong administrator to activate this one.",
            "gong_administrator",
        )
    if user.settings is not None and user.settings.telephony_calls_imported is False:
        return Problem(
            _FIELD,
            text,
            "is a Gong user whose telephony calls may not be imported",
            "A Gong administrator has to switch on call import for this user (Gong: Team members > Data capture).",
            "gong_administrator",
        )
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Host(user.id, name, _emails(user))


def _emails(user: User) -> tuple[str, ...]:
    addresses = [user.email_address, user.trusted_email_address, *(user.email_aliases or ())]
    return tuple(dict.fromkeys(address.lower() for address in addresses if address))
