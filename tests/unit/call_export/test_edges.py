"""Where exports meet the world: the company's clock, folders that hold other things, ids that are numbers."""

from __future__ import annotations

import contextlib
import os
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportSettingsError, GongExportStorageError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.inspection import status
from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.call_export.rows import export_rows
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.client.errors import GongConnectionError, GongDailyQuotaError
from airflow_provider_gong.hooks.export_folder import export_folder
from tests.support.memory_store import Killed
from tests.unit.call_export.conftest import FIRST, LAST, Company, a_day

pytestmark = pytest.mark.slow

DAYS = list(day_range(FIRST, LAST))


def export_of(company: Company, folder: ExportFolder | None = None, **settings: Any) -> CallExport:
    return CallExport(folder or company.folder, company.settings(**settings), "us-1", clock=lambda: company.now)


def test_days_are_those_of_utc_when_the_companys_clock_changes(company: Company) -> None:
    """The emulated company is in Los Angeles, where clocks go forward on 2026-03-08 at 10:00 UTC."""
    company.advance(days=10)
    moments = ("07T23:59:59", "08T00:00:00", "08T09:59:59", "08T10:00:00", "08T23:59:59", "09T00:00:00")
    for moment in moments:
        company.add_call(f"at-{moment}", datetime.fromisoformat(f"2026-03-{moment}").replace(tzinfo=UTC), minutes=2)
    company.export(date(2026, 3, 7), date(2026, 3, 9))
    for day in (7, 8, 9):
        rows = company.rows("calls", date(2026, 3, day))
        found = [row["started_datetime"].strftime("%dT%H:%M:%S") for row in rows]
        assert sorted(found) == [moment for moment in moments if moment.startswith(f"{day:02}")]
    assert len(company.rows("calls")) == len(moments)


@pytest.mark.parametrize("name", ["gong #1", "gong?day=1", "50%20 off", "über alles", "with/slash/", "a*[b]"])
def test_a_folder_may_have_any_name(company: Company, tmp_path: Path, name: str) -> None:
    export = export_of(company, export_folder(f"{tmp_path}/{name}"))
    for _ in range(2):
        export.read(company.client, DAYS, keeps_notes=False)
    assert len(list((tmp_path / name).glob("calls/*/part-0.parquet"))) == len(DAYS)
    assert [state.day for state in export.states() if state.is_whole] == DAYS
    assert not list(tmp_path.glob("*.parquet"))


def test_what_else_is_in_the_folder_stays(company: Company) -> None:
    root = company.root / "export"
    others = [
        "readme.txt",
        "calls/archive.parquet",
        f"calls/started_date={DAYS[3]}/part-1.parquet",
        f"call_parties/started_date={DAYS[3]}/_SUCCESS",
        "_manifests/notes.json",
        "_manifests/started_date=draft.txt",
        "other_table/started_date=2026-02-01/part-0.parquet",
    ]
    for other in others:
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        (root / other).write_text("not ours")
    export = export_of(company)
    for settings in ({}, {"tables": ["calls"]}):
        export_of(company, **settings).read(company.client, DAYS, keeps_notes=False)
    assert [(root / other).read_text() for other in others] == ["not ours"] * len(others)
    assert [state.day for state in export.states() if state.is_whole] == DAYS


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_ids_are_text_also_where_gong_answers_numbers(company: Company, file_format: str) -> None:
    company.emulator.set(numeric_ids=True)
    company.export(file_format=file_format)
    rows = [row for table in ("calls", "call_parties", "transcript_sentences") for row in company.rows(table)]
    ids = [value for row in rows for name, value in row.items() if name.endswith("_id") and value is not None]
    assert len(ids) > 100
    assert {type(value) for value in ids} == {str}
    assert company.exported() == [f"seed-{number}" for number in range(1, 6)]


def test_nothing_at_all_is_written_where_nothing_has_changed(company: Company) -> None:
    company.use_object_store()
    export = export_of(company)
    assert export.read(company.client, DAYS, keeps_notes=False)["days_changed"] == len(DAYS)
    writes = company.store.writes
    company.advance(days=1)
    export.plan(PlanSettings())
    assert export.read(company.client, DAYS, since=company.now, keeps_notes=False)["days_changed"] == 0
    assert company.store.writes == writes


