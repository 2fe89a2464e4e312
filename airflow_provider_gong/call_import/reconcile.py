"""Finding the calls of a plan that are already in Gong by listing the time window instead of asking row by row."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from airflow_provider_gong._text import batches, counted
from airflow_provider_gong.call_import.existing import compared
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongEmptyResultError, GongPermissionError
from airflow_provider_gong.client.models import Call
from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.ledger.rows import CallState, ExistingCall

log = logging.getLogger(__name__)

_CALLS_PER_PAGE = 100
# A cursor expires about an hour after the listing's first page, and three requests a second are the most.
_PAGES_PER_LISTING = 1000
_SECOND = timedelta(seconds=1)


class Reconciliation:
    """
    Finds the calls of a plan that are in Gong but not in the store, because the store is new or was restored.

    :param ledger: the import
    :param client: client for Gong
    :param known: the calls in the store
    """

    def __init__(self, ledger: Ledger, client: GongClient, known: KnownCalls) -> None:
        self._ledger = ledger
        self._client = client
        self._known = known

    def run(self, draft: PlanDraft, *, is_dry_run: bool) -> int:
        """
        List the window of the rows to send, unless there is no reason to or asking row by row takes fewer requests.

        :param draft: the plan, in which the rows that are found are marked
        :param is_dry_run: do not write to the store
        :return: number of rows whose ids have a call in Gong
        """
        to_send = draft.figures().to_send
        if to_send < 2:
            return 0
        try:
            if not self._is_lost(draft, to_send):
                return 0
            start, end = _window(draft.unsent_starts())
            pages = count_requests(self._client, start, end)
            if not 0 < pages < to_send:
                return 0
            log.info("Listing the calls in the manifest's time window with about %s.", counted(pages, "request"))
            found = self._compare(draft, calls_between(self._client, start, end, pages), is_dry_run=is_dry_run)
        except GongPermissionError:
            # Verification shows this later.
            return 0
        log.info("%s of the manifest %s in Gong already.", counted(found, "row"), "is" if found == 1 else "are")
        return found

    def _is_lost(self, draft: PlanDraft, to_send: int) -> bool:
        """Return whether the store may lack sent calls: it has no calls, or lacks a call that is in Gong."""
        if not self._ledger.is_private and self._known.is_empty():
            return True
        return any(self._is_in_gong(*row) for row in draft.sample((1, to_send // 2 + 1)))

    def _is_in_gong(self, client_unique_id: str, actual_start: str) -> bool:
        start = datetime.fromisoformat(actual_start)
        listed = self._client.calls.list({"fromDateTime": start, "toDateTime": start + _SECOND})
        return any(call.client_unique_id == client_unique_id for call in listed)

    def _compare(self, draft: PlanDraft, calls: Iterable[Call], *, is_dry_run: bool) -> int:
        number = 0
        imports = Imports(self._ledger.store, self._ledger.company)
        for batch in batches(calls, _CALLS_PER_PAGE):
            by_id = {call.client_unique_id: call for call in batch if call.client_unique_id}
            rows = draft.unsent(list(by_id))
            draft.note_imported(row.position for row in rows)
            number += len(rows)
            if rows and not is_dry_run:
                call_ids = {row.client_unique_id: by_id[row.client_unique_id].id for row in rows}
                imports.adopt(self._ledger.company, call_ids)
                found = [
                    ExistingCall(
                        row.client_unique_id,
                        row.fingerprint,
                        call_ids[row.client_unique_id],
                        row.actual_start,
                        row.primary_user,
                        CallState.DUPLICATE,
                        None,
                    )
                    for row in rows
                ]
                self._ledger.judged((row, compared(row, by_id[row.client_unique_id])) for row in found)
        return number


def count_requests(client: GongClient, start: datetime, end: datetime) -> int:
    """
    Return the approximate number of requests for listing the calls of a window, 0 if Gong does not say.

    This takes one request.
    """
    window = {"fromDateTime": start.isoformat(), "toDateTime": end.isoformat()}
    try:
        page = client.run("listCalls", query=window)
    except GongEmptyResultError:
        return 0
    records = page.get("records")
    total = records.get("totalRecords") if isinstance(records, dict) else None
    return math.ceil(total / _CALLS_PER_PAGE) if isinstance(total, int) else 0


def calls_between(client: GongClient, start: datetime, end: datetime, pages: int) -> Iterator[Call]:
    """
    Yield the calls of a window.

    :param pages: about how many pages they are; a listing that takes too long is cut into several
    """
    parts = max(math.ceil(pages / _PAGES_PER_LISTING), 1)
    step = (end - start) / parts
    for part in range(parts):
        until = end if part == parts - 1 else start + step * (part + 1)
        yield from client.calls.list({"fromDateTime": start + step * part, "toDateTime": until})


def _window(starts: Iterable[str]) -> tuple[datetime, datetime]:
    first, last = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    for start in map(datetime.fromisoformat, starts):
        first, last = min(first, start), max(last, start)
    return first - _SECOND, last + _SECOND
