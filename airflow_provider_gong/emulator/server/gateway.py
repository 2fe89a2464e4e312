"""What every request for the API passes: authentication, limits, scopes, faults, request ids and the request log."""

from __future__ import annotations

import logging
import math
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from airflow_provider_gong.emulator.access.keys import Caller
from airflow_provider_gong.emulator.access.request_log import LOGGED_BODY_BYTES, LoggedRequest
from airflow_provider_gong.emulator.api.ask import Ask
from airflow_provider_gong.emulator.api.handlers import handle
from airflow_provider_gong.emulator.contract.checking import parse_body, parse_query
from airflow_provider_gong.emulator.contract.notation import as_numeric_id, converted, schemas
from airflow_provider_gong.emulator.contract.operations import TOKEN_PATH, Operation, find_operation
from airflow_provider_gong.emulator.faults.injection import ConnectionDroppedError, inject
from airflow_provider_gong.emulator.faults.rules import BODILESS
from airflow_provider_gong.emulator.server.authentication import authenticate, require_client
from airflow_provider_gong.emulator.server.connection import drop_connection
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import INTERNAL_ERROR, Answer, GongApiError, json_answer
from airflow_provider_gong.emulator.world.ids import require_id
from airflow_provider_gong.emulator.world.settings import MEDIA_LIMIT_BYTES

# Nobody has published how much Gong takes besides its largest recording.
_LARGEST_BODY = 16 * 1024 * 1024
_LARGEST_UPLOAD = MEDIA_LIMIT_BYTES + _LARGEST_BODY
# What the service in front of Gong adds besides the request id; the version is one that a client may log, no more.
_MARKS = {"x-gong-service-version": "emulator", "cf-cache-status": "DYNAMIC"}

logger = logging.getLogger(__name__)


