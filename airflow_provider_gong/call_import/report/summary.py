"""The summary of an import's report, and whether the import counts as done."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_gong._text import counted, shown
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.planned import require_plan
from airflow_provider_gong.call_import.progress import by_state
from airflow_provider_gong.ledger.rows import UNFINISHED, WRONG, Actor, CallState, Problem
from airflow_provider_gong.ledger.view import ImportView

log = logging.getLogger(__name__)

_MAX_PROBLEMS = 50


def summarize(ledger: ImportView) -> dict[str, Any]:
    """
    Return the report's summary as a JSON object.

    :raises GongImportFailedError: if the import was never planned, or rows of its plan are lost
    """
    require_plan(ledger)
    counts = ledger.counts()
    sent, refused = ledger.usage()
    actors: Counter[str] = Counter()
    problems: list[dict[str, Any]] = []
    for row in ledger.rows():
        for problem in row.problems if has_problems(row.state) else ():
            actors[problem.who] += 1
            if len(problems) < _MAX_PROBLEMS:
                problems.append(
                    {
                        "file": shown(row.file),
                        "row": row.row_number,
                        "line": row.line,
                        "client_unique_id": shown(row.client_unique_id),
                        "title": shown(row.title or ""),
                        "state": row.state.value,
                        **problem.as_dict(),
                    }
                )
    return {
        "import_id": ledger.import_id,
        "company": ledger.company,
        "rows": sum(counts.values()),
        "states": by_state({state: counts[state] for state in CallState if state in counts}),
        "unfinished": _number(counts, UNFINISHED),
        "wrong": _number(counts, WRONG),
        "requests_sent": sent,
        "requests_refused": refused,
        "who_must_act": dict(actors),
        "problems": problems,
    }


def log_summary(summary: dict[str, Any]) -> None:
    """Log the summary in a readable form."""
    states = ", ".join(f"{count} {state}" for state, count in summary["states"].items()) or "no rows"
    log.info("Import %s: %s: %s", summary["import_id"], counted(summary["rows"], "row"), states)
    log.info("Requests sent: %d, refused: %d", summary["requests_sent"], summary["requests_refused"])
    for who, count in summary["who_must_act"].items():
        log.warning("%s for %s", counted(count, "problem"), Actor(who).described)
    file = ""
    for problem in summary["problems"]:
        if problem["file"] != file:
            file = problem["file"]
            log.warning("Rows of %s:", file)
        what = Problem(**{name: problem[name] for name in ("field", "value", "rule", "remedy", "who", "is_final")})
        ident = problem["client_unique_id"] or "no id"
        log.warning("Row %d, %s, is %s: %s", problem["row"], ident, problem["state"], what)


def has_problems(state: CallState) -> bool:
    """Return whether the problems of a row in this state need a person."""
    return state in WRONG or state is CallState.EXISTS


def require_green(summary: Mapping[str, Any], max_failed: int) -> None:
    """
    Check whether an import counts as done: no row is unfinished, and at most ``max_failed`` are wrong.

    :param max_failed: number of rows that may be wrong
    :raises GongImportFailedError: if it does not count as done
    """
    unfinished, wrong = summary["unfinished"], summary["wrong"]
    rows = counted(summary["rows"], "row")
    if unfinished:
        is_unsent = any(summary["states"].get(state.value) for state in (CallState.PLANNED, CallState.CREATED))
        raise GongImportFailedError(
            f"Import {summary['import_id']} is unfinished: {unfinished} of {rows}. Clear the first failed task of the "
            f"import with those after it, or the {'upload' if is_unsent else 'verify'} task if only the report failed; "
            "it resumes where it stopped."
        )
    if wrong > max_failed:
        raise GongImportFailedError(
            f"Import {summary['import_id']} has failed: {wrong} of {rows} {'is' if wrong == 1 else 'are'} "
            f"wrong; max_failed is {max_failed}. The log above and the report show the problems and who needs to act."
        )


def _number(counts: Mapping[CallState, int], states: Iterable[CallState]) -> int:
    return sum(counts.get(state, 0) for state in states)
