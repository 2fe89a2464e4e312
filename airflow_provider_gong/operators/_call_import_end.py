"""Notifications at the end of an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TriggerRule

if TYPE_CHECKING:
    from airflow_provider_gong._compat import BaseOperator, Context

    Callback = Callable[[Context], Any]


def notify_of_end(plan: BaseOperator, report: BaseOperator, callbacks: Sequence[Callback]) -> None:
    """
    Add callbacks to those that the DAG already has: to the report, and to the plan if its failure ends the import.

    If the report runs even after a failed plan, only the report notifies.
    """
    _add(report, "on_success_callback", callbacks)
    _add(report, "on_failure_callback", callbacks)
    if report.trigger_rule != TriggerRule.NONE_SKIPPED:
        _add(plan, "on_failure_callback", callbacks)


def _add(task: BaseOperator, name: str, callbacks: Sequence[Callback]) -> None:
    if callbacks:
        before: Any = getattr(task, name) or []
        setattr(task, name, [*(before if isinstance(before, list | tuple) else [before]), *callbacks])
