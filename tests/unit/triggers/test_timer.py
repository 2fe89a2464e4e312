from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest

from airflow_provider_gong.triggers import timer
from airflow_provider_gong.triggers.timer import GongTimerTrigger


def events_of(trigger: GongTimerTrigger):
    async def collect():
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collect())


class WallClock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []
        self.set_forward_by = 0.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.set_forward_by


@pytest.fixture
def clock(monkeypatch) -> WallClock:
    clock = WallClock()
    # Of this module only: the emulator of other tests sleeps in a thread of its own.
    monkeypatch.setattr(timer, "time", SimpleNamespace(time=clock.time))
    monkeypatch.setattr(timer, "asyncio", SimpleNamespace(sleep=clock.sleep))
    return clock


def test_fires_at_once_when_the_moment_has_passed():
    assert events_of(GongTimerTrigger(due=1.0)) == [{"status": "due", "due": 1.0}]


def test_fires_when_the_moment_has_come(clock):
    due = clock.now + 3600
    assert events_of(GongTimerTrigger(due=due)) == [{"status": "due", "due": due}]
    assert clock.now == pytest.approx(due)


def test_restart_does_not_start_the_wait_again(clock):
    trigger = GongTimerTrigger(due=clock.now + 3600)
    clock.now += 3000
    events_of(trigger)
    assert sum(clock.slept) == pytest.approx(600)


def test_clock_that_is_set_forward_is_noticed(clock):
    clock.set_forward_by = 7200
    events_of(GongTimerTrigger(due=clock.now + 3600))
    assert len(clock.slept) == 1


def test_a_hundred_tasks_do_not_wake_up_together(clock):
    start, seconds = clock.now, Counter()
    for _ in range(100):
        clock.now = start
        events_of(GongTimerTrigger(due=start + 7200, jitter=60))
        seconds[int(clock.now)] += 1
    assert max(seconds.values()) <= 10


def test_jitter_spreads_but_is_never_early(clock):
    start = clock.now
    woken = []
    for _ in range(20):
        clock.now = start
        events_of(GongTimerTrigger(due=start + 100, jitter=50))
        woken.append(clock.now - start)
    assert min(woken) >= 100
    assert max(woken) <= 150
    assert len({round(moment, 6) for moment in woken}) > 1
