"""Decisions about the company's budget that go beyond the pace of one process, on a clock that the tests move."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_gong.client.pacing import (
    FOR_ITS_TURN,
    FOR_THE_DAY,
    FOR_THE_GATE,
    DailyReset,
    Pace,
    Share,
    Slot,
    SlotRefused,
)
from tests.benchmarks.gong_limits import LIMITS, SlidingWindow
from tests.benchmarks.simulation import one_each, one_shared, simulate

HOUR = 3600.0
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC).timestamp()
SHARE = Share()
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def granted(pace: Pace, now: float, share: Share = SHARE, max_wait: float = 60.0) -> Slot:
    slot = pace.reserve(share, now, max_wait)
    assert isinstance(slot, Slot)
    return slot


def refused(pace: Pace, now: float, share: Share = SHARE, max_wait: float = 60.0) -> SlotRefused:
    refusal = pace.reserve(share, now, max_wait)
    assert isinstance(refusal, SlotRefused)
    return refusal


def spacing(pace: Pace, now: float) -> float:
    first = now + granted(pace, now).delay
    return now + granted(pace, now).delay - first


def at(text: str, zone: str = "UTC") -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


# Why one waits


def test_slot_tells_why_it_is_not_now() -> None:
    pace = Pace()
    assert granted(pace, NOON).reason == FOR_ITS_TURN
    assert granted(pace, NOON).reason == FOR_ITS_TURN
    pace.close(NOON, 5.0)
    assert granted(pace, NOON).reason == FOR_THE_GATE


def test_slot_after_a_spent_day_tells_so() -> None:
    share = Share(requests_per_day=1, day=DailyReset(dt.time(12, 0), ZoneInfo("UTC")))
    pace = Pace()
    granted(pace, NOON - 30, share)
    assert granted(pace, NOON - 20, share) == Slot(20.0, 0, FOR_THE_DAY)


# Spacing


def test_refusal_widens_the_spacing_and_quiet_narrows_it_slowly() -> None:
    pace = Pace()
    before = spacing(pace, NOON)
    pace.close(NOON + 1, 1.0)
    widened = spacing(pace, NOON + 3)
    # A quarter of the margin of 12 ms.
    assert widened - before == pytest.approx(0.003, rel=0.01)
    an_hour_later = spacing(pace, NOON + HOUR)
    assert before <= an_hour_later < widened
    assert spacing(pace, NOON + 24 * HOUR) == pytest.approx(before)


def test_request_that_has_yet_to_connect_leaves_room_behind_it() -> None:
    cold, warm = Pace(), Pace()
    assert cold.reserve(SHARE, NOON, 60.0, cold=True) == warm.reserve(SHARE, NOON, 60.0)
    assert granted(cold, NOON).delay - granted(warm, NOON).delay == pytest.approx(0.2)


def test_refusals_of_what_was_under_way_widen_it_once() -> None:
    once, burst = Pace(), Pace()
    once.close(NOON, 1.0)
    for step in range(5):
        burst.close(NOON + step * 0.1, 1.0)
    assert burst.margin == pytest.approx(once.margin, abs=1e-5)


def test_refusals_never_stop_the_requests() -> None:
    pace = Pace()
    for step in range(200):
        pace.close(NOON + step * 2, 1.0)
    assert spacing(pace, NOON + 1000) < 0.5


def test_spent_day_says_nothing_about_the_spacing() -> None:
    pace = Pace()
    before = pace.margin
    pace.close(NOON, 7200.0)
    assert pace.margin == before


# Gate


def test_refusal_that_does_not_move_the_gate_keeps_what_is_booked_after_it() -> None:
    pace = Pace()
    pace.close(NOON, 30.0)
    slot = granted(pace, NOON)
    pace.close(NOON + 1, 5.0)
    assert pace.epoch == slot.epoch
    pace.close(NOON + 2, 60.0)
    assert pace.epoch == slot.epoch + 1


# Day


def test_bulk_work_leaves_its_reserve_to_others() -> None:
    pace = Pace()
    bulk, others = Share(1000, 10, reserved_requests=3), Share(1000, 10)
    for _ in range(7):
        granted(pace, NOON, bulk)
    assert refused(pace, NOON, bulk).daily
    for _ in range(3):
        granted(pace, NOON, others)
    assert refused(pace, NOON, others).daily


def test_day_ends_at_the_reset() -> None:
    day = DailyReset(dt.time(0, 30), LOS_ANGELES)
    share = Share(1000, 4, day=day)
    pace = Pace()
    evening = at("2026-03-02T23:00", "America/Los_Angeles")
    for minutes in (0, 10, 70, 80):
        granted(pace, evening + minutes * 60, share)
    spent = refused(pace, evening + 85 * 60, share)
    assert spent == SlotRefused(5 * 60.0, daily=True)
    for minute in range(90, 94):
        granted(pace, evening + minute * 60, share)
    # The hour in which the reset fell is not counted as a whole.
    assert refused(pace, evening + 95 * 60, share).retry_after == pytest.approx(24 * HOUR - 5 * 60)


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        ("2026-03-07T12:00", "2026-03-08T00:00"),
        ("2026-03-08T01:59", "2026-03-09T00:00"),
        ("2026-11-01T00:30", "2026-11-02T00:00"),
    ],
    ids=["before summer time", "day of 23 hours", "day of 25 hours"],
)
def test_reset_follows_the_clock_of_its_zone(now: str, reset: str) -> None:
    day = DailyReset(dt.time(0, 0), LOS_ANGELES)
    assert day.room_at({}, 1, at(now, "America/Los_Angeles")) == at(reset, "America/Los_Angeles")


def test_only_the_requests_of_about_a_day_are_kept() -> None:
    pace = Pace()
    for hour in range(100):
        granted(pace, NOON + hour * HOUR)
    assert len(pace.hours) <= 26


# Probe


def test_one_request_goes_first_when_the_day_reopens() -> None:
    pace = Pace()
    pace.close(NOON, 7200.0)
    later = NOON + 7200.0
    assert granted(pace, later).delay == 0.0
    second = granted(pace, later)
    assert second.delay >= 5.0
    # If the first is refused again, nobody follows it.
    pace.close(later + 0.3, 3600.0)
    assert pace.epoch != second.epoch
    assert refused(pace, later + 0.3).daily


def test_probe_that_is_accepted_or_has_died_holds_nobody_up_for_long() -> None:
    pace = Pace()
    pace.close(NOON, 7200.0)
    later = NOON + 7200.0
    granted(pace, later)
    delays = [granted(pace, later).delay for _ in range(10)]
    assert delays[0] <= 10.0
    assert delays[9] - delays[0] < 4.0


def test_gongs_word_counts_more_than_our_count() -> None:
    share = Share(1000, 5)
    pace = Pace()
    for _ in range(5):
        granted(pace, NOON, share)
    pace.close(NOON + 1, 1200.0)
    assert refused(pace, NOON + 1, share) == SlotRefused(1200.0, daily=True)
    assert granted(pace, NOON + 1201, share).delay == 0.0
    assert pace.used(share, NOON + 1201) == 1


# Clocks that are set


@pytest.mark.parametrize("back", [0.5, 90.0, 5 * HOUR, 30 * 24 * HOUR])
def test_clock_that_is_set_back_delays_nobody(back: float) -> None:
    pace, undisturbed = Pace(), Pace()
    for state in (pace, undisturbed):
        granted(state, NOON)
        state.close(NOON, 20.0)
        granted(state, NOON)
    assert granted(pace, NOON - back).delay == pytest.approx(granted(undisturbed, NOON).delay)
    assert pace.used(SHARE, NOON - back) == undisturbed.used(SHARE, NOON)
    assert pace.refused_at == NOON - back


def test_requests_from_before_the_clock_was_set_back_leave_the_day_no_later() -> None:
    pace = Pace()
    granted(pace, NOON)
    back = NOON - 5 * HOUR
    granted(pace, back)
    assert pace.used(SHARE, back) == 2
    assert pace.used(SHARE, back + 25 * HOUR) == 0


def test_requests_of_the_day_are_not_forgotten_when_the_clock_is_set_back_into_the_hour_of_its_reset() -> None:
    share = Share(requests_per_day=2, day=DailyReset(dt.time(11, 30), ZoneInfo("UTC")))
    pace = Pace()
    granted(pace, NOON, share)
    granted(pace, NOON + 60, share)
    back = NOON - HOUR / 4
    assert refused(pace, back, share).daily
    assert pace.used(share, back) == 2


def test_refusal_right_after_the_clock_was_set_back_counts_in_full() -> None:
    pace = Pace()
    pace.close(NOON, 20.0)
    pace.close(NOON - HOUR, 30.0)
    assert granted(pace, NOON - HOUR).delay == 30.0


def test_clock_that_is_set_forward_opens_the_gate_and_gong_decides() -> None:
    pace = Pace()
    pace.close(NOON, 30.0)
    assert granted(pace, NOON + HOUR).delay == 0.0
    pace.close(NOON + HOUR, 30.0)
    assert granted(pace, NOON + HOUR).delay == 30.0


# Shares


@pytest.mark.parametrize(
    "share",
    [{"requests_per_second": 0}, {"requests_per_day": 0}, {"reserved_requests": -1}, {"reserved_requests": 10_000}],
)
def test_share_of_nothing_is_refused(share: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Share(**share)


# The large picture; the benchmarks show it in full


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("callers", [1, 8, 32])
@pytest.mark.parametrize(
    ("jitter", "accepted_per_second", "refused_share"), [(0.015, 2.85, 0.001), (0.1, 2.6, 0.005)], ids=["15ms", "100ms"]
)
def test_many_callers_use_what_gong_grants_and_are_hardly_ever_refused(
    limit: str, callers: int, jitter: float, accepted_per_second: float, refused_share: float
) -> None:
    seen = simulate(LIMITS[limit](), one_shared, callers=callers, jitter=jitter, requests=5_000)
    assert seen.accepted_per_second >= accepted_per_second
    assert seen.refused_share <= refused_share
    assert seen.fairness < 1.3


def test_a_pacer_for_each_caller_does_not_do() -> None:
    seen = simulate(SlidingWindow(), one_each, callers=8, jitter=0.015, requests=2_000)
    assert seen.refused_share > 0.5
