"""An upload while Gong or the network misbehaves."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.client.errors import (
    GongAuthenticationError,
    GongConnectionError,
    GongDailyQuotaError,
    GongRateLimitError,
)
from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.store.database import Store
from tests.support.media import Files
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

pytestmark = pytest.mark.slow

THREE_ROWS = [manifest_row(number) for number in (1, 2, 3)]


def assert_all_verified_once(night: NightlyImport) -> None:
    night.finish()
    assert night.summary()["states"] == {"verified": len(THREE_ROWS)}
    assert {call["media"]["received"] for call in night.calls_in_gong().values()} == {1}


@pytest.mark.parametrize("operation", ["addCall", "addCallRecording"])
def test_a_lost_answer(night: NightlyImport, operation: str) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation=operation, nth=2, when="after", action="reset"))
    assert night.upload() == {"uploaded": 3}
    assert_all_verified_once(night)


def test_bytes_are_not_sent_again_when_reading_the_call_shows_that_they_arrived(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation="addCallRecording", nth=1, when="after", action="reset"))
    night.upload()
    assert len(night.emulator.requests("addCallRecording")) == 3


def test_bytes_are_sent_again_when_nothing_arrived(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation="addCallRecording", nth=1, when="before", action="reset"))
    night.upload()
    assert len(night.emulator.requests("addCallRecording")) == 4
    assert_all_verified_once(night)


@pytest.mark.parametrize("operation", ["addCall", "addCallRecording", "getCall"])
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 500},
        {"action": "status", "status": 503, "when": "after"},
        {"action": "reset"},
        {"action": "reset", "when": "after"},
        {"action": "truncate", "when": "after"},
        {"action": "garbage", "when": "after"},
    ],
    ids=str,
)
def test_every_second_request_fails(night: NightlyImport, operation: str, fault: dict[str, object]) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation=operation, every=2, **fault))
    night.upload()
    night.emulator.clear_faults()
    assert_all_verified_once(night)


def test_a_call_that_gong_cannot_handle_is_set_aside_and_tried_again_by_the_next_try(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS[:1])
    night.emulator.add_faults(Fault(operation="addCall", every=1, action="status", status=500))
    assert night.upload() == {"failed": 1}
    assert night.summary()["who_must_act"] == {"gong_support": 1}
    night.emulator.clear_faults()
    assert night.upload() == {"uploaded": 1}


def test_a_row_that_gong_fails_on_waits_while_the_others_are_sent(
    night: NightlyImport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    night.plan_night(THREE_ROWS)
    # The first call's request and its four repetitions.
    for attempt in range(1, 6):
        night.emulator.add_faults(Fault(operation="addCall", nth=attempt, action="status", status=500))
    assert night.upload(in_flight=1, row_backoff=0.5) == {"uploaded": 3}
    assert "Retrying row 1 in 0 s" in caplog.text
    assert [call["clientUniqueId"] for call in night.calls_in_gong().values()][-1] == "pbx-00001"


def test_wrong_credentials_end_the_upload_and_lose_nothing(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation="addCall", every=1, action="status", status=401, text="Unauthorized"))
    with pytest.raises(GongAuthenticationError):
        night.upload()
    assert night.summary()["states"] == {"planned": 3}
    night.emulator.clear_faults()
    night.upload()
    assert_all_verified_once(night)


def test_a_call_of_somebody_else_is_not_touched_after_a_refused_try(night: NightlyImport) -> None:
    """Our own intent counts only if something may have been sent: a 429 is known to have had no effect."""
    night.plan_night(THREE_ROWS[:1])
    night.emulator.add_faults(Fault(operation="addCall", nth=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongRateLimitError):
        night.upload()
    assert night.states() == {"pbx-00001": "planned"}
    night.options["budget"].close(0)


def test_a_spent_quota_ends_the_upload_and_the_next_try_goes_on(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS)
    night.emulator.add_faults(Fault(operation="addCall", nth=2, action="status", status=429, retry_after=7200))
    with pytest.raises(GongDailyQuotaError) as raised:
        night.upload(in_flight=1)
    assert raised.value.retry_after == pytest.approx(7200, abs=60)
    assert night.summary()["states"] == {"planned": 2, "uploaded": 1}


def test_an_emulator_that_dies_in_the_middle(store: Store, tmp_path: Path) -> None:
    with running_emulator(requests_per_second=0, requests_per_day=0) as first:
        night = NightlyImport(first, store, tmp_path)
        night.plan_night(THREE_ROWS)
    with pytest.raises(GongConnectionError, match="addCall"):
        night.upload()
    assert night.summary()["states"] == {"planned": 3}


def test_an_emulator_that_dies_in_the_middle_of_a_recording(store: Store, tmp_path: Path) -> None:
    with contextlib.ExitStack() as emulator:
        running = emulator.enter_context(running_emulator(requests_per_second=0, requests_per_day=0))
        night = NightlyImport(running, store, tmp_path)
        night.plan_night(THREE_ROWS[:1])

        class LastPath(type(Path())):  # type: ignore[misc]
            """A recording during whose reading the emulator goes away."""

            def open(self, *arguments: Any, **options: Any) -> Any:
                emulator.close()
                return super().open(*arguments, **options)

        with pytest.raises(GongConnectionError, match=r"getCall.*Check the connection's host"):
            night.upload(Files(LastPath))
    (row,) = night.rows().values()
    assert (row.state, bool(row.call_id)) == ("created", True)


def test_answers_of_the_blind_key(night: NightlyImport) -> None:
    night.plan_night(THREE_ROWS)
    night.upload()
    night.emulator.set(key_sees_calls=False)
    night.emulator.advance(7200)
    assert night.verify(timeout=0) is None
    assert night.summary()["states"] == {"unverifiable": 3}
    assert night.summary()["who_must_act"] == {"gong_administrator": 3}
    night.emulator.set(key_sees_calls=True)
    assert night.verify(timeout=0) is None
    assert night.summary()["states"] == {"verified": 3}


def test_what_is_told_at_the_deadline(night: NightlyImport, emulator: RunningEmulator) -> None:
    night.plan_night(THREE_ROWS)
    night.upload()
    assert night.verify(timeout=0) is None
    assert night.summary()["states"] == {"processing": 3}
    assert "clear" in night.summary()["problems"][0]["remedy"].lower()
    assert_all_verified_once(night)
