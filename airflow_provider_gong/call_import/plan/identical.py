"""What may stand in one row only: a call's id, and its recording, which Gong stores once whatever it is called."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.media import MediaStorage
from airflow_provider_gong.call_import.progress import Progress
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.plan_draft import PlanDraft, Repeated, Suspect
from airflow_provider_gong.ledger.rows import Actor, KnownRecording, Problem

_CHUNK = 1024 * 1024
_AT_A_TIME = 200
_REMEDY = "Check which of the two calls the recording belongs to, and leave the other one out."


def reject_repeated(draft: PlanDraft, manifest: Manifest) -> None:
    """Reject the rows whose id, or whose place of the recording, stands in an earlier row."""
    column = manifest.described("client_unique_id")
    remedy = "Give each call its own id, and each row once."
    draft.reject(
        (row.position, Problem(column, row.client_unique_id, _stands_in(row), remedy, Actor.MANIFEST))
        for row in draft.repeated("client_unique_id")
    )
    column = manifest.described("media")
    remedy = "Give each call its own recording: Gong stores each once."
    draft.reject(
        (row.position, Problem(column, row.media, _stands_in(row), remedy, Actor.MANIFEST))
        for row in draft.repeated("media")
    )


def _stands_in(row: Repeated) -> str:
    of_file = "the same manifest" if row.first_file == row.file else shown(row.first_file)
    return f"stands in row {row.first_number} of {of_file} already"


class IdenticalRecordings:
    """
    Finds recordings with the same content. Only those of equal length are read.

    :param storage: where the recordings are
    :param pool: where several recordings are read at a time
    :param known: what was sent earlier; None for nothing
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
                draft.suspect(self._known.recorded_sizes(sizes))
        compared, progress = 0, Progress("Compared", None)
        for suspects in draft.suspects(_AT_A_TIME):
            self._compare(draft, suspects)
            compared += len(suspects)
            progress.show(compared, {})
        if compared:
            draft.reject((row.position, self._repeated_problem(row)) for row in draft.repeated("sha256"))

    def _compare(self, draft: PlanDraft, suspects: Sequence[Suspect]) -> None:
        """Note the content of recordings, and reject the rows of those that were uploaded or cannot be read."""
        contents = list(self._pool.map(lambda suspect: self._hash_or_problem(suspect.media), suspects))
        sent = self._sent(suspects, {content for content in contents if isinstance(content, str)})
        problems, hashes = [], []
        for suspect, content in zip(suspects, contents, strict=True):
            problem = content if isinstance(content, Problem) else self._sent_problem(suspect, sent[content])
            if isinstance(problem, Problem):
                problems.append((suspect.position, problem))
            elif isinstance(content, str):
                hashes.append((suspect.position, content))
        draft.reject(problems)
        draft.note_hashes(hashes)

    def _hash_or_problem(self, media: str) -> str | Problem:
        digest = hashlib.sha256()
        try:
            with self._storage.path(media).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            rule = f"cannot be read ({type(error).__name__}: {error})"
            return Problem(self._column, media, rule, "Check the recording, and plan again.", Actor.RECORDING)
        return digest.hexdigest()

    def _sent(self, suspects: Sequence[Suspect], hashes: set[str]) -> dict[str, list[KnownRecording]]:
        sent: dict[str, list[KnownRecording]] = defaultdict(list)
        if self._known is not None:
            for recording in self._known.recordings({suspect.media_bytes for suspect in suspects}, hashes):
                sent[recording.sha256].append(recording)
        return sent

    def _sent_problem(self, suspect: Suspect, sent: Sequence[KnownRecording]) -> Problem | None:
        # A recording of the row's own call is what an earlier try has sent.
        if not sent or any(recording.client_unique_id == suspect.client_unique_id for recording in sent):
            return None
        call = f"call {sent[0].call_id} ({shown(sent[0].client_unique_id)})"
        return self._problem(suspect.media, f"{call}, which was uploaded before")

    def _repeated_problem(self, row: Repeated) -> Problem:
        of_file = f" of {shown(row.first_file)}" if row.first_file != row.file else ""
        return self._problem(row.media, f"row {row.first_number}{of_file}")

    def _problem(self, media: str, other: str) -> Problem:
        rule = f"is the same recording as that of {other}, and Gong stores each recording once"
        return Problem(self._column, media, rule, _REMEDY, Actor.RECORDING)
