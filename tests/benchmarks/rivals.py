"""What else could pace requests: the budget's competitors, behind the same protocol."""

from __future__ import annotations

import time
from pathlib import Path

from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
from airflow_provider_gong.client.pacing import Share, Slot
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.fallback import FallbackBudget

PER_SECOND = 3
PER_DAY = 10**9


class Unpaced:
    """No pacing: the process waits only where Gong has told it to wait."""

    def __init__(self) -> None:
        self._opens_at = 0.0

    def reserve(self, max_wait: float) -> Slot:
        return Slot(max(self._opens_at - time.monotonic(), 0.0), 0)

    def confirm(self, slot: Slot) -> bool:
        return True

    def close(self, retry_after: float) -> None:
        self._opens_at = time.monotonic() + retry_after


class GeneralLibrary(Unpaced):
    """pyrate-limiter with its bucket in SQLite and its file lock, as its manual has it for several processes."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from pyrate_limiter import Duration, limiter_factory

        self._limiter = limiter_factory.create_sqlite_limiter(
            PER_SECOND, Duration.SECOND, db_path=str(folder / "pyrate.db"), use_file_lock=True
        )

    def reserve(self, max_wait: float) -> Slot:
        time.sleep(max(self._opens_at - time.monotonic(), 0.0))
        self._limiter.try_acquire("gong")
        return Slot(0.0, 0)


def shared(url: str) -> RequestBudget:
    """Return the budget of this package, as the hook makes it."""
    share = Share(PER_SECOND, PER_DAY)
    return FallbackBudget(SharedBudget(Store(url, durable=False), "benchmark", share), share)


def budget(kind: str, place: str) -> RequestBudget:
    """Return a way to pace, by its name on the command line."""
    if kind == "shared":
        return shared(place)
    if kind == "library":
        return GeneralLibrary(Path(place))
    return LocalBudget(PER_SECOND, PER_DAY) if kind == "each" else Unpaced()
