"""Which days are due, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_gong.call_export.planning import (
    DayState,
    ExportPlan,
    PlanSettings,
    Reason,
    make_plan,
    requests_for,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = NOW.date()


def state(days_ago: int, **changes: Any) -> DayState:
    fields: dict[str, Any] = {
        "settings": "now",
        "read_at": NOW - timedelta(days=5),
        "calls": 150,
        "missing": 0,
        "suspect_since": None,
        "is_whole": True,
    }
    return DayState(TODAY - timedelta(days=days_ago), **fields | changes)


def plan(*states: DayState, **settings: Any) -> ExportPlan:
    return make_plan(states, "now", PlanSettings(**{"sweep_share": 0.0, **settings}), NOW)


def reasons(found: ExportPlan) -> dict[int, str]:
    return {(TODAY - due.day).days: due.reason.value for due in found.due}


def test_a_new_export_begins_with_the_lookback() -> None:
    assert reasons(plan()) == dict.fromkeys(range(8), "lookback")


def test_a_backfill_goes_from_the_newest_day_to_the_oldest() -> None:
    found = plan(backfill_from=TODAY - timedelta(days=10), lookback=timedelta(days=1))
    assert list(reasons(found).items()) == [(0, "lookback"), (1, "lookback"), *((ago, "new") for ago in range(2, 11))]


def test_gaps_are_filled() -> None:
    found = plan(state(10), state(12), lookback=timedelta(0))
    assert reasons(found) == {0: "lookback", **dict.fromkeys([*range(1, 10), 11], "new")}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"is_whole": False}, "unfinished"),
        ({"settings": "others"}, "settings"),
        ({"missing": 2}, "open"),
        ({"missing": 2, "read_at": NOW - timedelta(hours=3)}, None),
        ({"suspect_since": NOW - timedelta(hours=21), "read_at": NOW - timedelta(hours=21)}, "suspect"),
        ({"suspect_since": NOW - timedelta(hours=3), "read_at": NOW - timedelta(hours=3)}, None),
        ({"suspect_since": NOW - timedelta(days=9), "read_at": NOW - timedelta(hours=3)}, None),
    ],
)
def test_a_day_beyond_the_lookback_is_due_for_a_reason(changes: dict[str, Any], reason: str | None) -> None:
    found = plan(state(1), state(2, **changes), lookback=timedelta(0))
    assert reasons(found).get(2) == reason


def test_the_most_urgent_comes_first() -> None:
    states = [state(1, missing=1), state(2, settings="old"), state(3, is_whole=False), state(5)]
    found = plan(*states, lookback=timedelta(0), sweep_share=1.0)
    assert [due.reason for due in found.due] == sorted((due.reason for due in found.due), key=list(Reason).index)


def test_requests_are_known_beforehand() -> None:
    assert [requests_for(calls) for calls in (0, 1, 100, 101, 900)] == [1, 2, 2, 4, 18]
    found = plan(*(state(ago) for ago in range(1, 30)), lookback=timedelta(days=6))
    assert found.requests == 7 * 4
    assert found.summary()["quota_days"] == 0.0


def swept_each_day(
    years: float, calls: int, open_days: int = 0, read_after: timedelta = timedelta(0), **settings: Any
) -> tuple[list[int], list[int]]:
    """
    Run a plan every night for three months, and return its requests, and how old each day was when it was read.

    :param read_after: how long after the plan days are read
    """
    first = TODAY - timedelta(days=round(365 * years))
    read_at = {first + timedelta(days=ago): NOW for ago in range(round(365 * years) + 1)}
    requests, ages = [], []
    for night in range(1, 90):
        now = NOW + timedelta(days=night)
        states = [
            DayState(day, "now", moment, calls, int((now.date() - day).days <= open_days), None, True)
            for day, moment in read_at.items()
        ]
        found = make_plan(states, "now", PlanSettings(**settings), now)
        now += read_after
        read_at.setdefault(now.date(), now)
        requests.append(found.requests)
        for due in found.due:
            if due.reason is Reason.SWEEP:
                ages.append((now - read_at[due.day]).days)
            read_at[due.day] = now
    oldest = max((NOW + timedelta(days=89) - moment).days for moment in read_at.values())
    return requests, [*ages, oldest]


def test_the_sweep_reads_each_day_within_thirty_days() -> None:
    requests, ages = swept_each_day(years=3, calls=91)
    assert max(ages) <= 30
    # A seventh of a request a call and year.
    assert max(requests) <= 100


def test_the_sweep_takes_its_share_and_no_more() -> None:
    requests, ages = swept_each_day(years=3, calls=913)
    assert max(requests) <= 1000
    assert max(ages) <= 46


@pytest.mark.parametrize("calls", [91, 850])
def test_a_run_that_reads_for_a_while_sweeps_every_night(calls: int) -> None:
    """The plan of the next night finds what was swept a little younger than a day."""
    requests, ages = swept_each_day(years=3, calls=calls, read_after=timedelta(minutes=40))
    assert max(ages) <= 31
    assert max(requests) <= 1000


def test_days_in_the_future_are_swept_too() -> None:
    """A call may start there by mistake, and be deleted later."""
    swept = reasons(plan(state(-40, read_at=NOW - timedelta(days=29)), lookback=timedelta(0), sweep_share=1.0))
    assert swept[-40] == "sweep"


@pytest.mark.parametrize("open_days", [0, 14])
def test_a_million_calls_are_swept_within_thirty_days_and_a_tenth_of_the_quota(open_days: int) -> None:
    """Also if some call of each day has no transcript yet, or never gets one."""
    requests, ages = swept_each_day(years=2.75, calls=913, open_days=open_days, daily_requests=9_500)
    assert max(ages) <= 30
    assert max(requests) <= 1000


def test_transcripts_are_waited_for_daily_and_after_a_week_every_second_day() -> None:
    read_at = dict.fromkeys(range(1, 15), NOW)
    read: dict[int, int] = dict.fromkeys(read_at, 0)
    for night in range(1, 13):
        now = NOW + timedelta(days=night)
        states = [state(ago, read_at=moment, missing=1) for ago, moment in read_at.items()]
        found = make_plan(states, "now", PlanSettings(lookback=timedelta(0), sweep_share=0), now)
        for due in (due for due in found.due if due.reason is Reason.OPEN):
            ago = (TODAY - due.day).days
            read[ago] += 1
            read_at[ago] = now
    assert (read[1], read[14]) == (9, 6)


def test_a_plan_says_when_its_share_is_too_small_for_the_sweep() -> None:
    states = [state(ago, calls=913) for ago in range(1, 1000)]
    (remark,) = plan(*states, sweep_share=0.01).remarks
    assert remark.startswith("The sweep re-reads each day within ")
    assert plan(*states[:30], sweep_share=0.05).remarks == []


def test_runs_of_every_hour_share_the_sweep_of_the_day() -> None:
    read_at = {TODAY - timedelta(days=ago): NOW - timedelta(days=20) for ago in range(300)}
    swept: list[date] = []
    for hour in range(24):
        now = NOW + timedelta(hours=hour)
        states = [DayState(day, "now", moment, 50, 0, None, True) for day, moment in read_at.items()]
        found = make_plan(states, "now", PlanSettings(lookback=timedelta(days=1)), now)
        swept += [due.day for due in found.due if due.reason is Reason.SWEEP]
        read_at |= dict.fromkeys(found.days, now)
    assert len(swept) == len(set(swept)) == 10


def test_the_oldest_read_is_swept_first() -> None:
    ages = {50: timedelta(days=29), 60: timedelta(days=27)}
    states = [state(ago, read_at=NOW - ages.get(ago, timedelta(days=25))) for ago in range(8, 80)]
    swept = [due for due in plan(*states, sweep_share=0.0004).due if due.reason is Reason.SWEEP]
    assert [(TODAY - due.day).days for due in swept] == [50]
