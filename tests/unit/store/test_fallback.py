"""What paces requests while the store is away."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from airflow_provider_gong.client.budget import RequestBudget
from airflow_provider_gong.client.pacing import Share, Slot, SlotRefused
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.fallback import FallbackBudget

SHARE = Share(3, 1000)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Unreliable:
    """A shared budget whose store can be taken away."""

    def __init__(self, budget: RequestBudget) -> None:
        self._budget = budget
        self.away = False
        self.asked = 0

    def _reached(self) -> RequestBudget:
        self.asked += 1
        if self.away:
            raise GongStoreError("Store(postgresql://db.example.com/gong) failed: connection refused.")
        return self._budget

    def reserve(self, max_wait: float) -> Slot | SlotRefused:
        return self._reached().reserve(max_wait)

    def confirm(self, slot: Slot) -> bool:
        return self._reached().confirm(slot)

    def close(self, retry_after: float, foreign: bool = False) -> None:
        self._reached().close(retry_after, foreign)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(tmp_path: Path) -> Unreliable:
    return Unreliable(SharedBudget(Store.in_folder(tmp_path), "example", SHARE))


@pytest.fixture
def budget(shared: Unreliable, clock: Clock) -> FallbackBudget:
    return FallbackBudget(shared, SHARE, clock=clock)


def granted(budget: FallbackBudget) -> Slot:
    slot = budget.reserve(60.0)
    assert isinstance(slot, Slot)
    return slot


def test_store_in_reach_decides(budget: FallbackBudget, shared: Unreliable) -> None:
    slot = granted(budget)
    assert budget.confirm(slot)
    budget.close(7.0)
    assert not budget.confirm(slot)
    assert granted(budget).delay == pytest.approx(7.0, abs=1.0)
    assert shared.asked == 5


def test_without_the_store_a_tenth_of_the_share_is_used_and_said_once(
    budget: FallbackBudget, shared: Unreliable, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shared.away = True
    with caplog.at_level(logging.INFO):
        delays = [granted(budget).delay for _ in range(3)]
        clock.now += 60
        granted(budget)
    assert delays[1] - delays[0] == pytest.approx(1 / 0.3, rel=0.05)
    assert delays[2] - delays[1] == pytest.approx(1 / 0.3, rel=0.05)
    (record,) = caplog.records
    assert "connection refused" in record.getMessage()
    assert "0.3 requests per second and 100 per day" in record.getMessage()


def test_store_is_not_asked_again_at_once_but_soon(budget: FallbackBudget, shared: Unreliable, clock: Clock) -> None:
    shared.away = True
    for _ in range(5):
        granted(budget)
    assert shared.asked == 1
    shared.away = False
    clock.now += 60
    assert granted(budget).delay < 1.0
    assert shared.asked == 2


def test_slot_whose_gate_nobody_can_see_is_not_used(budget: FallbackBudget, shared: Unreliable) -> None:
    slot = granted(budget)
    shared.away = True
    assert not budget.confirm(slot)
    own = granted(budget)
    assert budget.confirm(own)


def test_refusal_is_heeded_without_the_store(budget: FallbackBudget, shared: Unreliable) -> None:
    shared.away = True
    own = granted(budget)
    budget.close(30.0)
    assert not budget.confirm(own)
    assert granted(budget).delay == pytest.approx(30.0, abs=1.0)


def test_slot_of_the_store_is_never_taken_for_an_own_one(
    budget: FallbackBudget, shared: Unreliable, clock: Clock
) -> None:
    shared.away = True
    own = granted(budget)
    shared.away = False
    clock.now += 60
    shared.close(5.0)
    # The epochs of the two budgets have nothing to do with each other.
    assert budget.confirm(own)


def test_host_that_cannot_write_its_store_still_sends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    budget = FallbackBudget(SharedBudget(Store.in_folder(tmp_path / "file" / "gong"), "example", SHARE), SHARE)
    assert granted(budget).delay == 0.0
    assert "store_conn_id" in caplog.text


@pytest.mark.parametrize("share", [Share(3, 5), Share(0.5, 1)])
def test_smallest_share_is_not_nothing(shared: Unreliable, clock: Clock, share: Share) -> None:
    shared.away = True
    assert granted(FallbackBudget(shared, share, clock=clock)).delay == 0.0
