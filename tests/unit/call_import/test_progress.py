"""Progress of a long job in the log."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_gong.call_import.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(caplog: pytest.LogCaptureFixture) -> Clock:
    caplog.set_level(logging.INFO)
    return Clock()


def test_progress_is_shown_every_few_seconds_only(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("Uploaded", 100, clock=clock)
    for done in range(20):
        progress.show(done, {})
        clock.now += 1.0
    assert [line.split(",")[0] for line in caplog.messages] == [f"Uploaded {done} / 100" for done in (5, 10, 15)]


def test_it_tells_when_it_is_due(clock: Clock) -> None:
    progress = Progress("Uploaded", 100, clock=clock)
    assert not progress.is_due
    clock.now += 5
    assert progress.is_due
    progress.show(1, {})
    assert not progress.is_due


def test_a_line_tells_rate_time_left_states_and_what_is_waited_for(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress("Uploaded", 100, clock=clock)
    progress.show(0, {})
    clock.now += 10
    progress.show(20, {"uploaded": 20, "planned": 80}, waiting="the budget")
    assert caplog.messages == [
        "Uploaded 20 / 100, 2.00 rows/s, about 0:00:40 left at this rate, planned 80, uploaded 20, waits for the budget"
    ]


def test_a_line_tells_what_was_sent_and_what_the_day_has_left(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("Uploaded", 100_000, clock=clock)
    progress.show(0, {})
    clock.now += 10
    progress.show(20, {}, sent_bytes=125_000_000, requests_left=9460)
    assert caplog.messages == [
        "Uploaded 20 / 100000, 2.00 rows/s, 12.5 MB/s, about 13:53:10 left at this rate, 9460 requests left today"
    ]


def test_what_an_earlier_try_has_done_does_not_count_into_the_rate(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress("Uploaded", 100, clock=clock)
    progress.show(50, {}, now=True)
    clock.now += 10
    progress.show(60, {}, now=True)
    assert caplog.messages == [
        "Uploaded 50 / 100, 0.00 rows/s",
        "Uploaded 60 / 100, 1.00 rows/s, about 0:00:40 left at this rate",
    ]


def test_without_a_total_no_time_left_is_guessed(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress("Planned", None, clock=clock)
    clock.now += 10
    progress.show(0, {}, now=True)
    clock.now += 10
    progress.show(5, {}, now=True)
    assert caplog.messages[-1] == "Planned 5, 0.25 rows/s"
