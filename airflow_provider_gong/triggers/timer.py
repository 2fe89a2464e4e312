"""A trigger that waits until a point in time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow_provider_gong._compat import BaseTrigger, TriggerEvent

# The wall clock may be changed while the trigger sleeps.
_LONGEST_SLEEP = 60.0


class GongTimerTrigger(BaseTrigger):
    """
    Fire once at a point in time, even if the triggerer was restarted or is late. Uses neither Gong nor a store.

    :param due: the point in time, in seconds since 1970
    :param jitter: fire up to this many seconds later, at random, so tasks do not all resume at once
    """

    def __init__(self, due: float, jitter: float = 0.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.due = due
        self.jitter = jitter

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the data from which the triggerer creates the trigger."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"due": self.due, "jitter": self.jitter}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event, ``{"status": "due", "due": ...}``."""
        # Only a spread, nothing secret.
        moment = self.due + random.uniform(0.0, self.jitter)  # noqa: S311
        while (left := moment - time.time()) > 0:  # noqa: ASYNC110 - the wall clock decides
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        yield TriggerEvent({"status": "due", "due": self.due})  # type: ignore[no-untyped-call]
