"""The task group of an import, and what its tasks leave for others."""

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

    Tasks behind the group run once the report is green. A task that is to run in any case has the trigger rule
    ``all_done``, and finds what happened in ``summary``.
    """

    plan: GongPlanCallImportOperator
    upload: Any
    verify: GongVerifyCallImportOperator
    report: GongReportCallImportOperator

    @property
    def summary(self) -> Any:
        """What became of the import, for another task; also if the report fails."""
        return XComArg(self.report, key=SUMMARY_KEY)

    @property
    def report_path(self) -> Any:
        """Folder of the report, for another task; also if the report fails. Needs ``report_path``."""
        return XComArg(self.report, key=REPORT_PATH_KEY)
