"""Temporary blindness of callers, for all calls or those of a workspace."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_gong.emulator.access.keys import Caller
from airflow_provider_gong.emulator.world.described import check, named, number
from airflow_provider_gong.emulator.world.world import World


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

    def __post_init__(self) -> None:
        check(self, "blindness: ")

    @classmethod
    def from_json(cls, given: Any) -> Blindness:
        """
        Return the blindness that a JSON object describes.

        :raises ValueError: when a field is unknown or wrong
        """
        return cls(**named(cls, given, "blindness"))


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
