"""The task group of an import, and the results that its tasks leave for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TaskGroup, TriggerRule, XComArg
from airflow_provider_gong.call_import.choices import OnRejected
from airflow_provider_gong.operators.call_import import REPORT_PATH_KEY, SUMMARY_KEY

if TYPE_CHECKING:
    from airflow_provider_gong.operators.call_import import (
        GongPlanCallImportOperator,
        GongReportCallImportOperator,
        GongVerifyCallImportOperator,
    )


class CallImportGroup(TaskGroup):
    """
    The tasks of an import: ``plan``, ``upload``, ``verify`` and ``report``; with ``dry_run`` there is only ``plan``.

    Tasks after the group run when the report has succeeded. A task with the trigger rule ``all_done`` always runs and
    can read the outcome in ``summary``.
    """

    plan: GongPlanCallImportOperator
    upload: Any
    verify: GongVerifyCallImportOperator
    report: GongReportCallImportOperator

    @property
    def summary(self) -> Any:
        """The outcome of the import, for another task; set even if the report fails."""
        return XComArg(self.report, key=SUMMARY_KEY)

    @property
    def report_path(self) -> Any:
        """Folder of the report, for another task; set even if the report fails. Requires ``report_path``."""
        return XComArg(self.report, key=REPORT_PATH_KEY)


def report_rule(dag: Any, on_rejected: str, *, is_mapped: bool) -> str:
    """
    Return the trigger rule of the report, which runs after upload and verification whether or not they succeeded.

    If the plan is skipped, so is the report. If the plan fails, there is nothing to report, unless it failed because of
    single rows. Airflow before 3.1 has no such rule, so there the report fails as well if the plan fails. The same
    applies in a mapped task group: if that is mapped over the result of a task, Airflow (3.3.2, ``TriggerRuleDep``)
    applies this rule before it maps the report, finds no successful task, and never runs the report. As a setup task,
    the plan would stop the report everywhere, but clearing the upload would clear the plan as well. A DAG that fails
    fast runs nothing after a failure, and may have no other rule than Airflow's default.
    """
    # Airflow 2 has another name for it.
    if getattr(dag, "fail_fast", False) or getattr(dag, "fail_stop", False):
        return str(TriggerRule.ALL_SUCCESS.value)
    fails_too = is_mapped or on_rejected != OnRejected.CONTINUE
    rule = None if fails_too else getattr(TriggerRule, "ALL_DONE_MIN_ONE_SUCCESS", None)
    return str((rule or TriggerRule.NONE_SKIPPED).value)
