"""An export from plan to summary, as one worker runs it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.planning import (
    CallsInTwoDays,
    DayState,
    ExportPlan,
    PlanSettings,
    make_plan,
    states_of,
)
from airflow_provider_gong.call_export.reading.allowance import AllowedRequests
from airflow_provider_gong.call_export.reading.attempt import ReadAttempt
from airflow_provider_gong.call_export.reading.notes import WorkerNotes, read_moments
from airflow_provider_gong.call_export.reading.reader import GongApi
from airflow_provider_gong.call_export.reading.run import ExportRun
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.changes import days_changed_for
from airflow_provider_gong.call_export.storage.folder import SCRATCH, ExportFolder
from airflow_provider_gong.call_export.storage.identity import claim
from airflow_provider_gong.call_export.tables.catalogue import TABLES


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CallExport:
    """
    An export.

    :param folder: its folder
    :param settings: what is exported
    :param company: the Gong company
    :param on_shrink: what to do if so many calls are missing that the access key is the more likely reason
    :param clock: the time
    """

    folder: ExportFolder
    settings: ExportSettings
    company: str
    on_shrink: OnShrink = OnShrink.FAIL
    clock: Callable[[], datetime] = _now

    def states(self) -> list[DayState]:
        """Return what is known about the exported days."""
        twice = CallsInTwoDays()
        manifests = twice.watched(self.folder.manifests())
        states = list(states_of(manifests, read_moments(self.folder), self.folder.files(TABLES)))
        if not twice.calls:
            return states
        # A run was interrupted while calls moved from one day to another.
        days = twice.days(self.folder.manifests())
        return [dataclasses.replace(state, is_whole=False) if state.day in days else state for state in states]

    def plan(self, settings: PlanSettings) -> ExportPlan:
        """
        Return the days that are due.

        :raises GongExportSettingsError: if the folder contains an export of other calls
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
        Read days and replace the files that differ.

        :param client: a client of Gong's API
        :param days: the days
        :param worker: name of this worker, if several share the export
        :param since: days that were read after this time are done
        :param daily_requests: requests that this worker may make in 24 hours
        :param keeps_notes: note when each day was read even if nothing differs; otherwise only when parked
        :param leaves_shrunk: leave days with missing calls to a later :meth:`read` without this option, which judges
            what all workers have seen since ``since``
        :param erased: calls known to be deleted; nothing of them is kept once Gong no longer shows them
        :return: figures
        :raises GongExportShrinkError: if too much is missing
        :raises GongRateLimitError: if the day's requests are spent; everything read so far is written and noted
        """
        if daily_requests is not None and daily_requests < 1:
            raise GongExportSettingsError(f"daily_requests must be at least 1, not {daily_requests}.")
        claim(self.folder, self.settings, self.company)
        notes = WorkerNotes(self.folder, worker, since, "first" if leaves_shrunk else "last")
        requests = AllowedRequests(client, daily_requests, notes.requests, self.clock)
        with scratch_folder(SCRATCH) as scratch:
            run = ExportRun(
                self.folder,
                requests,
                self.settings,
                scratch,
                on_shrink=self.on_shrink,
                erased=erased,
                figures=notes.figures,
                judged=notes.judged,
                others=notes.judged_by_others(),
                clock=self.clock,
            )
            attempt = ReadAttempt(
                self.folder, run, notes, requests, leaves_shrunk=leaves_shrunk, keeps_notes=keeps_notes
            )
            left = notes.left()
            mine = [day for day in days if day not in left] if leaves_shrunk else [*days, *notes.left_by_all()]
            due = list(dict.fromkeys(mine))
            return attempt.read(due if since is None else attempt.skip_read(due, since))

    def days_changed_for(self, consumer: str, run: str) -> list[str]:
        """Return the days that have changed since a consumer's previous run, no matter which run changed them."""
        return days_changed_for(self.folder, consumer, run)

    def days_with(self, call_ids: Collection[str]) -> list[date]:
        """Return the days whose files contain any of these calls."""
        wanted = set(call_ids)
        return [found.day for found in self.folder.manifests() if found.calls.keys() & wanted or not found.is_complete]

    def held_of(self, call_ids: Collection[str]) -> set[str]:
        """Return which of these calls the export contains."""
        wanted = set(call_ids)
        return {call_id for found in self.folder.manifests() for call_id in wanted & found.calls.keys()}
