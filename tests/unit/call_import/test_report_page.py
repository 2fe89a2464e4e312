"""The report's page: what stands in it, and that nothing in it can be more than text."""

from __future__ import annotations

import html.parser
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_gong.call_import.report.report_page import PageFacts, report_page
from airflow_provider_gong.call_import.report.timeline import HEIGHT, WIDTH, timeline
from airflow_provider_gong.ledger.rows import Actor, CallState, ImportRow, Problem
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

SUMMARY = {
    "import_id": "night",
    "company": "emulated",
    "rows": 3,
    "states": {"verified": 2, "failed": 1},
    "unfinished": 0,
    "wrong": 1,
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

    def values(self, attribute: str) -> list[str | None]:
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


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


def test_the_line_of_a_row_is_that_of_an_editor() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.FAILED, problem(), line=7, warnings=("odd",))], ()))
    assert "Row 1 (line 7) of night.csv" in page.text
    assert "Row 1 (line 7) of night.csv: odd" in page.text


def test_calls_in_gong_have_their_host() -> None:
    parties = [{"userId": "7", "name": "Tobias Okafor"}, {"name": "Dana Ortiz"}]
    hosts = [{"primaryUser": "7", "parties": parties}, {"primaryUser": "8", "parties": parties}]
    rows = [row(CallState.VERIFIED, payload=json.dumps(payload)) for payload in hosts]
    page = Page(report_page(SUMMARY, rows, ()))
    assert "Tobias Okafor" in page.texts
    assert "8" in page.texts


def test_the_page_says_what_was_imported_by_which_run_and_when() -> None:
    about = PageFacts("s3://b/night.csv", "nightly, scheduled__1", ZoneInfo("Europe/Berlin"), written_at=1_800_000_000)
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED, sent_at=1_800_000_000.0)], (), about))
    for text in ("s3://b/night.csv", "nightly, scheduled__1", "2027-01-15 09:00:00 CET"):
        assert text in page.texts
    assert "times in Europe/Berlin" in page.text
    assert "1 call was sent from 2027-01-15 09:00:00 CET" in page.text


def test_problems_of_rows_that_ended_well_are_not_shown() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED, problem())], ()))
    assert "is refused" not in page.text


def test_only_the_first_problems_are_shown() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.FAILED, problem())] * 203, ()))
    assert "203 problems for" in page.text
    assert "3 more in report.csv" in page.text


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
    assert "2 more in report.csv" in page.text


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


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "1 of 3 rows is wrong"),
        ({"wrong": 2}, "2 of 3 rows are wrong"),
        ({"unfinished": 1}, "1 of 3 rows is unfinished"),
        ({"wrong": 0}, "No row is wrong"),
        ({"wrong": 0, "rows": 0}, "There are no rows"),
    ],
)
def test_the_verdict_comes_first(changes: dict[str, int], says: str) -> None:
    page = Page(report_page(SUMMARY | changes, [row(CallState.FAILED, problem())], ()))
    assert page.text.index(says) < page.text.index("Company emulated") < page.text.index("is refused")


def test_calls_that_are_in_gong_are_linked() -> None:
    url = "https://us-1.app.gong.io/call?id=77&x=1"
    rows = [row(CallState.VERIFIED, title="Renewal", url=url, duration=3661.4), row(CallState.FAILED, url=url)]
    page = Page(report_page(SUMMARY, rows, ()))
    assert "1 call in Gong" in page.text
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == [url]
    assert "Renewal" in page.text
    assert "1:01:01" in page.text


def test_only_the_first_calls_are_listed() -> None:
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED)] * 202, ()))
    assert "202 calls in Gong" in page.text
    assert "2 more in report.csv" in page.text


@pytest.mark.parametrize("url", [DANGEROUS, "javascript:alert(1)", "http://example.com/", f"https://{DANGEROUS}", None])
def test_no_call_of_a_manifest_is_more_than_text_and_a_link(url: str | None) -> None:
    dangerous = {"client_unique_id": DANGEROUS, "file": DANGEROUS, "title": DANGEROUS, "call_id": DANGEROUS}
    page = Page(report_page(SUMMARY, [row(CallState.VERIFIED, url=url, **dangerous)], ()))
    assert page.count("script") == page.count("img") == 0
    assert page.count("a") == (url or "").startswith("https://")
    assert all(href is not None and href.startswith("https://") for href in page.values("href"))


