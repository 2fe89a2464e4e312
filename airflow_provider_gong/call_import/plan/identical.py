"""Rejects rows that repeat an id or a recording, whatever the recording's name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.media import MediaStorage, is_failure_of_store, reading_error
from airflow_provider_gong.call_import.progress import Progress
from airflow_provider_gong.call_import.recordings.reading import RangeFile, Reader, chunks, open_for_reading
from airflow_provider_gong.client.media import SAMPLE_BYTES, sample_start
from airflow_provider_gong.ledger.draft_rows import Repeated, Suspect
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.rows import Actor, KnownRecording, Problem

_AT_A_TIME = 200
_REMEDY = "Check which of the two calls the recording belongs to, and remove the other one."


def reject_repeated(draft: PlanDraft, manifest: Manifest) -> None:
    """Reject the rows whose id or recording path is already in an earlier row."""
    column = manifest.described("client_unique_id")
    remedy = "Give each call a unique id, and list each row only once."
    draft.reject(
        (row.position, Problem(column, row.client_unique_id, _stands_in(row), remedy, Actor.MANIFEST))
        for row in draft.repeated("client_unique_id")
    )
    column = manifest.described("media")
    remedy = "Give each call its own recording: Gong stores each recording only once."
    draft.reject(
        (row.position, Problem(column, row.media, _stands_in(row), remedy, Actor.MANIFEST))
        for row in draft.repeated("media")
    )


def _stands_in(row: Repeated) -> str:
    of_file = "the same manifest" if row.first_file == row.file else shown(row.first_file)
    return f"is already in row {row.first_number} of {of_file}"


class IdenticalRecordings:
    """
    Finds recordings with the same content.

    A sample is read of recordings that are as long as another one, or as one that an earlier import sent. The whole
    recording is read only if the samples are equal.

    :param storage: storage of the recordings
    :param pool: thread pool that reads several recordings at a time
    :param known: earlier sent calls; None for none
    :param column: how problems name the column of the recordings
    """

    def __init__(self, storage: MediaStorage, pool: Executor, known: KnownCalls | None, column: str) -> None:
        self._storage = storage
        self._pool = pool
        self._known = known
        self._column = column

    def reject(self, draft: PlanDraft) -> None:
        """Reject the planned rows whose recording was uploaded for another call, or is that of an earlier row."""
        if self._known is not None:
            for sizes in draft.sizes():
                draft.note_sent_sizes(self._known.recorded_sizes(sizes))
        for suspects in draft.equally_long(_AT_A_TIME):
            samples, problems = self._read(suspects, _sample)
            draft.reject(problems)
            draft.note_samples(samples)
            draft.suspect(self._sampled_like_sent(suspects, dict(samples)))
        compared, progress = 0, Progress("Compared", None)
        for suspects in draft.suspects(_AT_A_TIME):
            self._compare(draft, suspects)
            compared += len(suspects)
            progress.show(compared, {})
        if compared:
            draft.reject((row.position, self._repeated_problem(row)) for row in draft.repeated("sha256"))

    def _sampled_like_sent(self, suspects: Sequence[Suspect], samples: dict[int, str]) -> list[int]:
        """Return the places of the rows whose recording may be one that was sent, by its length and its sample."""
        if self._known is None:
            return []
        sent = self._known.recorded_samples({suspect.media_bytes for suspect in suspects})
        read = ((row.position, row.media_bytes, samples[row.position]) for row in suspects if row.position in samples)
        return [position for position, size, sample in read if {(size, sample), (size, None)} & sent]

    def _compare(self, draft: PlanDraft, suspects: Sequence[Suspect]) -> None:
        """Note the content of recordings, and reject the rows of those that were uploaded or cannot be read."""
        hashes, problems = self._read(suspects, _hash)
        by_position = dict(hashes)
        sent = self._sent(suspects, set(by_position.values()))
        for suspect in suspects:
            problem = self._sent_problem(suspect, sent[by_position.get(suspect.position, "")])
            if problem is not None:
                problems.append((suspect.position, problem))
                del by_position[suspect.position]
        draft.reject(problems)
        draft.note_hashes(by_position.items())

    def _read(
        self, suspects: Sequence[Suspect], digest: Callable[[RangeFile, int], str]
    ) -> tuple[list[tuple[int, str]], list[tuple[int, Problem]]]:
        """Return digests of recordings and problems with them, by the places of their rows."""
        read = self._pool.map(lambda suspect: self._digest_or_problem(suspect, digest), suspects)
        found = list(zip((suspect.position for suspect in suspects), read, strict=True))
        problems = [(position, result) for position, result in found if isinstance(result, Problem)]
        return [(position, result) for position, result in found if isinstance(result, str)], problems

    def _digest_or_problem(self, suspect: Suspect, digest: Callable[[RangeFile, int], str]) -> str | Problem:
        try:
            with open_for_reading(self._storage.path(suspect.media)) as file:
                return digest(file, suspect.media_bytes)
        except Exception as error:
            if is_failure_of_store(error):
                raise reading_error(f"The recording {shown(suspect.media)} cannot be read", error) from error
            rule = f"cannot be read ({type(error).__name__}: {error})"
            return Problem(
                self._column, suspect.media, rule, "Check the recording, then clear the plan task.", Actor.RECORDING
            )

    def _sent(self, suspects: Sequence[Suspect], hashes: set[str]) -> dict[str, list[KnownRecording]]:
        sent: dict[str, list[KnownRecording]] = defaultdict(list)
        if self._known is not None:
            for recording in self._known.recordings({suspect.media_bytes for suspect in suspects}, hashes):
                sent[recording.sha256].append(recording)
        return sent

    def _sent_problem(self, suspect: Suspect, sent: Sequence[KnownRecording]) -> Problem | None:
        # A recording of the row's own call was sent by an earlier attempt.
        if not sent or any(recording.client_unique_id == suspect.client_unique_id for recording in sent):
            return None
        call = f"call {sent[0].call_id} ({shown(sent[0].client_unique_id)})"
        return self._problem(suspect.media, f"{call}, which was uploaded earlier")

    def _repeated_problem(self, row: Repeated) -> Problem:
        of_file = f" of {shown(row.first_file)}" if row.first_file != row.file else ""
        return self._problem(row.media, f"row {row.first_number}{of_file}")

    def _problem(self, media: str, other: str) -> Problem:
        rule = f"is the same recording as that of {other}, and Gong stores each recording only once"
        return Problem(self._column, media, rule, _REMEDY, Actor.RECORDING, is_final=True)


def _sample(file: RangeFile, size: int) -> str:
    return hashlib.sha256(Reader(file, size).at(sample_start(size), SAMPLE_BYTES)).hexdigest()


def _hash(file: RangeFile, size: int) -> str:
    digest = hashlib.sha256()
    for chunk in chunks(file, size):
        digest.update(chunk)
    return digest.hexdigest()
