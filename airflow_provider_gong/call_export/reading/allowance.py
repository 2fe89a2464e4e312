"""An export's own share of the day's requests, counted by the hour, no matter who else uses the connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_gong.call_export.reading.reader import GongApi
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongDailyQuotaError

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class AllowedRequests:
    """
    A client of Gong's API that limits its requests in 24 hours.

    :param client: the client
    :param limit: requests in 24 hours; None for no limit
    :param used: requests of earlier runs, by hour
    :param clock: the time
    """

    def __init__(
        self, client: GongApi, limit: int | None, used: Mapping[str, int], clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self.limit = limit
        self._clock = clock
        self._used = {datetime.fromisoformat(hour): count for hour, count in used.items()}
        self.requests = 0

    def run(self, operation: str, *, body: Any = None) -> JsonObject:
        """
        Send an operation.

        :raises GongDailyQuotaError: if the day's share is spent
        """
        now = self._clock()
        self._forget(now)
        if self.limit is not None and sum(self._used.values()) >= self.limit:
            raise GongDailyQuotaError(
                f"The export has sent the {self.limit} requests that it may send in 24 hours.",
                retry_after=max((min(self._used) + _HOUR + _DAY - now).total_seconds(), 1.0),
                operation=operation,
            )
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._used[hour] = self._used.get(hour, 0) + 1
        self.requests += 1
        return self._client.run(operation, body=body)

    @property
    def are_too_few(self) -> bool:
        """Whether all requests of 24 hours have been sent through this client."""
        return self.limit is not None and self.requests >= self.limit

    def used(self) -> dict[str, int]:
        """Return the requests of the last 24 hours, by hour."""
        self._forget(self._clock())
        return {hour.isoformat(): count for hour, count in self._used.items()}

    def _forget(self, now: datetime) -> None:
        self._used = {hour: count for hour, count in self._used.items() if now - hour < _DAY + _HOUR}
