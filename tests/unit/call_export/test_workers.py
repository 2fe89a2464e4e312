"""Several workers of one run: what is gone is judged over all that they have read, and counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.client.errors import GongDailyQuotaError
from tests.unit.call_export.conftest import FIRST, GRACE, LAST, PRIYA, TOBIAS, Company, a_day

pytestmark = pytest.mark.slow

DAYS = list(day_range(FIRST, LAST))
HALVES = (DAYS[::2], DAYS[1::2])


class Workers:
    """The tasks of one run."""

    def __init__(self, company: Company, on_shrink: str = "fail") -> None:
        self.company = company
        self.export = CallExport(
            company.folder, company.settings(), "us-1", OnShrink(on_shrink), clock=lambda: company.now
        )
        self.began = company.now

    def read(self, number: int, days: Sequence[date] | None = None, **options: Any) -> dict[str, Any]:
        company = self.company
        days = HALVES[number] if days is None else days
        options = {"worker": f"worker-{number}", "since": self.began, "leaves_shrunk": True, **options}
        return self.export.read(company.client, days, **options)

    def settle(self) -> dict[str, Any]:
        return self.read(0, DAYS, leaves_shrunk=False)

    def all(self) -> Iterator[dict[str, Any]]:
        yield self.read(0)
        yield self.read(1)
        yield self.settle()


def with_calls(company: Company, *days: int) -> None:
    """Add a call on each of some days of February, and export all of them."""
    for number, day in enumerate(days):
        company.add_call(f"more-{number}", a_day(day), [TOBIAS, PRIYA, GRACE][number % 3])
    assert sum(result["days_read"] for result in Workers(company).all()) == len(DAYS)
    company.advance(hours=1)


def test_what_no_worker_notices_alone_is_noticed(company: Company) -> None:
    with_calls(company, *range(11, 23))
    before = company.whole_days()
    for number in range(6):
        company.delete_call(f"more-{number}")
    workers = Workers(company)
    assert [workers.read(number)["days_changed"] for number in (0, 1)] == [0, 0]
    with pytest.raises(GongExportShrinkError, match="6 of 17 exported calls are gone"):
        workers.settle()
    assert company.whole_days() == before


def test_what_looks_like_much_to_one_worker_is_little_to_the_run(company: Company) -> None:
    """Its own days would have failed the first worker: 6 of 7 or so calls are gone."""
    with_calls(company, *[11] * 6, *[12] * 30)
    for number in range(6):
        company.delete_call(f"more-{number}")
    results = list(Workers(company).all())
    assert sum(result["suspects"] for result in results) == 6
    company.advance(days=1)
    results = list(Workers(company).all())
    assert sum(result["removed_calls"] for result in results) == 6
    assert sum(result["days_read"] for result in results) == len(DAYS)


def test_tables_are_judged_over_the_run(company: Company) -> None:
    with_calls(company, *range(11, 17))
    before = company.whole_days()
    company.edit_calls(lambda call: call.pop("parties"))
    workers = Workers(company)
    workers.read(0)
    workers.read(1)
    with pytest.raises(GongExportShrinkError, match="table call_parties has lost the rows of 11 of 11 calls"):
        workers.settle()
    assert company.whole_days() == before


def test_a_call_that_moves_to_the_day_of_another_worker_leaves_its_old_day(company: Company) -> None:
    with_calls(company, 13)
    company.move("seed-1", a_day(13))
    list(Workers(company).all())
    assert company.rows("calls", date(2026, 2, 10)) == []
    titles = {row["title"] for row in company.rows("calls", date(2026, 2, 13))}
    assert titles == {"Call more-0", "Discovery with Northwind Mills"}


def test_a_call_that_moves_from_a_day_that_is_not_read_leaves_it(company: Company) -> None:
    with_calls(company, 12)
    company.move("seed-1", a_day(12))
    workers = Workers(company)
    day = [date(2026, 2, 12)]
    workers.read(0, day)
    workers.read(0, day, leaves_shrunk=False)
    assert company.rows("calls", date(2026, 2, 10)) == []


def test_a_blind_key_fails_each_worker(company: Company) -> None:
    with_calls(company, 12)
    before = company.whole_days()
    company.emulator.set(key_sees_calls=False)
    for number in (0, 1):
        with pytest.raises(GongExportShrinkError, match="sees no calls at all"):
            Workers(company).read(number)
    assert company.whole_days() == before


def test_a_parked_worker_counts_what_it_has_seen_once(company: Company) -> None:
    """What a run had read before it was parked belongs to what is judged when it goes on."""
    with_calls(company, *range(11, 23))
    before = company.whole_days()
    for number in range(6, 12):
        company.delete_call(f"more-{number}")
    workers = Workers(company)
    with pytest.raises(GongDailyQuotaError):
        workers.read(0, DAYS, daily_requests=24)
    company.advance(days=1, hours=2)
    workers.read(0, DAYS)
    with pytest.raises(GongExportShrinkError, match="6 of 17 exported calls are gone"):
        workers.settle()
    assert company.whole_days() == before


def until_done(company: Company, read: Callable[[], dict[str, Any]]) -> int:
    """Read again whenever the day's requests are spent, and return the number of attempts."""
    for attempt in range(1, 20):
        try:
            read()
        except GongDailyQuotaError:
            company.advance(days=1, hours=2)
        else:
            return attempt
    raise AssertionError("It never ends.")


def test_a_parked_worker_does_not_read_again_what_it_has_left(company: Company) -> None:
    with_calls(company, *[11, 12, 13, 14, 15] * 4)
    for number in range(5):
        company.delete_call(f"more-{number}")
    workers = Workers(company)
    assert until_done(company, lambda: workers.read(0, DAYS[9:], daily_requests=8)) < 8
    assert workers.settle()["suspects"] == 5


def test_calls_are_missing_on_more_days_than_can_be_read_in_a_day(company: Company) -> None:
    """What is missing is judged while there are requests left for it, or all of it would be read again every day."""
    with_calls(company, *[11, 12, 13, 14, 15, 16, 17, 18, 19, 20] * 6)
    for number in range(10):
        company.delete_call(f"more-{number}")
    workers = Workers(company)
    attempts = until_done(company, lambda: workers.read(0, DAYS[9:], leaves_shrunk=False, daily_requests=10))
    assert attempts < 10
    assert sum(len(manifest.suspects) for manifest in company.manifests()) == 10
    company.advance(days=1)
    assert Workers(company).read(0, DAYS, leaves_shrunk=False)["removed_calls"] == 10


def test_requests_of_a_run_that_fails_count(company: Company) -> None:
    with_calls(company, 12)
    company.emulator.set(key_sees_calls=False)
    workers = Workers(company)
    with pytest.raises(GongExportShrinkError):
        workers.read(0, DAYS[:10])
    with pytest.raises(GongDailyQuotaError):
        workers.read(0, DAYS[:10], daily_requests=11)


def test_settings_of_keep_and_accept_reach_the_settling_task(company: Company) -> None:
    with_calls(company, *range(11, 23))
    for number in range(6):
        company.delete_call(f"more-{number}")
    list(Workers(company, "keep").all())
    assert len(company.exported()) == 17
    company.advance(hours=1)
    list(Workers(company, "accept").all())
    assert len(company.exported()) == 11
