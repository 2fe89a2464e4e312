"""Sends a single call with its recording as an import of one row, with the same safeguards."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.choices import OnExisting
from airflow_provider_gong.call_import.errors import (
    GongImportFailedError,
    GongImportRejectedError,
    GongImportUnfinishedError,
)
from airflow_provider_gong.call_import.existing import BETWEEN_LOOKS, compared
from airflow_provider_gong.call_import.plan.rows import content_fingerprint
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.call_import.upload.upload import ImportUpload
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.client.errors import (
    FieldProblem,
    GongCallNotReadyError,
    GongNotFoundError,
    GongValidationError,
)
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.client.models import NewCall, parse_request
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import Actor, CallState, ExistingCall, ImportRow, PlannedRow, Problem

_LEASE_SECONDS = 60.0


def plan_single_call(ledger: Ledger, call: Mapping[str, Any], media: MediaPath) -> PlannedRow:
    """
    Check a call and its recording, and write them to the ledger.

    :raises GongValidationError: if the call is invalid
    :raises GongImportRejectedError: if Gong would not accept the recording
    """
    new_call = parse_request(NewCall, call)
    if new_call.download_media_url is not None:
        raise GongValidationError("NewCall cannot be sent: 1 problem.", problems=(_TWO_RECORDINGS,))
    recording = check_recording(str(media), lambda _: media)
    if isinstance(recording, Problem):
        raise GongImportRejectedError(str(recording))
    payload = new_call.wire_json()
    row = PlannedRow(
        row_number=1,
        client_unique_id=new_call.client_unique_id,
        title=new_call.title,
        payload=payload,
        media=str(media),
        media_bytes=recording.size,
        media_type=recording.content_type,
        media_mark=recording.mark.as_text(),
        fingerprint=content_fingerprint(payload, new_call.primary_user, str(media), recording.size),
    )
    ledger.replace_plan("a single call", [row])
    return row


async def upload_single_call(
    ledger: Ledger, client: AsyncGongClient, media: MediaPath, *, on_existing: OnExisting, sent_before: bool = False
) -> ImportRow:
    """
    Send the call in the ledger, or finish what an earlier attempt began, and return its outcome.

    :param on_existing: handling of an existing call, see ``GongUploadCallOperator``
    :param sent_before: whether an earlier attempt may have sent the same call without a record in this ledger
    :raises GongError: if Gong cannot be reached or denies access
    :raises GongImportFailedError: if Gong refuses the call or its recording
    :raises GongImportUnfinishedError: if a retry can continue
    """
    owner = ledger.import_id
    if sent_before and not is_sent(ledger):
        _note_intent(ledger, owner)
    upload = ImportUpload(ledger, client, _OneRecording(media), owner=owner, on_existing=on_existing, in_flight=1)
    await upload.run()
    if on_existing is not OnExisting.SKIP:
        for existing in ledger.existing():
            await _judge(ledger, client, existing)
    row = next(iter(ledger.rows()))
    if row.state is CallState.DUPLICATE:
        return dataclasses.replace(row, state=CallState.EXISTS)
    if row.state in _NOT_SENT:
        raise _failure(row)
    return row


def is_sent(ledger: Ledger) -> bool:
    """Return whether, according to the ledger, the call was or may have been sent."""
    return next(iter(ledger.rows())).sent_at is not None


def changed_after_send(client_unique_id: str, call_id: str | None) -> GongImportFailedError:
    """Return the error for a call that was already sent with other content."""
    which = f"as call {shown(call_id)}" if call_id else "and Gong's response was lost"
    return GongImportFailedError(
        f"Call {shown(client_unique_id)} was already sent with different content, {which}, and Gong cannot change it. "
        "Give the new content a unique id."
    )


def _note_intent(ledger: Ledger, owner: str) -> None:
    """Record that the call and its recording may have been sent."""
    for lease in ledger.lease(owner, limit=1, seconds=_LEASE_SECONDS):
        ledger.intent_changed(lease)
        ledger.released(lease, sent=True)


async def _judge(ledger: Ledger, client: AsyncGongClient, row: ExistingCall) -> None:
    """
    Record whether an existing call is the intended one; a call that Gong is still processing has a recording.

    :raises GongImportUnfinishedError: if no recording can be read; Gong shows a new one only after a while
    """
    try:
        found = await client.calls.get(row.call_id)
    except GongCallNotReadyError:
        return
    except GongNotFoundError as missing:
        call_id = shown(row.call_id)
        raise GongImportUnfinishedError(
            f"clientUniqueId {shown(row.client_unique_id)} belongs to call {call_id}, whose recording cannot be read: "
            "another system, or an earlier attempt of this task whose record is lost, created the call and may not "
            "have finished it. Nothing was uploaded. If this does not change and it is the right call, "
            "set on_existing='complete', or upload the recording with "
            f"GongUploadCallMediaOperator(call_id='{call_id}'); otherwise give this call another clientUniqueId.",
            retry_after=BETWEEN_LOOKS,
        ) from missing
    ledger.judged([(row, compared(row, found))])


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
        return changed_after_send(row.client_unique_id, row.call_id)
    what = " ".join(str(problem) for problem in row.problems) or "Another task holds it."
    text = f"Call {shown(row.client_unique_id)} is {row.state.value}: {what}"
    passing = not row.problems or any(problem.who == Actor.SUPPORT for problem in row.problems)
    return GongImportUnfinishedError(text, retry_after=0) if passing else GongImportFailedError(text)


_NOT_SENT = frozenset(
    {CallState.PLANNED, CallState.CREATED, CallState.FAILED, CallState.CHANGED_AFTER_SEND, CallState.CONFLICT}
)
_TWO_RECORDINGS = FieldProblem(
    "downloadMediaUrl",
    "a URL",
    "must not be set together with a recording to upload",
    "Remove it, or create the call with GongCreateCallOperator and let Gong fetch the recording.",
)
