"""Carries out fault rules."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from airflow_provider_gong.emulator.faults.rules import BODILESS, Fault
from airflow_provider_gong.emulator.world.answers import JSON_TYPE, Answer, json_answer

_NO_JSON = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class ConnectionDroppedError(Exception):
    """A fault drops the connection without an answer."""


async def inject(fault: Fault, answer: Answer | None, request_id: str) -> Answer | None:
    """
    Return the answer after a fault: its replacement, or the real one.

    :param answer: the real answer; ``None`` before the request took effect
    :raises ConnectionDroppedError: for the action ``reset``
    """
    match fault.action:
        case "delay":
            await asyncio.sleep(fault.seconds)
            return answer
        case "reset":
            raise ConnectionDroppedError
        case "status":
            return json_answer(request_id, fault.status, {"errors": [fault.text]}, _retry_after(fault))
        case "answer":
            return _foreign(fault, answer)
        case "redirect":
            return json_answer(request_id, 307, {}, {"location": fault.url})
        case "garbage":
            return Answer(200, _NO_JSON, {"content-type": JSON_TYPE})
        case "stale":
            return answer
        case "truncate":
            return replace(answer or json_answer(request_id, 200, {}), truncated=True)


def _retry_after(fault: Fault) -> Mapping[str, str]:
    return {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}


def _foreign(fault: Fault, answer: Answer | None) -> Answer:
    given = {name.lower(): value for name, value in fault.headers.items()}
    if fault.body is None and answer is not None and fault.status not in BODILESS:
        body, kind = answer.body, answer.headers.get("content-type", "")
    else:
        body = (fault.body or "").encode()
        kind = "text/html" if body.startswith(b"<") else "text/plain"
    headers = {**({"content-type": kind} if body else {}), **_retry_after(fault), **given}
    return Answer(fault.status, body, headers, marks=fault.marks)
