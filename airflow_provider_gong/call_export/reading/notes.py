"""Workers' notes in the export's folder: when they read days, and what a run found missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from airflow_provider_gong.call_export.reading.counts import Figures
from airflow_provider_gong.call_export.reading.run import ExportRun
from airflow_provider_gong.call_export.reading.shrink import Shrinkage
from airflow_provider_gong.call_export.storage.folder import ExportFolder


class WorkerNotes:
    """
    A worker's notes, and those of the other workers of the same run.

    :param folder: the export's folder
    :param worker: the worker
    :param since: start of the run, which all of its workers and attempts know; None for a run of one attempt
    :param part: the worker's part of the run, if not all of it
    :ivar requests: the worker's requests of the last 24 hours, by hour
    :ivar figures: what the worker's earlier attempts have done for this part of the run
    :ivar judged: what the worker's earlier attempts have seen in this run
    """

    def __init__(self, folder: ExportFolder, worker: str, since: datetime | None, part: str) -> None:
        self._folder = folder
        self._worker = worker
        self._part = part
        self._since = None if since is None else since.isoformat()
        self._notes = folder.notes()
        self._own = self._notes.get(worker, {})
        self.requests: Mapping[str, int] = self._own.get("requests", {})
        self.figures = Figures.parsed(self._of_run(self._own).get("figures", {}).get(part, {}))
        self.judged = Shrinkage.parsed(self._of_run(self._own).get("judged", {}))

    def judged_by_others(self) -> Shrinkage:
        """Return what the other workers have seen in this run."""
        others = [self._of_run(note) for worker, note in self._notes.items() if worker != self._worker]
        return sum((Shrinkage.parsed(run.get("judged", {})) for run in others), Shrinkage())

    def left_by_all(self) -> list[date]:
        """Return the days that workers of this run have left."""
        return [day for note in self._notes.values() for day in self._left_by(note)]

    def left(self) -> list[date]:
        """Return the days that the worker's earlier attempts have left to another one in this run."""
        return self._left_by(self._own)

    def _left_by(self, note: Mapping[str, Any]) -> list[date]:
        return [date.fromisoformat(day) for day in self._of_run(note).get("left", ())]

    def take(
        self,
        run: ExportRun,
        requests: Mapping[str, int],
        left: Iterable[date] = (),
    ) -> None:
        """
        Add notes.

        :param run: what the worker has read
        :param requests: the worker's requests of the last 24 hours, by hour
        :param left: the days that it has left to another worker
        """
        reads = {day.isoformat(): moment.isoformat() for day, moment in run.read_at.items()}
        note: dict[str, Any] = {"read_at": {**self._own.get("read_at", {}), **reads}, "requests": dict(requests)}
        if self._since is not None:
            before = self._of_run(self._own)
            note["run"] = {
                "since": self._since,
                "figures": {**before.get("figures", {}), self._part: run.figures.document()},
                "judged": run.judged.document(),
                "left": sorted({*before.get("left", ()), *(day.isoformat() for day in left)}),
            }
        self._folder.write_note(self._worker, note)

    def _of_run(self, note: Mapping[str, Any]) -> Mapping[str, Any]:
        run: Mapping[str, Any] = note.get("run", {})
        return run if self._since is not None and run.get("since") == self._since else {}


def read_moments(folder: ExportFolder) -> dict[date, datetime]:
    """Return when days were last read, according to the workers' notes."""
    found: dict[date, datetime] = {}
    for note in folder.notes().values():
        for text, moment in note.get("read_at", {}).items():
            day, read_at = date.fromisoformat(text), datetime.fromisoformat(moment)
            found[day] = max(read_at, found.get(day, read_at))
    return found
