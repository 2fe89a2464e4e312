"""
A small company in Gong that changes under its readers' eyes: calls appear late, move, vanish, become private.

It keeps no more of Gong than readers of calls see, so thousands of histories take minutes; a test holds its answers
against those of the emulator. While there are faults, requests go through the whole client.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongEmptyResultError
from airflow_provider_gong.client.exchange import ExchangePolicy

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
WORKSPACES = ("4334195650121898385", "4334195650121898386")
HOSTS = ("6956765593072435850", "6956765593072435851")
NO_CALLS = "No calls found corresponding to the provided filters"
# So that small companies have listings of several pages, too.
_PAGE = 3
_URL = "https://us-1.api.gong.io"
_PATHS = {"/v2/calls/extensive": "listCallsExtensive", "/v2/calls/transcript": "getCallTranscripts"}
_PATIENCE = ExchangePolicy(max_wait=5, max_attempts=2, first_backoff=0.0, max_backoff=0.0)


@dataclass
class KnownCall:
    """
    A call of the company.

    :param shown_at: when Gong begins to show it
    :param analyses: how often Gong has analyzed it
    """

    call_id: str
    title: str
    started: datetime
    shown_at: datetime
    host_id: str
    workspace_id: str
    analyses: int = 1
    is_transcribed: bool = True
    is_private: bool = False
    is_deleted: bool = False

    @property
    def day(self) -> date:
        return self.started.date()


@dataclass(frozen=True)
class Fault:
    """
    What happens to some requests.

    :param action: ``status``, ``reset``, ``garbage`` or ``truncate``
    :param probability: to how many of them
    """

    action: str
    probability: float
    status: int = 500
    text: str = "Sorry"
    chance: random.Random = field(default_factory=random.Random)

    def answer(self, request: httpx.Request, right: httpx.Response) -> httpx.Response:
        """Return what comes instead of the right answer."""
        if self.chance.random() >= self.probability:
            return right
        match self.action:
            case "status":
                return httpx.Response(self.status, json={"requestId": "r", "errors": [self.text]})
            case "garbage":
                return httpx.Response(200, text="<html><body><h1>502 Bad Gateway</h1></body></html>")
            case "truncate":
                return httpx.Response(200, content=right.content[: len(right.content) // 2])
        raise httpx.RemoteProtocolError("the connection was reset", request=request)


class ChangingGong:
    """
    The company, on a clock of its own.

    :ivar requests: how many requests have reached it
    :ivar faults: what happens to requests
    :ivar meanwhile: is called before each request is answered
    """

    def __init__(self) -> None:
        self.now = START
        self.calls: list[KnownCall] = []
        self.requests = 0
        self.faults: list[Fault] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self._hidden: frozenset[str] = frozenset()
        budget = LocalBudget(1_000_000, 10**9)
        options: dict[str, Any] = {"budget": budget, "policy": _PATIENCE, "sleep": lambda _: None}
        self._client = GongClient(
            _URL, AccessKeyAuth("k", "s"), transport=httpx.MockTransport(self._answered), **options
        )

    def run(self, operation: str, *, body: Any = None) -> dict[str, Any]:
        """Answer a request as the client does."""
        if self.faults:
            return self._client.run(operation, body=body)
        answer = self._answer(operation, body)
        if answer is None:
            raise GongEmptyResultError(NO_CALLS, operation=operation, status=404, errors=[NO_CALLS])
        return answer

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def advance(self, time: timedelta) -> None:
        """Let time go by; calls whose time has come are shown."""
        self.now += time

    def take_place(self, started: datetime, shown_after: timedelta) -> None:
        """Let a call take place, which Gong shows some time later."""
        number = len(self.calls)
        call_id = str(4673416669961542000 + number)
        host, workspace = HOSTS[number % 2], WORKSPACES[number % 3 == 0]
        self.calls.append(KnownCall(call_id, f"Call {number}", started, started + shown_after, host, workspace))

    def hide(self, workspaces: Iterable[str]) -> None:
        """Take all calls of workspaces from the key's sight, and show those of the others."""
        self._hidden = frozenset(workspaces)

    @property
    def hides_calls(self) -> bool:
        """Whether the key does not see all calls."""
        return bool(self._hidden)

    def known(self) -> list[KnownCall]:
        """Return the calls that Gong has begun to show, and that were not deleted."""
        return [call for call in self.calls if call.shown_at <= self.now and not call.is_deleted]

    def shown(self) -> dict[str, KnownCall]:
        """Return the calls that an export should hold, by id."""
        return {call.call_id: call for call in self.known() if not call.is_private}

    def _answered(self, request: httpx.Request) -> httpx.Response:
        answer = self._answer(_PATHS[request.url.path], json.loads(request.content))
        content = {"requestId": "r", "errors": [NO_CALLS]} if answer is None else answer
        response = httpx.Response(404 if answer is None else 200, json=content)
        for fault in self.faults:
            response = fault.answer(request, response)
        return response

    def _answer(self, operation: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Return a page, None where nothing matches."""
        self.requests += 1
        self.meanwhile()
        found = list(self._matching(body["filter"]))
        is_transcripts = operation == "getCallTranscripts"
        if is_transcripts:
            found = [call for call in found if call.is_transcribed]
        first = int(body.get("cursor", 0))
        page = found[first : first + _PAGE]
        if not page:
            return None
        records = {"totalRecords": len(found), "currentPageSize": len(page), "currentPageNumber": first // _PAGE}
        if first + _PAGE < len(found):
            records["cursor"] = str(first + _PAGE)
        rows = {"callTranscripts": list(map(_transcript, page))} if is_transcripts else {"calls": list(map(_row, page))}
        return {"requestId": "r", "records": records, **rows}

    def _matching(self, filters: dict[str, Any]) -> Iterator[KnownCall]:
        ids, workspace, hosts = (filters.get(name) for name in ("callIds", "workspaceId", "primaryUserIds"))
        start, end = (datetime.fromisoformat(filters.get(name, START.isoformat())) for name in _WINDOW)
        for call in sorted(self.known(), key=lambda call: call.started):
            if (
                call.workspace_id not in self._hidden
                and (ids is None or call.call_id in ids)
                and (workspace is None or call.workspace_id == workspace)
                and (hosts is None or call.host_id in hosts)
                and ("fromDateTime" not in filters or start <= call.started < end)
            ):
                yield call


_WINDOW = ("fromDateTime", "toDateTime")


def _row(call: KnownCall) -> dict[str, Any]:
    times = {name: call.started.isoformat() for name in ("scheduled", "started")}
    return {
        "metaData": {
            "id": call.call_id,
            "title": call.title,
            **times,
            "duration": 72,
            "primaryUserId": call.host_id,
            "workspaceId": call.workspace_id,
            "isPrivate": call.is_private,
        },
        "parties": [
            {"id": "1", "speakerId": "11", "userId": call.host_id, "name": "Priya Raman", "affiliation": "Internal"},
            {"id": "2", "speakerId": "12", "name": "Dana Ortiz", "affiliation": "External"},
        ],
        "content": {"brief": f"{call.title}, analysis {call.analyses}"},
    }


def _transcript(call: KnownCall) -> dict[str, Any]:
    sentences = [{"start": 0, "end": 4000, "text": f"Hello, analysis {call.analyses}."}]
    return {"callId": call.call_id, "transcript": [{"speakerId": "11", "topic": None, "sentences": sentences}]}
