"""The records of an emulated company."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

LONG_AGO = float("-inf")


class CallState(StrEnum):
    """The state of a call."""

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
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def emails(self) -> frozenset[str]:
        """All addresses of the user in lower case."""
        return frozenset(email.lower() for email in (self.email_address, *self.email_aliases))


@dataclass(slots=True)
class Media:
    """
    The recording of a call as Gong measured it.

    :param begun_at: when processing began; later than the arrival if recordings queue
    """

    sha256: str
    size: int
    duration: float
    arrived_at: float
    begun_at: float
    content_type: str
    discarded_because: str | None = None


@dataclass(slots=True)
class Call:
    """
    A call: what was posted, and the recording once it arrived.

    :param document: what was posted, as JSON: a tenth of the memory of the parsed form
    :param started: seconds since the epoch
    :param received: how often the bytes of a recording were sent for this call, including refused ones
    :param settled: whether processing has ended
    :param private: whether it was made private
    :param analyses: how often it was analyzed again
    :param figures: its computed figures, None before the first request
    """

    id: str
    document: bytes
    client_unique_id: str
    primary_user_id: str
    workspace_id: str
    started: float
    media: Media | None = None
    received: int = 0
    settled: bool = False
    private: bool = False
    analyses: int = 0
    figures: tuple[float, ...] | None = None

    @property
    def posted(self) -> dict[str, Any]:
        """What was posted."""
        posted: dict[str, Any] = json.loads(self.document)
        return posted

    def change_posted(self, changes: Mapping[str, Any]) -> None:
        """Change some of what was posted."""
        self.document = as_document({**self.posted, **changes})

    @property
    def order(self) -> tuple[float, str]:
        """The place in lists, oldest first."""
        return self.started, self.id


def as_document(posted: Mapping[str, Any]) -> bytes:
    """Return what was posted in the form that a call keeps."""
    return json.dumps(posted, separators=(",", ":"), ensure_ascii=False).encode()


def new_call(call_id: str, posted: Mapping[str, Any], workspace_id: str) -> Call:
    """Return a call without a recording."""
    return Call(
        id=call_id,
        document=as_document(posted),
        client_unique_id=posted["clientUniqueId"],
        primary_user_id=posted["primaryUser"],
        workspace_id=workspace_id,
        started=datetime.fromisoformat(posted["actualStart"]).timestamp(),
    )


@dataclass(frozen=True, kw_only=True)
class CallChange:
    """
    A later change of a call.

    :param started: its new start
    :param private: whether it is private from now on
    :param analyzed_again: whether Gong analyzes it again, with other results
    """

    title: str | None = None
    started: datetime | None = None
    private: bool | None = None
    analyzed_again: bool = False
    deleted: bool = False


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
