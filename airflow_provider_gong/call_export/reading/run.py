"""One run of an export: reads days, judges what is missing, and replaces what differs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.days import window_of
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.reading.counts import Figures
from airflow_provider_gong.call_export.reading.draft import DayDraft
from airflow_provider_gong.call_export.reading.held import ReadDay, in_writing_order
from airflow_provider_gong.call_export.reading.reader import GongApi, GongReader
from airflow_provider_gong.call_export.reading.shrink import Shrinkage, confirmed
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.commit import WrittenMeanwhileError, commit
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.call_export.storage.manifest import DayManifest
from airflow_provider_gong.client.errors import GongValidationError

log = logging.getLogger(__name__)

# Missing transcripts of older calls are given up.
GIVE_UP_AFTER = timedelta(days=14)
_BLIND = "the access key sees no calls at all"


class ExportRun:
    """
    One run of an export.

    :param folder: the export's folder
    :param client: a client of Gong's API
    :param settings: what is exported
    :param scratch: an empty folder on the local disk
    :param on_shrink: what to do if too much is missing
    :param erased: calls known to be deleted; nothing of them is kept once Gong no longer shows them
    :param figures: what earlier attempts have done
    :param judged: what earlier attempts have seen in the days that they wrote
    :param others: what other tasks of the same run have seen in theirs
    :param clock: the time
    """

    def __init__(
        self,
        folder: ExportFolder,
        client: GongApi,
        settings: ExportSettings,
        scratch: Path,
        *,
        on_shrink: OnShrink = OnShrink.FAIL,
        erased: Collection[str] = (),
        figures: Figures | None = None,
        judged: Shrinkage | None = None,
        others: Shrinkage | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.figures = figures or Figures()
        self.read_at: dict[date, datetime] = {}
        self._folder = folder
        self.settings = settings
        self._scratch = scratch
        self._on_shrink = on_shrink
        self._erased = frozenset(erased)
        self._clock = clock
        self._reader = GongReader(client, settings)
        self.judged = judged or Shrinkage()
        self._others = others or Shrinkage()
        self._seen = 0
        self._held: list[ReadDay] = []
        self._late: dict[str, date] = {}
        self._unsearched: set[str] = set()
        self._moved_to: set[date] = set()
        self._contested: set[date] = set()
        self._sees = functools.cache(self._reader.sees_calls)

    @property
    def requests(self) -> int:
        """The number of requests that the run has made."""
        return self._reader.requests

    @property
    def held_requests(self) -> int:
        """The number of requests for the days that were read but not written because something is missing."""
        return sum(held.draft.requests for held in self._held if held.has_shrunk)

    def read(self, day: date) -> bool:
        """
        Read a day and write it, unless something is missing; :meth:`settle` decides about such days.

        :return: whether Gong shows any calls
        """
        old = self._folder.manifest(day)
        draft = DayDraft(day, self.settings, self._scratch)
        before = self._reader.requests
        draft.take(self._reader.pages(window_of(day)))
        draft.requests = self._reader.requests - before
        held = ReadDay(old, draft)
        self._seen += len(draft.shown)
        if old is not None:
            self._late |= dict.fromkeys(held.arrived, day)
            self._unsearched |= held.arrived
        self._held.append(held)
        if draft.shown:
            # The key is not blind, so the earlier days without calls are really empty.
            self._write_all([held for held in self._held if not held.has_shrunk])
        return bool(draft.shown)

    def settle(self) -> None:
        """
        Judge what is missing over all days that were read, write them, and read days that calls moved to or from.

        :raises GongExportShrinkError: if the access key is the more likely reason
        """
        self._settle_held()
        while moved := self._days_of_moved():
            log.info("Calls have moved from or to other days, which are also read: %s.", ", ".join(map(str, moved)))
            for day in moved:
                self.read(day)
            self._settle_held()

    def leave_shrunk(self) -> list[date]:
        """
        Write only days without missing calls; return the others for a task that judges the whole run.

        :raises GongExportShrinkError: if the access key sees no calls at all
        """
        if self._held and self._is_blind():
            self._judge([_BLIND])
        else:
            self._write_all([held for held in self._held if not held.has_shrunk])
        left = {held.day for held in self._held} | set(self._days_of_moved())
        self.drop_held()
        return sorted(left)

    def drop_held(self) -> None:
        """Discard the days that were read but not written."""
        self._drop(list(self._held))

    def _settle_held(self) -> None:
        if not self._held:
            return
        is_blind = self._is_blind()
        if not is_blind:
            self._find_moved()
            self._read_new_days()
        alarms = [_BLIND] if is_blind else self._shrinkage().alarms(self._sees)
        self._judge(alarms)
        if alarms and self._on_shrink is OnShrink.KEEP:
            self._drop([held for held in self._held if held.emptied or (is_blind and held.is_empty)])
        for held in self._held:
            held.unlisted |= {call_id for call_id, day in held.moved.items() if not self._lists(day, call_id)}
        self._write_all(in_writing_order(self._held), is_alarming=bool(alarms))

    def _judge(self, alarms: Sequence[str]) -> None:
        if alarms and self._on_shrink is OnShrink.FAIL:
            self.drop_held()
            raise GongExportShrinkError(f"Nothing is deleted from the export: {'; '.join(alarms)}.")
        if alarms:
            log.warning("on_shrink=%s: %s.", self._on_shrink.value, "; ".join(alarms))

    def _shrinkage(self) -> Shrinkage:
        """Return what the whole run has seen so far."""
        ours = Shrinkage()
        for held in self._held:
            held.count(ours, self._erased)
        return self._others + self.judged + ours

    def _is_blind(self) -> bool:
        """Return whether the access key sees no calls at all, judged only by what this task sees now."""
        return not self._seen and not self._sees()

    def _find_moved(self) -> None:
        """Ask Gong for the missing calls: they may be in another day now, or private."""
        for held in self._held:
            held.moved |= {call_id: self._late[call_id] for call_id in held.gone & self._late.keys()}
            held.gone -= self._late.keys()
        found = self._reader.calls_by_id(sorted(call_id for held in self._held for call_id in held.gone))
        first_day = self._folder.first_day() or date.min
        for held in self._held:
            for call_id in held.gone & found.keys():
                day = held.found(call_id, found[call_id], first_day)
                self._moved_to |= set() if day is None else {day}

    def _read_new_days(self) -> None:
        """Read the days that calls have moved to."""
        while days := sorted(self._moved_to - self.read_at.keys() - {held.day for held in self._held}):
            for day in days:
                self._read_new_day(day)
            self._find_moved()

    def _read_new_day(self, day: date) -> None:
        try:
            self.read(day)
        except GongValidationError as error:
            # Gong may show a date that it does not take as a filter, such as one in the year 9999.
            log.warning("Day %s, to which a call has moved, cannot be read: %s", day, error)
            self._moved_to.discard(day)

    def _lists(self, day: date, call_id: str) -> bool:
        """Return whether a day contains a call, or will when it is written."""
        for held in self._held:
            if held.day == day:
                return call_id in held.draft.calls
        manifest = self._folder.manifest(day)
        return manifest is not None and call_id in manifest.calls

    def _drop(self, days: Iterable[ReadDay]) -> None:
        for held in days:
            held.draft.discard()
            self._held.remove(held)

    def _write_all(self, days: Iterable[ReadDay], *, is_alarming: bool = False) -> None:
        for held in days:
            self._write(held, is_alarming=is_alarming)
            self._held.remove(held)

    def _write(self, held: ReadDay, *, is_alarming: bool) -> None:
        draft, old, now = held.draft, held.old, self._clock()
        removed = self._removed(held, is_alarming=is_alarming)
        kept = held.kept(removed)
        if kept:
            held.carry_over(self._folder, kept)
        before = held.before.suspects
        suspects = kept & before.keys() if is_alarming else kept - held.unlisted
        manifest = DayManifest(
            day=draft.day,
            settings=self.settings.fingerprint,
            read_at=now,
            calls={**draft.calls, **{call_id: held.known[call_id] for call_id in kept}},
            missing=self._missing(held),
            suspects={call_id: before.get(call_id, now) for call_id in suspects},
            facts=_facts(draft),
        )
        drafts = draft.close()
        try:
            changed = commit(self._folder, old, manifest, drafts, self.settings)
        except WrittenMeanwhileError:
            self._read_again(held)
            return
        if changed:
            self.figures.changed_days.append(draft.day.isoformat())
        self.figures.removed_calls += len(held.gone & removed)
        if held.has_traded:
            self._moved_to.add(draft.day)
        else:
            self.figures.count(manifest, {name: table.rows for name, table in drafts.items()})
            self.read_at[draft.day] = now
            held.count(self.judged, self._erased)
        draft.discard()

    def _read_again(self, held: ReadDay) -> None:
        """Have a day that another run is also writing read again, once."""
        held.draft.discard()
        is_first = held.day not in self._contested
        log.warning(
            "Another run is also writing day %s; %s reads it again.",
            held.day,
            "this one" if is_first else "the next one",
        )
        self._contested.add(held.day)
        if is_first:
            self._moved_to.add(held.day)
        else:
            self._moved_to.discard(held.day)

    def _removed(self, held: ReadDay, *, is_alarming: bool) -> set[str]:
        """Return the calls to remove from the export, and those whose transcripts are removed."""
        gone = held.gone | held.silent
        if self._on_shrink is OnShrink.ACCEPT:
            return gone
        erased = set() if self._is_blind() else gone & self._erased
        return erased if is_alarming else erased | confirmed(gone, held.before.suspects, self._clock())

    def _missing(self, held: ReadDay) -> dict[str, datetime]:
        """Return the calls whose transcripts are expected, and since when."""
        now = self._clock()
        # A call without a transcript in a backfill most likely never had one.
        first = now if held.is_comparable else min(window_of(held.day)[1], now)
        before, known = held.before.missing, held.known if held.is_comparable else {}
        given_up = {call_id for call_id, call in known.items() if not call.has_transcript} - before.keys()
        since = {call_id: before.get(call_id, first) for call_id in held.draft.missing - given_up}
        return {call_id: moment for call_id, moment in since.items() if now - moment < GIVE_UP_AFTER}

    def _days_of_moved(self) -> list[date]:
        """Return the days that calls have moved to, and exported days that still contain calls that moved."""
        days = self._moved_to
        if self._unsearched:
            days |= {found.day for found in self._folder.manifests() if found.calls.keys() & self._unsearched}
        self._moved_to, self._unsearched = set(), set()
        return sorted(days - self.read_at.keys())


def _facts(draft: DayDraft) -> dict[str, Any]:
    return {
        "requests": draft.requests,
        "private_calls": len(draft.private),
        "calls_outside_day": draft.outside_day,
        "unknown_fields": dict(sorted(draft.unknown.items())),
    }
