"""Recordings with the same content: Gong stores each once, so all but one are stopped before they are sent."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor

from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.store.ledger_rows import CallState, KnownRecording, PlannedRow, Problem
from airflow_provider_gong.store.texts import shown

log = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_REMEDY = "Check which of the two calls the recording belongs to, and leave the other one out."

KnownRecordings = Callable[[Sequence[int]], Iterable[KnownRecording]]


def reject_identical(
    rows: Sequence[PlannedRow], known_recordings: KnownRecordings, open_path: Callable[[str], MediaPath], pool: Executor
) -> list[PlannedRow]:
    """
    Reject planned rows whose recording was uploaded for another call, or is that of an earlier row.

    Only recordings of equal length are read.

    :param known_recordings: returns the recordings of some lengths that were uploaded earlier
    :param open_path: makes the path object of a recording
    :param pool: where several recordings are read at a time
    """
    sizes = Counter(row.media_bytes for row in rows if row.state is CallState.PLANNED and row.media_bytes)
    known = list(known_recordings(list(sizes)))
    alike = {size for size, count in sizes.items() if count > 1} | {recording.size for recording in known}
    suspects = [row for row in rows if row.state is CallState.PLANNED and row.media_bytes in alike]
    if suspects:
        log.info("%d recordings have the length of another one, and are compared.", len(suspects))
    hashes = pool.map(lambda row: _hash_or_problem(row, open_path), suspects)
    hash_by_row = dict(zip((id(row) for row in suspects), hashes, strict=True))
    return _compared(rows, hash_by_row, known)


def _compared(
    rows: Sequence[PlannedRow], hash_by_row: Mapping[int, str | Problem], known: Sequence[KnownRecording]
) -> list[PlannedRow]:
    known_by_hash: dict[str, list[KnownRecording]] = defaultdict(list)
    for recording in known:
        known_by_hash[recording.sha256].append(recording)
    firsts: dict[str, PlannedRow] = {}
    compared = []
    for row in rows:
        found = hash_by_row.get(id(row))
        if isinstance(found, str):
            found = _known_problem(row, known_by_hash[found]) or _repeated_problem(row, firsts.setdefault(found, row))
        compared.append(row if found is None else dataclasses.replace(row, problems=(found,)))
    return compared


def _known_problem(row: PlannedRow, known: Sequence[KnownRecording]) -> Problem | None:
    # A recording of the row's own call is what an earlier try has sent.
    if not known or any(recording.client_unique_id == row.client_unique_id for recording in known):
        return None
    call = f"call {known[0].call_id} ({shown(known[0].client_unique_id)})"
    return _problem(row, f"is the same recording as that of {call}, which was uploaded before")


def _repeated_problem(row: PlannedRow, first: PlannedRow) -> Problem | None:
    if first is row:
        return None
    of_file = f" of {shown(first.file)}" if first.file != row.file else ""
    return _problem(row, f"is the same recording as that of row {first.row_number}{of_file}")


def _problem(row: PlannedRow, rule: str) -> Problem:
    return Problem("media", row.media or "", f"{rule}, and Gong stores each recording once", _REMEDY, "recording")


def _hash_or_problem(row: PlannedRow, open_path: Callable[[str], MediaPath]) -> str | Problem:
    digest = hashlib.sha256()
    try:
        with open_path(row.media or "").open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        rule = f"cannot be read ({type(error).__name__}: {error})"
        return Problem("media", row.media or "", rule, "Check the recording, and plan again.", "recording")
    return digest.hexdigest()
