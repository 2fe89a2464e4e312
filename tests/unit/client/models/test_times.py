from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest

from airflow_provider_gong.client.errors import GongValidationError
from airflow_provider_gong.client.models import CallFilter, parse_request


def sent(value: Any) -> str:
    text = parse_request(CallFilter, {"fromDateTime": value}).wire()["fromDateTime"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-31T09:30:00+02:00", "2026-03-31T09:30:00+02:00"),
        ("2026-03-31T07:30:00Z", "2026-03-31T07:30:00Z"),
        ("2026-03-31T07:30:00+00:00", "2026-03-31T07:30:00Z"),
        ("2026-03-31 07:30Z", "2026-03-31T07:30:00Z"),
        (" 2026-03-31T07:30:00.1239Z ", "2026-03-31T07:30:00.123Z"),
        ("2026-03-31T07:30:00,5-0700", "2026-03-31T07:30:00.500-07:00"),
        (datetime(2026, 3, 31, 7, 30, tzinfo=UTC), "2026-03-31T07:30:00Z"),
        (datetime(2026, 3, 31, 7, 30, 0, 999, tzinfo=UTC), "2026-03-31T07:30:00Z"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam")), "2026-10-25T02:30:00+02:00"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Amsterdam")), "2026-10-25T02:30:00+01:00"),
        (pendulum.datetime(2026, 7, 1, 12, tz="Asia/Kathmandu"), "2026-07-01T12:00:00+05:45"),
    ],
)
def test_time_is_sent_with_its_offset(value: Any, expected: str) -> None:
    assert sent(value) == expected


@pytest.mark.parametrize(
    ("value", "rule", "remedy"),
    [
        ("2026-03-31T09:30:00", "offset", "Add an offset such as +02:00 or Z"),
        (datetime(2026, 3, 31, 9, 30), "offset", "Add an offset such as +02:00 or Z"),
        (pendulum.naive(2026, 3, 31), "offset", "Add an offset such as +02:00 or Z"),
        ("2026-03-31", "ISO-8601", "date, time and offset"),
        ("1774942200", "ISO-8601", "date, time and offset"),
        ("20260331T093000Z", "ISO-8601", "date, time and offset"),
        ("31.03.2026 09:30", "ISO-8601", "date, time and offset"),
        ("", "ISO-8601", "date, time and offset"),
        ("2026-02-30T09:30:00Z", "that exist", "Correct"),
        ("2026-03-31T25:00:00Z", "that exist", "Correct"),
        (1774942200, "neither a number", "as text"),
        (1774942200.5, "neither a number", "as text"),
        (True, "neither a number", "as text"),
        (date(2026, 3, 31), "nor a bare date", "as text"),
        (datetime(2026, 3, 31, 9, 30, tzinfo=timezone(timedelta(minutes=18))), "no time zone uses", "localize"),
    ],
)
def test_other_times_are_refused(value: Any, rule: str, remedy: str) -> None:
    with pytest.raises(GongValidationError) as caught:
        sent(value)
    [problem] = caught.value.problems
    assert problem.field == "fromDateTime"
    assert rule in problem.rule
    assert remedy in problem.remedy
