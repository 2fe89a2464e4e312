"""Waiting in the triggerer, instead of on a worker, until the company's request budget has room again."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_gong._compat import BaseOperator, conf
from airflow_provider_gong.client.errors import GongRateLimitError
from airflow_provider_gong.triggers.timer import GongTimerTrigger

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

# Tasks that were parked at the same time wake up spread over this many seconds.
_WAKE_UP_SPREAD = 60.0


class ParkingTask(BaseOperator):
    """
    An operator that is parked while the company's request budget is used up, and starts anew afterwards.

    :param deferrable: park in the triggerer; otherwise the task fails and its retry tries again; default: Airflow's
        setting ``default_deferrable``
    """

    def __init__(self, *, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = default if deferrable is None else deferrable

    def work(self, context: Context) -> Any:
        """Do what the operator is for; safe to be done again after a ``GongRateLimitError``."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Do the work, or park."""
        return self._work_or_park(context)

    def resume(self, context: Context, event: Any = None) -> Any:
        """Do the work after parking."""
        return self._work_or_park(context)

    def _work_or_park(self, context: Context) -> Any:
        try:
            return self.work(context)
        except GongRateLimitError as spent:
            if not self.deferrable:
                raise
            self._park(spent)

    def _park(self, spent: GongRateLimitError) -> NoReturn:
        due = time.time() + max(spent.retry_after, 1.0)
        jitter = min(_WAKE_UP_SPREAD, max(spent.retry_after, 1.0) / 2)
        earliest = datetime.now().astimezone() + timedelta(seconds=spent.retry_after)
        self.log.info("Parked until %s: %s", earliest.isoformat(timespec="seconds"), spent.message)
        self.defer(trigger=GongTimerTrigger(due, jitter), method_name="resume")