class Exchange:
    """
    One request for the API and its answer.

    :param emulator: the company behind it
    """

    def __init__(self, emulator: Emulator, scope: Scope, receive: Receive, send: Send) -> None:
        self._emulator = emulator
        self._request = Request(scope, self._receive)
        self._receive_raw = receive
        self._send = send
        self._body_ended = False
        self._received = 0
        self._operation = find_operation(self._request.method, scope["path"])
        served = self._operation if isinstance(self._operation, Operation) else None
        self._most_bytes = _LARGEST_UPLOAD if served and served.part else _LARGEST_BODY
        request_id = emulator.next_request_id()
        self._line = LoggedRequest(
            number=emulator.request_number,
            time=emulator.clock.now(),
            wall_time=time.time(),
            method=self._request.method,
            path=scope["path"],
            query=self._request.url.query,
            operation=served.name if served else None,
            request_id=request_id,
        )

    async def run(self) -> None:
        """Answer the request and log it."""
        began = time.perf_counter()
        # A request that is never answered may have taken effect as well.
        self._emulator.requests.append(self._line)
        try:
            await self._deliver(await self._answer())
        except ConnectionDroppedError:
            await drop_connection(self._request.scope, self._receive_raw)
        except ClientDisconnect:
            logger.debug("The client went away during %s", self._line.path)
        finally:
            self._line.ended, self._line.duration = self._emulator.clock.now(), time.perf_counter() - began

    async def _receive(self) -> Message:
        message = await self._receive_raw()
        self._body_ended = message["type"] != "http.request" or not message.get("more_body", False)
        self._received += len(message.get("body", b""))
        if self._received > self._most_bytes:
            raise GongApiError(413, "Payload Too Large")
        return message

    async def _answer(self) -> Answer:
        self._emulator.tick()
        for_tokens = self._line.path == TOKEN_PATH
        try:
            caller = (require_client if for_tokens else authenticate)(self._emulator, self._request)
            self._line.who = caller.name
            if not for_tokens:
                self._admit()
            if isinstance(self._operation, GongApiError):
                raise self._operation
        except GongApiError as error:
            return self._refuse(error)
        return await self._with_faults(self._operation, caller)

    def _admit(self) -> None:
        emulator, settings, now = self._emulator, self._emulator.settings, self._emulator.clock.now()
        wait = emulator.limits.admit(now, settings)
        if wait:
            emulator.refused += 1
            self._line.refused = True
            # The text is a guess: the body of a 429 was never published.
            headers = _retry_after(settings.retry_after, now, wait)
            raise GongApiError(429, "API request limit exceeded", headers=headers)
        emulator.accepted[self._line.operation or "unknown"] += 1

    async def _with_faults(self, operation: Operation, caller: Caller) -> Answer:
        faults = self._emulator.faults.of_request(operation.name, caller.name)
        self._line.faults = tuple(map(str, faults))
        for fault in faults:
            early = await inject(fault, None, self._line.request_id) if fault.when == "before" else None
            if early is not None:
                return early
        staleness = max((fault.seconds for fault in faults if fault.action == "stale"), default=0.0)
        answer = await self._carry_out(operation, caller, staleness)
        for fault in faults:
            if fault.when == "after":
                answer = await inject(fault, answer, self._line.request_id) or answer
        return answer

    async def _carry_out(self, operation: Operation, caller: Caller, staleness: float) -> Answer:
        try:
            reply = await handle(await self._ask(operation, caller, staleness))
        except GongApiError as error:
            return self._refuse(error)
        except ClientDisconnect:
            raise
        except Exception:
            logger.exception("%s failed", operation.name)
            return self._refuse(GongApiError(500, INTERNAL_ERROR))
        if reply.body is None:
            return self._own(Answer(operation.status, b""))
        body = reply.body
        if self._emulator.settings.numeric_ids:
            body = converted(body, schemas()[operation.reply], as_numeric_id)
        request_id = self._line.request_id if reply.request_id else None
        return self._own(json_answer(request_id, operation.status, body))

    def _refuse(self, error: GongApiError) -> Answer:
        self._line.errors = error.errors
        form = self._emulator.settings.refusal_marks if error.status in (401, 429) else "full"
        request_id = self._line.request_id if form == "full" else None
        answer = json_answer(request_id, error.status, error.body, error.headers)
        return self._own(replace(answer, marks=form != "none"))

    def _own(self, answer: Answer) -> Answer:
        """Note Gong's own answer, which a fault may replace."""
        self._line.gong_status, self._line.gong_answered = answer.status, answer.body[:LOGGED_BODY_BYTES]
        return answer

    async def _ask(self, operation: Operation, caller: Caller, staleness: float) -> Ask:
        emulator = self._emulator
        strict = emulator.settings.strict
        for scope in operation.scopes:
            caller.require_scope(scope)
        ids = operation.ids_of(self._line.path)
        if not operation.text_ids:
            for value in ids.values():
                require_id(value)
        return Ask(
            emulator=emulator,
            operation=operation,
            request=self._request,
            caller=caller,
            ids=ids,
            query=parse_query(self._request.query_params, operation.query, strict=strict),
            body=await self._body(operation, strict=strict),
            now=emulator.clock.now() - staleness,
            effects=self._line.effects,
        )

    async def _body(self, operation: Operation, *, strict: bool) -> Any:
        if operation.body is None:
            return None
        raw = await self._request.body()
        self._line.sent = raw[:LOGGED_BODY_BYTES]
        if operation.method == "GET" and "json" not in self._request.headers.get("content-type", ""):
            # A GET that needs a body (observed on live tenants).
            raise GongApiError(415, "Unsupported Media Type")
        return parse_body(raw, operation.body, strict=strict)

    async def _deliver(self, answer: Answer) -> None:
        await self._read_rest()
        if self._line.faults and await self._request.is_disconnected():
            # It had no patience with a delay.
            raise ClientDisconnect
        body = answer.body[: len(answer.body) // 2] if answer.truncated else answer.body
        self._line.answered = body[:LOGGED_BODY_BYTES]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": self._headers(answer)})
        await self._send({"type": "http.response.body", "body": body, "more_body": answer.truncated})
        if answer.truncated:
            raise ConnectionDroppedError
        self._line.status = answer.status

    async def _read_rest(self) -> None:
        # A client that is still sending would see a broken connection instead of the answer.
        self._most_bytes = _LARGEST_UPLOAD
        with suppress(GongApiError):
            while not self._body_ended:
                if (await self._receive())["type"] == "http.disconnect":
                    raise ClientDisconnect

    def _headers(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        marks = {**_MARKS, "x-traceid": self._line.request_id} if answer.marks else {}
        length = {} if answer.status in BODILESS else {"content-length": str(len(answer.body))}
        closing = {} if self._body_ended else {"connection": "close"}
        headers = {**marks, **answer.headers, **length, **closing}
        return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _retry_after(form: str, now: float, wait: float) -> dict[str, str]:
    match form:
        case "seconds":
            return {"retry-after": str(max(1, math.ceil(wait)))}
        case "date":
            moment = datetime.fromtimestamp(math.ceil(now + wait), UTC)
            return {"retry-after": format_datetime(moment, usegmt=True)}
        case _:
            return {}
