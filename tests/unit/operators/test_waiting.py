"""Operators do not hold a worker while the company's requests are used up."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong._compat import BaseOperator, TaskDeferred
from airflow_provider_gong.client.errors import GongDailyQuotaError, GongRateLimitError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators import _waiting
from airflow_provider_gong.operators._waiting import WaitingTask
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator
from airflow_provider_gong.operators.calls import (
    GongCreateCallOperator,
    GongUploadCallMediaOperator,
    GongUploadCallOperator,
)
from airflow_provider_gong.operators.meetings import (
    GongCreateMeetingOperator,
    GongDeleteMeetingOperator,
    GongMeetingIntegrationStatusOperator,
    GongUpdateMeetingOperator,
)
from airflow_provider_gong.triggers.events import GongTriggerEventError
from tests.support.budget import reopen_budget, spend_the_day
from tests.support.recordings import manifest_row, write_night, write_wav
from tests.unit.hooks.support import ORGANIZER, meetings_in_gong, new_call, task_context

MEETING = {
    "start_time": "2026-03-09T10:00:00+00:00",
    "end_time": "2026-03-09T10:30:00+00:00",
    "organizer_email": ORGANIZER,
    "invitees": [{"email": "buyer@example.com"}],
}


def operators(gong: RunningEmulator, folder: Path) -> list[BaseOperator]:
    recording = str(write_wav(folder / "call.wav", seconds=61, seed=1))
    common = {"task_id": "task", "deferrable": True}
    return [
        GongCreateCallOperator(call=new_call(gong, "pbx-1"), **common),
        GongUploadCallMediaOperator(call_id="7782342274025937895", media=recording, **common),
        GongUploadCallOperator(call=new_call(gong, "pbx-2"), media=recording, **common),
        GongCreateMeetingOperator(**MEETING, **common),
        GongUpdateMeetingOperator(meeting_id="1", **MEETING, **common),
        GongDeleteMeetingOperator(meeting_id="1", **common),
        GongMeetingIntegrationStatusOperator(emails=[ORGANIZER], **common),
        GongPlanCallImportOperator(import_id="night", manifest=str(write_night(folder, [manifest_row(1)])), **common),
    ]


def parked(operator: BaseOperator) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(task_context())
    return caught.value


def test_all_operators_park_without_sending_anything(gong: RunningEmulator, tmp_path: Path) -> None:
    every = operators(gong, tmp_path)
    spend_the_day(retry_after=7200.0)
    sent = len(gong.requests())
    for operator in every:
        deferred = parked(operator)
        _, timer = deferred.trigger.serialize()
        assert timer["due"] == pytest.approx(time.time() + 7200, abs=60)
        assert timer["jitter"] == 60.0
        assert deferred.method_name == "execute_complete"
    assert len(gong.requests()) == sent


def test_task_that_wakes_up_does_its_work_once(gong: RunningEmulator) -> None:
    gong.add_faults(Fault(operation="addMeeting", nth=1, action="status", status=429, retry_after=7200))
    operator = GongCreateMeetingOperator(task_id="create", deferrable=True, **MEETING)
    parked(operator)
    reopen_budget()
    created = operator.execute_complete(task_context(), {"status": "due"})
    assert [meeting["id"] for meeting in meetings_in_gong(gong)] == [created["meeting_id"]]


def test_task_that_wakes_up_too_early_parks_again(gong: RunningEmulator) -> None:
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=True)
    spend_the_day()
    parked(operator)
    with pytest.raises(TaskDeferred):
        operator.execute_complete(task_context(), {"status": "due"})


def test_plan_that_wakes_up_plans(gong: RunningEmulator, tmp_path: Path) -> None:
    gong.add_faults(Fault(operation="listUsers", nth=1, action="status", status=429, retry_after=7200))
    manifest = str(write_night(tmp_path, [manifest_row(1)]))
    plan = GongPlanCallImportOperator(task_id="plan", import_id="night", manifest=manifest, deferrable=True)
    parked(plan)
    reopen_budget()
    assert plan.execute_complete(task_context(), {"status": "due"})["planned"] == 1


@pytest.mark.parametrize("event", [None, {}, {"status": "error"}, {"status": "processed", "call": {}}])
def test_task_that_is_woken_up_by_an_unknown_event_sends_nothing(gong: RunningEmulator, event: Any) -> None:
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=True)
    with pytest.raises(GongTriggerEventError, match="task delete sent an unknown event"):
        operator.execute_complete(task_context(), event)
    assert gong.requests() == []


class _Busy(WaitingTask):
    """Finds the budget used up the first time."""

    retry_after = 4.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tries = 0

    def work(self, context: Any) -> int:
        self.tries += 1
        if self.tries == 1:
            raise GongRateLimitError("The company's request budget is busy.", retry_after=self.retry_after)
        return self.tries


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.start = self.now = datetime(2026, 11, 20, 3, tzinfo=UTC).timestamp()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    # Of this module only: the emulator of other tests sleeps in a thread of its own.
    monkeypatch.setattr(_waiting, "time", clock)
    return clock


def test_timer_has_an_absolute_time_and_a_spread_that_fits_the_wait(clock: Clock) -> None:
    _, timer = parked(_Busy(task_id="busy", deferrable=True)).trigger.serialize()
    assert timer == {"due": clock.start + 4.0, "jitter": 2.0}


def test_no_wait_is_shorter_than_a_second(clock: Clock) -> None:
    operator = _Busy(task_id="busy", deferrable=False)
    operator.retry_after = 0.0
    operator.execute(task_context())
    assert clock.now == clock.start + 1.0


def test_short_waits_are_slept_without_a_triggerer(clock: Clock) -> None:
    assert _Busy(task_id="busy", deferrable=False).execute(task_context()) == 2
    assert clock.now == clock.start + 4.0


@pytest.mark.parametrize(
    ("deferrable", "retry_after", "how"),
    [
        (True, 4.0, "Deferred"),
        (False, 4.0, "Waiting on the worker"),
        (False, 61.0, "Leaving it to a retry"),
    ],
)
def test_each_wait_is_logged_once_with_its_end_and_reason(
    clock: Clock, logged: Any, deferrable: bool, retry_after: float, how: str
) -> None:
    said = logged(_Busy)
    operator = _Busy(task_id="busy", deferrable=deferrable)
    operator.retry_after = retry_after
    with contextlib.suppress(TaskDeferred, GongRateLimitError):
        operator.execute(task_context())
    until = datetime.fromtimestamp(clock.start + retry_after).astimezone().isoformat(timespec="seconds")
    assert said().count(f"{how} until") == 1
    assert f"{how} until {until}: The company's request budget is busy." in said()


def test_without_a_triggerer_the_error_says_when_to_try_again(gong: RunningEmulator) -> None:
    spend_the_day(retry_after=7200.0)
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=False)
    with pytest.raises(GongDailyQuotaError) as caught:
        operator.execute(task_context())
    assert caught.value.retry_after == pytest.approx(7200, abs=60)


def test_airflows_setting_decides_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not GongDeleteMeetingOperator(task_id="delete", meeting_id="1").deferrable
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert GongDeleteMeetingOperator(task_id="delete", meeting_id="1").deferrable
    assert not GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=False).deferrable
