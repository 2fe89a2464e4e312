"""Carries out what a fault rule says."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from airflow_provider_gong.emulator.faults.rules import Fault
from airflow_provider_gong.emulator.world.answers import Answer, error_answer, json_answer
from airflow_provider_gong.emulator.world.errors import GongApiError

_NO_JSON = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class ConnectionDroppedError(Exception):
    """A fault says that no answer is sent."""


async def inject(fault: Fault, answer: Answer | None, request_id: str) -> Answer | None:
    """Return the answer that a fault puts in place of the real one, or what there was.

    :param answer: the real answer; ``None`` before the request took effect.
    :raises ConnectionDroppedError: for the action ``reset``.
    """
    match fault.action:
        case "delay":
            await asyncio.sleep(fault.seconds)
            return answer
        case "reset":
            raise ConnectionDroppedError
        case "status":
            retry_after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return error_answer(request_id, GongApiError(fault.status, fault.text), retry_after)
        case "redirect":
            return json_answer(request_id, 307, {}, {"Location": fault.url})
        case "garbage":
            return Answer(200, _NO_JSON)
        case "stale":
            return answer
        case "truncate":
            return replace(answer or json_answer(request_id, 200, {}), truncated=True)