def unreadable(company: Company, *days: date) -> set[date]:
    """Let Gong answer nothing when it is asked for the calls of days, and return those that it was asked for."""
    tried: set[date] = set()

    def fail(_: str, body: dict[str, Any], __: dict[str, Any]) -> None:
        day = date.fromisoformat(body["filter"].get("fromDateTime", "1970-01-01")[:10])
        if day in days:
            tried.add(day)
            raise httpx.ReadError("reset")

    company.answers.edits.append(fail)
    return tried


def test_a_day_that_cannot_be_read_stops_no_other_one(company: Company) -> None:
    company.add_call("first", a_day(1))
    company.add_call("tenth", a_day(10))
    export = export_of(company)
    unreadable(company, DAYS[0], DAYS[9])
    with pytest.raises(GongConnectionError):
        export.read(company.client, DAYS, since=company.now)
    assert [state.day for state in export.states()] == [day for day in DAYS if day not in (DAYS[0], DAYS[9])]
    company.answers.edits.clear()
    assert export.read(company.client, DAYS, since=company.now)["days_read"] == len(DAYS)
    assert company.exported() == ["first", *(f"seed-{number}" for number in range(1, 6)), "tenth"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_deleted_call_goes_although_another_day_cannot_be_read(company: Company, workers: int) -> None:
    company.add_call("more", a_day(15))
    company.add_call("first", a_day(1))
    export = export_of(company)
    export.read(company.client, DAYS)
    company.delete_call("more")
    tried = unreadable(company, DAYS[0])
    for _ in range(2):
        company.advance(days=1)
        for number in range(workers):
            with contextlib.suppress(GongConnectionError):
                options: dict[str, Any] = {"worker": f"worker-{number}", "since": company.now}
                export.read(company.client, DAYS[number::workers], leaves_shrunk=workers > 1, **options)
        if workers > 1:
            export.read(company.client, [], since=company.now)
    assert tried == {DAYS[0]}
    assert company.exported() == ["first", *(f"seed-{number}" for number in range(1, 6))]


def test_where_nothing_can_be_read_only_few_days_are_tried(company: Company) -> None:
    tried = unreadable(company, *DAYS)
    with pytest.raises(GongConnectionError):
        export_of(company).read(company.client, DAYS)
    assert len(tried) == 3


# Calls that move far away.


@pytest.mark.parametrize("started", ["1970-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"])
def test_a_call_that_moves_before_the_first_day_leaves_the_export(company: Company, started: str) -> None:
    """Otherwise a single wrong date would have the plan read decades."""
    company.add_call("other", a_day(10, hour=15))
    export = export_of(company)
    export.read(company.client, DAYS)
    company.move("seed-1", datetime.fromisoformat(started))
    export.read(company.client, DAYS)
    assert company.exported() == ["other", *(f"seed-{number}" for number in range(2, 6))]
    assert len(export.plan(PlanSettings()).days) <= len(DAYS)


@pytest.mark.parametrize(("year", "lines"), [(2050, 3), (9999, 2)])
def test_a_call_that_moves_to_the_end_of_time_is_kept(company: Company, year: int, lines: int) -> None:
    """The emulator does not take each year as a filter; there the call stays where it was."""
    company.add_call("other", a_day(10, hour=15))
    export = export_of(company)
    export.read(company.client, DAYS)
    company.move("seed-1", datetime(year, 12, 31, 12, tzinfo=UTC))
    for _ in range(2):
        export.read(company.client, DAYS)
        assert company.exported() == ["other", *(f"seed-{number}" for number in range(1, 6))]
        assert len(export.plan(PlanSettings()).days) <= len(DAYS)
        assert len(list(status(export).calendar())) == lines


# Requests.


@pytest.mark.parametrize("limit", [1, 3])
def test_a_share_that_no_day_fits_in_is_an_error_and_not_a_wait_without_end(company: Company, limit: int) -> None:
    for number in range(110):
        company.add_call(f"more-{number}", a_day(11), minutes=1.1)
    export = export_of(company, tables=["calls"])
    with pytest.raises(GongExportSettingsError, match=f"daily_requests={limit} is not enough to read a single day"):
        export.read(company.client, [a_day(11).date()], since=company.now, daily_requests=limit)


def test_a_share_that_another_run_has_spent_is_waited_for(company: Company) -> None:
    export = export_of(company)
    export.read(company.client, [DAYS[9]], since=company.now, daily_requests=2)
    company.advance(hours=1)
    with pytest.raises(GongDailyQuotaError):
        export.read(company.client, [DAYS[14]], since=company.now, daily_requests=2)


# Damage.


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '"text"', '{"version": 1}', '{"version": "1"}', '{"version": 99}']
)
def test_a_damaged_manifest_is_named(company: Company, content: str) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    path = company.root / f"export/_manifests/started_date={DAYS[9]}.json"
    path.write_text(content)
    with pytest.raises(GongExportStorageError, match=f"_manifests/started_date={DAYS[9]}.json"):
        export.plan(PlanSettings())
    path.unlink()
    assert DAYS[9] in export.plan(PlanSettings()).days
    assert export.read(company.client, DAYS)["changed_days"] == [str(DAYS[9])]


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_a_damaged_file_that_is_needed_is_named(company: Company, file_format: str) -> None:
    """The rows of a suspect are copied from it."""
    company.add_call("more", a_day(15))
    export = export_of(company, file_format=file_format)
    export.read(company.client, DAYS)
    company.delete_call("more")
    damaged = company.root / f"export/calls/started_date=2026-02-15/part-0.{file_format}"
    damaged.write_bytes(b"{" + damaged.read_bytes()[:-9])
    with pytest.raises(GongExportStorageError, match=f"calls/started_date=2026-02-15/part-0.{file_format} is damaged"):
        export.read(company.client, DAYS)
    damaged.unlink()
    export.read(company.client, DAYS)
    assert company.exported() == [f"seed-{number}" for number in range(1, 6)]


