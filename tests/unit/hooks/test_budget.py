"""Which budget the clients of a hook share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from airflow_provider_gong.client.errors import GongDailyQuotaError, GongRateLimitError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.budget import SharedBudget
from tests.support.budget import spend_the_day
from tests.support.postgres import PostgresServer
from tests.unit.hooks.support import connection_json, list_workspaces

Connect = Callable[..., None]


@pytest.fixture(params=["sqlite", "postgresql"])
def connect(
    request: pytest.FixtureRequest, gong: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Make a Gong connection whose store is in each kind of database."""
    extra: dict[str, object] = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        parts = urlsplit(server.new_database())
        store = {
            "conn_type": "postgres",
            "host": parts.hostname,
            "port": parts.port,
            "login": "postgres",
            "schema": parts.path[1:],
        }
        monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", json.dumps(store))
        extra["store_conn_id"] = "gong_store"

    def make(**more: object) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={**extra, **more}))

    make()
    return make


def used() -> int:
    with GongHook() as hook:
        return sum(SharedBudget(hook.store, hook.company).look()[1].hours.values())


async def list_users_async() -> list[object]:
    async with await GongHook().get_async_client() as client:
        return [user async for user in client.users.list()]


def test_all_requests_are_counted_in_the_store(connect: Connect, gong: RunningEmulator) -> None:
    list_workspaces()
    asyncio.run(list_users_async())
    assert used() == len(gong.requests()) >= 2


def test_refusals_hold_all_hooks_back(connect: Connect, gong: RunningEmulator) -> None:
    spend_the_day()
    with pytest.raises(GongDailyQuotaError):
        list_workspaces()
    with pytest.raises(GongDailyQuotaError):
        asyncio.run(list_users_async())
    assert gong.requests() == []


def test_bulk_work_leaves_the_reserve_to_everything_else(connect: Connect) -> None:
    connect(requests_per_day=3, reserved_requests=2)
    with GongHook(bulk=True) as bulk, GongHook() as other:
        list(bulk.workspaces.list())
        with pytest.raises(GongDailyQuotaError):
            list(bulk.workspaces.list())
        list(other.workspaces.list())


def test_bulk_work_books_one_slot_ahead(connect: Connect) -> None:
    connect(requests_per_second=0.001)

    async def two_at_once(hook: GongHook) -> list[BaseException | object]:
        async with hook.async_client() as client:
            return await asyncio.gather(*(client.run("listWorkspaces") for _ in range(3)), return_exceptions=True)

    found = asyncio.run(two_at_once(GongHook(bulk=True, max_wait=0.5)))
    assert [isinstance(outcome, GongRateLimitError) for outcome in found] == [False, True, True]
    assert used() == 1


def test_store_that_is_away_does_not_keep_requests_from_being_sent(
    gong: RunningEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", "postgres://airflow:s3cret@127.0.0.1:1/gong")
    monkeypatch.setenv(
        "AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"store_conn_id": "gong_store", "company": "away"})
    )
    assert list_workspaces()
    assert "The shared request budget cannot be reached" in caplog.text
    assert "limits itself to 1000 requests per second" in caplog.text
    assert "s3cret" not in caplog.text


def test_hook_that_sends_nothing_opens_no_store(gong: RunningEmulator, tmp_path: Path) -> None:
    with GongHook() as hook:
        assert hook.client
    assert not (tmp_path / "gong").exists()
