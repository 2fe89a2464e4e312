"""What stands in front of every operation: authentication, limits, faults, request ids and the request log."""

from __future__ import annotations

import base64
import hmac
import logging
import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from airflow_provider_gong.emulator.answers import Answer, deliver, error_answer, json_answer
from airflow_provider_gong.emulator.connection import drop_connection
from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.injection import ConnectionDroppedError, inject
from airflow_provider_gong.emulator.operations import Operation, find_operation
from airflow_provider_gong.emulator.records import LoggedRequest
from airflow_provider_gong.emulator.state import Emulator

_UNKNOWN = "unknown"

logger = logging.getLogger(__name__)


class Gateway:
    """The ASGI application that serves the Gong API.

    :param emulator: the company behind it.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await _Exchange(self._emulator, scope, receive, send).run()


class _Exchange:
    """One request and its answer."""

    def __init__(self, emulator: Emulator, scope: Scope, receive: Receive, send: Send) -> None:
        self._emulator = emulator
        self._request = Request(scope, self._receive)
        self._path: str = scope["path"]
        self._receive_raw = receive
        self._send = send
        self._body_ended = False
        self._request_id = emulator.next_request_id()
        self._operation = find_operation(self._request.method, self._path)
        self._who: str | None = None
        self._status: int | None = None

    async def run(self) -> None:
        """Answer the request and log it."""
        arrived, began = self._emulator.clock.now(), time.perf_counter()
        try:
            await self._deliver(await self._answer())
        except ConnectionDroppedError:
            await drop_connection(self._request.scope, self._receive_raw)
        except ClientDisconnect:
            logger.debug("The client went away during %s", self._path)
        finally:
            self._log(arrived, time.perf_counter() - began)

    async def _receive(self) -> Message:
        message = await self._receive_raw()
        self._body_ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def _answer(self) -> Answer:
        try:
            self._who = _authenticate(self._emulator, self._request)
        except GongApiError as error:
            return error_answer(self._request_id, error)
        refused = self._admit()
        if refused is not None:
            return refused
        if isinstance(self._operation, GongApiError):
            return error_answer(self._request_id, self._operation)
        return await self._with_faults(self._operation)

    def _admit(self) -> Answer | None:
        emulator, settings = self._emulator, self._emulator.settings
        retry_after = emulator.limits.admit(
            emulator.clock.now(), settings.requests_per_second, settings.requests_per_day
        )
        emulator.counters.count(self._operation_name or _UNKNOWN, accepted=not retry_after)
        if not retry_after:
            return None
        # The text is a guess: the body of a 429 was never published.
        error = GongApiError(429, "API request limit exceeded")
        return error_answer(self._request_id, error, {"Retry-After": str(retry_after)})

    async def _with_faults(self, operation: Operation) -> Answer:
        faults = self._emulator.faults.of_request(operation.name)
        for fault in faults:
            early = await inject(fault, None, self._request_id) if fault.when == "before" else None
            if early is not None:
                return early
        answer = await self._carry_out(operation)
        for fault in faults:
            if fault.when == "after":
                answer = await inject(fault, answer, self._request_id) or answer
        return answer

    async def _carry_out(self, operation: Operation) -> Answer:
        self._request.scope["path_params"] = operation.ids_of(self._path)
        try:
            reply = await operation.handler(self._emulator, self._request)
        except GongApiError as error:
            return error_answer(self._request_id, error)
        except ClientDisconnect:
            raise
        except Exception:
            logger.exception("%s failed", operation.name)
            return error_answer(self._request_id, GongApiError(500, "Internal server error occurred"))
        return json_answer(self._request_id, reply.status, reply.body)

    async def _deliver(self, answer: Answer) -> None:
        # A client that is still sending would see a broken connection instead of the answer.
        while not self._body_ended:
            if (await self._receive())["type"] == "http.disconnect":
                raise ClientDisconnect
        await deliver(answer, self._request_id, self._send)
        if answer.truncated:
            raise ConnectionDroppedError
        self._status = answer.status

    @property
    def _operation_name(self) -> str | None:
        return None if isinstance(self._operation, GongApiError) else self._operation.name

    def _log(self, arrived: float, duration: float) -> None:
        self._emulator.requests.append(
            LoggedRequest(
                time=arrived,
                method=self._request.method,
                path=self._path,
                operation=self._operation_name,
                status=self._status,
                request_id=self._request_id,
                duration=duration,
                who=self._who,
            )
        )


def _authenticate(emulator: Emulator, request: Request) -> str:
    settings = emulator.settings
    pair = f"{settings.access_key}:{settings.access_key_secret}"
    expected = "Basic " + base64.b64encode(pair.encode()).decode()
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise GongApiError(401, "Access denied: the access key or its secret is wrong.")
    return settings.access_key
