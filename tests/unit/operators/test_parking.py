"""Operators wait in the triggerer while the company's requests are used up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong._compat import BaseOperator, TaskDeferred
from airflow_provider_gong.client.errors import GongDailyQuotaError, GongRateLimitError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators._parking import ParkingTask
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
from tests.support.budget import reopen_budget, spend_the_day
from tests.support.recordings import write_wav
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
        assert deferred.method_name == "resume"
    assert len(gong.requests()) == sent


def test_task_that_wakes_up_does_its_work_once(gong: RunningEmulator) -> None:
    gong.add_faults(Fault(operation="addMeeting", nth=1, action="status", status=429, retry_after=7200))
    operator = GongCreateMeetingOperator(task_id="create", deferrable=True, **MEETING)
    parked(operator)
    reopen_budget()
    created = operator.resume(task_context(), {"status": "due"})
    assert [meeting["id"] for meeting in meetings_in_gong(gong)] == [created["meeting_id"]]


def test_task_that_wakes_up_too_early_parks_again(gong: RunningEmulator) -> None:
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=True)
    spend_the_day()
    parked(operator)
    with pytest.raises(TaskDeferred):
        operator.resume(task_context(), {"status": "due"})


class _Busy(ParkingTask):
    def work(self, context: Any) -> None:
        raise GongRateLimitError("The company's request budget is busy.", retry_after=4.0)


def test_short_waits_have_a_short_spread() -> None:
    assert parked(_Busy(task_id="busy", deferrable=True)).trigger.serialize()[1]["jitter"] == 2.0


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
