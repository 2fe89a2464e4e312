"""The report's page: what stands in it, and that nothing in it can be more than text."""

from __future__ import annotations

import html.parser
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.report.report_page import report_page
from airflow_provider_gong.ledger.rows import Actor, CallState, ImportRow, Problem
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

SUMMARY = {
    "import_id": "night",
    "company": "emulated",
    "rows": 3,
    "states": {"verified": 2, "failed": 1},
    "unfinished": 0,
    "failed_or_rejected": 1,
    "requests_sent": 7,
    "requests_refused": 1,
}
DANGEROUS = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' &amp; \u202egnp.exe"


class Page(html.parser.HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def count(self, name: str) -> int:
        return sum(tag == name for tag, _ in self.tags)


def row(state: CallState = CallState.FAILED, *problems: Problem, **changes: Any) -> ImportRow:
    values: dict[str, Any] = {
        "row_number": 1,
        "client_unique_id": "pbx-1",
        "title": "Call",
        "state": state,
        "call_id": "77",
        "url": None,
        "duration": None,
        "media": "1.wav",
        "media_sha256": None,
        "burned": False,
        "sent_by": "night",
        "problems": problems,
        "source": {},
        "file": "night.csv",
        "sent_at": None,
    }
    return ImportRow(**(values | changes))


def problem(who: str = "recording", text: str = "is refused") -> Problem:
    return Problem("media", "1.wav", text, "Look at it.", who)


def test_problems_are_grouped_by_who_must_act() -> None:
    rows = [row(CallState.FAILED, problem(), problem("manifest")), row(CallState.REJECTED, problem())]
    page = Page(report_page(SUMMARY, rows, ()))
    assert "2 problems for the recordings' owner" in page.text
    assert "1 problem for the manifest's owner" in page.text
    assert "Row 1 of night.csv" in page.text
    assert "Look at it." in page.text


def test_problems_of_rows_that_ended_well_are_not_shown() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED, problem())], ()))
    assert "is refused" not in page.text


def test_only_the_first_problems_are_shown() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.FAILED, problem())] * 203, ()))
    assert "203 problems for" in page.text
    assert "3 more stand in report.csv" in page.text


def test_calls_are_shown_over_time() -> None:
    rows = [row(CallState.VERIFIED, sent_at=1_800_000_000.0 + second) for second in (0, 1, 600)]
    page = Page(report_page(SUMMARY, rows, ()))
    bars = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert [float(bar["height"] or 0) for bar in bars] == [120.0, 60.0]
    assert float(bars[0]["x"] or 0) < float(bars[1]["x"] or 0)
    assert "3 calls were sent from 2027-01-15 08:00:00 UTC to 2027-01-15 08:10:00 UTC" in page.text


@pytest.mark.parametrize("moments", [[], [5.0], [5.0, 5.0]])
def test_few_calls_are_no_error(moments: list[float]) -> None:
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED, sent_at=moment) for moment in moments], ()))
    assert page.count("rect") == min(len(moments), 1)


def test_warnings_of_the_plan_are_shown() -> None:
    page = Page(report_page(SUMMARY, [], ["Column 'x' is not known"]))
    assert "Column 'x' is not known" in page.text


def test_warnings_of_rows_are_shown_up_to_a_number() -> None:
    rows = [row(CallState.VERIFIED, warnings=(f"remark {number}", "another")) for number in range(101)]
    page = Page(report_page(SUMMARY, rows, ["on the manifest"]))
    assert page.count("li") == 201
    assert "remark 99" in page.text
    assert "remark 100" not in page.text
    assert "2 more stand in report.csv" in page.text


def test_nothing_that_a_manifest_says_is_more_than_text() -> None:
    harmless = Page(report_page(SUMMARY, [row(CallState.FAILED, problem(), warnings=("w",))], ["w"]))
    bad = Problem(DANGEROUS, DANGEROUS, DANGEROUS, DANGEROUS, Actor.MANIFEST)
    dangerous = {"client_unique_id": DANGEROUS, "file": DANGEROUS, "title": DANGEROUS}
    rows = [row(CallState.FAILED, bad, warnings=(DANGEROUS,), **dangerous)]
    text = report_page(SUMMARY | {"import_id": DANGEROUS, "company": DANGEROUS}, rows, [DANGEROUS])
    page = Page(text)
    assert page.tags == harmless.tags
    assert '"><script>alert(1)</script>' in page.text
    assert "\u202e" not in text


def test_a_page_loads_nothing() -> None:
    text = report_page(SUMMARY, [row(CallState.FAILED, problem())], ["w"])
    assert "default-src 'none'" in text
    assert not [name for _, attributes in Page(text).tags for name in attributes if name in ("src", "href")]


def test_an_import_writes_its_page(night: NightlyImport, tmp_path: Path) -> None:
    from airflow_provider_gong.call_import.report.report import ImportReport

    night.plan_night([manifest_row(1, topic="x"), manifest_row(2, direction="x")])
    night.upload()
    ImportReport(night.ledger, folder=tmp_path / "report").run()
    page = Page((tmp_path / "report/report.html").read_text())
    assert page.count("rect") == 1
    assert "1 calls were sent" in page.text
    assert "Column 'topic' is not known" in page.text
    assert "direction: must be one of" in page.text
