"""The trigger that waits for calls."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import AirflowException, BaseTrigger, TriggerEvent
from airflow_provider_gong._text import local_time, shown
from airflow_provider_gong.client.errors import GongApiError
from airflow_provider_gong.hooks.connection import GongConnectionConfigError

if TYPE_CHECKING:
    from airflow_provider_gong.client.clients import AsyncGongClient


class GongCallProcessedTrigger(BaseTrigger):
    """
    Read a call until Gong has processed it (``GET /v2/calls/{id}``).

    Yields one event, by ``status``:

    - ``processed``, with the ``call``
    - ``timeout``, with Gong's last response as ``message``
    - ``error``, with the class of the error as ``error`` and its text as ``message``, if waiting does not help

    The trigger waits out temporary errors, such as a used-up request budget.

    :param gong_conn_id: Airflow connection of type ``gong``
    :param call_id: Gong's id of the call, as text
    :param end_time: when to give up, in seconds since 1970; a restart of the triggerer does not change it
    :param poll_interval: seconds between two reads
    """

    def __init__(self, gong_conn_id: str, call_id: str, end_time: float, poll_interval: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.gong_conn_id = gong_conn_id
        self.call_id = call_id
        self.end_time = end_time
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the data from which the triggerer creates the trigger."""
        arguments = {
            "gong_conn_id": self.gong_conn_id,
            "call_id": self.call_id,
            "end_time": self.end_time,
            "poll_interval": self.poll_interval,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the event."""
        yield TriggerEvent(await self._outcome())  # type: ignore[no-untyped-call]

    async def _outcome(self) -> dict[str, Any]:
        from airflow_provider_gong.hooks.gong import GongHook

        try:
            async with await GongHook(self.gong_conn_id).get_async_client() as client:
                return await self._wait(client)
        except (GongApiError, GongConnectionConfigError, AirflowException) as error:
            return {"status": "error", "error": type(error).__name__, "message": str(error)}

    async def _wait(self, client: AsyncGongClient) -> dict[str, Any]:
        while True:
            try:
                call = await client.calls.get(self.call_id)
            except GongApiError as error:
                if not error.retry_can_help:
                    raise
                refusal = error
            else:
                return {"status": "processed", "call": call.model_dump(mode="json", exclude_none=True)}
            left = self.end_time - time.time()
            if left <= 0:
                return {"status": "timeout", "message": str(refusal)}
            pause = min(left, self._pause_after(refusal))
            self._log_pause(refusal, pause)
            await asyncio.sleep(pause)

    def _log_pause(self, refusal: GongApiError, seconds: float) -> None:
        until = local_time(time.time() + seconds)
        self.log.info("Call %s cannot be read yet, waiting until %s: %s", shown(self.call_id), until, refusal)

    def _pause_after(self, refusal: GongApiError) -> float:
        if refusal.retry_after is None:
            return self.poll_interval
        # Spread, so sensors that wait for the budget do not all ask at once.
        return refusal.retry_after + random.uniform(0.0, self.poll_interval)  # noqa: S311 - nothing secret
