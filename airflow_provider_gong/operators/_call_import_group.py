"""The task group of an import, and the results that its tasks leave for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TaskGroup, XComArg
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
