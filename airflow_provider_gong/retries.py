"""When and how tasks that use Gong are retried."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client.errors import GongError

if TYPE_CHECKING:
    from airflow_provider_gong._compat import RetryPolicy


@contextlib.contextmanager
def fail_without_retry() -> Iterator[None]:
    """
    Fail the task immediately, whatever its ``retries``, if the block raises an error that a retry cannot fix.

    Other errors are raised as they are, so Airflow retries the task. If the outcome of a request is unknown, the task
    also fails, because a retry could repeat an action. All operators work this way; use this in ``@task`` functions
    that call ``GongHook``.

    :raises AirflowFailException: with the text of the error, which is its cause
    """
    try:
        yield
    except GongError as error:
        if error.retry_can_help or isinstance(error, AirflowFailException):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def gong_retry_policy() -> RetryPolicy | None:
    """
    Return a ``retry_policy`` for tasks that use Gong; None before Airflow 3.3, which has no such policies.

    If the request budget is used up, it waits for as long as Gong requires. After an error that a retry cannot fix, it
    fails immediately. It also works for ``@task`` functions that use ``GongHook``.
    """
    try:
        from airflow_provider_gong._retry_policy import GongRetryPolicy
    except ImportError:
        return None
    return GongRetryPolicy()


def gong_retries(retries: int = 5, retry_delay: timedelta = timedelta(minutes=1)) -> dict[str, Any]:
    """
    Return the retry settings of a task that uses Gong, for ``default_args`` or as arguments of an operator.

    On Airflow 3.3 and later, they include :func:`gong_retry_policy`. On earlier versions, the delay increases with each
    retry, up to an hour.

    :param retries: how often a task is retried
    :param retry_delay: delay before the first retry, unless Gong requires another
    """
    settings: dict[str, Any] = {
        "retries": retries,
        "retry_delay": retry_delay,
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
    }
    policy = gong_retry_policy()
    return settings if policy is None else {**settings, "retry_policy": policy}
