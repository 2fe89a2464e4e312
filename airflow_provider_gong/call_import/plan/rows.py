"""The rows of a manifest, checked as far as they can be without writing anything to Gong."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.manifest.manifest import Manifest, ManifestRow
from airflow_provider_gong.call_import.media import MediaStorage
from airflow_provider_gong.call_import.plan.call_draft import CallDraft
from airflow_provider_gong.call_import.plan.hosts import Host, HostDirectory
from airflow_provider_gong.call_import.plan.identical import IdenticalRecordings, reject_repeated
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.row_media import RowMedia, find_media, look_at
from airflow_provider_gong.call_import.progress import Progress
from airflow_provider_gong.client.models import NewCall
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.rows import MAX_ID_BYTES, Actor, CallState, PlannedRow, Problem

_CONCURRENT_CHECKS = 8
_CHECK_BATCH = 500
_URL_END = re.compile(r"[?#].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """
    How rows are looked at.

    :param media_base: where recordings may come from; None for the folder of the file that names them
    :param storage: where the recordings are
    :param media_mode: who moves the recordings; ``auto`` has Gong pull what has an https URL or can be given one
    :param timezone: IANA zone of times without an offset; None refuses them
    :param known: what was sent earlier; None for nothing
    """

    media_base: MediaBase | None
    storage: MediaStorage
    media_mode: MediaMode = MediaMode.PUSH
    timezone: str | None = None
    known: KnownCalls | None = None


@contextlib.contextmanager
def checked_rows(manifest: Manifest, hosts: HostDirectory, settings: PlanSettings) -> Iterator[PlanDraft]:
    """
    Check all rows of a manifest and find all their errors. What is found is there until the block ends.

    :raises GongManifestError: if the manifest cannot be read as a whole
    """
    with contextlib.closing(PlanDraft()) as draft:
        with ThreadPoolExecutor(_CONCURRENT_CHECKS) as pool:
            _fill(draft, manifest, hosts, settings, pool)
            reject_repeated(draft, manifest)
            identical = IdenticalRecordings(settings.storage, pool, settings.known, manifest.described("media"))
            identical.reject(draft)
        draft.remarks = manifest.warnings()
        yield draft


def _fill(draft: PlanDraft, manifest: Manifest, hosts: HostDirectory, settings: PlanSettings, pool: Executor) -> None:
    progress, states = Progress("Planned", None), Counter[CallState]()
    for batch in batches(manifest.rows, _CHECK_BATCH):
        found = [find_media(row, settings.media_base, settings.media_mode) for row in batch]
        medias = look_at(found, settings.storage, settings.media_mode, pool)
        planned = (_plan_row(row, media, hosts, settings) for row, media in zip(batch, medias, strict=True))
        draft.add((_described(row, manifest, states) for row in planned), _imported(batch, settings.known))
        progress.show(states.total(), {state.value: count for state, count in states.items()})


def _imported(rows: Iterable[ManifestRow], known: KnownCalls | None) -> set[str]:
    idents = [ident for row in rows if (ident := row.values.get("client_unique_id"))]
    return known.finished(idents) if known else set()


def _plan_row(row: ManifestRow, media: RowMedia, hosts: HostDirectory, settings: PlanSettings) -> PlannedRow:
    host = hosts.find(row.values.get("primary_user"))
    call = CallDraft(row, host, settings.timezone).validated()
    problems = row.problems + _id_problems(row) + (call if isinstance(call, tuple) else ())
    problems += () if media.problem is None else (media.problem,)
    if problems or isinstance(call, tuple):
        return _row(row, None, media, problems=problems)
    remarks = (host.remark,) if isinstance(host, Host) and host.remark else ()
    return _row(row, call, media, warnings=(*remarks, *call.warnings()))


def _id_problems(row: ManifestRow) -> tuple[Problem, ...]:
    ident = row.values.get("client_unique_id", "")
    if len(ident) > MAX_ID_BYTES or len(ident.encode()) <= MAX_ID_BYTES:
        return ()
    rule = f"has {len(ident.encode())} bytes in UTF-8, of which the store keeps {MAX_ID_BYTES}"
    return (Problem("client_unique_id", ident, rule, "Give the call a shorter id.", Actor.MANIFEST),)


def _row(
    row: ManifestRow,
    call: NewCall | None,
    media: RowMedia,
    *,
    problems: tuple[Problem, ...] = (),
    warnings: tuple[str, ...] = (),
) -> PlannedRow:
    payload = None if call is None else call.wire()
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
        warnings=warnings,
        is_pulled=media.is_pulled,
        media_type=media.content_type,
    )


def content_fingerprint(payload: dict[str, Any], media: str, media_bytes: int | None) -> str:
    """Hash what makes the call; of the recording its name and size, since paths and signed URLs change between runs."""
    parties = [_without_profile(party, payload["primaryUser"]) for party in payload["parties"]]
    content = {**payload, "parties": parties}
    path = _URL_END.sub("", media) if "://" in media else media
    # Fields come in the model's order, and what a manifest nests in them was sorted when it was read.
    return hashlib.sha256(to_json([content, path.rpartition("/")[2], media_bytes])).hexdigest()


def _without_profile(party: dict[str, Any], host: str) -> dict[str, Any]:
    # The host's own come from Gong, where they may be edited at any time.
    if party.get("userId") != host:
        return party
    return {name: value for name, value in party.items() if name not in ("name", "emailAddress")}


def _described(row: PlannedRow, manifest: Manifest, states: Counter[CallState]) -> PlannedRow:
    """Count a row, and name in its problems the columns as the manifest has them."""
    states[row.state] += 1
    if not row.problems:
        return row
    problems = (dataclasses.replace(problem, field=manifest.described(problem.field)) for problem in row.problems)
    return dataclasses.replace(row, problems=tuple(problems))
