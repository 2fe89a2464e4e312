"""How tasks wait: in the triggerer, briefly on the worker, or until the task's retry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag
from airflow_provider_gong._compat import can_push_none, conf
from airflow_provider_gong._operator import GongOperator, push_keys
from airflow_provider_gong._text import local_time
from airflow_provider_gong.client.errors import GongError, GongRateLimitError
from airflow_provider_gong.retries import fail_without_retry
from airflow_provider_gong.triggers.events import GongTriggerEventError

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

# Tasks that were deferred at the same time resume spread over this many seconds.
_WAKE_UP_SPREAD = 60.0
# Without a triggerer, waits up to this long are spent on the worker.
_LONGEST_SLEEP = 60.0
_SHORTEST_WAIT = 1.0


class WaitingTask(GongOperator):
    """
    An operator that does not occupy a worker while it waits, mainly for the company's request budget.

    :param deferrable: wait in the triggerer; otherwise the task waits on the worker for up to a minute, or fails if the
        wait is longer and leaves it to its retry to continue; default: Airflow's setting ``default_deferrable``
    """

    def __init__(self, *, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = default if deferrable is None else flag("deferrable", deferrable)

    def work(self, context: Context) -> Any:
        """Do the operator's work; it can safely be done again after a wait."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Do the work, and wait when the request budget is used up."""
        return self._work_and_wait(context)

    def execute_complete(self, context: Context, event: Any = None) -> Any:
        """
        Do the work again after the wait.

        :raises GongTriggerEventError: if the event is not from the timer
        """
        match event:
            case {"status": "due"}:
                return self._work_and_wait(context)
        raise GongTriggerEventError(f"task {self.task_id}", event)

    def wait(self, reason: GongError) -> None:
        """
        Wait for as long as an error requires; returns only after a short wait on the worker.

        :raises TaskDeferred: with ``deferrable``
        :raises GongError: the reason, without ``deferrable``, if the wait is too long to occupy a worker
        """
        seconds = max(reason.retry_after or 0.0, _SHORTEST_WAIT)
        due = time.time() + seconds
        is_short = seconds <= _LONGEST_SLEEP
        how = "Deferred" if self.deferrable else "Waiting on the worker" if is_short else "Leaving it to a retry"
        self.log.info("%s until %s: %s", how, local_time(due), reason)
        if self.deferrable:
            # Airflow's own triggers take longer to import than all of a DAG file's operators.
            from airflow_provider_gong.triggers.timer import GongTimerTrigger

            trigger = GongTimerTrigger(due, jitter=min(_WAKE_UP_SPREAD, seconds / 2))
            self.defer(trigger=trigger, method_name="execute_complete")
        if not is_short:
            raise reason
        time.sleep(seconds)

    def _work_and_wait(self, context: Context) -> Any:
        while True:
            try:
                with fail_without_retry():
                    return self._passed_on(context, self.work(context))
            except GongRateLimitError as spent:
                self.wait(spent)

    def _passed_on(self, context: Context, result: Any) -> Any:
        """Return the result, after pushing its keys here if Airflow would fail because a value is None."""
        if self.multiple_outputs and isinstance(result, Mapping) and not can_push_none():
            self.multiple_outputs = False
            push_keys(context, result)
        return result
