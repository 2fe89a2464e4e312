"""Recording: requests between the client and the emulator, and what the tables of ledgers hold after each commit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
from sqlalchemy import event, select
from sqlalchemy.engine import Connection, Engine

from airflow_provider_gong.emulator import InProcessEmulator
from airflow_provider_gong.ledger import tables
from airflow_provider_gong.ledger.queries import row_state, rows_with_calls
from tests.resilience.histories.history import Change, History, Request, RowState
from tests.resilience.histories.place import Place
from tests.resilience.histories.world import Process, World

_WRITES = ("INSERT", "UPDATE", "DELETE")
_LEDGER = ("gong_call", "gong_import", "gong_existing_call")
_UNIX_DAY = 2440587.5
_DAY = 86_400.0
_rows = select(
    tables.rows.c.import_id,
    tables.rows.c.client_unique_id,
    row_state.label("effective"),
    tables.calls.c.call_id,
    tables.calls.c.burned,
    tables.calls.c.lease_number,
    tables.calls.c.media_sent_at,
).select_from(rows_with_calls)


class Recorder:
    """
    Writes a history down while it happens.

    :param history: where
    :param world: the time
    """

    def __init__(self, history: History, world: World) -> None:
        self.history = history
        self._world = world
        self._states: dict[tuple[str, str, str], RowState] = {}
        self.clock_moved_by = 0.0

    def note_rows(self, connection: Connection, ledger: str) -> None:
        """Note what has changed in the rows of a ledger."""
        if Process.current().is_dead:
            # What it still writes to a database of its own is gone with it.
            return
        by = Process.current().name
        for row in connection.execute(_rows):
            key = (ledger, row.import_id, row.client_unique_id)
            state = RowState(row.effective, row.call_id, bool(row.burned), row.lease_number, row.media_sent_at)
            before = self._states.get(key)
            if state != before:
                self._states[key] = state
                self.history.changes.append(Change(self._world.now, *key, before, state, by))

    @contextlib.contextmanager
    def watching(self, place: Place) -> Iterator[None]:
        """Watch all databases that are opened while the block runs, and give them the virtual time."""

        def on_connect(raw: Any, _: Any) -> None:
            if isinstance(raw, sqlite3.Connection):
                skew = Process.current().clock_skew if place.is_private(_file_of(raw)) else 0.0
                raw.create_function("julianday", 1, lambda _: (self._database_time() + skew) / _DAY + _UNIX_DAY)

        def on_begin(connection: Connection) -> None:
            connection.info["is_changed"] = False
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(
                    "SELECT set_config('histories.now', %s, false)", (str(self._database_time()),)
                )

        def on_statement(connection: Connection, _: Any, statement: str, *__: Any) -> None:
            if statement.lstrip().startswith(_WRITES) and any(table in statement for table in _LEDGER):
                connection.info["is_changed"] = True

        def on_commit(connection: Connection) -> None:
            if connection.info.get("is_changed"):
                connection.info["is_changed"] = False
                self.note_rows(connection, place.name_of(connection, Process.current().name))

        listeners = [
            ("connect", on_connect),
            ("begin", on_begin),
            ("before_cursor_execute", on_statement),
            ("commit", on_commit),
        ]
        for name, listener in listeners:
            event.listen(Engine, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners:
                event.remove(Engine, name, listener)

    def _database_time(self) -> float:
        return self._world.time() + self.clock_moved_by


class Line(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """
    The line from one process to the emulator.

    :param chance: decides how long requests and answers are on their way
    """

    def __init__(self, process: Process, gong: InProcessEmulator, history: History, chance: random.Random) -> None:
        self._process = process
        self._gong = gong
        self._history = history
        self._chance = chance

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        entry = self._begun(request)
        self._process.sleep(self._way_there())
        answer = self._delivered(request, entry)
        self._process.sleep(self._way_back())
        return self._ended(answer, entry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        entry = self._begun(request)
        await asyncio.sleep(self._way_there())
        answer = self._delivered(request, entry)
        await asyncio.sleep(self._way_back())
        return self._ended(answer, entry)

    def _way_there(self) -> float:
        return self._chance.uniform(0.0, 0.008)

    def _way_back(self) -> float:
        return self._chance.uniform(0.02, 0.4)

    def _begun(self, request: httpx.Request) -> Request:
        self._process.step("before a request")
        entry = Request(self._process.name, request.url.host, "", self._process.world.now)
        if (request.method, request.url.path) == ("POST", "/v2/calls"):
            entry.client_unique_id = json.loads(request.content).get("clientUniqueId")
        return entry

    def _delivered(self, request: httpx.Request, entry: Request) -> httpx.Response | httpx.HTTPError:
        self._process.step("sending")
        self._history.requests.append(entry)
        if entry.host != self._history.host:
            return httpx.ConnectError("no such host", request=request)
        entry.arrived = self._process.world.now
        try:
            return self._gong.transport.handle_request(request)
        except httpx.HTTPError as error:
            return error

    def _ended(self, answer: httpx.Response | httpx.HTTPError, entry: Request) -> httpx.Response:
        self._process.step("having sent")
        if isinstance(answer, httpx.HTTPError):
            raise answer
        entry.ended, entry.status = self._process.world.now, answer.status_code
        entry.seen = _calls_in(answer)
        entry.retry_after = float(answer.headers.get("retry-after", "nan"))
        return answer


def add_what_gong_saw(history: History, gong: InProcessEmulator, *, earlier: int = 0) -> None:
    """
    Complete the requests with what the emulator's log says of them.

    :param earlier: requests that were sent before the history began
    """
    lines = gong.requests()[earlier:]
    delivered = [request for request in history.requests if request.arrived is not None]
    for request, line in zip(delivered, lines, strict=True):
        request.operation = line["operation"] or line["path"]
        request.gong_status = line["gongStatus"]
        request.errors, request.faults = tuple(line["errors"]), tuple(line["faults"])
        request.effects = tuple(line["effects"])
        if request.operation in ("getCall", "addCallRecording"):
            request.call_id = line["path"].split("/")[3]
        if request.faults or request.status != 200:
            request.seen = frozenset()
        # Such a fault refuses as Gong does.
        is_gongs = request.gong_status == 429 or "status before the effect" in request.faults
        request.retry_after = request.retry_after if is_gongs and request.status == 429 else None


def calls_in(gong: InProcessEmulator) -> dict[str, dict[str, Any]]:
    """Return what Gong holds of calls, by their ids."""
    return {
        call["id"]: {
            "clientUniqueId": call["clientUniqueId"],
            "sha256": call["media"] and call["media"]["sha256"],
            "readable": call["state"] == "visible",
        }
        for call in gong.state()["calls"]
    }


def _file_of(raw: sqlite3.Connection) -> str:
    return str(raw.execute("PRAGMA database_list").fetchone()[2])


def _calls_in(answer: httpx.Response) -> frozenset[str]:
    try:
        body = json.loads(answer.content)
    except ValueError:
        return frozenset()
    listed = body.get("calls", [body["call"]] if "call" in body else []) if isinstance(body, dict) else []
    return frozenset(call.get("id") or call["metaData"]["id"] for call in listed)
