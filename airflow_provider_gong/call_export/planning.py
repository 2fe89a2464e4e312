"""Decides which days are due, why, and how many requests they cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.call_export.choices import share_of_requests
from airflow_provider_gong.call_export.days import ONE_DAY, day_range, duration_of
from airflow_provider_gong.call_export.errors import GongExportSettingsError
from airflow_provider_gong.call_export.reading.shrink import CONFIRM_AFTER
from airflow_provider_gong.call_export.storage.folder import StoredFile
from airflow_provider_gong.call_export.storage.manifest import DayManifest

# Re-reads a million calls of three years within 30 days, and with the lookback takes a tenth of Gong's quota.
SWEEP_SHARE = 0.08
_PAGE = 100
# Most transcripts that appear at all appear within a week.
_EAGER = timedelta(days=7)
_SELDOM = timedelta(hours=44)
# A day was read some minutes after the plan of its run, so a nightly run finds it a little younger than a day.
_RECENT = timedelta(hours=23, minutes=5)


class Reason(StrEnum):
    """Why a day is due, most urgent first."""

    LOOKBACK = "lookback"
    UNFINISHED = "unfinished"
    SUSPECT = "suspect"
    OPEN = "open"
    SETTINGS = "settings"
    NEW = "new"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class DayState:
    """
    What is known about an exported day.

    :param settings: fingerprint of the settings it was read under
    :param read_at: when it was read
    :param calls: number of its calls
    :param missing: number of calls whose transcripts are still expected
    :param suspect_since: when the first of the calls that Gong no longer shows became a suspect
    :param is_whole: whether its files belong together and match the manifest
    :param changed_at: when its rows were last changed
    """

    day: date
    settings: str
    read_at: datetime | None
    calls: int
    missing: int
    suspect_since: datetime | None
    is_whole: bool
    changed_at: datetime | None = None

    @property
    def requests(self) -> int:
        """The number of requests for reading it."""
        return requests_for(self.calls)

    @property
    def is_watched(self) -> bool:
        """Whether it is read again before its turn in the sweep."""
        return self.missing > 0 or self.suspect_since is not None


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day that is due."""

    day: date
    reason: Reason
    requests: int


@dataclass(frozen=True)
class PlanSettings:
    """
    What makes days due.

    :param lookback: days that started within this period are always due
    :param backfill_from: the first day of the export; None for the first exported day, or the first of the lookback
    :param sweep_share: the share of the day's requests that re-reads all other days in turn
    :param sweep_days: number of days within which each is re-read, if the share is large enough
    :param daily_requests: requests that the export may make per day
    """

    lookback: timedelta = timedelta(days=7)
    backfill_from: date | None = None
    sweep_share: float = SWEEP_SHARE
    sweep_days: int = 30
    daily_requests: int = 10_000

    def __post_init__(self) -> None:
        share_of_requests("sweep", self.sweep_share)
        duration_of("lookback", self.lookback)
        if type(self.daily_requests) is not int or self.daily_requests < 1:
            raise GongExportSettingsError(f"daily_requests must be at least 1, not {self.daily_requests!r}.")


@dataclass
class ExportPlan:
    """
    The days that are due, most urgent first.

    :ivar remarks: notes about the plan for people
    """

    due: list[DueDay] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    daily_requests: int = 10_000

    @property
    def days(self) -> list[date]:
        """The days."""
        return [due.day for due in self.due]

    @property
    def requests(self) -> int:
        """The known number of requests for reading them."""
        return sum(due.requests for due in self.due)

    def summary(self) -> dict[str, Any]:
        """Return the plan's figures."""
        return {
            "days": len(self.due),
            "reasons": dict(Counter(due.reason.value for due in self.due)),
            "requests": self.requests,
            "quota_days": round(self.requests / self.daily_requests, 2),
            "remarks": self.remarks,
        }


class CallsInTwoDays:
    """
    Finds calls that are in the files of two days.

    :ivar calls: the calls, by a hash of their ids: eight bytes for each of a million calls
    """

    def __init__(self) -> None:
        self.calls: set[int] = set()
        self._seen: set[int] = set()

    def watched(self, manifests: Iterable[DayManifest]) -> Iterator[DayManifest]:
        """Yield manifests and remember their calls."""
        for manifest in manifests:
            calls = set(map(hash, manifest.calls))
            self.calls |= self._seen & calls
            self._seen |= calls
            yield manifest

    def days(self, manifests: Iterable[DayManifest]) -> set[date]:
        """Return the days that contain the calls."""
        return {found.day for found in manifests if not self.calls.isdisjoint(map(hash, found.calls))}


