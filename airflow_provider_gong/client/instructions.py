"""The instructions of an exchange to its driver, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.media import AnyMedia
from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.client.requests import GongRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReserveSlot:
    """Reserve a slot of the budget within ``max_wait`` seconds. Outcome: ``Slot`` or ``SlotRefused``."""

    max_wait: float


@dataclass(frozen=True, slots=True)
class ConfirmSlot:
    """Check whether the slot is still valid. Outcome: bool."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class CloseGate:
    """
    Hold the whole company's requests back for ``retry_after`` seconds. Outcome: None.

    :param foreign: whether the response came from something other than Gong, which closes the gate for less time
    """

    retry_after: float
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep because ``operation`` has to wait. Outcome: None."""

    seconds: float
    reason: str
    operation: str


@dataclass(frozen=True, slots=True)
class Record:
    """Call a function that may block immediately before the request is sent. Outcome: None."""

    write: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request once. Outcome: ``Answer``, ``NotSent`` or ``NoAnswer``."""

    request: GongRequest[Any]


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Replace the credentials that were sent last. Outcome: None."""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Open a recording that is about to be sent. Outcome: ``MediaFile``."""

    media: AnyMedia


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made, so nothing has reached Gong."""

    reason: str
    timeout: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request may have reached Gong, but there was no complete response."""

    reason: str
    timeout: bool = False
    too_large: bool = False


Outcome = Answer | NotSent | NoAnswer
Shared = ReserveSlot | ConfirmSlot | CloseGate | Record | RefreshToken | OpenMedia
"""Instructions that threads and event loops carry out with the same code, which may block."""

Instruction = Shared | Wait | Send
Steps = Generator[Instruction, Any, T]
"""A generator of instructions that receives each outcome or error and returns a result."""
