"""Times of a manifest: a moment that is certain, or a problem."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_provider_gong.call_import.manifest.texts import UnreadableCellError
from airflow_provider_gong.call_import.plan.cells import read_time

BERLIN = "Europe/Berlin"


def moment_of(text: str, timezone: str | None = None) -> datetime:
    return read_time(text, timezone)


def problem_of(text: str, timezone: str | None = None) -> UnreadableCellError:
    with pytest.raises(UnreadableCellError) as raised:
        read_time(text, timezone)
    return raised.value


@pytest.mark.parametrize(
    "text", ["2026-11-20T14:03:00+01:00", "2026-11-20T13:03:00Z", "2026-11-20 13:03Z", "2026-11-20T13:03:00.000+00:00"]
)
def test_an_offset_decides(text: str) -> None:
    assert moment_of(text) == moment_of(text, "Asia/Tokyo") == datetime(2026, 11, 20, 13, 3, tzinfo=UTC)


@pytest.mark.parametrize(("text", "hour"), [("2026-11-20 14:03", 13), ("2026-07-20T14:03:00", 12)])
def test_a_zone_gives_times_their_offset_on_that_day(text: str, hour: int) -> None:
    assert moment_of(text, BERLIN).astimezone(UTC).hour == hour


def test_without_a_zone_a_time_without_an_offset_is_refused() -> None:
    problem = problem_of("2026-11-20T14:03:00")
    assert "no offset" in problem.rule
    assert "Add an offset such as +01:00 or Z" in problem.remedy


def test_a_time_that_the_clocks_skipped_is_refused() -> None:
    assert problem_of("2026-03-29T02:30", BERLIN).rule.startswith("does not exist in Europe/Berlin")


def test_a_time_that_the_clocks_showed_twice_is_refused() -> None:
    assert problem_of("2026-10-25T02:30", BERLIN).rule.startswith("happened twice in Europe/Berlin")


@pytest.mark.parametrize("text", ["2026-03-29T01:59", "2026-03-29T03:00", "2026-10-25T01:59", "2026-10-25T03:00"])
def test_times_beside_a_change_of_the_clocks_are_certain(text: str) -> None:
    assert moment_of(text, BERLIN).replace(tzinfo=None) == datetime.fromisoformat(text)


def test_an_offset_tells_which_of_the_two_is_meant() -> None:
    assert moment_of("2026-10-25T02:30+01:00", BERLIN) != moment_of("2026-10-25T02:30+02:00", BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20",
        "20261120",
        "14:03",
        "20/11/2026 14:03",
        "11-20-2026T14:03",
        "2026-02-30T10:00Z",
        "2026-11-20T25:00Z",
        "1763643780",
        "2026-W47-5",
        "2026-11-20x14:03",
        "yesterday",
    ],
)
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    assert "not a date and time in ISO 8601" in problem_of(text, BERLIN).rule


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59:59"])
def test_the_ends_of_the_calendar_break_nothing(text: str) -> None:
    assert read_time(text, "Asia/Tokyo").replace(tzinfo=None) == datetime.fromisoformat(text)
