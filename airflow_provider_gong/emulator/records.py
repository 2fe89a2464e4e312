"""What an emulated company consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# The end of processing, when Gong transiently answers "was not found" (observed on live tenants).
TRANSIENT_FRACTION = 0.05


class CallState(StrEnum):
    """Where a call is between being posted and being readable."""

    AWAITING_MEDIA = "awaiting_media"
    NOT_READY = "not_ready"
    NOT_FOUND = "transiently_not_found"
    VISIBLE = "visible"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Workspace:
    """A workspace of the company."""

    id: str
    name: str
    description: str


@dataclass(frozen=True)
class SettingChange:
    """One line of a user's settings history."""

    setting: str
    value: bool
    time: datetime


@dataclass(frozen=True, kw_only=True)
class User:
    """A Gong user; ``providers`` are web conferencing providers, the default first."""

    id: str
    email_address: str
    first_name: str
    last_name: str
    title: str
    phone_number: str
    created: datetime
    active: bool = True
    email_aliases: tuple[str, ...] = ()
    manager_id: str | None = None
    telephony_calls_imported: bool = True
    providers: tuple[str, ...] = ("zoom",)
    provider_connected: bool = True
    language: str = "en-US"
    history: tuple[SettingChange, ...] = ()

    @property
    def emails(self) -> frozenset[str]:
        """All addresses of the user in lower case."""
        return frozenset(email.lower() for email in (self.email_address, *self.email_aliases))


@dataclass
class Media:
    """The recording of a call as Gong measured it."""

    sha256: str
    size: int
    duration: float
    arrived_at: float
    content_type: str
    discarded_because: str | None = None


@dataclass
class Call:
    """A call: what was posted, and the recording once it arrived.

    ``received`` counts how often the bytes of a recording were sent for this call, refused ones included.
    """

    id: str
    posted: Mapping[str, Any]
    started: datetime
    workspace_id: str
    media: Media | None = None
    received: int = 0

    @property
    def client_unique_id(self) -> str:
        """The id in the system that the recording comes from."""
        return str(self.posted["clientUniqueId"])

    @property
    def primary_user_id(self) -> str:
        """The host's Gong user id."""
        return str(self.posted["primaryUser"])

    def state_at(self, now: float, processing_seconds: float) -> CallState:
        """Return where the call is at a time."""
        if self.media is None:
            return CallState.AWAITING_MEDIA
        elapsed = now - self.media.arrived_at
        if elapsed < processing_seconds * (1 - TRANSIENT_FRACTION):
            return CallState.NOT_READY
        if self.media.discarded_because:
            return CallState.DISCARDED
        return CallState.NOT_FOUND if elapsed < processing_seconds else CallState.VISIBLE


@dataclass
class Meeting:
    """A Gong meeting."""

    id: str
    url: str
    organizer: User
    provider: str
    details: Mapping[str, Any]
    deleted: bool = False
    updates: int = 0


@dataclass(frozen=True)
class LoggedRequest:
    """One line of the request log; no answer was sent where ``status`` is missing."""

    time: float
    method: str
    path: str
    operation: str | None
    status: int | None
    request_id: str
    duration: float
    who: str | None


@dataclass
class Counters:
    """How many requests were let in and refused by the limits."""

    accepted: int = 0
    refused: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)

    def count(self, operation: str, *, accepted: bool) -> None:
        """Count one request."""
        if not accepted:
            self.refused += 1
            return
        self.accepted += 1
        self.by_operation[operation] = self.by_operation.get(operation, 0) + 1
