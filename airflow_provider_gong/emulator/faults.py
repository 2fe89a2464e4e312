"""Faults by rule: what goes wrong, at which request, before or after the request took effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

When = Literal["before", "after"]
Action = Literal["status", "reset", "delay", "truncate", "garbage", "redirect"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule.

    :param action: ``status`` answers with ``status``, ``retry_after`` and ``text``; ``reset`` drops the connection
        without an answer; ``delay`` waits for ``seconds`` of real time and goes on; ``truncate`` drops the connection
        in the middle of the answer; ``garbage`` answers 200 with a body that is no JSON; ``redirect`` answers 307
        to ``url``.
    :param operation: the Gong operation it applies to, e.g. ``addCall``; every operation by default.
    :param nth: apply to the n-th request of the operation only, counted from when the rule was set.
    :param every: apply to each n-th request of the operation. Exactly one of ``nth`` and ``every`` is needed.
    :param when: ``before`` or ``after`` the request took effect; ``after`` with ``reset`` is a lost answer.
    """

    action: Action
    operation: str | None = None
    nth: int | None = None
    every: int | None = None
    when: When = "before"
    status: int = 500
    retry_after: int | None = None
    text: str = "Internal server error occurred"
    seconds: float = 0.0
    url: str = ""

    def __post_init__(self) -> None:
        _require(self.action in get_args(Action), f"action must be one of {', '.join(get_args(Action))}")
        _require(self.when in get_args(When), "when must be before or after")
        _require((self.nth is None) != (self.every is None), "exactly one of nth and every is needed")
        for name in ("nth", "every"):
            count = getattr(self, name)
            _require(count is None or _is_whole(count, 1), f"{name} must be an integer from 1")
        _require(_is_whole(self.status, 200, 599), "status must be an integer from 200 to 599")
        _require(self.retry_after is None or _is_whole(self.retry_after, 0), "retry_after must be an integer from 0")
        _require(_is_duration(self.seconds), "seconds must be a number from 0")
        for name in ("text", "url"):
            _require(isinstance(getattr(self, name), str), f"{name} must be a string")
        _require(self.action != "redirect" or bool(self.url), "redirect needs a url")

    @classmethod
    def from_json(cls, rule: Any) -> Fault:
        """Return the rule that a JSON object describes.

        :raises ValueError: when a field is unknown, missing or wrong.
        """
        _require(isinstance(rule, Mapping) and "action" in rule, "must be a JSON object with an action")
        unknown = sorted(set(rule) - {field.name for field in fields(cls)})
        _require(not unknown, f"unknown field {', '.join(unknown)}")
        return cls(**rule)

    def applies_to(self, count: int) -> bool:
        """Return whether the rule applies to the n-th request of its operation."""
        return count == self.nth if self.every is None else count % self.every == 0


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(f"fault rule: {message}")


def _is_whole(value: object, lowest: int, highest: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


class FaultRules:
    """The rules in force and how many requests each has seen."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._seen: list[int] = []

    def add(self, rules: list[Fault]) -> None:
        """Put further rules in force."""
        self._rules += rules
        self._seen += [0] * len(rules)

    def clear(self) -> None:
        """Put all rules out of force."""
        self._rules.clear()
        self._seen.clear()

    def of_request(self, operation: str) -> list[Fault]:
        """Count a request and return the rules that apply to it, in the order they were set."""
        found = []
        for index, rule in enumerate(self._rules):
            if rule.operation not in (None, operation):
                continue
            self._seen[index] += 1
            if rule.applies_to(self._seen[index]):
                found.append(rule)
        return found
