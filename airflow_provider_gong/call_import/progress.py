"""Progress of a long job in the log: done of total, rate, time left, state by state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0


class Progress:
    """
    Shows progress at most every few seconds.

    :param verb: what is being done, such as ``Uploaded``
    :param total: how much there is to do, None if that is not known yet
    :param clock: seconds that only go forward
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
        """Whether it is time to show progress again, which spares counting when it is not."""
        return self._clock() - self._shown >= _EVERY_SECONDS

    def show(self, done: int, states: Mapping[str, int], *, waiting: str = "", now: bool = False) -> None:
        """
        Log how far the job is, if it is time to.

        :param done: how much is done, what an earlier try has done included
        :param states: number of rows by state
        :param waiting: what the job waits for
        :param now: log in any case
        """
        if self._done_before is None:
            self._done_before = done
        if not now and not self.is_due:
            return
        moment = self._shown = self._clock()
        log.info("%s", self._line(done, self._done_before, moment - self._started, states, waiting))

    def _line(self, done: int, before: int, seconds: float, states: Mapping[str, int], waiting: str) -> str:
        rate = (done - before) / seconds if seconds > 0 else 0.0
        parts = [f"{self._verb} {done}" + (f" / {self._total}" if self._total is not None else "")]
        parts.append(f"{rate:.2f} rows/s")
        if self._total is not None and rate > 0 and done < self._total:
            parts.append(f"about {(self._total - done) / rate:.0f} s left")
        parts += [f"{state} {count}" for state, count in sorted(states.items())]
        parts += [f"waits for {waiting}"] if waiting else []
        return ", ".join(parts)
