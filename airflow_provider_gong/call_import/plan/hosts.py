"""The hosts of calls: from the text in a manifest to a Gong user whose calls may be imported."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.client.models import User
from airflow_provider_gong.ledger.rows import Actor, Problem

_FIELD = "primary_user"
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Host:
    """
    A user who may host imported calls.

    :param id: Gong user id
    :param name: first and last name
    :param emails: all addresses of the user, in lower case, the main one first
    :param remark: why this user replaces the host in the manifest; empty if it does not
    """

    id: str
    name: str
    emails: tuple[str, ...]
    remark: str = ""


def _no_newer_list() -> None:
    """Return None because the list of users is already new."""


class HostDirectory:
    """
    The users of a company, looked up by id or by any of their addresses.

    :param users: the users as Gong lists them
    :param overrides: id or address of the Gong user for hosts that are named differently in the manifest
    :param default: id or address of the user who hosts calls whose own host is missing, unknown or inactive; without
        one, such calls have no host
    :param refresh: refetches a cached list, at most once, before a host is rejected
    :raises GongManifestError: if the default cannot host calls
    """

    def __init__(
        self,
        users: Iterable[User],
        overrides: Mapping[str, str] | None = None,
        default: str | None = None,
        refresh: Callable[[], Iterable[User] | None] = _no_newer_list,
    ) -> None:
        self._refresh = refresh
        self._found: dict[str | None, Host | Problem] = {}
        self._overrides = {_normal(text): user for text, user in (overrides or {}).items()}
        self._default: Host | None = None
        self._learn(users)
        if default:
            found = self.find(default)
            if isinstance(found, Problem):
                raise GongManifestError(f"default_primary_user {found.value} {found.rule}. {found.remedy}")
            self._default = found

    def find(self, text: str | None) -> Host | Problem:
        """Return the host in a manifest, or why that user cannot host an imported call."""
        # Cached, because a manifest repeats its hosts, and searching for similar names of an unknown host is slow.
        found = self._found.get(text)
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[text] = self._newly_found(text)
        return found

    def _learn(self, users: Iterable[User]) -> None:
        self._by_id: dict[str, User] = {}
        self._by_email: dict[str, set[str]] = defaultdict(set)
        self._found.clear()
        for user in users:
            self._by_id[user.id] = user
            for email in _emails(user):
                self._by_email[email].add(user.id)

    def _newly_found(self, text: str | None) -> Host | Problem:
        """Look up a host, and again in a new list if the current one does not have it."""
        found = self._look_for(text)
        is_right = isinstance(found, Host) and not found.remark
        if is_right or text is None:
            return found
        refresh, self._refresh = self._refresh, _no_newer_list
        users = refresh()
        if users is None:
            return found
        self._learn(users)
        return self._look_for(text)

    def _look_for(self, text: str | None) -> Host | Problem:
        if text is None:
            problem = Problem(
                _FIELD, "nothing", "is required", "Set the host's Gong user id or e-mail address.", Actor.MANIFEST
            )
            return self._stand_in(problem)
        other = self._overrides.get(_normal(text))
        if other is None:
            return self._find(text)
        found = self._find(other)
        if isinstance(found, Host):
            return found
        return replace(found, value=text, rule=f"is mapped to {other} in the host overrides, which {found.rule}")

    def _find(self, text: str) -> Host | Problem:
        ids = {text} & self._by_id.keys() if text.isdigit() else self._by_email.get(text.lower(), set())
        if not ids:
            return self._stand_in(self._not_found(text))
        if len(ids) > 1:
            rule = f"belongs to several Gong users ({', '.join(sorted(ids))})"
            return Problem(_FIELD, text, rule, "Set the host's Gong user id.", Actor.MANIFEST)
        user = self._by_id[next(iter(ids))]
        found = _eligible(user, text)
        return self._stand_in(found) if isinstance(found, Problem) and user.active is False else found

    def _stand_in(self, problem: Problem) -> Host | Problem:
        if self._default is None:
            return problem
        remark = f"{_FIELD}: {problem.value} {problem.rule}, so {self._default.id} is the host"
        return replace(self._default, remark=remark)

    def _not_found(self, text: str) -> Problem:
        known = self._by_id if text.isdigit() else self._by_email
        close = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.85)
        hint = f"Did you mean {close[0]}?" if close else "Use the id, e-mail address or alias of a Gong user."
        return Problem(_FIELD, text, "is not a user of this Gong company", hint, Actor.MANIFEST)


def _eligible(user: User, text: str) -> Host | Problem:
    if user.active is False:
        return Problem(
            _FIELD,
            text,
            "is an inactive Gong user",
            "Name an active user as the host, or ask a Gong administrator to activate this one.",
            Actor.ADMINISTRATOR,
        )
    if user.settings is not None and user.settings.telephony_calls_imported is False:
        return Problem(
            _FIELD,
            text,
            "is a Gong user whose telephony calls cannot be imported",
            "A Gong administrator has to turn on call import for this user (Gong: Team members > Data capture).",
            Actor.ADMINISTRATOR,
        )
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Host(user.id, name, _emails(user))


def _normal(text: str) -> str:
    return text.strip().lower()


def _emails(user: User) -> tuple[str, ...]:
    addresses = [user.email_address, user.trusted_email_address, *(user.email_aliases or ())]
    return tuple(dict.fromkeys(address.lower() for address in addresses if address))
