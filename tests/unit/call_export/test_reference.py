"""Snapshots of users and workspaces, replaced as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_gong.call_export.errors import GongExportSettingsError, GongExportShrinkError
from airflow_provider_gong.call_export.reference import export_reference
from airflow_provider_gong.call_export.storage.identity import claim
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator.faults import Fault
from tests.unit.call_export.conftest import TOBIAS, Company, rows_of

pytestmark = pytest.mark.slow

TABLES = ("users", "workspaces")


def export(company: Company, *, of: str = "us-1", **options: Any) -> dict[str, Any]:
    settings = {"tables": TABLES, "file_format": "parquet", "exclude_columns": (), **options}
    return export_reference(company.folder, company.client, of, **settings)


def rows(company: Company, table: str) -> list[dict[str, Any]]:
    (file,) = (company.root / "export" / table).iterdir()
    return rows_of(file)


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_users_and_workspaces_are_those_of_gong(company: Company, file_format: str) -> None:
    result = export(company, file_format=file_format)
    for table, operation, ident, name in (
        ("users", "listUsers", "user_id", "first_name"),
        ("workspaces", "listWorkspaces", "workspace_id", "name"),
    ):
        shown = {row["id"]: row.get("firstName") or row["name"] for row in company.client.run_all(operation)}
        assert {row[ident]: row[name] for row in rows(company, table)} == shown
        assert result["rows"][table] == len(shown)
    assert result["tables_changed"] == list(TABLES)


def test_only_what_has_changed_is_written(company: Company) -> None:
    export(company)
    before = company.files()
    assert export(company)["tables_changed"] == []
    assert company.files() == before
    company.emulator.change_user(TOBIAS, title="Director")
    assert export(company)["tables_changed"] == ["users"]
    assert "Director" in {row["title"] for row in rows(company, "users")}


def test_changed_settings_leave_nothing_of_the_old_ones(company: Company) -> None:
    export(company)
    export(company, file_format="jsonl", exclude_columns=["email_address", "users.phone_number"])
    assert all("email_address" not in row and "phone_number" not in row for row in rows(company, "users"))


@pytest.mark.parametrize("damage", ["deleted", "cut", "replaced"])
def test_a_file_that_is_not_ours_is_written_again(company: Company, damage: str) -> None:
    """Another run may have written it at the same time."""
    export(company)
    right = rows(company, "users")
    path = company.root / "export/users/part-0.parquet"
    content = path.read_bytes()
    path.unlink() if damage == "deleted" else path.write_bytes(content[:-1] if damage == "cut" else bytes(len(content)))
    assert export(company)["tables_changed"] == ["users"]
    assert rows(company, "users") == right


def test_wrong_settings_are_refused(company: Company) -> None:
    for wrong in (
        {"tables": ["emails"]},
        {"tables": []},
        {"tables": "users"},
        {"file_format": "csv"},
        {"exclude_columns": ["user_id"]},
        {"exclude_columns": "title"},
    ):
        with pytest.raises(GongExportSettingsError):
            export(company, **wrong)
    assert company.files() == {}


@pytest.mark.parametrize("action", ["status", "reset", "garbage"])
def test_a_listing_that_fails_deletes_nothing(company: Company, action: Any) -> None:
    export(company)
    before = company.files()
    company.emulator.add_faults(Fault(operation="listUsers", action=action, every=1, status=404, text="Not Found"))
    with pytest.raises((GongError, GongExportShrinkError)):
        export(company)
    assert company.files() == before


def test_users_of_another_company_need_another_folder(company: Company) -> None:
    export(company)
    before = company.files()
    with pytest.raises(GongExportSettingsError, match="company us-1"):
        export(company, of="us-2")
    assert company.files() == before


def test_calls_and_users_of_two_companies_are_not_mixed(company: Company) -> None:
    claim(company.folder, company.settings(), "us-1")
    with pytest.raises(GongExportSettingsError, match="company us-1"):
        export(company, of="us-2")
    assert not (company.root / "export" / "users").exists()
