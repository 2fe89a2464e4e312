"""What users give an export: checked where it enters, with errors that name the parameter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_export.days import day_of, days_of, parse_days
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.hooks.export_folder import export_folder
from airflow_provider_gong.operators.call_export import GongPlanCallExportOperator, GongReadCallExportOperator
from airflow_provider_gong.task_groups import gong_call_export

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

EAST = timezone(timedelta(hours=10))
DAY = date(2026, 2, 10)


def group(**options: Any) -> None:
    with DAG("export", schedule=None):
        gong_call_export("/exports/gong", **options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lookback": "7 days"},
        {"lookback": "-1d"},
        {"lookback": ""},
        {"lookback": None},
        {"lookback": 7},
        {"lookback": timedelta(days=-1)},
        {"lookback": timedelta(days=10**6)},
        {"sweep": "0.08"},
        {"sweep": None},
        {"sweep": 8},
        {"sweep": float("nan")},
        {"sweep": True},
        {"backfill_from": "last year"},
        {"backfill_from": "2026-02-30"},
        {"backfill_from": 2023},
        {"backfill_from": "None"},
        {"daily_requests": 0},
        {"daily_requests": 2, "workers": 3},
        {"daily_requests": "100"},
        {"workers": 0},
        {"file_format": "csv"},
        {"on_shrink": "ignore"},
    ],
    ids=str,
)
def test_what_is_wrong_is_said_when_the_dag_is_parsed(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}"):
        group(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"lookback": "36h"},
        {"lookback": "0d"},
        {"lookback": timedelta(days=7)},
        {"sweep": 0},
        {"sweep": 1},
        {"backfill_from": None},
        {"backfill_from": ""},
        {"backfill_from": "2026-02-10"},
        {"backfill_from": DAY},
        {"backfill_from": datetime(2026, 2, 10, tzinfo=EAST)},
        {"backfill_from": "{{ params.backfill_from }}"},
        {"daily_requests": 1},
    ],
    ids=str,
)
def test_what_is_right_is_accepted(right: dict[str, Any]) -> None:
    group(**right)


@pytest.mark.parametrize("options", [{"workers": 0}, {"workers": "3"}])
def test_a_plan_for_nobody_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="workers"):
        GongPlanCallExportOperator(task_id="plan", path="/exports/gong", **options)


@pytest.mark.parametrize("daily_requests", [0, -1, "9"])
def test_a_task_needs_requests(daily_requests: Any) -> None:
    with pytest.raises(ValueError, match="daily_requests"):
        GongReadCallExportOperator(task_id="read", path="/exports/gong", days=[], daily_requests=daily_requests)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"primary_user_ids": []}, "primary_user_ids is empty"),
        ({"primary_user_ids": "123"}, "lists"),
        ({"include_private": "false"}, "include_private"),
        ({"include_private": None}, "include_private"),
        ({"file_format": "csv"}, "file_format='csv' is not one of parquet, jsonl"),
        ({"file_format": None}, "file_format=None"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(GongExportSettingsError, match=named):
        ExportSettings.of(**settings)


def test_ids_of_filters_are_text_in_one_order() -> None:
    settings = [ExportSettings.of(primary_user_ids=ids) for ids in ([9, "10"], ("10", "9", "9"), {"9", 10})]
    assert {found.filters.primary_user_ids for found in settings} == {("10", "9")}
    assert ExportSettings.of(workspace_id=7).filters.workspace_id == "7"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-02-10", DAY),
        (" 2026-02-10 ", DAY),
        (DAY, DAY),
        (datetime(2026, 2, 10, 5, tzinfo=EAST), date(2026, 2, 9)),
        (datetime(2026, 2, 10, 5), DAY),
        ("2026-02-10T05:00:00+10:00", date(2026, 2, 9)),
    ],
)
def test_days_are_those_of_utc(value: Any, day: date) -> None:
    assert day_of("day", value) == day


@pytest.mark.parametrize("value", ["soon", "", None, 7, [], "2026-02-30", "0001-01-01T00:00:00+05:00"])
def test_what_is_no_day_is_an_error_that_names_the_parameter(value: Any) -> None:
    with pytest.raises(GongExportSettingsError, match=r"^backfill_from: .* is not a day such as 2026-11-20"):
        day_of("backfill_from", value)


@pytest.mark.parametrize("text", ["", ",", "..2026-02-10", "2026-02-10...2026-02-12", "2026-02-12..2026-02-10"])
def test_what_are_no_days_is_an_error(text: str) -> None:
    with pytest.raises(GongExportSettingsError, match=r"^--days: "):
        parse_days("--days", text)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (DAY, date(2026, 2, 12), [DAY, date(2026, 2, 11)]),
        ("2026-02-10 00:00:00+00:00", "2026-02-10 01:00:00+00:00", [DAY]),
        (datetime(2026, 2, 9, 23, tzinfo=UTC), "2026-02-10", [date(2026, 2, 9)]),
        (datetime(2028, 2, 28, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC), [date(2028, 2, 28), date(2028, 2, 29)]),
        ("9999-12-31", "9999-12-31T23:59:59", [date.max]),
    ],
)
def test_an_interval_is_made_of_dates_or_times(since: Any, until: Any, days: list[date]) -> None:
    assert days_of(since, until) == days


@pytest.mark.parametrize("value", ["None", "", None, 7, "yesterday"])
def test_a_run_without_an_interval_is_told_what_to_do(value: Any) -> None:
    """Runs that were started by hand may have none."""
    with pytest.raises(GongExportSettingsError, match=r"^since: .*CronDataIntervalTimetable"):
        days_of(value, "2026-02-11")


@pytest.mark.parametrize("path", ["", "None"])
def test_a_folder_has_a_path(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GongExportSettingsError, match="path is empty"):
        export_folder(path)