@pytest.mark.parametrize("content", ["[]", "null", '"text"', "{"])
def test_a_damaged_note_is_named(company: Company, content: str) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    (note,) = (company.root / "export/_manifests/_notes").iterdir()
    note.write_text(content)
    with pytest.raises(GongExportStorageError, match=r"_notes/worker-0.json"):
        export.read(company.client, DAYS)


def test_half_a_file_of_a_killed_process_does_not_stay(company: Company) -> None:
    export = export_of(company)
    export.read(company.client, DAYS)
    folder = company.root / f"export/calls/started_date={DAYS[9]}"
    left, used = (folder / f".part-0.parquet.{uuid.uuid4().hex}" for _ in range(2))
    for path in (left, used, folder / ".hidden"):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    export.plan(PlanSettings())
    assert sorted(folder.iterdir()) == sorted([folder / ".hidden", used, folder / "part-0.parquet"])


def test_an_erased_call_in_files_of_a_killed_run_is_found(company: Company) -> None:
    """Its day has no manifest that names it yet."""
    company.use_object_store()
    company.add_call("gone", a_day(12, hour=15))
    company.add_call("other", a_day(12))
    gone = company.call_ids()["gone"]
    export = export_of(company)
    export.plan(PlanSettings())
    company.store.dies_at, company.store.dies_before = 3, False
    with pytest.raises(Killed):
        export.read(company.client, [a_day(12).date()])
    company.store.dies_at = None
    company.delete_call("gone")
    assert gone.encode() in b"".join(company.store.content().values())
    export.read(company.client, export.days_with([gone]), erased=[gone])
    assert company.manifest(a_day(12).date()).calls.keys() == {company.call_ids()["other"]}
    assert gone.encode() not in b"".join(company.store.content().values())


# Rows.


@pytest.mark.parametrize("day", ["2026-02-10", date(2026, 2, 10), a_day(10), "2026-02-11T05:00:00+10:00"])
def test_rows_of_a_day_may_be_asked_for_by_any_of_its_times(company: Company, day: Any) -> None:
    (call,) = export_rows(company.client, "calls", day)
    assert call["call_id"] == company.call_ids()["seed-1"]
    assert list(export_rows(company.client, "calls", "2026-02-11")) == []


@pytest.mark.parametrize(("table", "day"), [("emails", "2026-02-10"), ("calls", "soon"), ("calls", None)])
def test_wrong_rows_are_refused_when_they_are_asked_for(company: Company, table: str, day: Any) -> None:
    with pytest.raises(GongExportSettingsError):
        export_rows(company.client, table, day)
