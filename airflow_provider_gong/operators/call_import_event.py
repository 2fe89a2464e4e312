"""The asset event at the end of an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import AirflowSkipException
from airflow_provider_gong._operator import GongOperator
from airflow_provider_gong.call_import.choices import EventOn, EventOnName
from airflow_provider_gong.operators.call_import import SUMMARY_KEY

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context
    from airflow_provider_gong.operators.call_import import GongReportCallImportOperator

_EVENT_KEYS = ("import_id", "company", "rows", "states", "wrong")


class GongCallImportEventOperator(GongOperator):
    """
    Publish an event for the assets in ``outlets`` when an import has finished, unless the task is skipped.

    ``gong_call_import(..., outlets=[...])`` adds this task after the report as a teardown, so it never changes the
    state of the DAG run. The extra of each event contains ``import_id``, ``company``, ``rows``, ``states`` and
    ``wrong``.

    :param report_task_id: id of the import's report task
    :param event_on: ``success`` publishes the event if at most ``max_failed`` rows are wrong; ``end`` publishes it
        however many rows are wrong. Neither publishes it while rows are unfinished
    :param max_failed: as for ``GongReportCallImportOperator``
    :param outlets: the assets, such as ``Asset("gong://us-12345/calls")``
    :return: the extra of the events
    """

    ui_color = "#b99bee"

    def __init__(
        self,
        *,
        report_task_id: str,
        event_on: EventOnName = "success",
        max_failed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report_task_id = report_task_id
        self.event_on = EventOn.of("event_on", event_on)
        self.max_failed = max_failed

    def execute(self, context: Context) -> dict[str, Any]:
        """Add the counts to the events, which Airflow publishes when the task succeeds."""
        ti = context["ti"]
        summary = ti.xcom_pull(task_ids=self.report_task_id, key=SUMMARY_KEY, map_indexes=ti.map_index)
        if not isinstance(summary, Mapping):
            raise AirflowSkipException("The import has no report, so no event is published.")
        if summary["unfinished"]:
            raise AirflowSkipException("The import is unfinished, so no event is published.")
        if self.event_on is EventOn.SUCCESS and summary["wrong"] > self.max_failed:
            raise AirflowSkipException('More rows are wrong than max_failed, and event_on is "success".')
        extra = {key: summary[key] for key in _EVENT_KEYS}
        outlets: Sequence[Any] = self.outlets
        for outlet in outlets:
            context["outlet_events"][outlet].extra.update(extra)
        return extra


def event_after(report: GongReportCallImportOperator, outlets: Sequence[Any], event_on: Any) -> Any:
    """Return the task that publishes the event, as a teardown, which does not affect the DAG run's state."""
    return GongCallImportEventOperator(
        task_id="event",
        report_task_id=report.task_id,
        event_on=event_on,
        max_failed=report.max_failed,
        outlets=list(outlets),
    ).as_teardown()
