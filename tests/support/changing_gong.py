"""A small company in Gong that changes under its readers' eyes: calls appear late, move, vanish, become private."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.emulator import InProcessEmulator, ManualClock, in_process_emulator

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
HOSTS = ("tobias.okafor@example.com", "priya.raman@example.com", "grace.nakamura@example.com")
_NO_CALLS = "No calls found corresponding to the provided filters"
_PATIENCE = ExchangePolicy(max_wait=5, max_attempts=2, first_backoff=0.0, max_backoff=0.0)


@dataclass
class Changes:
    """What Gong says of calls that differs from what it said at first, by call id."""

    titles: dict[str, str] = field(default_factory=dict)
    moved: dict[str, datetime] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    untranscribed: set[str] = field(default_factory=set)


class ChangingTransport(httpx.BaseTransport):
    """The way to an emulator, on which answers change."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self.changes = Changes()
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        answer = self._transport.handle_request(request)
        body = json.loads(request.content or b"{}")
        is_empty = answer.status_code == 404 and _NO_CALLS in answer.text
        if answer.status_code != 200 and not is_empty:
            return answer
        try:
            content = {"requestId": "r", "calls": []} if is_empty else json.loads(answer.content)
        except ValueError:
            return answer
        if request.url.path.endswith("/calls/extensive"):
            content["calls"] = self._calls(request, body, content["calls"])
            return _answer(content, content["calls"])
        if request.url.path.endswith("/calls/transcript"):
            rows = content.get("callTranscripts", [])
            content["callTranscripts"] = [row for row in rows if row["callId"] not in self.changes.untranscribed]
            return _answer(content, content["callTranscripts"])
        return answer

    def _calls(self, request: httpx.Request, body: dict[str, Any], calls: list[Any]) -> list[Any]:
        changes, filters = self.changes, body["filter"]
        if "fromDateTime" in filters:
            start, end = (datetime.fromisoformat(filters[name]) for name in ("fromDateTime", "toDateTime"))
            calls = [call for call in calls if call["metaData"]["id"] not in changes.moved]
            here = [call_id for call_id, moment in changes.moved.items() if start <= moment < end]
            if here and "cursor" not in body:
                calls += self._by_id(request, body, here)
        for call in calls:
            meta = call["metaData"]
            meta["title"] = changes.titles.get(meta["id"], meta["title"])
            meta["isPrivate"] = meta["id"] in changes.private
            if meta["id"] in changes.moved:
                meta["started"] = changes.moved[meta["id"]].isoformat()
        return calls

    def _by_id(self, request: httpx.Request, body: dict[str, Any], call_ids: list[str]) -> list[Any]:
        headers = {"Authorization": request.headers["Authorization"]}
        asked = {**body, "filter": {"callIds": call_ids}}
        answer = self._transport.handle_request(httpx.Request("POST", request.url, json=asked, headers=headers))
        try:
            return json.loads(answer.content)["calls"] if answer.status_code == 200 else []
        except ValueError:
            return []


def _answer(content: dict[str, Any], rows: list[Any]) -> httpx.Response:
    return httpx.Response(200, json=content) if rows else httpx.Response(404, json={"errors": [_NO_CALLS]})


@dataclass
class KnownCall:
    """
    A call of the company.

    :param shown_at: when Gong begins to show it
    """

    ident: str
    title: str
    started: datetime
    shown_at: datetime
    call_id: str = ""
    is_private: bool = False
    is_deleted: bool = False

    @property
    def day(self) -> date:
        return self.started.date()


class ChangingGong:
    """The company, on a clock of its own."""

    def __init__(self, emulator: InProcessEmulator) -> None:
        self.emulator = emulator
        self.now = START
        self.calls: list[KnownCall] = []
        self.is_blind = False
        self._transport = ChangingTransport(emulator.transport)
        self._budget = LocalBudget(1_000_000, 10**9)

    def client(self) -> GongClient:
        auth = AccessKeyAuth(self.emulator.access_key, self.emulator.access_key_secret)
        options: dict[str, Any] = {"budget": self._budget, "policy": _PATIENCE, "sleep": lambda _: None}
        return GongClient(self.emulator.url, auth, transport=self._transport, **options)

    @property
    def requests(self) -> int:
        return self._transport.requests

    def advance(self, time: timedelta) -> None:
        """Let time go by; calls whose time has come are shown."""
        self.now += time
        self.emulator.advance(time.total_seconds())
        due = [call for call in self.calls if not call.call_id and call.shown_at <= self.now]
        if due:
            self.emulator.seed({"calls": [self._seed(call) for call in due]})
            ids = {call["clientUniqueId"]: call["id"] for call in self.emulator.state()["calls"]}
            for call in due:
                call.call_id = ids[call.ident]

    def take_place(self, started: datetime, shown_after: timedelta, *, transcribed: bool = True) -> None:
        """Let a call take place, which Gong shows some time later."""
        ident = f"call-{len(self.calls)}"
        self.calls.append(KnownCall(ident, f"Call {ident}", started, started + shown_after))
        if not transcribed:
            self.calls[-1].title += " (quiet)"

    def transcribe(self, call: KnownCall, *, is_there: bool) -> None:
        (self._transport.changes.untranscribed.discard if is_there else self._transport.changes.untranscribed.add)(
            call.call_id
        )

    def rename(self, call: KnownCall, title: str) -> None:
        """Let Gong analyze a call again."""
        call.title = self._transport.changes.titles[call.call_id] = title

    def move(self, call: KnownCall, started: datetime) -> None:
        """Let a call have started at another time."""
        call.started = self._transport.changes.moved[call.call_id] = started

    def hide(self, call: KnownCall, *, is_private: bool) -> None:
        """Make a call private, or no longer so."""
        call.is_private = is_private
        (self._transport.changes.private.add if is_private else self._transport.changes.private.discard)(call.call_id)

    def delete(self, call: KnownCall) -> None:
        """Delete a call."""
        call.is_deleted = True
        with self.client() as client:
            client.run("purgeEmailAddress", query={"emailAddress": f"{call.ident}@customer.example.com"})
        self._transport.changes.moved.pop(call.call_id, None)

    def blind(self, *, is_blind: bool) -> None:
        """Take all calls from the key's sight, or give them back."""
        self.is_blind = is_blind
        self.emulator.set(key_sees_calls=not is_blind)

    def shown(self) -> dict[str, KnownCall]:
        """Return the calls that an export should hold, by id."""
        return {
            call.call_id: call for call in self.calls if call.call_id and not call.is_private and not call.is_deleted
        }

    def _seed(self, call: KnownCall) -> dict[str, Any]:
        return {
            "clientUniqueId": call.ident,
            "title": call.title,
            "host": HOSTS[len(call.ident) % 2],
            "daysAgo": (self.now - call.started).total_seconds() / 86_400,
            "minutes": 1.2,
            "parties": [{"name": "Dana Ortiz", "emailAddress": f"{call.ident}@customer.example.com"}],
        }


@contextmanager
def changing_gong() -> Iterator[ChangingGong]:
    """Run a company without calls."""
    settings: dict[str, Any] = {
        "requests_per_second": 0,
        "requests_per_day": 0,
        "processing_seconds": 0,
        "erase_seconds": 0,
        "company_time_zone": "UTC",
    }
    company = {
        "workspaces": [{"name": "Sales"}],
        "users": [{"firstName": h.split(".")[0], "lastName": h.split(".")[1].split("@")[0]} for h in HOSTS],
        "calls": [],
    }
    with in_process_emulator(clock=ManualClock(START), company=company, **settings) as emulator:
        yield ChangingGong(emulator)
