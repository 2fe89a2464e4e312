"""The phases of an export that keeps itself up to date: plan, read, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag, whole_number
from airflow_provider_gong._text import counted
from airflow_provider_gong.operators._call_export import CallExportOperator
from airflow_provider_gong.operators._waiting import WaitingTask
from airflow_provider_gong.retries import fail_without_retry

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context, XComArg

SUMMARY_KEY = "summary"
"""XCom key of the plan's figures."""

_COUNTED = (
    "days_read",
    "requests",
    "missing_transcripts",
    "private_calls",
    "suspects",
    "removed_calls",
)


class GongPlanCallExportOperator(CallExportOperator):
    """
    Plan an export: find out which days are due, why, and how many requests they need. Sends no requests.

    :param lookback: every run reads the days that started within this time, such as ``7d`` or a ``timedelta``
    :param sweep: share of ``daily_requests`` used to read all other days again, each within 30 days if the share is
        large enough; 0 turns it off
    :param backfill_from: first day of the export, such as ``2023-01-01`` (templated); default: the first exported day,
        or the first day of the lookback
    :param daily_requests: maximum number of requests of the export in 24 hours; default: all that the connection allows
    :param workers: number of tasks that the days are distributed over
    :return: the days, as a list for each reading task; the XCom ``summary`` contains the figures of the plan
    :raises GongExportError: if the settings are wrong, or the folder contains another export
    """

    template_fields: Sequence[str] = (*CallExportOperator.template_fields, "backfill_from")
    ui_color = "#d6e9f8"

    def __init__(
        self,
        *,
        lookback: str | timedelta = "7d",
        sweep: float = 0.08,
        backfill_from: str | date | None = None,
        daily_requests: int | None = None,
        workers: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=False, **kwargs)
        self.lookback = lookback
        self.sweep = sweep
        self.backfill_from = backfill_from
        self.daily_requests = daily_requests
        self.workers = whole_number("workers", workers, at_least=1)

    def execute(self, context: Context) -> list[list[str]]:
        """Plan the export."""
        from airflow_provider_gong.call_export.days import day_of, duration_of
        from airflow_provider_gong.call_export.planning import PlanSettings

        with fail_without_retry():
            quota = self.hook.settings.share(bulk=True).requests_per_day
            settings = PlanSettings(
                lookback=duration_of("lookback", self.lookback),
                backfill_from=day_of("backfill_from", self.backfill_from) if self.backfill_from else None,
                sweep_share=self.sweep,
                daily_requests=quota if self.daily_requests is None else self.daily_requests,
            )
            export = self.export
            export.folder.require_writable()
            plan = export.plan(settings)
        summary = plan.summary()
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["reasons"].items())
        self.log.info(
            "%s due (%s): about %s, %s days of quota.",
            counted(summary["days"], "day"),
            reasons or "none",
            counted(summary["requests"], "request"),
            summary["quota_days"],
        )
        for remark in plan.remarks:
            self.log.warning("%s", remark)
        days = [day.isoformat() for day in plan.days]
        context["ti"].xcom_push(key=SUMMARY_KEY, value=summary)
        return [days[number :: self.workers] for number in range(self.workers)]


class GongReadCallExportOperator(WaitingTask, CallExportOperator):
    """
    Read days from Gong, and replace the files of those that have changed.

    Calls ``POST /v2/calls/extensive`` and ``POST /v2/calls/transcript``. Can be retried at any time. Deferred while the
    day's requests are used up.

    :param days: the days, such as ``2026-11-20`` or ``2026-11-01..2026-11-30``, or lists of them (templated)
    :param daily_requests: maximum number of requests of this task in 24 hours; default: all that the connection allows
    :param leaves_shrunk: leave days with missing calls to a later task that gets the same days without this option,
        because only the run as a whole shows whether calls were deleted or the access key can no longer see them
    :param deferrable: wait in the triggerer while the requests are used up; default: Airflow's setting
    :return: days read and changed, rows by table, requests, missing transcripts, suspects, path of the manifests
    :raises GongExportShrinkError: if so many calls are missing that the access key is the more likely reason
    """

    template_fields: Sequence[str] = (*CallExportOperator.template_fields, "days")
    ui_color = "#b9d9f2"

    def __init__(
        self,
        *,
        days: Sequence[str] | XComArg | str,
        daily_requests: int | None = None,
        leaves_shrunk: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.days: Any = days
        self.daily_requests = None if daily_requests is None else whole_number("daily_requests", daily_requests, 1)
        self.leaves_shrunk = flag("leaves_shrunk", leaves_shrunk)

    def work(self, context: Context) -> dict[str, Any]:
        """Read the days."""
        from airflow_provider_gong.call_export.days import parse_days

        worker = f"worker-{max(context['ti'].map_index or 0, 0)}"
        # A single task reads all batches, a mapped one only its own.
        with fail_without_retry():
            days = [day for text in _texts(self.days) for day in parse_days("days", text)]
        return self.read_days(
            context, days, worker=worker, daily_requests=self.daily_requests, leaves_shrunk=self.leaves_shrunk
        )


def _texts(days: Any) -> Iterator[str]:
    """Yield the days in lists of days."""
    if isinstance(days, str | date):
        yield str(days)
        return
    for day in days:
        yield from _texts(day)


def _flat(results: Any) -> Iterator[dict[str, Any]]:
    """Yield the results of tasks; the result of a mapped task is a list."""
    if isinstance(results, dict):
        yield results
        return
    for result in results:
        yield from _flat(result)


class GongReportCallExportOperator(CallExportOperator):
    """
    Report what an export has done and its state. Sends no requests.

    :param results: the results of the reading tasks (templated)
    :return: the results of all reading tasks together, and in ``changed_days`` all days that have changed since the
        previous report of this task, no matter what changed them
    """

    template_fields: Sequence[str] = (*CallExportOperator.template_fields, "results")
    ui_color = "#9cc8ec"

    def __init__(self, *, results: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results

    def execute(self, context: Context) -> dict[str, Any]:
        """Report."""
        results = list(_flat(self.results))
        report: dict[str, Any] = {name: sum(result[name] for result in results) for name in _COUNTED}
        for name in ("rows", "unknown_fields"):
            counts: Counter[str] = Counter()
            for result in results:
                counts.update(result[name])
            report[name] = dict(counts)
        # Includes days changed by a failed run, by a person or by another DAG.
        report["changed_days"] = self.export.days_changed_for(f"{self.dag_id}.{self.task_id}", context["run_id"])
        report["days_changed"] = len(report["changed_days"])
        report["manifests"] = results[0]["manifests"] if results else ""
        self._show(report)
        return report

    def _show(self, report: dict[str, Any]) -> None:
        self.log.info(
            "Read %s with %s; %d changed since the last report. %s, %s left out.",
            counted(report["days_read"], "day"),
            counted(report["requests"], "request"),
            report["days_changed"],
            counted(report["missing_transcripts"], "missing transcript"),
            counted(report["private_calls"], "private call"),
        )
        if report["suspects"]:
            self.log.warning(
                "Gong no longer shows %d exported calls. A run at least 20 hours later removes those that are still "
                "missing.",
                report["suspects"],
            )
        if report["unknown_fields"]:
            self.log.warning("Gong fields without a column are kept in 'extra': %s", report["unknown_fields"])
