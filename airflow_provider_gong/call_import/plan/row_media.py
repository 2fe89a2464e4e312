"""The recording of a manifest's row: its location, and how it gets to Gong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import NamedTuple

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.manifest.texts import MISSING
from airflow_provider_gong.call_import.media import MediaStorage, is_web, reading_error, similar_place
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.ledger.rows import Actor, Problem

# Without user and password, which everyone who can read the call's log in Gong would see.
_WEB_ADDRESS = re.compile(r"https://([^\s/?#@:\[\]]+|\[[\da-f:.]+\])(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)
# Where an emulated Gong may find recordings.
_LOOPBACK = re.compile(r"http(://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d{1,5})?([/?#]\S*)?)", re.IGNORECASE)


class RowMedia(NamedTuple):
    """
    What is known about a row's recording.

    :param location: path or URL; None if the row has none
    :param size: size in bytes; None before the check and for recordings on the web
    :param problem: what is wrong with it
    :param is_pulled: whether Gong fetches it
    :param content_type: MIME type of its content; None before the check
    :param root: folder on this host that it must be in
    :param mark: mark by which changes are detected until it is sent, as text; None before the check
    """

    location: str | None
    size: int | None = None
    problem: Problem | None = None
    is_pulled: bool = False
    content_type: str | None = None
    root: str = ""
    mark: str | None = None

    @property
    def is_unseen(self) -> bool:
        """Whether it has to be checked."""
        return not self.is_pulled and self.problem is None


def find_media(row: ManifestRow, base: MediaBase | None, mode: MediaMode) -> RowMedia:
    """
    Return the location of a row's recording.

    :param base: where recordings may come from; None for the folder of the row's file
    :param mode: how recordings get to Gong
    """
    text = row.values.get("media")
    if row.misfit is not None:
        return RowMedia(text, problem=row.misfit)
    if text is None or text in MISSING:
        return RowMedia(None, problem=_problem("nothing", "is required", "Give the path or URL of the recording."))
    if is_web(text):
        return _in_the_web(text, mode)
    base = base or (MediaBase.of_manifest(row.file) if row.file else None)
    if base is None:
        return RowMedia(
            text, problem=_problem(text, "has no folder that it could be in", "Set media_base of the plan.")
        )
    location = base.locate(text)
    return (
        RowMedia(text, problem=location) if isinstance(location, Problem) else RowMedia(location, root=base.local_root)
    )


def _in_the_web(text: str, mode: MediaMode) -> RowMedia:
    if mode is MediaMode.PUSH:
        remedy = "Use media_mode='pull' or 'auto' to let Gong fetch it."
        return RowMedia(text, problem=_problem(text, "is a web address, which cannot be uploaded", remedy))
    if not _may_be_given(text):
        remedy = "Give an https URL with a host, and without a user and a password."
        return RowMedia(text, problem=_problem(text, "is not a web address that can be sent to Gong", remedy))
    scheme, _, rest = text.partition(":")
    return RowMedia(f"{scheme.lower()}:{rest}", is_pulled=True)


def look_at(medias: Sequence[RowMedia], storage: MediaStorage, mode: MediaMode, pool: Executor) -> Iterator[RowMedia]:
    """
    Start to check recordings, and return the results; recordings on the web are returned unchanged.

    :param storage: storage of the recordings
    :param mode: how recordings get to Gong
    :param pool: thread pool that checks several recordings at a time
    """
    unseen = [media for media in medias if media.is_unseen]
    if not unseen:
        return iter(medias)
    seen = pool.map(lambda media: _seen(media, storage, mode), unseen)
    return (next(seen) if media.is_unseen else media for media in medias)


def _seen(media: RowMedia, storage: MediaStorage, mode: MediaMode) -> RowMedia:
    place = media.location or ""
    try:
        found = check_recording(place, storage.path)
    except Exception as error:
        raise reading_error(f"The recording {shown(place)} cannot be read", error) from error
    if isinstance(found, Problem):
        similar = similar_place(place, storage.path)
        remedy = f"Did you mean {shown(similar)}?" if similar else found.remedy
        return media._replace(problem=replace(found, remedy=remedy))
    try:
        is_pulled = mode is not MediaMode.PUSH and _can_be_pulled(place, storage, mode)
    except OSError as reason:
        remedy = "Give an https URL, or use media_mode='push'."
        return media._replace(problem=_problem(place, f"cannot be fetched by Gong: {reason}", remedy))
    mark = found.mark._replace(root=media.root).as_text()
    return media._replace(size=found.size, content_type=found.content_type, is_pulled=is_pulled, mark=mark)


def _may_be_given(url: str) -> bool:
    return _WEB_ADDRESS.fullmatch(url) is not None or _LOOPBACK.fullmatch(url) is not None


def _can_be_pulled(place: str, storage: MediaStorage, mode: MediaMode) -> bool:
    """Return whether Gong will fetch a recording from a URL that is signed when its call is sent."""
    try:
        url = storage.sign(place)
    except OSError:
        if mode is MediaMode.PULL:
            raise
        return False
    if mode is MediaMode.PULL and not _may_be_given(url):
        raise OSError("its URL would not use TLS")
    return mode is MediaMode.PULL or url.startswith("https://")


def _problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem("media", text, rule, remedy, Actor.MANIFEST)
