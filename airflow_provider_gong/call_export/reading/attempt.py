"""One attempt of a worker to read its days: what it reads, notes and returns."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.call_export.errors import GongExportSettingsError, GongExportShrinkError
from airflow_provider_gong.call_export.planning import DayState, states_of
from airflow_provider_gong.call_export.reading.allowance import AllowedRequests
from airflow_provider_gong.call_export.reading.notes import WorkerNotes, read_moments
from airflow_provider_gong.call_export.reading.run import ExportRun
from airflow_provider_gong.call_export.storage.folder import MANIFESTS, ExportFolder
from airflow_provider_gong.call_export.tables.catalogue import TABLES
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongAuthenticationError,
    GongPermissionError,
    GongRateLimitError,
)

log = logging.getLogger(__name__)

_PROGRESS_SECONDS = 5.0
_MOST_FIELDS = 20
_MOST_FAILED = 3
# Days do not wait for longer than this many requests: they are lost when the requests of the day run out.
_MOST_HELD = 500


class ReadAttempt:
    """
    An attempt.

    :param folder: the export's folder
    :param run: reads the days
    :param notes: the worker's notes
    :param requests: the client that ``run`` reads with
    :param leaves_shrunk: leave days with missing calls to another worker
    :param keeps_notes: note when each day was read even if nothing differs; otherwise only when parked
    """

    def __init__(
        self,
        folder: ExportFolder,
        run: ExportRun,
        notes: WorkerNotes,
        requests: AllowedRequests,
        *,
        leaves_shrunk: bool,
        keeps_notes: bool,
    ) -> None:
        self._folder = folder
        self._run = run
        self._notes = notes
        self._requests = requests
        self._leaves_shrunk = leaves_shrunk
        self._keeps_notes = keeps_notes
        self._earlier_requests = run.figures.requests
        limit = requests.limit
        self._most_held = _MOST_HELD if limit is None else max(min(_MOST_HELD, limit // 2), 1)
        self._left: list[date] = []
        self._failed: list[GongApiError] = []
        self._failed_in_a_row = 0

    def read(self, days: Sequence[date]) -> dict[str, Any]:
        """Read days, note what was read, and return the figures."""
        try:
            for day in _with_progress(days, self._run):
                self._read_day(day)
                if self._run.held_requests >= self._most_held:
                    self._write_held()
            self._write_held()
        except GongRateLimitError as spent:
            self._park()
            read = len(self._run.read_at)
            log.info("Read %d of %s before the requests were used up.", read, counted(len(days), "day"))
            if not read and not self._left and self._requests.are_too_few:
                raise GongExportSettingsError(
                    f"daily_requests={self._requests.limit} is not enough to read a single day, such as {days[0]}.",
                    remedy="Increase it: a day takes a request for each 100 calls and one for each 100 transcripts.",
                ) from spent
            raise
        except (GongApiError, GongExportShrinkError):
            if self._keeps_notes:
                self._take_notes()
            raise
        if self._keeps_notes:
            self._take_notes()
        if self._failed:
            raise self._failed[0]
        return self._summary()

    def skip_read(self, days: Sequence[date], since: datetime) -> list[date]:
        """
        Return the days that no attempt of this run has read.

        Days that one has written are counted, even if it was killed before it could note that.

        :param since: start of the run
        """
        done = {state.day: state for state in self._read_since(since, days)}
        if done:
            log.info("%s already read in this run.", counted(len(done), "day"))
        written = [
            day.isoformat() for day, state in done.items() if state.changed_at is not None and state.changed_at >= since
        ]
        self._run.figures.changed_days = sorted({*self._run.figures.changed_days, *written})
        return [day for day in days if day not in done]

    def _read_since(self, since: datetime, days: Iterable[date]) -> Iterator[DayState]:
        """Yield which of these days were read since a given time, under the same settings."""
        moments = read_moments(self._folder)
        found = [
            manifest
            for manifest in self._folder.manifests(days)
            if manifest.settings == self._run.settings.fingerprint
            and any(moment and moment >= since for moment in (manifest.read_at, moments.get(manifest.day)))
        ]
        if found:
            yield from (state for state in states_of(found, moments, self._folder.files(TABLES)) if state.is_whole)

    def _read_day(self, day: date) -> None:
        """Read a day; one that cannot be read does not block the others, unless Gong cannot be reached at all."""
        if day in self._run.read_at:
            return
        try:
            if self._run.read(day):
                self._failed_in_a_row = 0
        except (GongRateLimitError, GongAuthenticationError, GongPermissionError):
            raise
        except GongApiError as error:
            self._failed.append(error)
            self._failed_in_a_row += 1
            log.error("Day %s cannot be read: %s", day, error)  # noqa: TRY400 - what matters is in the message
            if self._failed_in_a_row == _MOST_FAILED:
                raise

    def _write_held(self) -> None:
        """Write the days that wait for others, or leave them to another worker if something is missing."""
        if self._leaves_shrunk:
            self._left += self._run.leave_shrunk()
        else:
            self._run.settle()

    def _park(self) -> None:
        # Judging what is missing may need requests, too; what cannot be judged is read again.
        with contextlib.suppress(GongRateLimitError):
            self._write_held()
        self._run.drop_held()
        self._take_notes()

    def _take_notes(self) -> None:
        self._run.figures.requests = self._earlier_requests + self._requests.requests
        self._notes.take(self._run, self._requests.used(), self._left)

    def _summary(self) -> dict[str, Any]:
        figures = self._run.figures
        changed = sorted(set(figures.changed_days))
        return {
            "days_read": figures.days_read,
            "days_changed": len(changed),
            "changed_days": changed,
            "rows": dict(figures.rows),
            "requests": self._earlier_requests + self._requests.requests,
            "missing_transcripts": figures.missing_transcripts,
            "private_calls": figures.private_calls,
            "suspects": figures.suspects,
            "removed_calls": figures.removed_calls,
            "unknown_fields": dict(figures.unknown_fields.most_common(_MOST_FIELDS)),
            "manifests": self._folder.place(MANIFESTS),
        }


def _with_progress(days: Sequence[date], run: ExportRun) -> Iterable[date]:
    shown_at = time.monotonic()
    for number, day in enumerate(days):
        if time.monotonic() - shown_at >= _PROGRESS_SECONDS:
            shown_at = time.monotonic()
            calls = run.figures.rows.get("calls", 0)
            log.info(
                "Read %d / %d days, %d calls, %d requests, %d days changed.",
                number,
                len(days),
                calls,
                run.requests,
                len(run.figures.changed_days),
            )
        yield day
