"""The retry policy, which can be imported only if Airflow has such policies (3.3 and later)."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jinja2 import UndefinedError

from airflow_provider_gong._compat import RetryDecision, RetryPolicy
from airflow_provider_gong.client.errors import GongError

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

# Tasks that failed at the same time are retried spread over this many seconds.
_SPREAD = 60.0


class GongRetryPolicy(RetryPolicy):
    """
    Retries only if a retry can succeed, and when Gong allows it.

    If the request budget is used up, it waits for as long as necessary. Errors that a retry cannot fix, such as a call
    that Gong refuses, or a template that uses a value that the run does not have, fail immediately. All others follow
    the task's own settings.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide from the error."""
        name = type(exception).__name__
        if isinstance(exception, UndefinedError):
            return RetryDecision.fail(f"{name}: a retry renders the same template")
        if not isinstance(exception, GongError):
            return RetryDecision.default()
        if not exception.retry_can_help:
            return RetryDecision.fail(f"{name}: a retry cannot help")
        if exception.retry_after is not None:
            # Only a spread, nothing secret.
            delay = timedelta(seconds=exception.retry_after + random.uniform(0.0, _SPREAD))  # noqa: S311
            return RetryDecision.retry(delay, f"{name}: waiting for as long as Gong requires")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return the serialized policy, which has no data besides its class."""
        return {"__type": f"{type(self).__module__}.{type(self).__qualname__}"}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> GongRetryPolicy:
        """Create the policy."""
        return cls()
