"""The request log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

LOGGED_REQUESTS = 10_000
LOGGED_BODIES = 500
LOGGED_BODY_BYTES = 4_096


@dataclass(slots=True)
class LoggedRequest:
    """
    One line of the request log, from the arrival of the request on.

    :param number: counted from 1 since the start of the emulator
    :param time: when it arrived, by the emulator's clock; ``wall_time`` by the machine's
    :param ended: when it ended, by the emulator's clock; ``None`` before
    :param duration: real seconds until it ended; ``None`` before
    :param status: the status that was sent; ``None`` if nothing was sent
    :param gong_status: the status of Gong's answer, which a fault may have replaced; ``None`` if a fault kept the
        request from Gong
    :param errors: the errors in Gong's answer to a refused request
    :param effects: what the request changed: ``action``, ``kind``, ``id``, and other names
    :param sent: the beginning of the request's body; ``None`` if it is not JSON or no longer kept
    :param answered: the beginning of the body that was sent
    :param gong_answered: the beginning of the body of Gong's answer
    :param faults: what the fault rules did to the request
    """

    number: int
    time: float
    wall_time: float
    method: str
    path: str
    query: str
    operation: str | None
    request_id: str
    who: str | None = None
    ended: float | None = None
    duration: float | None = None
    status: int | None = None
    gong_status: int | None = None
    errors: tuple[str, ...] = ()
    effects: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False
    sent: bytes | None = None
    answered: bytes | None = None
    gong_answered: bytes | None = None
    faults: tuple[str, ...] = ()


class RequestLog:
    """The latest requests; fewer bodies than requests are kept, so memory stays constant."""

    def __init__(self) -> None:
        self._lines: deque[LoggedRequest] = deque(maxlen=LOGGED_REQUESTS)
        self._with_bodies: deque[LoggedRequest] = deque()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._lines)

    def __reversed__(self) -> Iterator[LoggedRequest]:
        return reversed(self._lines)

    def append(self, line: LoggedRequest) -> None:
        """Add a request."""
        self._lines.append(line)
        self._with_bodies.append(line)
        if len(self._with_bodies) > LOGGED_BODIES:
            oldest = self._with_bodies.popleft()
            oldest.sent = oldest.answered = oldest.gong_answered = None

    def latest(self, limit: int, wanted: LogFilter) -> list[LoggedRequest]:
        """Return the latest lines that match a filter, oldest first."""
        found = list(islice((line for line in reversed(self._lines) if wanted.matches(line)), limit))
        return found[::-1]

    def find(self, request_id: str) -> LoggedRequest | None:
        """Return the line of a request."""
        return next((line for line in reversed(self._lines) if line.request_id == request_id), None)


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """
    A filter for lines; ``None`` matches everything.

    :param path: a part of the path
    :param status: the HTTP status that was sent; 0 for requests without an answer
    :param after: only lines with a higher number
    """

    operation: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    who: str | None = None
    after: int = 0

    def matches(self, line: LoggedRequest) -> bool:
        """Return whether a line matches."""
        return (
            line.number > self.after
            and self.operation in (None, line.operation)
            and self.method in (None, line.method)
            and self.who in (None, line.who)
            and (self.status is None or self.status == (line.status or 0))
            and (self.path is None or self.path in line.path)
        )
