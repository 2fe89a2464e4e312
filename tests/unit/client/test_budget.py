"""The pacer of one process, on a clock that the tests move."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.pacing import Slot, SlotRefused

HOUR = 3600.0
DAY = 24 * HOUR


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def granted(budget: LocalBudget, max_wait: float = 60.0) -> Slot:
    slot = budget.reserve(max_wait)
    assert isinstance(slot, Slot)
    return slot


def refused(budget: LocalBudget, max_wait: float = 60.0) -> SlotRefused:
    refusal = budget.reserve(max_wait)
    assert isinstance(refusal, SlotRefused)
    return refusal


def test_grants_the_first_slot_at_once_and_spaces_the_others(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    delays = [granted(budget).delay for _ in range(31)]
    assert delays[0] == 0.0
    gaps = [later - earlier for earlier, later in itertools.pairwise(delays)]
    assert min(gaps) > 1 / 3
    # The margin for the network's jitter costs less than a tenth of the rate.
    assert 30 / delays[30] > 2.7


def test_never_lets_more_than_the_limit_into_any_second(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    moments = []
    for step in range(200):
        clock.now = step * 0.05
        if isinstance(slot := budget.reserve(5.0), Slot):
            moments.append(clock.now + slot.delay)
    assert len(moments) > 20
    assert max(sum(start <= moment < start + 1 for moment in moments) for start in moments) <= 3


def test_unused_time_is_not_saved_up_for_a_burst(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    granted(budget)
    clock.now = 100.0
    assert granted(budget).delay == 0.0
    assert granted(budget).delay > 1 / 3


def test_share_of_the_company_sets_the_pace(clock: Clock) -> None:
    budget = LocalBudget(0.5, clock=clock)
    granted(budget)
    assert 2.0 <= granted(budget).delay < 2.0 * 1.05


@pytest.mark.parametrize("share", [{"requests_per_second": 0}, {"requests_per_second": -1}, {"requests_per_day": 0}])
def test_refuses_a_share_of_nothing(share: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        LocalBudget(**share)


def test_refused_slot_is_not_booked(clock: Clock) -> None:
    budget = LocalBudget(1, clock=clock)
    granted(budget)
    first = refused(budget, max_wait=0.5)
    assert not first.daily
    assert refused(budget, max_wait=0.5) == first
    assert granted(budget).delay == first.retry_after


# Gate


def test_closing_the_gate_holds_everybody_back_for_the_time_given(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    budget.close(7.0)
    assert granted(budget).delay == 7.0
    assert granted(budget).delay > 7.3


def test_slots_booked_before_the_gate_closed_are_no_longer_good(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    before = granted(budget)
    assert budget.confirm(before)
    budget.close(2.0)
    assert not budget.confirm(before)
    after = granted(budget)
    assert after.epoch != before.epoch
    assert budget.confirm(after)


def test_shorter_refusal_does_not_open_a_gate_that_is_closed_for_longer(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    budget.close(30.0)
    budget.close(1.0)
    assert granted(budget).delay == 30.0


def test_slots_given_up_at_the_gate_leave_no_gap_after_it(clock: Clock) -> None:
    budget = LocalBudget(1, clock=clock)
    for _ in range(10):
        granted(budget)
    budget.close(2.0)
    assert granted(budget).delay == 2.0


@pytest.mark.parametrize(("retry_after", "daily"), [(599.0, False), (600.0, True), (14_400.0, True)])
def test_long_refusal_means_that_the_day_is_gone(clock: Clock, retry_after: float, daily: bool) -> None:
    budget = LocalBudget(3, clock=clock)
    budget.close(retry_after)
    assert refused(budget) == SlotRefused(retry_after, daily)


def test_day_stays_closed_until_its_end_and_opens_then(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    budget.close(3600.0)
    clock.now = 3300.0
    assert refused(budget) == SlotRefused(300.0, daily=True)
    clock.now = 3600.0
    assert granted(budget).delay == 0.0


def test_long_queue_is_no_daily_quota(clock: Clock) -> None:
    budget = LocalBudget(0.001, clock=clock)
    granted(budget)
    assert not refused(budget).daily


# Day


def test_day_is_counted(clock: Clock) -> None:
    budget = LocalBudget(100, 5, clock=clock)
    for _ in range(5):
        granted(budget)
    refusal = refused(budget)
    assert refusal.daily
    assert DAY <= refusal.retry_after <= DAY + HOUR


def test_day_rolls_on(clock: Clock) -> None:
    budget = LocalBudget(100, 4, clock=clock)
    for clock.now in (0.5 * HOUR, 0.9 * HOUR, 10 * HOUR, 20 * HOUR):
        granted(budget)
    clock.now = 24 * HOUR
    assert refused(budget).daily
    clock.now = 25 * HOUR
    assert granted(budget).delay == 0.0
    assert granted(budget, max_wait=1.0).delay > 0.0
    assert refused(budget).daily


def test_no_24_hours_hold_more_than_the_day(clock: Clock) -> None:
    budget = LocalBudget(100, 50, clock=clock)
    sent = []
    for step in range(4 * 72):
        clock.now = step * HOUR / 4
        if isinstance(budget.reserve(0.0), Slot):
            sent.append(clock.now)
    assert len(sent) > 100
    assert max(sum(start <= moment < start + DAY for moment in sent) for start in sent) <= 50


# Many callers


def test_threads_never_get_the_same_slot(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    together = threading.Barrier(8)

    def book(_: int) -> list[float]:
        together.wait()
        return [granted(budget, max_wait=1000.0).delay for _ in range(50)]

    with ThreadPoolExecutor(8) as threads:
        delays = sorted(delay for found in threads.map(book, range(8)) for delay in found)
    assert len(delays) == 400
    assert min(later - earlier for earlier, later in itertools.pairwise(delays)) > 1 / 3


def test_all_callers_progress_evenly(clock: Clock) -> None:
    budget = LocalBudget(3, clock=clock)
    waking = [(granted(budget).delay, worker) for worker in range(7)]
    heapq.heapify(waking)
    sent: Counter[int] = Counter()
    for _ in range(200):
        clock.now, worker = heapq.heappop(waking)
        sent[worker] += 1
        heapq.heappush(waking, (clock.now + granted(budget).delay, worker))
    assert max(sent.values()) - min(sent.values()) <= 1
