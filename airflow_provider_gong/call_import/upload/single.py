"""A single call with its recording, sent with the same care as the rows of an import: an import of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_import.errors import (
    GongImportFailedError,
    GongImportRejectedError,
    GongImportUnfinishedError,
)
from airflow_provider_gong.call_import.plan.rows import content_fingerprint
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.call_import.upload.upload import ImportUpload
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.client.models import NewCall, parse_request
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import Actor, CallState, ImportRow, PlannedRow, Problem


def plan_single_call(ledger: Ledger, call: Mapping[str, Any], media: MediaPath) -> None:
    """
    Check a call and its recording, and write them into the ledger.

    :raises GongValidationError: if the call is wrong
    :raises GongImportRejectedError: if Gong would not take the recording
    """
    new_call = parse_request(NewCall, call)
    if new_call.download_media_url is not None:
        raise GongValidationError("NewCall cannot be sent: 1 problem.", problems=(_TWO_RECORDINGS,))
    recording = check_recording(str(media), lambda _: media)
    if isinstance(recording, Problem):
        raise GongImportRejectedError(str(recording))
    payload = new_call.wire()
    row = PlannedRow(
        row_number=1,
        client_unique_id=new_call.client_unique_id,
        title=new_call.title,
        payload=payload,
        media=str(media),
        media_bytes=recording.size,
        media_type=recording.content_type,
        fingerprint=content_fingerprint(payload, str(media), recording.size),
    )
    ledger.replace_plan("a single call", [row])


async def upload_single_call(
    ledger: Ledger, client: AsyncGongClient, media: MediaPath, *, on_existing: str
) -> ImportRow:
    """
    Send the call that the ledger holds, or finish what an earlier try has begun, and return what became of it.

    :raises GongError: if Gong cannot be reached or does not let us in
    :raises GongImportFailedError: if Gong refuses the call or its recording
    :raises GongImportUnfinishedError: if a retry can go on
    """
    owner = ledger.import_id
    upload = ImportUpload(ledger, client, _OneRecording(media), owner=owner, on_existing=on_existing, in_flight=1)
    await upload.run()
    row = next(iter(ledger.rows()))
    if row.state in _NOT_SENT:
        raise _failure(row)
    return row


class _OneRecording:
    """The storage of a path object, which may have been made by other means than its place tells."""

    def __init__(self, media: MediaPath) -> None:
        self._media = media

    def path(self, _: str) -> MediaPath:
        return self._media

    def sign(self, _: str) -> str:
        raise OSError("it is uploaded")


def _failure(row: ImportRow) -> GongImportFailedError | GongImportUnfinishedError:
    if row.state is CallState.CHANGED_AFTER_SEND:
        return GongImportFailedError(
            f"Call {row.client_unique_id} was sent with other content before, as call {row.call_id}, which Gong cannot "
            "change. Give the new content an id of its own."
        )
    what = " ".join(str(problem) for problem in row.problems) or "Another task holds it."
    text = f"Call {row.client_unique_id} is {row.state.value}: {what}"
    passing = not row.problems or any(problem.who == Actor.SUPPORT for problem in row.problems)
    return GongImportUnfinishedError(text, retry_after=0) if passing else GongImportFailedError(text)


_NOT_SENT = frozenset({CallState.PLANNED, CallState.CREATED, CallState.FAILED, CallState.CHANGED_AFTER_SEND})
_TWO_RECORDINGS = FieldProblem(
    "downloadMediaUrl",
    "a URL",
    "must not be given beside a recording to upload",
    "Leave it out, or create the call with GongCreateCallOperator and let Gong fetch the recording.",
)
