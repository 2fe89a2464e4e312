"""The SQL of the documentation reads an export, and its tables are those of the code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from airflow_provider_gong.call_export.days import days_of
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.tables.page import tables_markdown
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.export_folder import export_folder
from airflow_provider_gong.hooks.gong import GongHook

PAGE = (Path(__file__).parents[2] / "docs" / "call_export_tables.md").read_text()
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE.partition("### DuckDB")[2].partition("### Snowflake")[0], re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    assert PAGE.endswith(f"call_export.tables.page -->\n\n{tables_markdown().rstrip()}\n")


@pytest.mark.usefixtures("gong_connection")
def test_duckdb_runs_the_statements(
    gong_emulator: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [datetime.fromisoformat(call["started"]) for call in gong_emulator.state()["calls"]]
    export = CallExport(export_folder(str(tmp_path / "gong")), ExportSettings.of(), "us-1")
    with GongHook() as hook:
        export.read(hook.client, days_of(min(days), datetime.now(UTC)))
    monkeypatch.chdir(tmp_path)
    # Emulated calls took place around now, whenever that is.
    found = [duckdb.sql(statement.replace("2026-01-01", "2020-01-01")).fetchall() for statement in STATEMENTS]
    assert found[0][0][:2] == ("Tobias Okafor", 2)
    assert len(found[0]) == 4
    assert all("competitor" in row[3] for row in found[1])
    assert found[1]
    assert {row[1] for row in found[2]} >= {"Introduction", "Next steps"}
