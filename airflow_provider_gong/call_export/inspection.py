"""Inspecting an export: the condition of its days, and differences from Gong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong.call_export.days import day_range, window_of
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.planning import DayState, PlanSettings, Reason, make_plan, requests_for
from airflow_provider_gong.call_export.reading.draft import DayDraft
from airflow_provider_gong.call_export.reading.reader import GongApi, GongReader
from airflow_provider_gong.call_export.storage.folder import SCRATCH


class DayCondition(StrEnum):
    """Condition of a day of an export."""

    FRESH = "fresh"
    OPEN = "open"
    SUSPECT = "suspect"
    MISMATCHED = "mismatched"
    DUE = "due"
    MISSING = "missing"


SIGNS = {
    DayCondition.FRESH: ".",
    DayCondition.OPEN: "o",
    DayCondition.SUSPECT: "s",
    DayCondition.MISMATCHED: "!",
    DayCondition.DUE: "d",
    DayCondition.MISSING: "-",
}
_DUE = (Reason.SETTINGS, Reason.SWEEP)


@dataclass
class ExportStatus:
    """
    Condition of an export.

    :param days: the condition of each day, from the first one to today
    """

    days: Mapping[date, DayCondition]
    calls: int = 0
    missing_transcripts: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The number of days in each condition."""
        counts = Counter(self.days.values())
        return {condition.value: counts[condition] for condition in DayCondition if counts[condition]}

    def calendar(self) -> Iterator[str]:
        """Yield a line for each month, with a symbol for each day."""
        months: dict[str, list[str]] = {}
        for day, condition in self.days.items():
            month = months.setdefault(f"{day:%Y-%m}", [])
            month += [" "] * (day.day - 1 - len(month)) + [SIGNS[condition]]
        for name, signs in months.items():
            yield f"{name}  {''.join(signs)}"


def status(export: CallExport, settings: PlanSettings | None = None) -> ExportStatus:
    """Return the condition of an export without a request."""
    now = export.clock()
    states = {state.day: state for state in export.states()}
    if not states:
        return ExportStatus({})
    plan = make_plan(states.values(), export.settings.fingerprint, settings or PlanSettings(), now)
    due = {found.day for found in plan.due if found.reason in _DUE}
    shown = sorted({*states, *day_range(min(states), now.date())})
    days = {day: _condition(states.get(day), day in due) for day in shown}
    calls = sum(state.calls for state in states.values())
    return ExportStatus(days, calls, sum(state.missing for state in states.values()))


def _condition(state: DayState | None, is_due: bool) -> DayCondition:
    if state is None:
        return DayCondition.MISSING
    if not state.is_whole:
        return DayCondition.MISMATCHED
    if state.suspect_since is not None:
        return DayCondition.SUSPECT
    if is_due:
        return DayCondition.DUE
    return DayCondition.OPEN if state.missing else DayCondition.FRESH


@dataclass
class DayDifference:
    """
    Differences between a day of the export and Gong.

    :param not_exported: calls that Gong shows but the export does not contain
    :param not_in_gong: calls that the export contains but Gong does not list, including private calls
    :param tables: tables whose rows differ
    :param shown: number of calls that Gong shows, including private calls
    """

    day: date
    not_exported: list[str] = field(default_factory=list)
    not_in_gong: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    shown: int = 0

    def __bool__(self) -> bool:
        return bool(self.not_exported or self.not_in_gong or self.tables)


def expected_requests(export: CallExport, days: Sequence[date]) -> int:
    """Return the known number of requests for comparing days with Gong."""
    calls = {manifest.day: len(manifest.calls) for manifest in export.folder.manifests(days)}
    return sum(requests_for(calls.get(day, 0)) for day in days)


def check(export: CallExport, client: GongApi, days: Iterable[date]) -> Iterator[DayDifference]:
    """Compare days with Gong and yield the differences of each; writes nothing."""
    reader = GongReader(client, export.settings)
    with scratch_folder(SCRATCH) as scratch:
        for day in days:
            draft = DayDraft(day, export.settings, scratch)
            draft.take(reader.pages(window_of(day)))
            difference = _difference(export, draft)
            draft.discard()
            yield difference


def _difference(export: CallExport, draft: DayDraft) -> DayDifference:
    manifest = export.folder.manifest(draft.day)
    known = {} if manifest is None else manifest.calls
    files = {} if manifest is None else manifest.tables
    tables = draft.close()
    return DayDifference(
        draft.day,
        sorted(draft.calls.keys() - known.keys()),
        sorted(known.keys() - draft.calls.keys()),
        [name for name, table in tables.items() if name not in files or files[name].digest != table.digest],
        len(draft.shown),
    )
