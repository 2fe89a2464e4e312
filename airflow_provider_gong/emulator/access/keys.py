"""Callers: the access keys that are accepted, and what callers do not see for a while."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.described import named, number, read
from airflow_provider_gong.emulator.world.world import World


@dataclass(frozen=True, kw_only=True)
class Caller:
    """
    The caller of a request.

    :param name: an access key, or the id of an OAuth client
    :param scopes: its scopes; ``None`` for all
    :param sees_calls: ``False`` if it may not see calls
    :param hidden_workspaces: the ids of workspaces that it does not see
    """

    name: str
    scopes: frozenset[str] | None = None
    sees_calls: bool = True
    hidden_workspaces: frozenset[str] = frozenset()

    def require_scope(self, scope: str) -> None:
        """
        Refuse a caller without a scope.

        :raises GongApiError: 401; not 403 (observed on live tenants)
        """
        if self.scopes is not None and scope not in self.scopes:
            raise GongApiError(401, f"You don't have permission to use '{scope}' in your app.")


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """
    An access key in addition to that of the settings.

    :param scopes: its scopes; all if there are none
    """

    access_key: str
    access_key_secret: str
    scopes: tuple[str, ...] = ()
    sees_calls: bool = True

    @classmethod
    def from_json(cls, given: Any) -> AccessKey:
        """
        Return the key that a JSON object describes.

        :raises ValueError: when a field is unknown, missing or wrong
        """
        described = named(cls, given, "key")
        if isinstance(described.get("scopes"), str):
            described["scopes"] = tuple(described["scopes"].split())
        key = read(cls, described, "key")
        if not key.access_key or not key.access_key_secret or ":" in key.access_key:
            raise ValueError("key: access_key and access_key_secret must not be empty, access_key has no colon")
        return key


class Keys:
    """
    The accepted access keys.

    :param world: its settings contain the first key
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._further: dict[str, AccessKey] = {}

    def add(self, key: AccessKey) -> None:
        """Add or replace an accepted key."""
        self._further[key.access_key] = key

    def caller(self, given: str) -> Caller:
        """
        Return the caller for the value of a Basic header.

        :raises GongApiError: 401
        """
        settings = self._world.settings
        first = AccessKey(
            access_key=settings.access_key,
            access_key_secret=settings.access_key_secret,
            scopes=tuple(settings.scopes.split()),
        )
        for key in (first, *self._further.values()):
            if given == credentials(key.access_key, key.access_key_secret):
                sees_calls = key.sees_calls and settings.key_sees_calls
                return Caller(name=key.access_key, scopes=frozenset(key.scopes) or None, sees_calls=sees_calls)
        raise GongApiError(401, "Access denied: the access key or its secret is wrong.")


def credentials(name: str, secret: str) -> str:
    """Return the value after ``Basic`` in a header."""
    return base64.b64encode(f"{name}:{secret}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Blindness:
    """
    A blindness of callers.

    :param in_seconds: when it begins, by the emulator's clock; immediately by default
    :param seconds: how long it lasts; until it is removed by default
    :param caller: the access key or OAuth client; all callers by default
    :param workspace_id: the workspace that is not seen; all calls by default
    """

    in_seconds: float = number(0.0, highest=math.inf)
    seconds: float = number(math.inf, highest=math.inf)
    caller: str | None = None
    workspace_id: str | None = None


class Visibility:
    """
    The current blindness of callers.

    :param world: the company's settings, time and ids
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._blind: list[tuple[float, float, Blindness]] = []

    def hide(self, blindness: Blindness) -> None:
        """Add a blindness."""
        begins = self._world.clock.now() + blindness.in_seconds
        self._blind.append((begins, begins + blindness.seconds, blindness))

    def clear(self) -> None:
        """Remove every blindness."""
        self._blind.clear()

    def of(self, caller: Caller) -> Caller:
        """Return a caller with its current blindness applied."""
        now = self._world.clock.now()
        self._blind = [period for period in self._blind if period[1] > now]
        current = [blindness for begins, _, blindness in self._blind if begins <= now]
        found = [blindness for blindness in current if blindness.caller in (None, caller.name)]
        if not found:
            return caller
        hidden = frozenset(filter(None, (blindness.workspace_id for blindness in found)))
        sees_calls = caller.sees_calls and all(blindness.workspace_id for blindness in found)
        return replace(caller, sees_calls=sees_calls, hidden_workspaces=hidden)
