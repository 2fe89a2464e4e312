"""What a task is about to send and must not send twice, and the outcome."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from airflow_provider_gong.store.errors import GongStoreError

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
TOKEN_DIGITS = 8


class IntentState(enum.Enum):
    """How far a request has been sent."""

    BEGUN = "begun"
    PARKED = "parked"
    SENDING = "sending"
    REFUSED = "refused"
    DONE = "done"

    @property
    def may_send(self) -> bool:
        """Whether it is certain that nothing has taken effect."""
        return self not in (IntentState.SENDING, IntentState.DONE)


@dataclass(frozen=True, slots=True)
class Intent:
    """
    What one attempt of a task is about to send.

    :param operation: Gong's name of the operation
    :param try_number: Airflow's number of the attempt
    :param attempt: token of the attempt; if two processes run the same attempt, each has a different token
    :param state: how far the request has been sent
    :param company: name of the Gong company
    :param content: fingerprint of the request, empty until it is known
    :param about: what to look for in Gong, for people
    :param sent_at: when the request was sent, in seconds since 1970, for people
    :param outcome: the task's result
    """

    operation: str
    try_number: int
    attempt: str = field(default_factory=lambda: secrets.token_hex(TOKEN_DIGITS // 2))
    state: IntentState = IntentState.BEGUN
    company: str | None = None
    content: str = ""
    about: str | None = None
    sent_at: float | None = None
    outcome: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**dataclasses.asdict(self), "state": self.state.value}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """Return the intent in a JSON object; fields from a newer version are ignored."""
        names = {known.name for known in dataclasses.fields(cls)}
        known = {name: value for name, value in content.items() if name in names}
        return cls(**{**known, "state": IntentState(content["state"])})


class ContentTakenError(GongStoreError):
    """
    The same content was, or may have been, sent under another map index of the same task and run.

    :param map_index: the other map index
    :param intent: the intent of the other map index
    """

    def __init__(self, map_index: int, intent: Intent) -> None:
        super().__init__(f"The same content was sent under map index {map_index} of this task and run.")
        self.map_index = map_index
        self.intent = intent


def fingerprint_of(content: Any) -> str:
    """Return a hash that is equal for equal JSON content."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()
