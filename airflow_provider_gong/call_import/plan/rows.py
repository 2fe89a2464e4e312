"""The rows of a manifest, checked as far as possible without writing to Gong."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from pydantic_core import to_json

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.manifest.manifest import Manifest, ManifestRow
from airflow_provider_gong.call_import.manifest.texts import MISSING, without_zeros
from airflow_provider_gong.call_import.media import MediaStorage, is_web
from airflow_provider_gong.call_import.plan.call_draft import CallDraft
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.identical import IdenticalRecordings, reject_repeated
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.row_media import RowMedia, find_media, look_at
from airflow_provider_gong.call_import.progress import Progress
from airflow_provider_gong.client.models import NewCall
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.plan_draft import PlanDraft, plan_draft
from airflow_provider_gong.ledger.rows import MAX_ID_BYTES, Actor, CallState, PlannedRow, Problem

# An object store takes tens of milliseconds for each.
_CONCURRENT_CHECKS = 32
_BATCH = 250
# Rows whose calls are built at a time: few enough to spare the garbage collector.
_STEP = 25


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """
    How rows are checked.

    :param media_base: where recordings may come from; None for the folder of the file that names them
    :param storage: storage of the recordings
    :param media_mode: how recordings get to Gong; with ``auto``, Gong pulls those with an https URL or a signed one
    :param rules: how cells are read
    :param known: earlier sent calls; None for none
    """

    media_base: MediaBase | None
    storage: MediaStorage
    media_mode: MediaMode = MediaMode.PUSH
    rules: CellRules = field(default_factory=CellRules)
    known: KnownCalls | None = None


@contextlib.contextmanager
def checked_rows(manifest: Manifest, hosts: HostDirectory, settings: PlanSettings) -> Iterator[PlanDraft]:
    """
    Check all rows of a manifest and find all their errors. The results exist until the block ends.

    :raises GongManifestError: if the manifest cannot be read as a whole
    """
    with plan_draft() as draft:
        with ThreadPoolExecutor(_CONCURRENT_CHECKS) as pool:
            _fill(draft, manifest, hosts, settings, pool)
            reject_repeated(draft, manifest)
            identical = IdenticalRecordings(settings.storage, pool, settings.known, manifest.described("media"))
            identical.reject(draft)
        draft.remarks = manifest.warnings()
        yield draft


def _fill(draft: PlanDraft, manifest: Manifest, hosts: HostDirectory, settings: PlanSettings, pool: Executor) -> None:
    progress, rows, rejected = Progress("Planned", None), 0, 0
    known = None if settings.known is None or settings.known.is_empty() else settings.known
    for batch, medias in _looked_at(manifest.rows, settings, pool):
        imported = _imported(batch, known)
        for some in batches(zip(batch, medias, strict=True), _STEP):
            planned = _planned(some, manifest, hosts, settings.rules)
            rejected += sum(bool(row.problems) for row in planned)
            draft.add(planned, imported)
        rows += len(batch)
        counts = {CallState.PLANNED.value: rows - rejected, CallState.REJECTED.value: rejected}
        progress.show(rows, {state: count for state, count in counts.items() if count})


def _looked_at(
    rows: Iterable[ManifestRow], settings: PlanSettings, pool: Executor
) -> Iterator[tuple[list[ManifestRow], Iterator[RowMedia]]]:
    """Yield rows with their recordings in batches, while the recordings of the next batch are checked."""
    ahead: deque[tuple[list[ManifestRow], Iterator[RowMedia]]] = deque()
    for batch in batches(rows, _BATCH):
        found = [find_media(row, settings.media_base, settings.media_mode) for row in batch]
        ahead.append((batch, look_at(found, settings.storage, settings.media_mode, pool)))
        if len(ahead) > 1:
            yield ahead.popleft()
    yield from ahead


def _planned(
    rows: Iterable[tuple[ManifestRow, RowMedia]], manifest: Manifest, hosts: HostDirectory, rules: CellRules
) -> list[PlannedRow]:
    # Step by step for the whole batch, because repeating the same work is fastest for the processor.
    drafts = [(row, media, CallDraft(row, hosts.find(_host_text(row)), rules)) for row, media in rows]
    calls = [(*found, found[-1].validated()) for found in drafts]
    return [_planned_row(manifest, *found) for found in calls]


def _imported(rows: Iterable[ManifestRow], known: KnownCalls | None) -> set[str]:
    if known is None:
        return set()
    return known.finished([ident for row in rows if (ident := row.values.get("client_unique_id"))])


def _planned_row(
    manifest: Manifest, row: ManifestRow, media: RowMedia, draft: CallDraft, call: NewCall | None
) -> PlannedRow:
    ident = row.values.get("client_unique_id", "")
    problems = _problems(manifest, ident, media, draft)
    warnings = row.warnings
    if draft.remarks:
        named = ((f"{manifest.described(column)}: " if column else "", remark) for column, remark in draft.remarks)
        warnings += tuple(map("".join, named))
    payload = fingerprint = None
    if call is not None and media.location is not None and not problems:
        payload = call.wire_json()
        fingerprint = content_fingerprint(payload, call.primary_user, media.location, media.size)
        warnings += tuple(call.warnings())
    return PlannedRow(
        row_number=row.number,
        client_unique_id=ident,
        title=row.values.get("title"),
        payload=payload,
        media=media.location,
        media_bytes=media.size,
        fingerprint=fingerprint,
        problems=problems,
        source=_without(row.values, draft.lost) if draft.lost else row.values,
        file=row.file,
        warnings=warnings,
        is_pulled=media.is_pulled,
        media_type=media.content_type,
        media_mark=media.mark,
        line=row.line,
    )


def _without(values: Mapping[str, str], columns: Collection[str]) -> dict[str, str]:
    return {column: text for column, text in values.items() if column not in columns}


def _problems(manifest: Manifest, ident: str, media: RowMedia, draft: CallDraft) -> tuple[Problem, ...]:
    """Return all that is wrong with a row, with the columns as the manifest has them."""
    is_short = len(ident) * 4 <= MAX_ID_BYTES
    if is_short and media.problem is None and not draft.problems:
        return ()
    found = [*draft.problems, *_id_problems(ident), *filter(None, [media.problem])]
    return tuple(replace(problem, field=manifest.described(problem.field)) for problem in found)


def _host_text(row: ManifestRow) -> str | None:
    text = row.values.get("primary_user")
    return None if text is None or text in MISSING else without_zeros(text)


def _id_problems(ident: str) -> tuple[Problem, ...]:
    if len(ident) > MAX_ID_BYTES or len(ident.encode()) <= MAX_ID_BYTES:
        return ()
    rule = f"has {len(ident.encode())} bytes in UTF-8, and the store keeps at most {MAX_ID_BYTES}"
    return (Problem("client_unique_id", ident, rule, "Give the call a shorter id.", Actor.MANIFEST),)


def content_fingerprint(payload: str, host: str, media: str, media_bytes: int | None) -> str:
    """
    Hash the call and its recording's name and size, since paths and signed URLs change between runs.

    :param payload: the call as JSON: fields are in the model's order, and nested values were sorted when they were read
    :param host: Gong's id of the user who hosts the call, without whose profile it is hashed
    """
    path = media.partition("?")[0].partition("#")[0] if is_web(media) else media
    content = _profile_of(host).sub(f'"userId":"{host}"', payload)
    recording = to_json((path.rpartition("/")[2], media_bytes))
    return hashlib.sha256(b"[%s,%s" % (content.encode(), recording[1:])).hexdigest()


@functools.lru_cache
def _profile_of(host: str) -> re.Pattern[str]:
    """Return the pattern of a host among the parties of a call as JSON, whose quotes inside of text are escaped."""
    # The host's own fields come from Gong, where they may be edited at any time.
    text = r'"[^"\\]*(?:\\.[^"\\]*)*"'
    return re.compile(rf'"userId":"{host}"(?:,"name":{text})?(?:,"emailAddress":{text})?')
