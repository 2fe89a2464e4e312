"""The report as a self-contained HTML page: no scripts, no other files, no network."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from airflow_provider_gong._text import counted, duration, row_place, shown, zone_time
from airflow_provider_gong.call_import.report.summary import has_problems
from airflow_provider_gong.call_import.report.timeline import HEIGHT, WIDTH, timeline
from airflow_provider_gong.ledger.rows import Actor, CallState, ImportRow, Problem

_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_MAX_PROBLEMS = 200
_MAX_WARNINGS = 200
_MAX_CALLS = 200


@dataclass(frozen=True, slots=True)
class PageFacts:
    """
    What a page shows besides the rows.

    :param manifest: the manifest's name
    :param dag_run: the DAG run that imported it
    :param zone: IANA time zone of the page's times
    :param written_at: when the page is written, in seconds since 1970
    """

    manifest: str = ""
    dag_run: str = ""
    zone: tzinfo = UTC
    written_at: float = field(default_factory=time.time)


@dataclass(slots=True)
class _Some:
    """The first entries of a list, and the number of all."""

    most: int
    entries: list[Any] = field(default_factory=list)
    count: int = 0

    def add(self, entry: Any) -> None:
        self.count += 1
        if len(self.entries) < self.most:
            self.entries.append(entry)

    @property
    def more(self) -> int:
        return self.count - len(self.entries)


@dataclass(slots=True)
class _Findings:
    """
    What the page shows of the rows, collected in one pass.

    :param sent_at: when each call was sent, in seconds since 1970
    :param problems: rows and their problems, by who must act
    :param warnings: the plan's warnings
    :param calls: rows whose call is in Gong
    """

    sent_at: list[float] = field(default_factory=list)
    problems: dict[Actor, _Some] = field(default_factory=lambda: defaultdict(lambda: _Some(_MAX_PROBLEMS)))
    warnings: _Some = field(default_factory=lambda: _Some(_MAX_WARNINGS))
    calls: _Some = field(default_factory=lambda: _Some(_MAX_CALLS))

    def add(self, row: ImportRow) -> None:
        if row.sent_at is not None:
            self.sent_at.append(row.sent_at)
        if has_problems(row.state):
            for problem in row.problems:
                self.problems[problem.who].add((row, problem))
        if row.state is CallState.VERIFIED:
            self.calls.add(row)
        for warning in row.warnings:
            self.warnings.add(f"{_row(row)}: {warning}")


def report_page(
    summary: Mapping[str, Any], rows: Iterable[ImportRow], remarks: Sequence[str], about: PageFacts | None = None
) -> str:
    """
    Return the page. Values from manifests, files and Gong are always escaped as text.

    :param summary: the report's summary
    :param rows: all rows of the import
    :param remarks: the plan's remarks on the manifest as a whole
    :param about: what the page shows besides the rows
    """
    about = about or PageFacts()
    findings = _Findings()
    for row in rows:
        findings.add(row)
    moments = sorted(findings.sent_at)
    page: str = _template().render(
        summary=summary,
        verdict=verdict(summary),
        about=about,
        written_at=zone_time(about.written_at, about.zone),
        timeline=timeline(moments, about.zone) if moments else None,
        picture={"width": WIDTH, "height": HEIGHT},
        problems=findings.problems,
        remarks=remarks,
        warnings=findings.warnings,
        calls=findings.calls,
    )
    return page


def verdict(summary: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind of the verdict and its text."""
    rows, unfinished, wrong = summary["rows"], summary["unfinished"], summary["wrong"]
    if unfinished:
        return "unfinished", f"{unfinished} of {counted(rows, 'row')} {'is' if unfinished == 1 else 'are'} unfinished"
    if wrong:
        return "wrong", f"{wrong} of {counted(rows, 'row')} {'is' if wrong == 1 else 'are'} wrong"
    return "right", "No row is wrong" if rows else "There are no rows"


def html_template(file: Path, finalize: Callable[[Any], Any] | None = None, **filters: Callable[..., Any]) -> Template:
    """
    Return an HTML template that escapes every value and fails on missing ones.

    :param file: the template
    :param finalize: applied to each value before it is escaped
    :param filters: filters in addition to ``counted``
    """
    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"counted": counted, **filters}
    return environment.get_template(file.name)


@functools.cache
def _template() -> Template:
    return html_template(_TEMPLATE, _finalize, duration=duration, link=_link, problem=_problem, row=_row)


def _finalize(value: Any) -> Any:
    """Make text safe to show before it is escaped."""
    return value if isinstance(value, Markup | int | float) else shown(str(value))


def _row(row: ImportRow) -> str:
    return row_place(row.row_number, row.file, row.line)


def _problem(problem: Problem) -> str:
    return f"{problem.field}: {problem.rule} (got {problem.value})"


def _link(row: ImportRow) -> str:
    """Return the id of a call, as a link if Gong has given its page."""
    call_id = shown(row.call_id or "")
    if not (row.url or "").startswith("https://"):
        return call_id
    # Unlike other URLs, not shortened: the query names the call.
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(row.url, call_id)
