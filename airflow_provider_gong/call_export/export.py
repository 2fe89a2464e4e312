"""An export from its plan to its summary, as one worker does it."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from airflow_provider_gong._text import counted
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
from airflow_provider_gong.client.errors import GongRateLimitError

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
        :param erased: calls that are known to be deleted, of which nothing is kept once Gong does not show them
        :return: figures
        :raises GongExportShrinkError: if too much is gone
        :raises GongRateLimitError: if the day's requests are spent; what was read until then is written and noted
        """
        claim(self.folder, self.settings, self.company)
        note = self.folder.note(worker)
        requests = AllowedRequests(client, daily_requests, note.get("requests", {}), self.clock)
        with tempfile.TemporaryDirectory(prefix="gong-export-") as scratch:
            run = ExportRun(
                self.folder,
                requests,
                self.settings,
                Path(scratch),
                on_shrink=self.on_shrink,
                erased=erased,
                clock=self.clock,
            )
            due = self._undone(days, since)
            try:
                self._read_all(run, due)
            except GongRateLimitError:
                self._settle_parked(run)
                self._take_notes(worker, note, run, requests)
                log.info("Read %d of %s before the requests were spent.", len(run.read_at), counted(len(due), "day"))
                raise
            if keeps_notes:
                self._take_notes(worker, note, run, requests)
        return self._summary(run, requests.requests)

    def days_with(self, call_ids: Collection[str]) -> list[date]:
        """Return the days in whose files calls are."""
        return [found.day for found in self.folder.manifests() if found.calls.keys() & set(call_ids)]

    def _undone(self, days: Sequence[date], since: datetime | None) -> list[date]:
        if since is None:
            return list(days)
        done = {state.day for state in self._read_since(since)}
        if done & set(days):
            log.info("%s read already by an earlier attempt.", counted(len(done & set(days)), "day"))
        return [day for day in days if day not in done]

    def _read_since(self, since: datetime) -> Iterator[DayState]:
        for state in states_of(self.folder.manifests(), read_moments(self.folder), self.folder.files(TABLES)):
            is_current = state.is_whole and state.settings == self.settings.fingerprint
            if is_current and state.read_at is not None and state.read_at >= since:
                yield state

    def _read_all(self, run: ExportRun, days: Sequence[date]) -> None:
        for day in _with_progress(days, run):
            run.read(day)
        run.settle()

    def _settle_parked(self, run: ExportRun) -> None:
        # Judging what is gone may take requests, too; what cannot be judged is read again.
        with contextlib.suppress(GongRateLimitError):
            run.settle()
        run.drop_held()

    def _take_notes(self, worker: str, note: Mapping[str, Any], run: ExportRun, requests: AllowedRequests) -> None:
        reads = {**note.get("read_at", {}), **{day.isoformat(): at.isoformat() for day, at in run.read_at.items()}}
        self.folder.write_note(worker, {"read_at": reads, "requests": requests.used()})

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


def read_moments(folder: ExportFolder) -> dict[date, datetime]:
    """Return when days were last read, as workers have noted it."""
    found: dict[date, datetime] = {}
    for note in folder.notes():
        for text, moment in note.get("read_at", {}).items():
            day, read_at = date.fromisoformat(text), datetime.fromisoformat(moment)
            found[day] = max(read_at, found.get(day, read_at))
    return found


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
