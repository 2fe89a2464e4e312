"""The progress of a phase in the log, its requests, and its result as JSON."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping

from airflow_provider_gong._text import counted, duration
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState
from airflow_provider_gong.store.errors import GongStoreError

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0


class Progress:
    """
    Shows progress at most every few seconds.

    :param verb: the action, such as ``Uploaded``
    :param total: total amount; None if it is not known yet
    :param clock: monotonic seconds
    """

    def __init__(self, verb: str, total: int | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._verb = verb
        self._total = total
        self._clock = clock
        self._started = clock()
        self._shown = self._started
        self._done_before: int | None = None

    @property
    def is_due(self) -> bool:
        """Whether it is time to show progress again; otherwise nothing has to be counted."""
        return self._clock() - self._shown >= _EVERY_SECONDS

    def show(
        self,
        done: int,
        states: Mapping[str, int],
        *,
        sent_bytes: int = 0,
        requests_left: int | None = None,
        waiting: str = "",
        now: bool = False,
    ) -> None:
        """
        Log the progress, if it is time to do so.

        :param done: amount that is done, including earlier attempts
        :param states: number of rows by state
        :param sent_bytes: bytes of recordings that were sent since the job was started
        :param requests_left: requests of the day that may still be sent, None if that is not known
        :param waiting: what the job waits for
        :param now: log in any case
        """
        if self._done_before is None:
            self._done_before = done
        if not now and not self.is_due:
            return
        self._shown = self._clock()
        parts = [*self._speed(done, self._done_before, sent_bytes)]
        parts += [] if requests_left is None else [f"{counted(requests_left, 'request')} left today"]
        parts += [f"{state} {count}" for state, count in sorted(states.items())]
        parts += [f"waits for {waiting}"] if waiting else []
        log.info("%s", ", ".join(parts))

    def _speed(self, done: int, before: int, sent_bytes: int) -> Iterator[str]:
        seconds = self._shown - self._started
        rate = (done - before) / seconds if seconds > 0 else 0.0
        yield f"{self._verb} {done}" + (f" / {self._total}" if self._total is not None else "")
        yield f"{rate:.2f} rows/s"
        if sent_bytes and seconds > 0:
            yield f"{sent_bytes / seconds / 1_000_000:.1f} MB/s"
        if self._total is not None and rate > 0 and done < self._total:
            yield f"about {duration((self._total - done) / rate)} left at this rate"


@contextlib.contextmanager
def counted_requests(ledger: Ledger, client: GongClient | AsyncGongClient) -> Iterator[None]:
    """Count the requests of a client for an import, even if the block fails."""
    try:
        yield
    finally:
        try:
            ledger.add_usage(*client.take_usage())
        except GongStoreError as error:
            # This must not hide another error.
            log.warning("The requests of this task were not counted: %s", error)


def by_state(counts: Mapping[CallState, int]) -> dict[str, int]:
    """Return numbers of rows by state as a JSON object."""
    return {state.value: count for state, count in counts.items()}
