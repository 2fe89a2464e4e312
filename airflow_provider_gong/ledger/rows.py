"""The data that goes into the ledger and comes out of it."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_provider_gong._text import shown


class CallState(enum.StrEnum):
    """The state of an import's row."""

    PLANNED = "planned"
    CREATED = "created"
    UPLOADED = "uploaded"
    VERIFIED = "verified"
    REJECTED = "rejected"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    EXISTS = "exists"
    CONFLICT = "conflict"
    INCOMPLETE = "incomplete"
    WITHDRAWN = "withdrawn"
    CHANGED_AFTER_SEND = "changed_after_send"
    PROCESSING = "processing"
    NOT_VISIBLE = "not_visible"
    UNVERIFIABLE = "unverifiable"


# The field of a call from which Gong fetches its recording. Plans contain its location: URLs are created when rows are
# sent.
URL_FIELD = "downloadMediaUrl"
# Of a clientUniqueId in UTF-8.
MAX_ID_BYTES = 2048
_LONGEST_VALUE = 300
_LONGEST_RULE = 1000
# A duplicate is a row whose id has a call in Gong that may not be its own, before that call was read.
UNFINISHED = frozenset({CallState.PLANNED, CallState.CREATED, CallState.UPLOADED, CallState.DUPLICATE})
# Read in Gong with its recording, which this import or someone before it sent.
RIGHT = frozenset({CallState.VERIFIED, CallState.EXISTS})
# Uploaded but not seen in Gong yet: verification reads these, even if it runs again after its timeout.
UNSEEN = (CallState.UPLOADED, CallState.PROCESSING, CallState.NOT_VISIBLE, CallState.UNVERIFIABLE)
# States that reading a call of someone else again cannot change.
SETTLED = (CallState.EXISTS, CallState.CONFLICT)
# States that keep a finished import from succeeding.
WRONG = frozenset(
    {
        CallState.REJECTED,
        CallState.FAILED,
        CallState.CHANGED_AFTER_SEND,
        CallState.CONFLICT,
        CallState.INCOMPLETE,
        CallState.PROCESSING,
        CallState.NOT_VISIBLE,
        CallState.UNVERIFIABLE,
    }
)


class Actor(enum.StrEnum):
    """Who can fix a problem."""

    ADMINISTRATOR = "gong_administrator"
    MANIFEST = "manifest"
    RECORDING = "recording"
    SUPPORT = "gong_support"

    @property
    def described(self) -> str:
        """The actor's name in reports."""
        return _ACTOR_TITLES[self]


