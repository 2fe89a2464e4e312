"""Which days have changed: nobody who loads them misses one, whatever became of the run that has written it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.client.errors import GongDailyQuotaError
from tests.support.memory_store import Killed
from tests.unit.call_export.conftest import FIRST, LAST, Company, a_day

pytestmark = pytest.mark.slow

DAYS = list(day_range(FIRST, LAST))


def export_of(company: Company) -> CallExport:
    return CallExport(company.folder, company.settings(), "us-1", clock=lambda: company.now)


def test_a_parked_run_returns_what_all_of_its_attempts_have_done(company: Company) -> None:
    export, began = export_of(company), company.now
    with pytest.raises(GongDailyQuotaError):
        export.read(company.client, DAYS, since=began, daily_requests=20, keeps_notes=False)
    company.advance(days=1, hours=2)
    result = export.read(company.client, DAYS, since=began, daily_requests=20, keeps_notes=False)
    assert result["changed_days"] == [day.isoformat() for day in DAYS]
    assert (result["days_read"], result["rows"]["calls"], result["requests"]) == (len(DAYS), 5, len(DAYS) + 5)


@pytest.mark.parametrize("writes", [7, 30, 60])
def test_a_killed_run_returns_the_days_that_it_had_written(company: Company, writes: int) -> None:
    company.use_object_store()
    export, began = export_of(company), company.now
    company.store.dies_at = writes
    with pytest.raises(Killed):
        export.read(company.client, DAYS, since=began)
    company.store.dies_at = None
    company.advance(minutes=5)
    result = export.read(company.client, DAYS, since=began)
    assert result["changed_days"] == [day.isoformat() for day in DAYS]


def test_a_consumer_is_told_each_change_once(company: Company) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    assert export.days_changed_for("load", "monday") == [day.isoformat() for day in DAYS]
    company.advance(hours=1)
    company.add_call("late", a_day(12))
    export.read(company.client, DAYS)
    assert export.days_changed_for("load", "tuesday") == ["2026-02-12"]
    assert export.days_changed_for("load", "wednesday") == []
    assert "2026-02-12" in export.days_changed_for("another", "wednesday")


def test_a_consumer_that_runs_again_is_told_the_same_and_what_is_new(company: Company) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    export.days_changed_for("load", "monday")
    for day in (12, 13):
        company.advance(hours=1)
        company.add_call(f"late-{day}", a_day(day))
        export.read(company.client, DAYS)
        told = export.days_changed_for("load", "tuesday")
    assert told == ["2026-02-12", "2026-02-13"]


def test_what_a_failed_run_has_written_is_told_later(company: Company) -> None:
    """The run fails over calls that are gone, after it has written the day of a late one."""
    for number in range(6):
        company.add_call(f"more-{number}", a_day(11))
    export = export_of(company)
    export.read(company.client, DAYS)
    export.days_changed_for("load", "monday")
    company.advance(hours=1)
    company.add_call("late", a_day(12))
    for number in range(6):
        company.delete_call(f"more-{number}")
    with pytest.raises(GongExportShrinkError):
        export.read(company.client, DAYS)
    company.advance(days=1)
    assert export.read(company.client, [date(2026, 2, 12)])["changed_days"] == []
    assert export.days_changed_for("load", "tuesday") == ["2026-02-12"]


def test_what_a_person_has_refreshed_is_told(company: Company) -> None:
    company.add_call("gone", a_day(12))
    export = export_of(company)
    export.read(company.client, DAYS)
    export.days_changed_for("load", "monday")
    company.advance(hours=1)
    call_ids = [company.call_ids()["gone"]]
    company.delete_call("gone")
    export.read(company.client, export.days_with(call_ids), worker="command", erased=call_ids)
    assert export.days_changed_for("load", "tuesday") == ["2026-02-12"]


def test_days_whose_rows_are_the_same_have_not_changed(company: Company) -> None:
    """A suspect changes the manifest only."""
    company.add_call("gone", a_day(12, hour=10))
    company.add_call("other", a_day(12, hour=12))
    export = export_of(company)
    export.read(company.client, DAYS)
    export.days_changed_for("load", "monday")
    company.delete_call("gone")
    for day, changed in (("tuesday", []), ("wednesday", ["2026-02-12"])):
        company.now += timedelta(days=1)
        assert export.read(company.client, DAYS)["changed_days"] == changed
        assert export.days_changed_for("load", day) == changed


def test_a_day_that_is_being_written_is_told_when_it_is_complete(company: Company) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    export.days_changed_for("load", "monday")
    company.advance(hours=1)
    company.add_call("late", a_day(12))
    company.folder.write_manifest(company.manifest(date(2026, 2, 12)).being_written("somebody"))
    assert export.days_changed_for("load", "tuesday") == []
    export.read(company.client, DAYS)
    assert export.days_changed_for("load", "wednesday") == ["2026-02-12"]
