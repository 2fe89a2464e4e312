"""Sends one row: creates the call, sends its recording, and after a crash finds out what arrived."""

from __future__ import annotations

import asyncio
import functools
import logging
import re

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.choices import OnExisting
from airflow_provider_gong.call_import.existing import is_same_call
from airflow_provider_gong.call_import.media import MediaStorage, are_credentials_refused, pull_url, reading_error
from airflow_provider_gong.call_import.recordings.marks import Mark
from airflow_provider_gong.call_import.upload.outcomes import (
    existing_problem,
    is_burned,
    refusal_problem,
    server_problem,
    unreadable_problem,
)
from airflow_provider_gong.call_import.upload.unchanged import PlannedRecording
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongCallNotReadyError,
    GongConflictError,
    GongDuplicateCallError,
    GongDuplicateMediaError,
    GongMediaAlreadyHandledError,
    GongNotFoundError,
    GongOutcomeUnknownError,
    GongServerError,
    GongValidationError,
)
from airflow_provider_gong.client.media import ByteMeter, MediaChangedError, MediaFile
from airflow_provider_gong.client.requests import without_repetition
from airflow_provider_gong.client.resources.calls import create_call, upload_call_media
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import URL_FIELD, CallState, LeasedRow, Problem

log = logging.getLogger(__name__)

_CALL_ID = re.compile(r"[0-9]{1,20}")
# A row that fails this often for a possibly temporary reason is set aside so it does not hold up the others.
_MAX_ATTEMPTS = 3
# The exchange has already retried for half a minute.
ROW_BACKOFF = 60.0


