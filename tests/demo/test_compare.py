from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.demo.compare import ImportReport, differences, request_differences
from tests.demo.night import FEWEST_ROWS, MISTAKES, Night, export_night

USERS = {
    f"{name}@example.com": str(10**17 + number)
    for number, name in enumerate(
        ("tobias.okafor", "priya.raman", "elena.marchetti", "lucas.ferreira", "samuel.adeyemi", "grace.nakamura")
    )
}
BEFORE = {
    "calls": [{"id": "7", "clientUniqueId": "seed-1"}],
    "meetings": [],
    "requests": {"accepted": 2, "refused": 0},
}


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return export_night(tmp_path, date(2026, 11, 20), USERS, FEWEST_ROWS)


@pytest.fixture
def report(night: Night) -> ImportReport:
    """Return what an import says for which all went as it should."""
    rows = [
        {
            "row": str(row.number),
            "client_unique_id": row.client_unique_id,
            "state": "rejected" if row.mistake else "verified",
            "call_id": "" if row.mistake else str(1000 + row.number),
            "problem": row.mistake.what if row.mistake else "",
        }
        for row in night.rows
    ]
    problems = [{"row": row.number, "field": row.mistake.column} for row in night.wrong if row.mistake]
    summary = {
        "states": {"verified": len(night.right), "rejected": len(night.wrong)},
        "problems": problems,
        "requests_sent": 9,
        "requests_refused": 1,
    }
    return ImportReport(summary, rows)


@pytest.fixture
def after(night: Night) -> dict[str, Any]:
    """Return what Gong holds then."""
    calls = [
        {
            "id": str(1000 + row.number),
            "clientUniqueId": row.client_unique_id,
            "title": row.cells["title"],
            "primaryUser": row.host_id,
            "started": row.cells["actual_start"],
            "state": "visible",
            "received": 1,
            "media": {"sha256": row.sha256},
        }
        for row in night.right
    ]
    requests = {"accepted": 10, "refused": 1}
    return {"calls": [*BEFORE["calls"], *calls], "meetings": [], "requests": requests}


def test_an_import_that_tells_the_truth(night: Night, report: ImportReport, after: dict[str, Any]) -> None:
    assert differences(night, report, BEFORE, after) == []
    assert request_differences(report, BEFORE, after) == []


def _lose(calls: list[dict[str, Any]]) -> None:
    del calls[-1]


def _double(calls: list[dict[str, Any]]) -> None:
    calls.append(calls[-1] | {"id": "99"})


def _set(name: str, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(calls: list[dict[str, Any]]) -> None:
        calls[-1][name] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_lose, "Gong has 0 new calls of that id"),
        (_double, "Gong has 2 new calls of that id"),
        (_set("media", {"sha256": "0" * 64}), "the recording's SHA-256"),
        (_set("media", None), "the recording's SHA-256"),
        (_set("received", 2), "the number of times the recording was received should be 1 and is 2"),
        (_set("title", "Another call"), "the title"),
        (_set("primaryUser", "1"), "the host"),
        (_set("started", "2026-11-20T00:00:00+00:00"), "the start"),
        (_set("state", "not_ready"), "the state"),
        (_set("id", "98"), "the call's id"),
    ],
)
def test_a_call_that_is_not_as_reported(
    night: Night, report: ImportReport, after: dict[str, Any], change: Callable[[Any], None], said: str
) -> None:
    change(after["calls"])
    found = differences(night, report, BEFORE, after)
    name = f"row {night.right[-1].number} ({night.right[-1].client_unique_id})"
    assert any(name in difference and said in difference for difference in found)


def test_a_call_that_nobody_reports(night: Night, report: ImportReport, after: dict[str, Any]) -> None:
    rejected = next(row for row in night.wrong if row.client_unique_id != night.rows[0].client_unique_id)
    after["calls"].append({"id": "5", "clientUniqueId": rejected.client_unique_id})
    after["meetings"].append({"id": "6"})
    call, meeting = differences(night, report, BEFORE, after)
    assert rejected.client_unique_id in call
    assert "meeting 6" in meeting


def test_a_row_that_ends_otherwise_than_it_should(night: Night, report: ImportReport, after: dict[str, Any]) -> None:
    row = night.wrong[0]
    claims = [dict(claim) for claim in report.rows]
    claims[row.number - 1] |= {"state": "failed", "problem": "Gong refused it"}
    found = differences(night, ImportReport(report.summary, claims), BEFORE, after)
    assert any(f"row {row.number} " in difference and "Gong refused it" in difference for difference in found)
    assert any("the summary says" in difference for difference in found)


def test_a_row_that_the_report_does_not_have(night: Night, report: ImportReport, after: dict[str, Any]) -> None:
    found = differences(night, ImportReport(report.summary, report.rows[:-1]), BEFORE, after)
    assert any(f"the manifest has {len(night.rows)} rows" in difference for difference in found)


def test_a_mistake_that_the_report_does_not_name(night: Night, report: ImportReport, after: dict[str, Any]) -> None:
    summary = {**report.summary, "problems": report.summary["problems"][1:]}
    (difference,) = differences(night, ImportReport(summary, report.rows), BEFORE, after)
    assert MISTAKES[0].what in difference


def test_requests_that_were_not_counted(report: ImportReport, after: dict[str, Any]) -> None:
    after["requests"]["accepted"] += 1
    (difference,) = request_differences(report, BEFORE, after)
    assert "Gong got 10 and refused 1" in difference