def test_signed_places_are_shown_without_their_signature() -> None:
    signed = "b.s3.example.com/y.wav?X-Amz-Signature=hush"
    bad = Problem("media", signed, f"{signed} cannot be read", f"Sign {signed} again", Actor.RECORDING)
    text = report_page(SUMMARY, [row(CallState.FAILED, bad, file=signed, warnings=(signed,))], [signed])
    assert "b.s3.example.com/y.wav" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("seconds", "per", "times"),
    [
        (0, "second", ["08:00:00", "08:00:02", "08:00:04", "08:00:06", "08:00:08"]),
        (600, "10 seconds", ["08:00", "08:05", "08:10"]),
        (3600, "minute", ["08:00", "08:15", "08:30", "08:45", "09:00"]),
        (86_400, "30 minutes", ["15 Jan 12:00", "15 Jan 18:00", "16 Jan 00:00", "16 Jan 06:00"]),
        (9 * 86_400, "6 hours", ["16 Jan", "18 Jan", "20 Jan", "22 Jan", "24 Jan"]),
    ],
)
def test_bars_and_ticks_of_the_chart_are_round_times(seconds: int, per: str, times: list[str]) -> None:
    chart = timeline([1_800_000_000.0, 1_800_000_000.0 + seconds])
    assert (chart.per, [tick.label for tick in chart.times]) == (per, times)
    assert 10 <= WIDTH / (chart.bars[0].width / 0.9) <= 62
    assert all(0 <= tick.percent < 100 for tick in chart.times)


@pytest.mark.parametrize(
    ("zone", "first", "last", "times"),
    [
        ("Europe/Berlin", (2026, 10, 20, 9), (2026, 11, 5, 9), ["22 Oct", "26 Oct", "30 Oct", "3 Nov"]),
        ("Europe/Berlin", (2026, 3, 24, 9), (2026, 4, 9, 9), ["24 Mar", "28 Mar", "1 Apr", "5 Apr", "9 Apr"]),
        ("America/New_York", (2026, 10, 31, 9), (2026, 11, 1, 19), ["31 Oct 12:00", "1 Nov 00:00", "1 Nov 12:00"]),
        ("America/New_York", (2026, 3, 8, 0), (2026, 3, 8, 8), ["00:00", "03:00", "04:00", "06:00"]),
    ],
)
def test_ticks_are_round_by_the_clock_also_when_it_changes(
    zone: str, first: tuple[int, ...], last: tuple[int, ...], times: list[str]
) -> None:
    place = ZoneInfo(zone)
    moments = [datetime(*moment, tzinfo=place).timestamp() for moment in (first, last)]
    chart = timeline(moments, place)
    assert [tick.label for tick in chart.times] == times
    assert all(0 <= tick.percent < 100 for tick in chart.times)


@pytest.mark.parametrize(
    ("calls", "counts"), [(1, "01"), (2, "012"), (3, "024"), (5, "05"), (73, "0 40 80"), (999, "0 500 1,000")]
)
def test_the_counts_of_the_chart_are_round_and_true(calls: int, counts: str) -> None:
    chart = timeline([5.0] * calls)
    assert [tick.label for tick in chart.counts] == (counts.split() if " " in counts else list(counts))
    top = int(chart.counts[-1].label.replace(",", ""))
    assert chart.bars[0].height == HEIGHT * calls / top
    assert chart.bars[0].y + chart.bars[0].height == pytest.approx(HEIGHT)


@given(st.lists(st.floats(0, 4_000_000_000), min_size=1, max_size=50))
def test_every_call_is_in_the_chart_once(moments: list[float]) -> None:
    chart = timeline(sorted(moments))
    top = int(chart.counts[-1].label.replace(",", ""))
    assert sum(round(bar.height * top / HEIGHT) for bar in chart.bars) == len(moments)
    assert all(-0.001 <= bar.x <= WIDTH - bar.width for bar in chart.bars)


def test_an_import_writes_its_page(night: NightlyImport, tmp_path: Path) -> None:
    from airflow_provider_gong.call_import.report.report import ImportReport

    night.plan_night([manifest_row(1, topic="x"), manifest_row(2, direction="x")])
    night.upload()
    ImportReport(night.ledger, folder=tmp_path / "report").run()
    page = Page((tmp_path / "report/report.html").read_text())
    assert page.count("rect") == 1
    assert "1 call was sent" in page.text
    assert "Column 'topic' is unknown" in page.text
    assert "direction: must be one of" in page.text


@pytest.mark.parametrize(
    ("zone", "label"), [("Asia/Kolkata", "00:00"), ("America/St_Johns", "00:00"), ("UTC", "00:00")]
)
def test_axes_have_round_times_of_the_zone(zone: str, label: str) -> None:
    """Zones that are ahead of UTC by parts of an hour have round hours, too."""
    first = 1_800_000_000.0
    chart = timeline([first + 3600 * hour for hour in range(30)], ZoneInfo(zone))
    labels = [tick.label.rpartition(" ")[2] for tick in chart.times]
    assert {text.rpartition(":")[2] for text in labels} == {"00"}
    assert label in labels
