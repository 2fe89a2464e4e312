"""The recording of a manifest's row: where it is, and who fetches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.manifest import ManifestRow
from airflow_provider_gong.call_import.media_paths import MediaBase
from airflow_provider_gong.call_import.recordings import Recording, check_recording
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.store.ledger_rows import Problem

PUSH = "push"
PULL = "pull"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RowMedia:
    """
    A row's recording as far as it is known.

    :param location: path or URL; None where the row has none
    :param size: length in bytes; None before it was looked at, and where Gong fetches it
    :param problem: what is wrong with it
    :param is_pulled: whether Gong fetches it
    """

    location: str | None
    size: int | None = None
    problem: Problem | None = None
    is_pulled: bool = False

    @property
    def is_unseen(self) -> bool:
        """Whether it has to be looked at."""
        return not self.is_pulled and self.problem is None


def find_media(row: ManifestRow, base: MediaBase | None, mode: str) -> RowMedia:
    """
    Return where the recording of a row is.

    :param base: where recordings may come from; None for the folder of the row's file
    :param mode: ``push``, ``pull`` or ``auto``
    """
    text = row.values.get("media")
    if text is None:
        return RowMedia(None, problem=_problem("nothing", "is required", "Give the path or URL of the recording."))
    is_web = text.startswith(("https://", "http://"))
    if mode == PULL or (mode == AUTO and is_web):
        remedy = "Give an https URL, or use media_mode='push'."
        problem = None if is_web else _problem(text, "cannot be fetched by Gong", remedy)
        return RowMedia(text, problem=problem, is_pulled=True)
    if is_web:
        remedy = "Use media_mode='pull' or 'auto', so that Gong fetches it."
        return RowMedia(text, problem=_problem(text, "is a web address, which is not uploaded", remedy))
    base = base or (MediaBase.of_manifest(row.file) if row.file else None)
    if base is None:
        return RowMedia(text, problem=_problem(text, "has no folder to be in", "Set media_base of the plan."))
    location = base.locate(text)
    return RowMedia(text, problem=location) if isinstance(location, Problem) else RowMedia(location)


def look_at(medias: Sequence[RowMedia], open_path: Callable[[str], MediaPath], pool: Executor) -> list[RowMedia]:
    """
    Return what the recordings are, those that Gong fetches as they were.

    :param open_path: makes the path object of a recording
    :param pool: where several recordings are looked at at a time
    """
    places = [media.location or "" for media in medias if media.is_unseen]
    found = pool.map(lambda place: check_recording(place, open_path), places)
    return [_seen(media, next(found)) if media.is_unseen else media for media in medias]


def _seen(media: RowMedia, found: Recording | Problem) -> RowMedia:
    return replace(media, size=found.size) if isinstance(found, Recording) else replace(media, problem=found)


def _problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem("media", text, rule, remedy, "manifest")
