"""The report of an import: what became of every row, what was wrong, and who has to act."""

from __future__ import annotations

import csv
import functools
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, Protocol

from airflow_provider_gong._text import counted, row_place, shown
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.manifest.csv_cells import escape_cell
from airflow_provider_gong.call_import.manifest.fields import REQUIRED_COLUMNS
from airflow_provider_gong.call_import.manifest.manifest import SURPLUS
from airflow_provider_gong.call_import.outcomes import BAD_STATES
from airflow_provider_gong.call_import.report_page import report_page
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import UNFINISHED, Actor, CallState, ImportRow, Problem

log = logging.getLogger(__name__)

REPORT_CSV = "report.csv"
REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
RETRY_CSV = "retry.csv"
PERMANENT_CSV = "permanent.csv"

_MAX_PROBLEMS = 50
_COLUMNS = (
    "file",
    "row",
    "client_unique_id",
    "title",
    "state",
    "call_id",
    "url",
    "duration",
    "media",
    "media_sha256",
    "sent_by",
    "who",
    "problem",
    "warnings",
)


class Folder(Protocol):
    """Where a report is written: ``pathlib.Path`` and Airflow's ``ObjectStoragePath`` both fit."""

    def __truediv__(self, name: str) -> Any:
        """Return the file of this name."""

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        """Make the folder."""


def summarize(ledger: Ledger) -> dict[str, Any]:
    """
    Return what the report says in short, as a JSON object.

    :raises GongImportFailedError: if the import was never planned
    """
    if not ledger.is_planned():
        raise GongImportFailedError(
            f"Import {ledger.import_id} has no plan, so nothing was imported: its plan task failed or did not run. "
            "Mend what the log of that task says, and clear it."
        )
    counts = ledger.counts()
    sent, refused = ledger.usage()
    actors: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    for row in ledger.rows():
        for problem in row.problems if row.state in BAD_STATES or row.state is CallState.EXISTS else ():
            actors[problem.who] += 1
            if len(problems) < _MAX_PROBLEMS:
                problems.append(
                    {"file": shown(row.file), "row": row.row_number, "state": row.state.value, **problem.as_dict()}
                )
    return {
        "import_id": ledger.import_id,
        "company": ledger.company,
        "rows": sum(counts.values()),
        "states": {state.value: counts[state] for state in CallState if state in counts},
        "unfinished": sum(counts.get(state, 0) for state in UNFINISHED),
        "failed_or_rejected": sum(counts.get(state, 0) for state in BAD_STATES),
        "requests_sent": sent,
        "requests_refused": refused,
        "who_must_act": dict(actors),
        "problems": problems,
    }


