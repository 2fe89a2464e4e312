"""What people on call ask of an export: how it is, what differs from Gong, and that an erased call is gone now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportSettingsError, GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.inspection import check, expected_requests, status
from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.call_export.storage.identity import claim, claimed
from tests.unit.call_export.conftest import FIRST, LAST, Company, a_day

ALL = [f"seed-{number}" for number in range(1, 6)]


def export_of(company: Company, **settings: object) -> CallExport:
    return CallExport(company.folder, company.settings(**settings), "us-1", clock=lambda: company.now)


def read_all(company: Company) -> CallExport:
    export = export_of(company)
    export.read(company.client, list(day_range(FIRST, LAST)))
    return export


def test_the_calendar_shows_each_day(company: Company) -> None:
    company.without_transcripts("seed-5")
    export = read_all(company)
    (company.root / "export/calls/started_date=2026-02-10/part-0.parquet").unlink()
    (company.root / "export/_manifests/started_date=2026-02-20.json").unlink()
    company.advance(hours=1)
    found = status(export, PlanSettings(sweep_share=0.0))
    assert list(found.calendar()) == ["2026-02  .........!.........-.......o", "2026-03  .."]
    assert found.counts == {"fresh": 27, "open": 1, "mismatched": 1, "missing": 1}
    assert (found.calls, found.missing_transcripts) == (5, 1)


def test_days_of_other_settings_are_due(company: Company) -> None:
    read_all(company)
    assert status(export_of(company, tables=["calls"]), PlanSettings(lookback=timedelta(0))).counts == {
        "fresh": 1,
        "due": 29,
    }


def test_an_empty_folder_has_no_days(company: Company) -> None:
    assert list(status(export_of(company)).calendar()) == []


def test_what_differs_from_gong_is_found_and_nothing_is_written(company: Company) -> None:
    company.add_call("gone", a_day(15))
    export = read_all(company)
    days = list(day_range(FIRST, LAST))
    assert not any(check(export, company.client, days))
    company.edit_call("seed-1", lambda call: call["metaData"].update(title="Another title"))
    company.delete_call("gone")
    company.add_call("late", a_day(3))
    before = company.files()
    assert expected_requests(export, days) == 30 + 5
    found = {difference.day: difference for difference in check(export, company.client, days) if difference}
    assert list(found) == [date(2026, 2, 3), date(2026, 2, 10), date(2026, 2, 15)]
    late, changed, gone = found.values()
    assert late.not_exported == [company.call_ids()["late"]]
    assert changed.tables == ["calls", "call_documents"]
    assert gone.not_in_gong == [company.call_ids()["gone"]]
    assert company.files() == before


def test_an_erased_call_is_gone_at_once(company: Company) -> None:
    company.add_call("gone", a_day(15))
    export = read_all(company)
    company.delete_call("gone")
    gone = [company.call_ids()["gone"]]
    days = export.days_with(gone)
    assert days == [date(2026, 2, 15)]
    assert export.read(company.client, days, erased=gone)["removed_calls"] == 1
    assert company.exported() == ALL
    assert gone[0].encode() not in b"".join(content for _, content in company.files().values())


def test_a_call_that_gong_still_shows_is_not_erased(company: Company) -> None:
    export = read_all(company)
    call = [company.call_ids()["seed-1"]]
    assert export.read(company.client, export.days_with(call), erased=call)["removed_calls"] == 0
    company.emulator.set(key_sees_calls=False)
    with pytest.raises(GongExportShrinkError):
        export.read(company.client, export.days_with(call), erased=call)
    assert company.exported() == ALL


def test_an_export_remembers_its_settings(company: Company) -> None:
    with pytest.raises(GongExportSettingsError, match="does not contain an export"):
        claimed(company.folder)
    settings = company.settings(
        tables=["calls", "call_parties"],
        file_format="jsonl",
        include_private=True,
        exclude_columns=["email_address"],
        primary_user_ids=["7"],
    )
    claim(company.folder, settings, "us-1")
    found, who = claimed(company.folder)
    assert (found.fingerprint, found.filters, who) == (settings.fingerprint, settings.filters, "us-1")


def test_reads_are_noted_and_resumed(company: Company) -> None:
    """A read that was parked goes on with the days that are left, also if nothing has changed."""
    read_all(company)
    export = export_of(company)
    company.advance(days=2)
    began = company.now
    with pytest.raises(Exception, match="may send in 24 hours"):
        export.read(company.client, list(day_range(FIRST, LAST)), since=began, daily_requests=20, keeps_notes=False)
    company.advance(days=1, hours=2)
    rest = export.read(company.client, list(day_range(FIRST, LAST)), since=began, daily_requests=20, keeps_notes=False)
    # No day is read twice, and what is returned is that of the whole run.
    assert (rest["days_read"], rest["requests"]) == (30, 35)
    assert rest["days_changed"] == 0
