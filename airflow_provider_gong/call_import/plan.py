"""The plan of an import: every row checked as far as it can be without writing anything to Gong."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_gong.call_import.columns import draft_call
from airflow_provider_gong.call_import.hosts import Host, HostDirectory
from airflow_provider_gong.call_import.identical import KnownRecordings, reject_identical
from airflow_provider_gong.call_import.manifest import SURPLUS, Manifest, ManifestRow
from airflow_provider_gong.call_import.media_paths import MediaBase
from airflow_provider_gong.call_import.progress import Progress
from airflow_provider_gong.call_import.recordings import check_recording
from airflow_provider_gong.call_import.signing import Sign, cannot_sign
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.client.models import NewCall
from airflow_provider_gong.store.intents import fingerprint_of
from airflow_provider_gong.store.ledger_rows import CallState, PlannedRow, Problem
from airflow_provider_gong.store.texts import row_place, shown

log = logging.getLogger(__name__)

PUSH = "push"
PULL = "pull"
AUTO = "auto"
_VERIFY_BATCH = 100
_CONCURRENT_CHECKS = 8
_CHECK_BATCH = 200
_SHOWN_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """
    How rows are looked at.

    :param media_base: where recordings may come from; None for the folder of the file that names them
    :param open_path: makes the path object of a recording
    :param sign: makes the URL by which Gong can fetch a recording from an object store, or raises ``OSError``
    :param media_mode: ``push`` uploads recordings, ``pull`` has Gong fetch them by URL, ``auto`` chooses row by row:
        what has an https URL, or can be given one, is fetched
    :param timezone: IANA zone of times without an offset; None refuses them
    :param known_recordings: returns the recordings of some lengths that were uploaded earlier
    """

    media_base: MediaBase | None
    open_path: Callable[[str], MediaPath]
    sign: Sign = cannot_sign
    media_mode: str = PUSH
    timezone: str | None = None
    known_recordings: KnownRecordings = lambda sizes: ()


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """
    What an import is going to do.

    :param rows: all rows, rejected ones included
    :param warnings: what was noticed and does not stop anything
    """

    rows: list[PlannedRow]
    warnings: list[str] = field(default_factory=list)

    @property
    def planned(self) -> list[PlannedRow]:
        """The rows that may be sent."""
        return [row for row in self.rows if row.state is CallState.PLANNED]

    @property
    def rejected(self) -> list[PlannedRow]:
        """The rows that are not going to be sent."""
        return [row for row in self.rows if row.state is CallState.REJECTED]

    def estimate(self, *, already_imported: int, requests_per_second: float, requests_per_day: int) -> dict[str, Any]:
        """Return rows, requests, days of quota, time and bytes that the upload takes, as a JSON object."""
        to_send = max(len(self.planned) - already_imported, 0)
        reads = math.ceil(to_send / _VERIFY_BATCH)
        push, pull = 2 * to_send + reads, to_send + reads
        pushed = sum("downloadMediaUrl" not in (row.payload or {}) for row in self.planned)
        requests = min(pull + pushed, push)
        return {
            "rows": len(self.rows),
            "planned": len(self.planned),
            "rejected": len(self.rejected),
            "already_imported": already_imported,
            "requests": requests,
            "requests_by_push": push,
            "requests_by_pull": pull,
            "quota_days": round(requests / requests_per_day, 2),
            "seconds_at_least": round(requests / requests_per_second),
            "bytes": sum(row.media_bytes or 0 for row in self.planned),
        }


def make_plan(manifest: Manifest, hosts: HostDirectory, settings: PlanSettings) -> ImportPlan:
    """
    Check all rows of a manifest and find all their errors.

    :raises GongManifestError: if the manifest cannot be read as a whole
    """
    warnings: list[str] = []
    progress = Progress("Planned", None)
    first_rows: dict[tuple[str, str], ManifestRow] = {}
    rows: list[PlannedRow] = []
    with ThreadPoolExecutor(_CONCURRENT_CHECKS) as pool:
        for batch in _batches(manifest.rows):
            checks = pool.map(lambda row: _plan_row(row, hosts, settings), batch)
            for row, (planned, remarks) in zip(batch, checks, strict=True):
                rows.append(_unless_repeated(planned, row, first_rows))
                warnings += [f"{row_place(row.number, row.file)}: {remark}" for remark in remarks]
            progress.show(len(rows), dict(Counter(row.state.value for row in rows)))
        rows = reject_identical(rows, settings.known_recordings, settings.open_path, pool)
    return ImportPlan([_described(row, manifest) for row in rows], manifest.warnings() + warnings)


def log_plan(plan: ImportPlan, estimate: dict[str, Any]) -> None:
    """Write the plan into the log: its figures, every rejected row, the first of its warnings."""
    log.info("Plan: %s", ", ".join(f"{name} {value}" for name, value in estimate.items()))
    for row in plan.rejected:
        for problem in row.problems:
            place, ident = row_place(row.row_number, row.file), shown(row.client_unique_id) or "no id"
            log.warning("%s (%s) is rejected: %s", place, ident, problem)
    for warning in plan.warnings[:_SHOWN_WARNINGS]:
        log.warning("%s", warning)
    if len(plan.warnings) > _SHOWN_WARNINGS:
        log.warning("There are %d more warnings like these.", len(plan.warnings) - _SHOWN_WARNINGS)


def _plan_row(row: ManifestRow, hosts: HostDirectory, settings: PlanSettings) -> tuple[PlannedRow, list[str]]:
    host = hosts.find(row.values.get("primary_user"))
    draft = draft_call(row, host, settings.timezone)
    media = _media(row, settings)
    if media.is_pulled and media.is_web and media.problem is None:
        draft.fields["download_media_url"] = media.location
    call = draft.validated()
    problems = _shape_problems(row) + (call if isinstance(call, tuple) else ())
    problems += () if media.problem is None else (media.problem,)
    if problems or isinstance(call, tuple):
        return _row(row, None, media, problems), []
    remarks = [host.remark] if isinstance(host, Host) and host.remark else []
    return _row(row, call, media, ()), remarks + call.warnings()


@dataclass(frozen=True, slots=True)
class _Media:
    """Where a row's recording is as far as that is known, and what is wrong with it."""

    location: str | None
    size: int | None = None
    problem: Problem | None = None
    is_pulled: bool = False

    @property
    def is_web(self) -> bool:
        """Whether its place is a web address."""
        return self.location is not None and self.location.startswith(("https://", "http://"))