def write_report(ledger: Ledger, summary: dict[str, Any], folder: Folder) -> None:
    """
    Write ``report.csv``, ``report.json`` and ``report.html``, ``retry.csv`` and ``permanent.csv`` into a folder.

    ``retry.csv`` holds the rows that Gong never accepted and is a valid next manifest; ``permanent.csv`` those that
    Gong will not take again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / REPORT_JSON, functools.partial(json.dump, summary, indent=2))
    _write(folder / REPORT_CSV, functools.partial(_write_table, columns=_COLUMNS, rows=map(_cells, ledger.rows())))
    _write(folder / REPORT_HTML, lambda file: file.write(report_page(summary, ledger.rows(), ledger.remarks())))
    named = (column for row in ledger.rows() for column in row.source if column != SURPLUS)
    columns = list(dict.fromkeys((*REQUIRED_COLUMNS, *named)))
    for name, belongs in ((RETRY_CSV, _may_be_retried), (PERMANENT_CSV, _is_permanent)):
        rows = (_manifest_cells(row, columns) for row in ledger.rows() if belongs(row))
        _write(folder / name, functools.partial(_write_table, columns=columns, rows=rows))


def log_summary(summary: dict[str, Any]) -> None:
    """Write the summary into the log, as a person reads it."""
    states = ", ".join(f"{count} {state}" for state, count in summary["states"].items()) or "no rows"
    log.info("Import %s: %d rows: %s", summary["import_id"], summary["rows"], states)
    log.info("Requests sent: %d, refused: %d", summary["requests_sent"], summary["requests_refused"])
    for who, count in summary["who_must_act"].items():
        log.warning("%s for %s", counted(count, "problem"), Actor(who).described)
    for problem in summary["problems"]:
        place = row_place(problem["row"], problem["file"])
        what = Problem(**{name: problem[name] for name in ("field", "value", "rule", "remedy", "who")})
        log.warning("%s (%s) %s", place, problem["state"], what)


def require_success(summary: dict[str, Any], max_failed: int) -> None:
    """
    Check whether an import may count as done.

    :raises GongImportFailedError: while rows are unfinished, or if more than ``max_failed`` failed or were rejected
    """
    unfinished, bad = summary["unfinished"], summary["failed_or_rejected"]
    if unfinished:
        raise GongImportFailedError(
            f"{unfinished} of {summary['rows']} rows of import {summary['import_id']} are unfinished. Clear the first "
            "task of the import that failed; it goes on where it was."
        )
    if bad > max_failed:
        raise GongImportFailedError(
            f"{bad} of {summary['rows']} rows of import {summary['import_id']} have failed or were rejected; "
            f"{max_failed} may. The problems stand above and in the report, with who has to act."
        )


def require_canary(import_id: str, counts: Mapping[CallState, int]) -> None:
    """
    Check whether the rows that went first have all arrived, so that the others may follow.

    :param counts: number of these rows by state
    :raises GongImportFailedError: if one of them went wrong
    """
    sent = {state: count for state, count in counts.items() if state is not CallState.REJECTED}
    wrong = {state: count for state, count in sent.items() if state in BAD_STATES | UNFINISHED}
    if wrong:
        states = ", ".join(f"{count} {state.value}" for state, count in wrong.items())
        raise GongImportFailedError(
            f"Of the first {sum(sent.values())} rows of import {import_id}, {states}: the other rows are not sent. The "
            "report says what is wrong. Mend it, and clear the first task of the canary."
        )


def _may_be_retried(row: ImportRow) -> bool:
    never_sent = row.state in (CallState.REJECTED, CallState.PLANNED)
    return never_sent or (row.state is CallState.FAILED and not row.burned)


def _is_permanent(row: ImportRow) -> bool:
    ended = row.state in (CallState.EXISTS, CallState.CHANGED_AFTER_SEND, CallState.NOT_VISIBLE)
    return ended or (row.state is CallState.FAILED and row.burned)


def _manifest_cells(row: ImportRow, columns: Iterable[str]) -> list[str]:
    # With the place of its recording, since the file stands in another folder than the manifest.
    values = row.source | ({"media": row.media} if row.media else {})
    surplus = [values[SURPLUS]] if SURPLUS in values else []
    return [values.get(column, "") for column in columns] + surplus


def _cells(row: ImportRow) -> list[str]:
    who = "; ".join(dict.fromkeys(problem.who for problem in row.problems))
    problems = " | ".join(str(problem) for problem in row.problems)
    warnings = " | ".join(shown(warning) for warning in row.warnings)
    sha256, media = row.media_sha256, shown(row.media or "")
    identity = (shown(row.file), row.row_number, row.client_unique_id, row.title, row.state.value)
    gong = (row.call_id, row.url, row.duration, media, sha256, row.sent_by)
    return ["" if value is None else str(value) for value in (*identity, *gong, who, problems, warnings)]


def _write_table(file: IO[str], columns: Iterable[str], rows: Iterable[list[str]]) -> None:
    writer = csv.writer(file)
    writer.writerow([escape_cell(column) for column in columns])
    writer.writerows([escape_cell(cell) for cell in cells] for cells in rows)


def _write(path: Any, write: Callable[[IO[str]], object]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write(file)
