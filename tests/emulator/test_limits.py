from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from .conftest import Api

PROBE = "/v2/workspaces"


def statuses(api: Api, count: int) -> list[int]:
    return [api("GET", PROBE).status_code for _ in range(count)]


def test_a_fixed_window_starts_anew_with_each_second() -> None:
    api = Api(requests_per_second=2, limit_window="fixed")
    api.advance(0.9)
    assert statuses(api, 3) == [200, 200, 429]
    api.advance(0.2)
    assert statuses(api, 3) == [200, 200, 429]


def test_a_bucket_fills_up_evenly() -> None:
    api = Api(requests_per_second=2, limit_window="bucket")
    assert statuses(api, 3) == [200, 200, 429]
    api.advance(0.5)
    assert statuses(api, 2) == [200, 429]
    api.advance(60)
    assert statuses(api, 3) == [200, 200, 429]


def test_the_window_can_be_changed_while_it_runs() -> None:
    api = Api(requests_per_second=1)
    assert statuses(api, 2) == [200, 429]
    api.set(limit_window="bucket")
    assert statuses(api, 2) == [200, 429]


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [
        # The clock begins at 09:00 UTC, which is 10:00 in Berlin and 01:00 in Los Angeles.
        ("UTC", 15 * 3_600),
        ("Europe/Berlin", 14 * 3_600),
        ("America/Los_Angeles", 23 * 3_600),
    ],
)
def test_a_day_begins_at_midnight_of_a_zone(zone: str, seconds: int) -> None:
    api = Api(requests_per_day=2, day_reset=zone)
    assert statuses(api, 3) == [200, 200, 429]
    assert api("GET", PROBE).headers["retry-after"] == str(seconds)
    api.advance(seconds - 1)
    assert statuses(api, 1) == [429]
    api.advance(1)
    assert statuses(api, 3) == [200, 200, 429]


def test_what_was_used_stays_used_when_the_day_changes() -> None:
    api = Api(requests_per_day=2)
    statuses(api, 2)
    api.set(day_reset="UTC")
    assert statuses(api, 1) == [429]
    api.set(day_reset="rolling")
    assert statuses(api, 1) == [429]


def test_refused_requests_count_where_that_is_set() -> None:
    lenient, strict = Api(requests_per_second=1), Api(requests_per_second=1, count_refused=True)
    for api in (lenient, strict):
        statuses(api, 1)
        api.advance(0.6)
        statuses(api, 1)
        api.advance(0.6)
    assert statuses(lenient, 1) == [200]
    assert statuses(strict, 1) == [429]
    assert strict.state()["requests"]["day_count"] == 3


def test_retry_after_may_be_a_date_or_missing() -> None:
    api = Api(requests_per_day=1, day_reset="UTC", retry_after="date")
    statuses(api, 1)
    moment = parsedate_to_datetime(api("GET", PROBE).headers["retry-after"])
    assert moment == datetime(2026, 3, 3, tzinfo=UTC)
    api.set(retry_after="none")
    answer = api("GET", PROBE)
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    "settings", [{"day_reset": "Nowhere/Land"}, {"day_reset": ""}, {"limit_window": "open"}, {"retry_after": "soon"}]
)
def test_wrong_limits_are_refused(api: Api, settings: dict[str, str]) -> None:
    answer = api("POST", "/_emulator/settings", json=settings)
    assert answer.status_code == 400
    assert next(iter(settings)) in answer.json()["error"]


def test_the_count_of_a_day_takes_no_memory_per_request() -> None:
    from airflow_provider_gong.emulator.access.limits import SlidingWindow

    window = SlidingWindow(86_400, grain=1.0)
    for number in range(10_000):
        window.add(1_000_000 + number / 1_000)
    assert window.count(1_000_010) == 10_000
    assert window.wait(1_000_010, 9_000) > 0
    assert len(window._moments) <= 11
