"""Days that were read but not yet written because something in them is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.reading.draft import DayDraft
from airflow_provider_gong.call_export.reading.shrink import Shrinkage
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.files import rows_of_calls
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from airflow_provider_gong.call_export.storage.manifest import CallFacts, DayManifest
from airflow_provider_gong.call_export.tables.fields import as_moment, microseconds
from airflow_provider_gong.call_export.tables.schema import Row
from airflow_provider_gong.client.answers import JsonObject


@dataclass
class ReadDay:
    """
    A day that was read.

    :param old: its previous manifest, None for a new day
    :param draft: what was read
    :ivar gone: calls of the manifest that Gong no longer shows
    :ivar unlisted: calls that Gong does not list but returns by id
    :ivar moved: calls that have moved to another day, which may not list them yet
    :ivar silent: calls that had a transcript and no longer have one
    :ivar emptied: tables that lost rows of more calls than are gone
    :ivar has_traded: whether it also keeps calls that a day has, which is written later, until it is read again
    """

    old: DayManifest | None
    draft: DayDraft
    gone: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    moved: dict[str, date] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    has_traded: bool = False

    def __post_init__(self) -> None:
        draft, known = self.draft, self.known
        self._not_listed = len(self.left)
        self.gone = known.keys() - draft.shown
        self.silent = {call_id for call_id in draft.missing if call_id in known and known[call_id].has_transcript}
        if self.is_comparable:
            self.emptied = {
                name for name, before in self._calls_before() if draft.calls_in(name) < before - self._not_listed
            }

    @property
    def day(self) -> date:
        """The UTC day."""
        return self.draft.day

    @property
    def before(self) -> DayManifest:
        """Its previous manifest, an empty one for a new day."""
        return self.old or DayManifest(self.day)

    @property
    def known(self) -> Mapping[str, CallFacts]:
        """The calls of the manifest."""
        return self.before.calls

    @property
    def is_comparable(self) -> bool:
        """Whether the export's files were written under the same settings."""
        return self.before.settings == self.draft.settings.fingerprint

    @property
    def is_empty(self) -> bool:
        """Whether Gong shows no call and none is known."""
        return not self.draft.shown and not self.known

    @property
    def arrived(self) -> set[str]:
        """Calls that were not in the day before."""
        return self.draft.calls.keys() - self.known.keys()

    @property
    def left(self) -> set[str]:
        """Calls that are no longer listed."""
        return self.known.keys() - self.draft.calls.keys()

    @property
    def has_shrunk(self) -> bool:
        """Whether something is missing."""
        return bool(self.gone or self.moved or self.silent or self.emptied)

    def count(self, shrinkage: Shrinkage, erased: Collection[str]) -> None:
        """
        Count what is missing.

        :param erased: calls known to be deleted, which do not count
        """
        shrinkage.count_calls(self.known, self.gone - set(erased))
        if self.is_comparable:
            had = sum(call.has_transcript and call_id in self.draft.calls for call_id, call in self.known.items())
            shrinkage.count_transcripts(had, len(self.silent))
            for name, before in self._calls_before():
                held = max(before - self._not_listed, 0)
                shrinkage.count_table(name, held, self.draft.calls_in(name))

    def found(self, call_id: str, call: JsonObject, first_day: date) -> date | None:
        """
        Take back a call that Gong returned by id: it is not gone.

        :param first_day: the first exported day; calls that have moved to earlier ones are no longer exported
        :return: the other day that it has moved to
        """
        self.gone.discard(call_id)
        started = microseconds(call["metaData"].get("started"))
        day = self.day if started is None else as_moment(started).date()
        if day < first_day or self.draft.settings.leaves_out(call) or not _matches(call, self.draft.settings):
            return None
        if day != self.day:
            self.moved[call_id] = day
            return day
        self.unlisted.add(call_id)
        return None

    def kept(self, removed: set[str]) -> set[str]:
        """Return the calls whose rows are kept although Gong does not show them."""
        return (self.gone | self.silent | self.unlisted) - removed

    def carry_over(self, folder: ExportFolder, kept: set[str]) -> None:
        """Add the rows of kept calls to the draft, and the old transcripts of silent calls."""
        if not self.is_comparable and not self.draft.settings.include_private:
            kept -= self._perhaps_private(folder, kept)
        whole = kept & (self.gone | self.unlisted)
        try:
            for name, table in self.draft.settings.tables.items():
                self.draft.keep(name, self._rows(folder, name, kept if table.table.from_transcripts else whole))
        finally:
            self.draft.close_files()

    def _calls_before(self) -> list[tuple[str, int]]:
        ours = self.draft.settings.tables
        return [
            (name, file.calls) for name, file in self.before.tables.items() if not ours[name].table.from_transcripts
        ]

    def _rows(self, folder: ExportFolder, name: str, call_ids: set[str]) -> Iterator[list[Row]]:
        file = self.before.tables.get(name)
        if file is None or not call_ids or folder.stored(file.path) is None:
            return
        file_format = FileFormat(file.path.rpartition(".")[2])
        with folder.opened(file.path) as opened:
            yield from rows_of_calls(opened, self.draft.settings.tables[name], file_format, call_ids)

    def _perhaps_private(self, folder: ExportFolder, call_ids: set[str]) -> set[str]:
        """Return the calls that may be private because they were read while private calls were exported, too."""
        table = self.draft.settings.tables.get("calls")
        names = [] if table is None else [column.name for column in table.columns]
        if "is_private" not in names:
            return set(call_ids)
        place = names.index("is_private")
        public = {row[0] for rows in self._rows(folder, "calls", call_ids) for row in rows if row[place] is False}
        return call_ids - public


def in_writing_order(days: Iterable[ReadDay]) -> list[ReadDay]:
    """
    Return the days that calls have moved to before those that they have left.

    A run that is killed in between then leaves a moving call in both days, where the next plan finds it, rather than in
    neither. If days have traded calls, the first of them keeps its own until it is read again.
    """
    waiting = {held.day: held for held in days}
    new_days = {call_id: held.day for held in waiting.values() for call_id in held.arrived}
    order: list[ReadDay] = []
    while waiting:
        moving = {
            day: {call_id for call_id in held.left & new_days.keys() if new_days[call_id] in waiting}
            for day, held in waiting.items()
        }
        ready = [day for day, calls in moving.items() if not calls]
        if not ready:
            ready = [min(waiting)]
            traded = waiting[ready[0]]
            traded.unlisted |= moving[traded.day]
            traded.has_traded = True
        order += [waiting.pop(day) for day in ready]
    return order


def _matches(call: JsonObject, settings: ExportSettings) -> bool:
    filters, meta = settings.filters, call["metaData"]
    return (not filters.workspace_id or str(meta.get("workspaceId")) == filters.workspace_id) and (
        not filters.primary_user_ids or str(meta.get("primaryUserId")) in filters.primary_user_ids
    )
