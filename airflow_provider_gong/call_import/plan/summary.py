"""The figures of a plan, for people."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from typing import Any

from airflow_provider_gong._text import counted, duration, shown
from airflow_provider_gong.client.resources.calls import MAX_CALL_IDS
from airflow_provider_gong.ledger.plan_draft import PlanDraft

log = logging.getLogger(__name__)

_DAY = 86_400
_MEGABYTE = 1_000_000
_SHOWN_WARNINGS = 20


def estimate(plan: PlanDraft, *, requests_per_second: float, requests_per_day: float) -> dict[str, Any]:
    """
    Return the rows, requests, days of quota, time and bytes of the upload, as a JSON object.

    :param requests_per_second: share of the company's limit
    :param requests_per_day: share of the company's limit that imports may use
    """
    figures = plan.figures()
    reads = math.ceil(figures.to_send / MAX_CALL_IDS)
    push, pull = 2 * figures.to_send + reads, figures.to_send + reads
    requests = push - figures.pulled
    full_days = max(math.ceil(requests / requests_per_day) - 1, 0)
    return {
        "rows": figures.rows,
        "planned": figures.planned,
        "rejected": figures.rejected,
        "already_imported": figures.already_imported,
        "requests": requests,
        "requests_by_push": push,
        "requests_by_pull": pull,
        "quota_days": round(requests / requests_per_day, 2),
        "seconds_at_least": full_days * _DAY + round((requests - full_days * requests_per_day) / requests_per_second),
        "bytes": figures.bytes,
    }


def log_plan(plan: PlanDraft, figures: dict[str, Any]) -> None:
    """Log the plan: its figures as a table, every rejected row, and the first warnings."""
    for line in _table(figures):
        log.info("%s", line)
    if not figures["rows"]:
        log.warning("The manifest has no rows, so there is nothing to import.")
    file = ""
    for row in plan.rows(rejected=True):
        if row.file != file:
            file = row.file
            log.warning("Rejected rows of %s:", shown(file))
        for problem in row.problems:
            log.warning("Row %d, %s: %s", row.row_number, shown(row.client_unique_id) or "no id", problem)
    for warning in itertools.islice(plan.warnings(), _SHOWN_WARNINGS):
        log.warning("%s", warning)
    more = plan.figures().warnings - _SHOWN_WARNINGS
    if more > 0:
        log.warning("%s like these.", counted(more, "more warning"))


def _table(figures: dict[str, Any]) -> Iterator[str]:
    lines = {
        "Rows in the manifest": f"{figures['rows']:,}",
        "Rows without problems": f"{figures['planned']:,}",
        "of these imported before": f"{figures['already_imported']:,}",
        "Rejected rows": f"{figures['rejected']:,}",
        "Requests needed": f"{figures['requests']:,}",
        "if all are pushed": f"{figures['requests_by_push']:,}",
        "if all are pulled": f"{figures['requests_by_pull']:,}",
        "Days of quota": f"{figures['quota_days']:,}",
        "Time, at least": duration(figures["seconds_at_least"]),
        "Upload": f"{figures['bytes'] / _MEGABYTE:,.1f} MB",
    }
    for name, value in lines.items():
        yield f"{name if name[0].isupper() else f'  {name}':<28}{value:>20}"
