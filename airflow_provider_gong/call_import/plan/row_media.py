"""The recording of a manifest's row: where it is, and who fetches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.recordings import check_recording
from airflow_provider_gong.call_import.signing import Sign, is_web
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import Actor, Problem

PUSH = "push"
PULL = "pull"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RowMedia:
    """
    A row's recording as far as it is known.

    :param location: path or URL; None where the row has none
    :param size: length in bytes; None before it was looked at, and for what is in the web
    :param problem: what is wrong with it
    :param is_pulled: whether Gong fetches it
    """

    location: str | None
    size: int | None = None
    problem: Problem | None = None
    is_pulled: bool = False

    @property
    def is_web(self) -> bool:
        """Whether its place is a web address."""
        return self.location is not None and is_web(self.location)

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
    web = RowMedia(text, is_pulled=True)
    if web.is_web and mode != PUSH:
        return web
    if web.is_web:
        remedy = "Use media_mode='pull' or 'auto', so that Gong fetches it."
        return RowMedia(text, problem=_problem(text, "is a web address, which is not uploaded", remedy))
    base = base or (MediaBase.of_manifest(row.file) if row.file else None)
    if base is None:
        return RowMedia(text, problem=_problem(text, "has no folder to be in", "Set media_base of the plan."))
    location = base.locate(text)
    return RowMedia(text, problem=location) if isinstance(location, Problem) else RowMedia(location)


def look_at(
    medias: Sequence[RowMedia], open_path: Callable[[str], MediaPath], sign: Sign, mode: str, pool: Executor
) -> list[RowMedia]:
    """
    Return what the recordings are, those in the web as they were.

    :param open_path: makes the path object of a recording
    :param sign: makes the URL by which Gong can fetch a recording from an object store, or raises ``OSError``
    :param mode: ``push``, ``pull`` or ``auto``
    :param pool: where several recordings are looked at at a time
    """
    unseen = [media for media in medias if media.is_unseen]
    seen = pool.map(lambda media: _seen(media, open_path, sign, mode), unseen)
    return [next(seen) if media.is_unseen else media for media in medias]


def _seen(media: RowMedia, open_path: Callable[[str], MediaPath], sign: Sign, mode: str) -> RowMedia:
    place = media.location or ""
    found = check_recording(place, open_path)
    if isinstance(found, Problem):
        return replace(media, problem=found)
    try:
        is_pulled = mode != PUSH and _is_signed(open_path(place), sign, mode)
    except OSError as reason:
        remedy = "Give an https URL, or use media_mode='push'."
        return replace(media, problem=_problem(place, f"cannot be fetched by Gong: {reason}", remedy))
    return replace(media, size=found.size, is_pulled=is_pulled)


def _is_signed(path: MediaPath, sign: Sign, mode: str) -> bool:
    """Tell whether Gong is going to fetch a recording by a URL that is signed when its call is sent."""
    try:
        url = sign(path)
    except OSError:
        if mode == PULL:
            raise
        return False
    return mode == PULL or url.startswith("https://")


def _problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem("media", text, rule, remedy, Actor.MANIFEST)