class RowSender:
    """
    Sends leased rows. Each step is recorded before the next one begins, so the process may be killed anywhere.

    :param ledger: the rows
    :param client: client for Gong
    :param storage: storage of the recordings
    :param on_existing: as for ``ImportUpload``
    :param row_backoff: seconds before a row on which Gong failed is retried; doubles each time
    """

    def __init__(
        self,
        ledger: Ledger,
        client: AsyncGongClient,
        storage: MediaStorage,
        *,
        on_existing: OnExisting,
        row_backoff: float = ROW_BACKOFF,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._storage = storage
        self._on_existing = on_existing
        self._row_backoff = row_backoff
        self.meter = ByteMeter()

    async def send(self, lease: LeasedRow) -> None:
        """
        Process a row as far as possible.

        :raises GongApiError: for an error that concerns more than this row; the row is released
        :raises GongImportError: if the object store refuses the credentials; the row is released
        :raises LeaseLostError: if another worker has taken over the row
        """
        try:
            await self._send(lease)
        except (GongConflictError, GongValidationError, GongNotFoundError) as refusal:
            sent, burned = _may_be_created(refusal), is_burned(refusal)
            await self._fail(lease, refusal_problem(lease, refusal), sent=sent, is_burned=burned)
        except OSError as failure:
            await self._leave_unread(lease, failure)
        except GongServerError as failure:
            await self._set_back(lease, server_problem(lease, failure), sent=True)
        except GongApiError as error:
            await asyncio.to_thread(self._ledger.released, lease, sent=_may_be_created(error))
            raise
        except BaseException:
            await asyncio.to_thread(self._ledger.released, lease, sent=True)
            raise

    async def _send(self, lease: LeasedRow) -> None:
        if lease.call_id is not None:
            # Regardless of the ledger: a restored store does not know what was sent after its backup.
            await self._push(lease, lease.call_id, None, maybe_sent=True)
            return
        # Checked before the call is created, which cannot be undone.
        url = await asyncio.to_thread(self._pull_url, lease)
        media = None if url else await asyncio.to_thread(self._find_media, lease)
        await self._create(lease, url, media)

    async def _create(self, lease: LeasedRow, url: str | None, media: MediaFile | None) -> None:
        """Create the call with a URL for Gong, or without one if the recording is uploaded afterwards."""
        is_intended = lease.intent_is_pulled == bool(url)
        if not is_intended:
            await asyncio.to_thread(self._ledger.intent_changed, lease)
        payload = {**lease.payload, URL_FIELD: url} if url else lease.payload
        is_pulled, maybe_sent = bool(url), False
        try:
            call_id = _checked_id((await self._client.send(create_call(payload, resume=False))).call_id)
        except GongDuplicateCallError as duplicate:
            if not await self._is_ours(lease, duplicate):
                await self._leave_existing(lease, duplicate)
                return
            call_id = duplicate.call_id
            log.info(
                "Row %d resumes call %s, which an earlier attempt seems to have created.", lease.row_number, call_id
            )
            # Only Gong knows whether it has the recording.
            is_pulled, maybe_sent = is_pulled and is_intended, True
        await asyncio.to_thread(self._ledger.created, lease, call_id, is_pulled=is_pulled)
        if not is_pulled:
            await self._push(lease, call_id, media, maybe_sent=maybe_sent)

    async def _push(self, lease: LeasedRow, call_id: str, media: MediaFile | None, *, maybe_sent: bool) -> None:
        if media is None:
            media = await asyncio.to_thread(self._find_media, lease)
        await self._upload(lease, call_id, media, maybe_sent=maybe_sent)
        await asyncio.to_thread(self._ledger.uploaded, lease, media.sha256, media.sample)

    async def _is_ours(self, lease: LeasedRow, duplicate: GongDuplicateCallError) -> bool:
        """Return whether an existing call was created by this or an earlier attempt, or is to be treated like that."""
        continues = self._on_existing in (OnExisting.RESUME, OnExisting.COMPLETE)
        is_known = duplicate.may_have_taken_effect or (lease.earlier_intent and continues)
        if not is_known and self._on_existing is not OnExisting.COMPLETE:
            return False
        try:
            found = await self._client.calls.get(duplicate.call_id)
        except GongCallNotReadyError:
            # It has a recording. Verification judges calls that are not known to be ours.
            return is_known
        except GongNotFoundError:
            # A call without a recording cannot be read; an interrupted attempt leaves it like that.
            return True
        return is_known and is_same_call(found, lease.payload)

    async def _leave_existing(self, lease: LeasedRow, duplicate: GongDuplicateCallError) -> None:
        failure = existing_problem(lease, duplicate) if self._on_existing is OnExisting.FAIL else None
        if failure is not None:
            _log_end(lease, CallState.FAILED, failure)
        else:
            log.info(
                "Row %d (%s) already has a call, %s, which may not be its own; verification will read it.",
                lease.row_number,
                shown(lease.client_unique_id),
                duplicate.call_id,
            )
        await asyncio.to_thread(self._ledger.exists_elsewhere, lease, duplicate.call_id, failure)

    async def _upload(self, lease: LeasedRow, call_id: str, media: MediaFile, *, maybe_sent: bool) -> None:
        for _ in range(_MAX_ATTEMPTS):
            # Bytes are sent again only if reading the call shows that nothing arrived.
            if maybe_sent and await self._has_recording(call_id):
                return
            maybe_sent = True
            # Recorded only when its turn comes: by then, another worker may hold the lease.
            record = functools.partial(self._ledger.sending_media, lease)
            try:
                await self._client.send(without_repetition(upload_call_media(call_id, media), record))
            except GongMediaAlreadyHandledError:
                return
            except GongDuplicateMediaError as duplicate:
                if duplicate.call_id != call_id:
                    raise
                return
            except GongOutcomeUnknownError as lost:
                log.warning("Row %d: %s The call is read before anything is sent again.", lease.row_number, lost)
            else:
                return
        raise GongServerError(
            f"The recording was sent {_MAX_ATTEMPTS} times without a response.", operation="addCallRecording"
        )

    async def _has_recording(self, call_id: str) -> bool:
        try:
            await self._client.calls.get(call_id)
        except GongCallNotReadyError:
            return True
        except GongNotFoundError:
            return False
        return True

    def _find_media(self, lease: LeasedRow) -> MediaFile:
        if lease.media_bytes is None:
            raise MediaChangedError("its call is in Gong without a URL, and recordings on the web cannot be uploaded")
        media = MediaFile.at(self._planned(lease))
        # A file whose content does not match its name is sent with the type of its content.
        return MediaFile(media.path, media.size, lease.media_type or "", meter=self.meter)

    def _pull_url(self, lease: LeasedRow) -> str | None:
        """Return the URL from which Gong can pull the planned recording; None if it must be uploaded."""
        url = pull_url(lease, self._storage)
        if url and lease.media_mark:
            self._planned(lease).stat()
        return url

    def _planned(self, lease: LeasedRow) -> PlannedRecording:
        path = self._storage.path(lease.media or "")
        return PlannedRecording(path, lease.media_bytes, Mark.of_text(lease.media_mark))

    async def _leave_unread(self, lease: LeasedRow, failure: OSError) -> None:
        """Set a row aside whose recording cannot be read; what was sent of its call is recorded."""
        problem = unreadable_problem(lease, failure)
        if are_credentials_refused(failure):
            await asyncio.to_thread(self._ledger.released, lease, sent=False)
            raise reading_error(f"The recording of row {lease.row_number} cannot be read", failure) from failure
        if isinstance(failure, (FileNotFoundError, PermissionError, MediaChangedError)):
            await self._fail(lease, problem, sent=False)
        else:
            # The object store may be busy.
            await self._set_back(lease, problem, sent=False)

    async def _set_back(self, lease: LeasedRow, problem: Problem, *, sent: bool) -> None:
        if lease.attempts >= _MAX_ATTEMPTS:
            await self._fail(lease, problem, sent=sent)
            return
        pause = self._row_backoff * 2 ** (lease.attempts - 1)
        log.warning("Retrying row %d in %.0f s: %s", lease.row_number, pause, problem)
        await asyncio.to_thread(self._ledger.released, lease, sent=sent, pause=pause)

    async def _fail(self, lease: LeasedRow, problem: Problem, *, sent: bool, is_burned: bool = False) -> None:
        _log_end(lease, CallState.FAILED, problem)
        await asyncio.to_thread(self._ledger.failed, lease, problem, sent=sent, is_burned=is_burned)


def _checked_id(call_id: str) -> str:
    """Return the id of a call; whoever has answered without one, Gong names it when the row is tried again."""
    if not _CALL_ID.fullmatch(call_id):
        raise GongServerError("The response to the create does not name the call.", operation="addCall")
    return call_id


def _log_end(lease: LeasedRow, state: CallState, problem: Problem) -> None:
    log.warning("Row %d (%s) ends as %s: %s", lease.row_number, shown(lease.client_unique_id), state.value, problem)


def _may_be_created(error: GongApiError) -> bool:
    """Return whether the call of a row may exist: its creation may have succeeded, or a later step was recorded."""
    return error.may_have_taken_effect or error.operation not in (None, "addCall")
