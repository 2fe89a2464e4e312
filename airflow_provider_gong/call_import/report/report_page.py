"""The report as one HTML page that needs nothing else: no scripts, no files, no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any

from airflow_provider_gong._text import counted, row_place, shown
from airflow_provider_gong.call_import.report.summary import has_problems
from airflow_provider_gong.ledger.rows import Actor, ImportRow, Problem

_MAX_PROBLEMS = 200
_MAX_WARNINGS = 200
_BARS = 60
_WIDTH, _HEIGHT = 900, 120
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ddd; }
td { overflow-wrap: anywhere; }
td.number { text-align: right; width: 6em; }
svg { width: 100%; height: auto; background: #f6f3fb; }
rect { fill: #7b4fc9; }
""".strip()


@dataclass(slots=True)
class _Findings:
    """
    What the page shows of the rows, collected while they are walked once.

    :param sent_at: when each call was sent, in seconds since 1970
    :param problems: table rows, by who must act
    :param counts: number of problems, by who must act
    :param warnings: what the plan noticed on rows
    :param warning_count: number of these, with those that are not shown
    """

    sent_at: list[float] = field(default_factory=list)
    problems: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    warnings: list[str] = field(default_factory=list)
    warning_count: int = 0

    def add(self, row: ImportRow) -> None:
        if row.sent_at is not None:
            self.sent_at.append(row.sent_at)
        if has_problems(row.state):
            for problem in row.problems:
                self._add_problem(row, problem)
        for warning in row.warnings:
            self.warning_count += 1
            if len(self.warnings) < _MAX_WARNINGS:
                self.warnings.append(f"{row_place(row.row_number, row.file)}: {warning}")

    def _add_problem(self, row: ImportRow, problem: Problem) -> None:
        self.counts[problem.who] += 1
        if len(self.problems[problem.who]) < _MAX_PROBLEMS:
            place = row_place(row.row_number, row.file)
            what = f"{problem.field}: {problem.rule} (got {problem.value})"
            self.problems[problem.who].append([place, row.client_unique_id, row.state.value, what, problem.remedy])


def report_page(summary: Mapping[str, Any], rows: Iterable[ImportRow], remarks: Sequence[str]) -> str:
    """
    Return the page. Nothing that a manifest, a file or Gong says can be anything but text in it.

    :param summary: the report in short
    :param rows: all rows of the import
    :param remarks: what the plan noticed on the manifest as a whole
    """
    findings = _Findings()
    for row in rows:
        findings.add(row)
    title = f"Gong import {_text(summary['import_id'])}"
    parts = [
        f"<h1>{title}</h1>",
        _verdict(summary),
        _table(("state", "rows"), summary["states"].items()),
        "<h2>Upload</h2>",
        _timeline(sorted(findings.sent_at)),
        f"<p>{summary['requests_sent']} requests were sent, {summary['requests_refused']} of them refused.</p>",
        *_problem_sections(findings),
        *_warning_section(remarks, findings),
    ]
    return _document(title, parts)


def _document(title: str, parts: Sequence[str]) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(parts) + "\n</body>\n</html>\n"


def _verdict(summary: Mapping[str, Any]) -> str:
    return (
        f"<p>Company {_text(summary['company'])}: {summary['rows']} rows, {summary['unfinished']} unfinished, "
        f"{summary['failed_or_rejected']} failed or rejected.</p>"
    )


def _problem_sections(findings: _Findings) -> Iterable[str]:
    if not findings.counts:
        yield "<h2>Problems</h2>\n<p>None.</p>"
    for who, problems in findings.problems.items():
        yield f"<h2>{counted(findings.counts[who], 'problem')} for {_text(Actor(who).described)}</h2>"
        yield _table(("row", "id", "state", "what is wrong", "what to do"), problems)
        if len(problems) < findings.counts[who]:
            yield f"<p>{findings.counts[who] - len(problems)} more stand in report.csv.</p>"


def _warning_section(remarks: Sequence[str], findings: _Findings) -> Iterable[str]:
    if remarks or findings.warnings:
        yield "<h2>Warnings of the plan</h2>\n<ul>"
        yield from (f"<li>{_text(warning)}</li>" for warning in (*remarks, *findings.warnings))
        yield "</ul>"
    if findings.warning_count > len(findings.warnings):
        yield f"<p>{findings.warning_count - len(findings.warnings)} more stand in report.csv.</p>"


def _table(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = ["<table>", f"<tr>{''.join(f'<th>{_text(name)}</th>' for name in header)}</tr>"]
    lines += [f"<tr>{''.join(map(_cell, cells))}</tr>" for cells in rows]
    return "\n".join([*lines, "</table>"])


def _cell(value: Any) -> str:
    return f'<td class="number">{value}</td>' if isinstance(value, int) else f"<td>{_text(value)}</td>"


def _timeline(moments: Sequence[float]) -> str:
    """Return a picture of how many calls were sent when."""
    if not moments:
        return "<p>Nothing was sent.</p>"
    first, last = moments[0], moments[-1]
    counts = [0] * _BARS
    for moment in moments:
        counts[min(int((moment - first) / ((last - first) or 1.0) * _BARS), _BARS - 1)] += 1
    label = f"{len(moments)} calls were sent from {_moment(first)} to {_moment(last)}"
    bars = (_bar(place, count / max(counts)) for place, count in enumerate(counts) if count)
    picture = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(bars)}</svg>'
    return f"{picture}\n<p>{label}, at most {max(counts)} in {(last - first) / _BARS:.0f} s.</p>"


def _bar(place: int, share: float) -> str:
    width, height = _WIDTH / _BARS, share * _HEIGHT
    return f'<rect x="{place * width:.1f}" y="{_HEIGHT - height:.1f}" width="{width - 1:.1f}" height="{height:.1f}"/>'


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _text(value: object) -> str:
    return escape(shown(str(value)), quote=True)
