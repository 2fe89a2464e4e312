"""How tasks that talk to Gong are best tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_gong._compat import RetryPolicy


def gong_retry_policy() -> RetryPolicy | None:
    """
    Return a ``retry_policy`` for tasks that talk to Gong; None before Airflow 3.3, which knows no such policies.

    It waits as long as Gong asks for when the request budget is used up, and fails at once after an error that no
    retry can mend. Also right for ``@task`` functions that use ``GongHook``.
    """
    try:
        from airflow_provider_gong._retry_policy import GongRetryPolicy
    except ImportError:
        return None
    return GongRetryPolicy()


def gong_retries(retries: int = 5, retry_delay: timedelta = timedelta(minutes=1)) -> dict[str, Any]:
    """
    Return the retry settings of a task that talks to Gong, for ``default_args`` or as arguments of an operator.

    With Airflow 3.3 and later they hold :func:`gong_retry_policy`; with earlier versions the delay grows with each
    try, up to an hour.

    :param retries: how often a task is tried again
    :param retry_delay: delay before the first retry, where Gong does not ask for another
    """
    settings: dict[str, Any] = {
        "retries": retries,
        "retry_delay": retry_delay,
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
    }
    policy = gong_retry_policy()
    return settings if policy is None else {**settings, "retry_policy": policy}
