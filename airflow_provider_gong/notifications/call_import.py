"""A notifier that sends the outcome of an import through Airflow's notifiers for email, Slack and others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag
from airflow_provider_gong._compat import BaseNotifier
from airflow_provider_gong.notifications._facts import actor_named
from airflow_provider_gong.notifications.outcome import CallImportOutcome
from airflow_provider_gong.operators.call_import import SUMMARY_KEY

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

log = logging.getLogger(__name__)


class GongCallImportNotifier(BaseNotifier):
    """
    Sends the outcome of an import through another notifier, such as Airflow's ``SmtpNotifier`` or ``SlackNotifier``.

    Pass it to ``gong_call_import(..., notifiers=[...])``, or use it as ``on_success_callback`` and
    ``on_failure_callback`` of a ``GongReportCallImportOperator``. Unless ``always`` is set, it sends nothing if all
    rows are right. If rows are wrong, it sends the outcome whether or not the report task failed.

    The texts of an outcome come from manifests and recordings, so they are never rendered as templates. The other
    arguments of the notifier that ``build`` returns are not rendered either.

    :param build: function that receives the outcome (:class:`CallImportOutcome`) and returns the notifier to send
    :param who: only send problems that this actor needs to act on: ``manifest``, ``recording``, ``gong_administrator``
        or ``gong_support``; nothing is sent if there are none. None sends everything
    :param always: also send the outcome if all rows are right
    :raises ValueError: for an unknown actor
    """

    def __init__(
        self, build: Callable[[CallImportOutcome], BaseNotifier], *, who: str | None = None, always: bool = False
    ) -> None:
        super().__init__()
        self.build = build
        self.who = None if who is None else actor_named(who)
        self.always = flag("always", always)

    def notify(self, context: Context) -> None:
        """Send the outcome of the import whose report has ended, or whose plan has ended without a report."""
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
            # Not called in Airflow's way, which would render the outcome's text as a template.
            self.build(outcome).notify(context)


def _summary(context: Context) -> dict[str, Any] | None:
    try:
        ti = context["ti"]
        found = ti.xcom_pull(task_ids=ti.task_id, key=SUMMARY_KEY, map_indexes=ti.map_index)
    except Exception:
        # For a task whose worker was killed, Airflow may run callbacks where XComs cannot be read.
        log.warning("The summary of the import cannot be read here.", exc_info=True)
        return None
    return found if isinstance(found, dict) else None


def _report(context: Context) -> str | None:
    folder = getattr(context.get("task"), "report_path", None)
    return f"{str(folder).rstrip('/')}/report.html" if folder else None


def _log_url(context: Context) -> str | None:
    url = getattr(context.get("ti"), "log_url", None)
    return url if isinstance(url, str) else None
