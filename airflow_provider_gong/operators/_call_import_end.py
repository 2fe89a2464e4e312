"""Who is told of the end of an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TriggerRule

if TYPE_CHECKING:
    from airflow_provider_gong._compat import BaseOperator, Context

    Callback = Callable[[Context], Any]


def notify_of_end(plan: BaseOperator, report: BaseOperator, callbacks: Sequence[Callback]) -> None:
    """
    Add callbacks to those that the DAG has given its tasks: of the report, and of a plan whose failure ends the import.

    Where the report runs after a failed plan, it is the one that tells.
    """
    _add(report, "on_success_callback", callbacks)
    _add(report, "on_failure_callback", callbacks)
    if report.trigger_rule != TriggerRule.NONE_SKIPPED:
        _add(plan, "on_failure_callback", callbacks)


def _add(task: BaseOperator, name: str, callbacks: Sequence[Callback]) -> None:
    if callbacks:
        before: Any = getattr(task, name) or []
        setattr(task, name, [*(before if isinstance(before, list | tuple) else [before]), *callbacks])
