"""How many slots an asynchronous client books at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.client.requests import raw_request

READ = raw_request("getCall", path={"id": "7782342274025937895"})
GONG = "https://us-12345.api.gong.io"
DONE = {"requestId": "4al018gzaztcr8nbukw"}


def ok() -> httpx.Response:
    return httpx.Response(200, json=DONE)


class NotingBudget:
    """Grants every slot, a second away, and notes when."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def reserve(self, max_wait: float) -> Slot:
        self.events.append("booked")
        return Slot(1.0, 0)

    def confirm(self, slot: Slot) -> bool:
        return True

    def close(self, retry_after: float, foreign: bool = False) -> None:
        """Nothing is refused."""


class NotingKey(AccessKeyAuth):
    """Notes when a request is about to leave."""

    def __init__(self, events: list[str]) -> None:
        super().__init__("KEY", "s3cret")
        self.events = events

    def header(self) -> str:
        self.events.append("leaving")
        return super().header()


def noting_client(events: list[str], **options: Any) -> AsyncGongClient:
    async def give_way(_: float) -> None:
        await asyncio.sleep(0)

    async def call(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    options = {"transport": httpx.MockTransport(lambda _: ok()), "sleep": give_way, "in_thread": call, **options}
    return AsyncGongClient(GONG, NotingKey(events), budget=NotingBudget(events), **options)


def test_client_may_book_one_slot_ahead_only() -> None:
    events: list[str] = []

    async def send_four() -> list[Any]:
        async with noting_client(events, one_slot_ahead=True) as client:
            return await asyncio.gather(*(client.send(READ) for _ in range(4)))

    assert asyncio.run(send_four()) == [DONE] * 4
    assert events == ["booked", "leaving"] * 4


def test_client_books_for_all_its_requests_unless_told_otherwise() -> None:
    events: list[str] = []

    async def send_four() -> list[Any]:
        async with noting_client(events) as client:
            return await asyncio.gather(*(client.send(READ) for _ in range(4)))

    assert asyncio.run(send_four()) == [DONE] * 4
    assert events == ["booked"] * 4 + ["leaving"] * 4


def test_request_in_flight_holds_no_booking_back() -> None:
    async def send_two() -> list[Any]:
        arrived, second = [], asyncio.Event()

        async def handle(request: httpx.Request) -> httpx.Response:
            arrived.append(request)
            if len(arrived) == 2:
                second.set()
            await second.wait()
            return ok()

        async with noting_client([], one_slot_ahead=True, transport=httpx.MockTransport(handle)) as client:
            async with asyncio.timeout(30):
                return await asyncio.gather(client.send(READ), client.send(READ))

    assert asyncio.run(send_two()) == [DONE] * 2


@pytest.mark.parametrize("steps", range(8))
def test_request_that_is_cancelled_holds_no_other_back(steps: int) -> None:
    async def send_two() -> Any:
        async with noting_client([], one_slot_ahead=True) as client:
            cancelled = asyncio.ensure_future(client.send(READ))
            for _ in range(steps):
                await asyncio.sleep(0)
            cancelled.cancel()
            async with asyncio.timeout(30):
                return await client.send(READ)

    assert asyncio.run(send_two()) == DONE
