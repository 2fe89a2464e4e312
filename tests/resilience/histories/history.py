"""What is kept of a history: what Gong saw, what ledgers said, what reports claimed, and what happened to processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """
    One request on its way to Gong and back. Times are seconds of the virtual clock.

    :param sent_by: the process
    :param host: where it went
    :param arrived: when it had its effect; None where it went elsewhere
    :param ended: when the process had the answer; None where it never had
    :param status: what the process was told; None for nothing
    :param gong_status: what Gong has answered, which somebody may have replaced
    :param effects: what it changed in Gong
    :param call_id: the call that it is about
    :param client_unique_id: id of the call that it creates
    :param seen: calls that Gong has shown in an answer that arrived
    :param retry_after: seconds for which Gong itself wants no requests of the company
    """

    sent_by: str
    host: str
    operation: str
    sent: float
    arrived: float | None = None
    ended: float | None = None
    status: int | None = None
    gong_status: int | None = None
    errors: tuple[str, ...] = ()
    effects: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    call_id: str | None = None
    client_unique_id: str | None = None
    seen: frozenset[str] = frozenset()
    retry_after: float | None = None


@dataclass(frozen=True)
class RowState:
    """
    What a ledger says of one row.

    :param media_sent_at: when its recording may have been sent for the last time
    """

    state: str
    call_id: str | None = None
    is_burned: bool = False
    lease_number: int | None = None
    media_sent_at: float | None = None


@dataclass(frozen=True)
class Change:
    """
    A row of a ledger that moved on.

    :param ledger: which ledger; a store that was lost or restored is another one
    :param before: None for a row that appears
    """

    time: float
    ledger: str
    import_id: str
    client_unique_id: str
    before: RowState | None
    after: RowState
    by: str


@dataclass(frozen=True)
class Report:
    """
    What a report claimed.

    :param rows: state by client unique id
    :param call_ids: call by client unique id
    """

    time: float
    import_id: str
    is_green: bool
    rows: Mapping[str, str]
    call_ids: Mapping[str, str | None]


@dataclass(frozen=True)
class Event:
    """Something that happened to a process or a store."""

    time: float
    what: str
    whom: str
    where: str = ""


@dataclass(frozen=True)
class Attempt:
    """
    One attempt of a task that creates a meeting.

    :param task: the task, as its record names it
    :param number: Airflow's number of the attempt
    :param places: where it looks for what earlier attempts have recorded, and records what it sends
    :param shared: those of them that all hosts see
    :param is_sure: whether no attempt before it can be missing there
    """

    process: str
    task: str
    number: int
    places: frozenset[str]
    shared: frozenset[str]
    is_sure: bool


@dataclass(frozen=True)
class Noted:
    """
    A record of a meeting that moved on.

    :param place: where it is kept
    :param number: of the attempt that it is about
    """

    time: float
    place: str
    task: str
    number: int
    state: str
    by: str


@dataclass(frozen=True)
class Result:
    """
    What a task that creates a meeting has returned.

    :param content: what the meeting was to be
    """

    time: float
    task: str
    content: str
    meeting_id: str


@dataclass(frozen=True)
class Manifest:
    """
    What an import was asked to send.

    :param rows: SHA-256 of the recording by client unique id
    """

    rows: Mapping[str, str]


@dataclass
class History:
    """
    All of it.

    :param host: the only host that requests may go to
    :param manifests: by import
    :param calls: what Gong holds in the end, by call id: ``clientUniqueId``, ``sha256`` (None without recording) and
        whether it is ``readable``
    :param others: calls that others made before the imports began: by client unique id, whether start and host are
        those of the row with that id
    :param per_second: the company's limit
    :param contents: of the meetings that tasks were asked to create
    :param meetings: what Gong holds in the end: content by meeting id
    """

    seed: int
    host: str = ""
    per_second: int = 3
    per_day: int = 10_000
    requests: list[Request] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, bool] = field(default_factory=dict)
    contents: frozenset[str] = frozenset()
    attempts: list[Attempt] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    meetings: dict[str, str] = field(default_factory=dict)

    @property
    def is_in_folders(self) -> bool:
        """Whether imports are kept in folders, each on a host of its own."""
        return any(change.ledger.startswith("folder") for change in self.changes)

    def stood_still(self, process: str, start: float, end: float) -> bool:
        """Return whether a process stood still at some moment of a time."""
        since = None
        for event in self.events:
            if event.whom == process and event.what == "paused":
                since = event.time
            elif event.whom == process and event.what == "resumed" and since is not None:
                if since <= end and event.time >= start:
                    return True
                since = None
        return since is not None and since <= end

    def lines(self) -> list[str]:
        """Return it as text, in order of time, for people and for comparing two of them."""
        found: list[tuple[float, str]] = [
            (event.time, f"{event.whom} {event.what} {event.where}") for event in self.events
        ]
        found += [(request.sent, _request_line(request)) for request in self.requests]
        found += [(change.time, _change_line(change)) for change in self.changes]
        found += [
            (noted.time, f"{noted.by} {noted.place} {noted.task} #{noted.number}: {noted.state}")
            for noted in self.noted
        ]
        found += [
            (result.time, f"{result.task} returned {result.meeting_id} for {result.content}") for result in self.results
        ]
        for report in self.reports:
            verdict = "green" if report.is_green else "red"
            found.append((report.time, f"report of {report.import_id} is {verdict}: {dict(report.rows)}"))
        start = min((time for time, _ in found), default=0.0)
        # Python's sort keeps the order of what happened at the same time within each kind.
        return [f"{time - start:11.3f} {text}" for time, text in sorted(found, key=lambda entry: entry[0])]


def _request_line(request: Request) -> str:
    about = request.client_unique_id or request.call_id or ""
    answer = (
        f"{request.status}" if request.status == request.gong_status else f"{request.status} for {request.gong_status}"
    )
    did = ", ".join(f"{effect['action']} {effect['kind']} {effect['id']}" for effect in request.effects)
    errors, faults = "; ".join(request.errors), "; ".join(request.faults)
    return f"{request.sent_by} {request.operation} {about} -> {answer} [{did}] {errors} {faults}".rstrip()


def _change_line(change: Change) -> str:
    before = change.before.state if change.before else "nothing"
    burned = " burned" if change.after.is_burned else ""
    return (
        f"{change.by} {change.ledger}/{change.import_id} {change.client_unique_id}: {before} -> {change.after.state} "
        f"({change.after.call_id}, lease {change.after.lease_number}{burned})"
    )
