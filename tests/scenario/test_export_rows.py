"""Rows of an export for programs that write them somewhere else."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.json
import pytest

from airflow_provider_gong.call_export.days import days_of
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.tables.catalogue import DEFAULT_TABLES
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.export_folder import export_folder
from airflow_provider_gong.hooks.gong import GongHook

pytestmark = pytest.mark.usefixtures("gong_connection")
DAY = (datetime.now(UTC) - timedelta(days=2)).date()


def test_rows_are_plain(gong_emulator: RunningEmulator) -> None:
    (seeded,) = [call for call in gong_emulator.state()["calls"] if call["clientUniqueId"] == "seed-5"]
    day = datetime.fromisoformat(seeded["started"]).astimezone(UTC).date()
    with GongHook() as hook:
        (call,) = hook.export_rows("calls", day)
        (document,) = hook.export_rows("call_documents", str(day), exclude_columns=["turns"])
    assert call["call_id"] == document["call_id"] == seeded["id"]
    assert call["started_datetime"].date() == day
    assert call["extra"]["content"]["structure"]
    assert "turns" not in document


def test_a_table_that_there_is_not_is_an_error() -> None:
    with GongHook() as hook, pytest.raises(GongExportSettingsError):
        list(hook.export_rows("emails", DAY))


def test_dlt_loads_a_day(airflow_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    import dlt

    # [START howto_gong_dlt]
    @dlt.resource(name="calls", primary_key="call_id", write_disposition="merge", max_table_nesting=0)
    def gong_calls(days: list[str]) -> Iterator[dict[str, Any]]:
        with GongHook() as hook:
            for day in days:
                yield from hook.export_rows("calls", day)
                # [END howto_gong_dlt]

    days = [str(DAY + timedelta(days=number)) for number in range(-1, 2)]
    pipeline = dlt.pipeline("load_gong", destination="duckdb", dataset_name="gong", pipelines_dir=str(tmp_path))
    for _ in range(2):
        pipeline.run(gong_calls(days))
    with pipeline.sql_client() as client:
        rows = client.execute_sql("SELECT count(*), count(DISTINCT call_id) FROM calls")
    assert rows[0] == (1, 1)


def test_pandas_holds_a_day(airflow_db: None) -> None:
    import pandas

    day = str(DAY)
    # [START howto_gong_pandas]
    with GongHook() as hook:
        frame = pandas.DataFrame(hook.export_rows("calls", day))
    # [END howto_gong_pandas]
    assert frame["started_datetime"].dt.date.unique().tolist() == [DAY]


class LinesOfJson:
    """Stands for a session of Spark, which no test runs: takes what the recipe hands over, as JSON lines."""

    @property
    def read(self) -> LinesOfJson:
        return self

    @property
    def sparkContext(self) -> LinesOfJson:  # noqa: N802
        return self

    def parallelize(self, lines: list[str]) -> str:
        return "\n".join(lines)

    def json(self, lines: str) -> pyarrow.Table:
        return pyarrow.json.read_json(io.BytesIO(lines.encode())) if lines else pyarrow.table({})


@pytest.mark.parametrize("table", DEFAULT_TABLES)
def test_lines_for_spark_are_the_rows_of_a_day(airflow_db: None, table: str, tmp_path: Path) -> None:
    """Also where values are nested, or missing in all rows."""
    spark = LinesOfJson()
    day, days = str(DAY), days_of(str(DAY), str(DAY + timedelta(days=1)))
    # [START howto_gong_spark]
    with GongHook() as hook:
        lines = [json.dumps(row, default=str) for row in hook.export_rows(table, day)]
    frame = spark.read.json(spark.sparkContext.parallelize(lines))
    # [END howto_gong_spark]
    with GongHook() as hook:
        export = CallExport(export_folder(str(tmp_path)), ExportSettings.of([table]), hook.company)
        rows = export.read(hook.client, days)["rows"][table]
    assert frame.num_rows == len(lines) == rows