_ACTOR_TITLES = {
    Actor.ADMINISTRATOR: "a Gong administrator",
    Actor.MANIFEST: "the manifest's owner",
    Actor.RECORDING: "the recordings' owner",
    Actor.SUPPORT: "Gong support (it may also resolve itself)",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """
    A problem with a row, and who can fix it. Its texts are safe to show: one line each, and URLs without their query.

    :param field: column of the manifest or field of Gong
    :param value: the wrong value, shortened
    :param rule: what is wrong
    :param remedy: what to do
    :param who: who can fix it
    :param is_final: whether the call can never be imported with this recording, whatever anybody does
    """

    field: str
    value: str
    rule: str
    remedy: str
    who: Actor
    is_final: bool = False

    def __post_init__(self) -> None:
        # The store keeps text.
        object.__setattr__(self, "who", Actor(self.who))
        for name, longest in (("field", _LONGEST_VALUE), ("value", _LONGEST_VALUE), ("rule", _LONGEST_RULE)):
            object.__setattr__(self, name, shown(getattr(self, name), longest))

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as a JSON object."""
        return {name: getattr(self, name) for name in ("field", "value", "rule", "remedy", "who", "is_final")}

    def __str__(self) -> str:
        return f"{self.field}: {self.rule} (got {self.value}). {self.remedy}"


class PlannedRow(NamedTuple):
    """
    A row as the plan writes it; a tuple, because creating it takes a third of the time.

    :param row_number: number of the row in its file, from 1
    :param client_unique_id: Gong's ``clientUniqueId``, empty if the manifest has none
    :param title: title of the call
    :param payload: the validated body of the create request as JSON, without a URL of the recording; None for a
        rejected row
    :param media: location of the recording
    :param media_bytes: size of the recording; None for a URL on the web
    :param fingerprint: hash of the payload and of what identifies the recording; None for a rejected row
    :param problems: why it is rejected; empty if it is not
    :param source: the row as the manifest has it
    :param file: the file of the manifest that holds it, if it is in one
    :param warnings: what was noticed and does not stop it
    :param is_pulled: whether Gong is to fetch the recording by URL
    :param media_type: MIME type of the recording's content; None where that was not looked at
    :param media_mark: what the recording is known by until it is sent, which is no part of its content
    :param line: the line of the file that it begins in, as an editor counts them; None where there are none
    """

    row_number: int
    client_unique_id: str
    title: str | None
    payload: str | None
    media: str | None
    media_bytes: int | None
    fingerprint: str | None
    problems: tuple[Problem, ...] = ()
    source: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    file: str = ""
    warnings: tuple[str, ...] = ()
    is_pulled: bool = False
    media_type: str | None = None
    media_mark: str | None = None
    line: int | None = None

    @property
    def state(self) -> CallState:
        """``rejected`` with problems, ``planned`` without."""
        return CallState.REJECTED if self.problems else CallState.PLANNED

    @property
    def call(self) -> dict[str, Any]:
        """The body of the create request; empty for a rejected row."""
        return dict(json.loads(self.payload or "{}"))


@dataclass(frozen=True, slots=True)
class LeasedRow:
    """
    A row that one worker may work on until its lease ends.

    :param media_type: MIME type of the recording's content; None if the plan does not have it
    :param media_mark: ``media_mark`` of the plan; None if the plan does not have it
    :param lease_number: stops this worker from changing the row after another worker has leased it
    :param state: ``planned`` or ``created``
    :param earlier_intent: whether a create with the same content may have been sent before
    :param is_pulled: whether, according to the plan, Gong fetches the recording by URL
    :param intent_is_pulled: whether the ledger has recorded the create of this or an earlier attempt as one with a URL
    :param attempts: how often it was leased, including this time
    """

    client_unique_id: str
    row_number: int
    payload: dict[str, Any]
    media: str | None
    media_bytes: int | None
    media_type: str | None
    media_mark: str | None
    lease_number: int
    state: CallState
    call_id: str | None
    earlier_intent: bool
    is_pulled: bool
    intent_is_pulled: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """
    A row with the outcome of its call, even if another import sent it.

    :param sent_at: when the call was sent, in seconds since 1970 by the store's clock
    :param warnings: the plan's warnings
    :param line: the line of the file that it begins in, as an editor counts them; None where there are none
    :param payload: the body of the create request as JSON; None for a rejected row
    """

    row_number: int
    client_unique_id: str
    title: str | None
    state: CallState
    call_id: str | None
    url: str | None
    duration: float | None
    media: str | None
    media_sha256: str | None
    burned: bool
    sent_by: str | None
    problems: tuple[Problem, ...]
    source: dict[str, str]
    file: str
    sent_at: float | None
    warnings: tuple[str, ...] = ()
    line: int | None = None
    payload: str | None = None

    @property
    def host(self) -> str:
        """Name or address of the Gong user who hosts the call, the id where Gong has neither; empty if unknown."""
        payload: dict[str, Any] = json.loads(self.payload or "{}")
        host = str(payload.get("primaryUser", ""))
        known = (party for party in payload.get("parties", ()) if party.get("userId") == host)
        party: dict[str, Any] = next(known, {})
        return str(party.get("name") or party.get("emailAddress") or host)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    The result of reading a call back from Gong.

    :param state: ``verified``, or why it is not
    :param url: the call's page
    :param duration: seconds
    :param problem: what is wrong
    """

    client_unique_id: str
    state: CallState
    url: str | None = None
    duration: float | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class ExistingCall:
    """
    A row whose id has a call in Gong that may not be its own.

    :param fingerprint: fingerprint of the row's content
    :param call_id: Gong's id of that call
    :param actual_start: when the row's call started
    :param primary_user: Gong's id of the user who hosts the row's call
    :param state: result of the comparison; ``duplicate`` or, for a call that was taken for the row's own, ``uploaded``
        before it
    :param missing_for: seconds since the call was first not found; None if it has not been missing
    """

    client_unique_id: str
    fingerprint: str
    call_id: str
    actual_start: str
    primary_user: str
    state: CallState
    missing_for: float | None


@dataclass(frozen=True, slots=True)
class KnownRecording:
    """
    An uploaded recording.

    :param sha256: hash of its content, in hexadecimal digits
    """

    sha256: str
    client_unique_id: str
    call_id: str | None