def _media(row: ManifestRow, settings: PlanSettings) -> _Media:
    text = row.values.get("media")
    if text is None:
        return _Media(None, problem=_media_problem("nothing", "is required", "Give the path or URL of the recording."))
    web = _Media(text, is_pulled=True)
    if not web.is_web:
        return _stored_media(text, row, settings)
    if settings.media_mode != PUSH:
        return web
    remedy = "Use media_mode='pull' or 'auto', so that Gong fetches it."
    return _Media(text, problem=_media_problem(text, "is a web address, which is not uploaded", remedy))


def _stored_media(text: str, row: ManifestRow, settings: PlanSettings) -> _Media:
    base = settings.media_base or (MediaBase.of_manifest(row.file) if row.file else None)
    if base is None:
        return _Media(text, problem=_media_problem(text, "has no folder to be in", "Set media_base of the plan."))
    location = base.locate(text)
    if isinstance(location, Problem):
        return _Media(text, problem=location)
    found = check_recording(location, settings.open_path)
    if isinstance(found, Problem):
        return _Media(location, problem=found)
    try:
        return _Media(location, found.size, is_pulled=_is_signed(location, settings))
    except OSError as reason:
        remedy = "Give an https URL, or use media_mode='push'."
        return _Media(location, problem=_media_problem(text, f"cannot be fetched by Gong: {reason}", remedy))


def _is_signed(location: str, settings: PlanSettings) -> bool:
    """Tell whether Gong is going to fetch a recording by a URL that is signed when its call is sent."""
    if settings.media_mode == PUSH:
        return False
    try:
        url = settings.sign(settings.open_path(location))
    except OSError:
        if settings.media_mode == PULL:
            raise
        return False
    return settings.media_mode == PULL or url.startswith("https://")


def _media_problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem("media", text, rule, remedy, "manifest")


def _shape_problems(row: ManifestRow) -> tuple[Problem, ...]:
    if SURPLUS not in row.values:
        return ()
    rule = "has cells beyond the columns of the header"
    return (Problem("row", row.values[SURPLUS], rule, "Quote cells that contain commas.", "manifest"),)


def _row(row: ManifestRow, call: NewCall | None, media: _Media, problems: tuple[Problem, ...]) -> PlannedRow:
    payload = None if call is None else call.wire()
    if payload is not None and media.is_pulled:
        payload["downloadMediaUrl"] = media.location
    return PlannedRow(
        row_number=row.number,
        client_unique_id=row.values.get("client_unique_id", ""),
        title=row.values.get("title"),
        payload=payload,
        media=media.location,
        media_bytes=media.size,
        fingerprint=content_fingerprint(payload, media.location, media.size) if payload and media.location else None,
        problems=problems,
        source=row.values,
        file=row.file,
    )


def content_fingerprint(payload: dict[str, Any], media: str, media_bytes: int | None) -> str:
    """Hash what makes the call; of the recording its name and size, since paths and signed URLs change between runs."""
    content = {name: value for name, value in payload.items() if name != "downloadMediaUrl"}
    content["parties"] = [_without_profile(party, payload["primaryUser"]) for party in payload["parties"]]
    path = urlsplit(media).path if "://" in media else media
    return fingerprint_of([content, path.rpartition("/")[2], media_bytes])


def _without_profile(party: dict[str, Any], host: str) -> dict[str, Any]:
    # The host's own come from Gong, where they may be edited at any time.
    if party.get("userId") != host:
        return party
    return {name: value for name, value in party.items() if name not in ("name", "emailAddress")}


def _unless_repeated(
    planned: PlannedRow, row: ManifestRow, first_rows: dict[tuple[str, str], ManifestRow]
) -> PlannedRow:
    """Reject a row whose id or recording stands in an earlier row."""
    for column, text, remedy in (
        ("client_unique_id", planned.client_unique_id, "Give each call its own id, and each row once."),
        ("media", planned.media, "Give each call its own recording: Gong stores each once."),
    ):
        first = first_rows.setdefault((column, text), row) if text else row
        if first is not row:
            of_file = "the same manifest" if first.file == row.file else shown(first.file)
            rule = f"stands in row {first.number} of {of_file} already"
            problem = Problem(column, text or "", rule, remedy, "manifest")
            return dataclasses.replace(planned, problems=(*planned.problems, problem))
    return planned


def _described(row: PlannedRow, manifest: Manifest) -> PlannedRow:
    """Name in a row's problems the columns as the manifest has them."""
    if not row.problems:
        return row
    problems = (dataclasses.replace(problem, field=manifest.described(problem.field)) for problem in row.problems)
    return dataclasses.replace(row, problems=tuple(problems))


def _batches(rows: Iterable[ManifestRow]) -> Iterator[list[ManifestRow]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, _CHECK_BATCH)):
        yield batch
