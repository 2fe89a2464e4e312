"""A notifier that hands the outcome of an import to Airflow's notifiers for email, Slack and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import BaseNotifier
from airflow_provider_gong.notifications._facts import actor_named
from airflow_provider_gong.notifications.outcome import CallImportOutcome
from airflow_provider_gong.operators.call_import import SUMMARY_KEY

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context


class GongCallImportNotifier(BaseNotifier):
    """
    Sends what became of an import through another notifier, such as Airflow's ``SmtpNotifier`` or ``SlackNotifier``.

    Give it to ``gong_call_import(..., notifiers=[...])``, or use it as ``on_success_callback`` and
    ``on_failure_callback`` of a ``GongReportCallImportOperator``. It is silent about an import that is right, unless
    ``always`` is set, and otherwise speaks whether the report task failed or is green with rejected rows.

    The texts of an outcome come from manifests and recordings, so they are never rendered as templates. Neither are
    the other arguments of the notifier that ``build`` returns.

    :param build: function that receives the outcome (:class:`CallImportOutcome`) and returns the notifier to send
    :param who: send only what this actor has to act on: ``manifest``, ``recording``, ``gong_administrator`` or
        ``gong_support``; an import without a problem for this actor is silent. None sends everything
    :param always: also send the outcome of an import that is right
    :raises ValueError: for an unknown actor
    """

    def __init__(
        self, build: Callable[[CallImportOutcome], BaseNotifier], *, who: str | None = None, always: bool = False
    ) -> None:
        super().__init__()
        self.build = build
        self.who = None if who is None else actor_named(who)
        self.always = always

    def notify(self, context: Context) -> None:
        """Send the outcome of the import whose report, or whose plan without a report, has ended."""
        error = context.get("exception")
        outcome = CallImportOutcome.of(
            _summary(context),
            report=_report(context),
            log_url=_log_url(context),
            error=None if error is None else str(error),
        )
        if self.who is not None:
            if not outcome.problems_for(self.who):
                return
            outcome = outcome.only(self.who)
        if self.always or outcome.needs_action:
            # Not called as Airflow calls it: that would render what the outcome says as a template.
            self.build(outcome).notify(context)


def _summary(context: Context) -> dict[str, Any] | None:
    ti = context["ti"]
    found = ti.xcom_pull(task_ids=ti.task_id, key=SUMMARY_KEY, map_indexes=ti.map_index)
    return found if isinstance(found, dict) else None


def _report(context: Context) -> str | None:
    folder = getattr(context.get("task"), "report_path", None)
    return f"{str(folder).rstrip('/')}/report.html" if folder else None


def _log_url(context: Context) -> str | None:
    url = getattr(context["ti"], "log_url", None)
    return url if isinstance(url, str) else None
