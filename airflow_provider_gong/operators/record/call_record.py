"""Recognizing the call that an earlier attempt of a task has created."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.choices import OnExisting
from airflow_provider_gong.client.errors import GongDuplicateCallError, GongError, GongNotFoundError
from airflow_provider_gong.operators.record.task_record import RecordedApi, TaskRecord, may_have_taken_effect
from airflow_provider_gong.store.intents import Intent, fingerprint_of

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context
    from airflow_provider_gong.client.models import NewCall
    from airflow_provider_gong.hooks.gong import GongHook
    from airflow_provider_gong.ledger.ledger import Ledger
    from airflow_provider_gong.ledger.rows import ImportRow, PlannedRow

log = logging.getLogger(__name__)


class CallRecord:
    """
    The record of the call that a task creates. Gong takes each ``clientUniqueId`` once, so it may always be sent again.

    :param context: the task's context
    """

    def __init__(self, context: Context) -> None:
        self._record = TaskRecord(context, "addCall")

    def create(self, hook: GongHook, call: NewCall, on_existing: OnExisting) -> dict[str, Any]:
        """
        Create the call, or return the one that an earlier attempt created.

        :param on_existing: what becomes of a call that exists, see ``GongCreateCallOperator``
        :raises GongDuplicateCallError: if it exists and is not to be returned
        """
        self._record.join(hook.store)
        about = f"call {shown(call.client_unique_id)}"
        self._record.describe(content=fingerprint_of(call.wire()), company=hook.company, about=about)
        known, mine = self._record.known, self._record.mine
        if known is None or known.content != mine.content:
            known = None
            self._record.take_over()
        elif known.outcome is not None and known.company == mine.company and on_existing is not OnExisting.FAIL:
            return known.outcome
        else:
            # What was sent before stays sent, whatever becomes of this request.
            self._record.start_sending()
        try:
            result = self._create(hook, call, known, on_existing)
        except GongError as error:
            if known is None and not may_have_taken_effect(error, "addCall"):
                self._record.refuse()
            raise
        self._record.complete(result)
        return result

    def _create(self, hook: GongHook, call: NewCall, known: Intent | None, on_existing: OnExisting) -> dict[str, Any]:
        from airflow_provider_gong.client.resources.calls import Calls

        try:
            created = Calls(RecordedApi(hook.client, self._record)).create(call)
        except GongDuplicateCallError as error:
            # The company may have got another name since.
            is_ours = known is not None and (known.outcome or {}).get("call_id") in (None, error.call_id)
            if on_existing is OnExisting.FAIL or (on_existing is OnExisting.RESUME and not is_ours):
                raise
            if on_existing is not OnExisting.SKIP:
                _check_same(hook, call, error)
            whose = (
                "An earlier attempt created call" if is_ours else "Gong already has a call with this clientUniqueId:"
            )
            log.warning("%s %s; its id is returned.", whose, error.call_id)
            return {"call_id": error.call_id, "request_id": None}
        return {"call_id": created.call_id, "request_id": created.request_id}


def _check_same(hook: GongHook, call: NewCall, duplicate: GongDuplicateCallError) -> None:
    """
    Check that a call that exists is the one that is meant, if it can be read; without a recording it cannot.

    :raises GongDuplicateCallError: if it has another start or host
    """
    from airflow_provider_gong.call_import.existing import is_same_call

    try:
        found = hook.calls.get(duplicate.call_id)
    except GongNotFoundError:
        return
    if not is_same_call(found, call.wire()):
        raise duplicate


class UploadRecord:
    """
    The record of the call that a task creates with its recording.

    :param context: the task's context
    """

    def __init__(self, context: Context) -> None:
        self._record = TaskRecord(context, "addCall")

    def upload(self, ledger: Ledger, row: PlannedRow, upload: Callable[[bool], ImportRow]) -> dict[str, Any]:
        """
        Upload the call, or return what an earlier attempt has uploaded.

        :param upload: uploads what the ledger has planned, knowing whether an earlier attempt may have sent it
        :raises GongImportFailedError: if an earlier attempt has sent other content under the same id
        """
        self._record.join(ledger.store)
        about = f"call {shown(row.client_unique_id)}"
        self._record.describe(content=row.fingerprint or "", company=ledger.company, about=about)
        known = self._sent_before(row)
        if known is not None and known.outcome is not None and known.company == ledger.company:
            return known.outcome
        if known is None:
            self._record.take_over()
        self._record.start_sending()
        from airflow_provider_gong.call_import.upload.single import is_sent

        try:
            done = upload(known is not None)
        except GongError:
            if known is None and not is_sent(ledger):
                self._record.refuse()
            raise
        result = {"call_id": done.call_id, "state": done.state.value, "sha256": done.media_sha256, "url": done.url}
        self._record.complete(result)
        return result

    def _sent_before(self, row: PlannedRow) -> Intent | None:
        known, mine = self._record.known, self._record.mine
        if known is None or known.about != mine.about:
            return None
        if known.content != mine.content:
            from airflow_provider_gong.call_import.upload.single import changed_after_send

            raise changed_after_send(row.client_unique_id, (known.outcome or {}).get("call_id"))
        return known