def requests_for(calls: int) -> int:
    """Return the number of requests for reading a day: pages of calls, and as many of transcripts."""
    pages = math.ceil(calls / _PAGE)
    return max(pages, 1) + pages


def states_of(
    manifests: Iterable[DayManifest], read_at: Mapping[date, datetime], files: Mapping[str, StoredFile]
) -> Iterator[DayState]:
    """
    Yield what is known about the exported days.

    :param read_at: when days were read without a change
    :param files: the files that exist
    """
    for manifest in manifests:
        moments = [moment for moment in (manifest.read_at, read_at.get(manifest.day)) if moment is not None]
        yield DayState(
            day=manifest.day,
            settings=manifest.settings,
            read_at=max(moments, default=None),
            calls=len(manifest.calls),
            missing=len(manifest.missing),
            suspect_since=min(manifest.suspects.values(), default=None),
            is_whole=manifest.is_complete and _has_files(manifest, files),
            changed_at=manifest.changed_at,
        )


def make_plan(states: Iterable[DayState], fingerprint: str, settings: PlanSettings, now: datetime) -> ExportPlan:
    """
    Return the days that are due.

    :param fingerprint: fingerprint of the export's settings
    """
    known = {state.day: state for state in states}
    today = now.date()
    first_of_lookback = (now - settings.lookback).date()
    first = settings.backfill_from or min([*known, first_of_lookback])
    usual = _usual_requests(known.values())
    due: dict[date, DueDay] = {}
    for day in sorted({*known, *day_range(min(first, today), today)}):
        state = known.get(day)
        reason = Reason.LOOKBACK if first_of_lookback <= day <= today else _reason(state, fingerprint, now)
        if reason is not None:
            due[day] = DueDay(day, reason, usual if state is None else state.requests)
    plan = ExportPlan(daily_requests=settings.daily_requests)
    rest = [state for state in known.values() if not (first_of_lookback <= state.day <= today or state.is_watched)]
    swept = _sweep(rest, due.keys(), settings, now, plan)
    order = list(Reason)
    # The newest days come first.
    plan.due = sorted([*due.values(), *swept], key=lambda found: (order.index(found.reason), -found.day.toordinal()))
    return plan


def _reason(state: DayState | None, fingerprint: str, now: datetime) -> Reason | None:
    if state is None:
        return Reason.NEW
    if not state.is_whole:
        return Reason.UNFINISHED
    if state.settings != fingerprint:
        return Reason.SETTINGS
    age = _age(state, now)
    if state.suspect_since is not None and min(age, now - state.suspect_since) >= CONFIRM_AFTER:
        return Reason.SUSPECT
    is_old = now.date() - state.day > _EAGER
    return Reason.OPEN if state.missing and age >= (_SELDOM if is_old else CONFIRM_AFTER) else None


def _sweep(
    rest: list[DayState], due: Iterable[date], settings: PlanSettings, now: datetime, plan: ExportPlan
) -> list[DueDay]:
    """Return the days that are due only because they were last read long ago."""
    most = settings.sweep_share * settings.daily_requests
    total = sum(state.requests for state in rest)
    if not rest or most <= 0:
        return []
    if total / settings.sweep_days > most:
        plan.remarks.append(
            f"The sweep re-reads each day within {math.ceil(total / most)} days, not {settings.sweep_days}: all days "
            f"together take {counted(total, 'request')}, and the sweep may send {most:.0f} a day."
        )
    ages = {state.day: _age(state, now) for state in rest}
    overdue = sum(state.requests for state in rest if ages[state.day] >= settings.sweep_days * ONE_DAY)
    done = sum(state.requests for state in rest if ages[state.day] < _RECENT)
    left = min(most, max(total / settings.sweep_days, overdue)) - done
    chosen: list[DueDay] = []
    taken = set(due)
    for state in sorted(rest, key=lambda state: ages[state.day], reverse=True):
        if left <= 0:
            break
        if state.day not in taken and ages[state.day] >= _RECENT:
            chosen.append(DueDay(state.day, Reason.SWEEP, state.requests))
        left -= state.requests
    return chosen


def _age(state: DayState, now: datetime) -> timedelta:
    return timedelta.max if state.read_at is None else now - state.read_at


def _usual_requests(states: Iterable[DayState]) -> int:
    calls = [state.calls for state in states]
    return requests_for(math.ceil(sum(calls) / len(calls))) if calls else 2


def _has_files(manifest: DayManifest, files: Mapping[str, StoredFile]) -> bool:
    return all(file.path in files and files[file.path].size == file.size for file in manifest.tables.values())
