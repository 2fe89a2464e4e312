"""An export from its plan to its summary, as one worker does it."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.notes import WorkerNotes, read_moments
from airflow_provider_gong.call_export.planning import (
    CallsInTwoDays,
    DayState,
    ExportPlan,
    PlanSettings,
    make_plan,
    states_of,
)
from airflow_provider_gong.call_export.reading.allowance import AllowedRequests
from airflow_provider_gong.call_export.reading.reader import GongApi
from airflow_provider_gong.call_export.reading.run import ExportRun
from airflow_provider_gong.call_export.settings import ExportSettings, OnShrink
from airflow_provider_gong.call_export.storage.folder import MANIFESTS, ExportFolder
from airflow_provider_gong.call_export.storage.identity import claim
from airflow_provider_gong.call_export.tables.catalogue import TABLES
from airflow_provider_gong.client.errors import GongApiError, GongRateLimitError

log = logging.getLogger(__name__)

_PROGRESS_SECONDS = 5.0
_MOST_FIELDS = 20


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CallExport:
    """
    An export.

    :param folder: its folder
    :param settings: what is exported
    :param company: whose calls they are
    :param on_shrink: what to do when Gong shows so much less than before that the access key is the likelier reason
    :param clock: the time
    """

    folder: ExportFolder
    settings: ExportSettings
    company: str
    on_shrink: OnShrink = OnShrink.FAIL
    clock: Callable[[], datetime] = _now

    def states(self) -> list[DayState]:
        """Return what is known of the exported days."""
        twice = CallsInTwoDays()
        manifests = twice.watched(self.folder.manifests())
        states = list(states_of(manifests, read_moments(self.folder), self.folder.files(TABLES)))
        if not twice.calls:
            return states
        # A run that was interrupted while calls moved from one day to the other.
        days = twice.days(self.folder.manifests())
        return [dataclasses.replace(state, is_whole=False) if state.day in days else state for state in states]

    def plan(self, settings: PlanSettings) -> ExportPlan:
        """
        Return which days are due.

        :raises GongExportSettingsError: if the folder is that of an export of other calls
        """
        claim(self.folder, self.settings, self.company)
        return make_plan(self.states(), self.settings.fingerprint, settings, self.clock())

    def read(
        self,
        client: GongApi,
        days: Sequence[date],
        *,
        worker: str = "worker-0",
        since: datetime | None = None,
        daily_requests: int | None = None,
        keeps_notes: bool = True,
        leaves_shrunk: bool = False,
        erased: Collection[str] = (),
    ) -> dict[str, Any]:
        """
        Read days and replace what differs.

        :param client: a client of Gong's API
        :param days: the days
        :param worker: who reads them, where several workers share the export
        :param since: days that were read since then are done already
        :param daily_requests: requests that this worker may make in 24 hours
        :param keeps_notes: note when days were read, also where nothing differs; otherwise only when parked
        :param leaves_shrunk: leave days of which something is gone to a later :meth:`read` without this, which judges
            what all workers have seen since ``since``
        :param erased: calls that are known to be deleted, of which nothing is kept once Gong does not show them
        :return: figures
        :raises GongExportShrinkError: if too much is gone
        :raises GongRateLimitError: if the day's requests are spent; what was read until then is written and noted
        """
        claim(self.folder, self.settings, self.company)
        notes = WorkerNotes(self.folder, worker, since)
        requests = AllowedRequests(client, daily_requests, notes.requests, self.clock)
        with tempfile.TemporaryDirectory(prefix="gong-export-") as scratch:
            run = ExportRun(
                self.folder,
                requests,
                self.settings,
                Path(scratch),
                on_shrink=self.on_shrink,
                erased=erased,
                judged=notes.judged,
                others=notes.judged_by_others(),
                clock=self.clock,
            )
            wanted = days if leaves_shrunk else dict.fromkeys([*days, *notes.left_by_all()])
            due = self._undone(list(wanted), since)
            try:
                left = self._read_all(run, due, leaves_shrunk=leaves_shrunk)
            except GongRateLimitError:
                left = self._end_parked(run, leaves_shrunk=leaves_shrunk)
                notes.take(run.read_at, requests.used(), run.judged, left)
                log.info("Read %d of %s before the requests were spent.", len(run.read_at), counted(len(due), "day"))
                raise
            except (GongApiError, GongExportShrinkError):
                if keeps_notes:
                    notes.take(run.read_at, requests.used(), run.judged)
                raise
            if keeps_notes:
                notes.take(run.read_at, requests.used(), run.judged, left)
        return self._summary(run, requests.requests)

    def days_with(self, call_ids: Collection[str]) -> list[date]:
        """Return the days in whose files calls are."""
        return [found.day for found in self.folder.manifests() if found.calls.keys() & set(call_ids)]

    def held_of(self, call_ids: Collection[str]) -> set[str]:
        """Return those of some calls that the export holds."""
        wanted = set(call_ids)
        return {call_id for found in self.folder.manifests() for call_id in wanted & found.calls.keys()}

    def _undone(self, days: Sequence[date], since: datetime | None) -> list[date]:
        if since is None:
            return list(days)
        done = {state.day for state in self._read_since(since)}
        if done & set(days):
            log.info("%s read already in this run.", counted(len(done & set(days)), "day"))
        return [day for day in days if day not in done]

    def _read_since(self, since: datetime) -> Iterator[DayState]:
        for state in states_of(self.folder.manifests(), read_moments(self.folder), self.folder.files(TABLES)):
            is_current = state.is_whole and state.settings == self.settings.fingerprint
            if is_current and state.read_at is not None and state.read_at >= since:
                yield state

    def _read_all(self, run: ExportRun, days: Sequence[date], *, leaves_shrunk: bool) -> list[date]:
        for day in _with_progress(days, run):
            run.read(day)
        return self._end(run, leaves_shrunk=leaves_shrunk)

    def _end_parked(self, run: ExportRun, *, leaves_shrunk: bool) -> list[date]:
        # Judging what is gone may take requests, too; what cannot be judged is read again.
        left: list[date] = []
        with contextlib.suppress(GongRateLimitError):
            left = self._end(run, leaves_shrunk=leaves_shrunk)
        run.drop_held()
        return left

    def _end(self, run: ExportRun, *, leaves_shrunk: bool) -> list[date]:
        """Write what was read, and return the days that are left to another worker."""
        if leaves_shrunk:
            return run.leave_shrunk()
        run.settle()
        return []

    def _summary(self, run: ExportRun, requests: int) -> dict[str, Any]:
        figures = run.figures
        return {
            "days_read": figures.days_read,
            "days_changed": len(figures.changed_days),
            "changed_days": sorted(figures.changed_days),
            "rows": dict(figures.rows),
            "requests": requests,
            "missing_transcripts": figures.missing_transcripts,
            "private_calls": figures.private_calls,
            "suspects": figures.suspects,
            "removed_calls": figures.removed_calls,
            "unknown_fields": dict(figures.unknown_fields.most_common(_MOST_FIELDS)),
            "manifests": self.folder.place(MANIFESTS),
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
