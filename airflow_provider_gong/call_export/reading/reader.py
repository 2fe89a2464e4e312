"""Reads a day from Gong: its calls page by page, and the transcripts of exactly those calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_export.days import Window, halves, wire
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.tables.catalogue import CONTENT_SELECTOR
from airflow_provider_gong.call_export.tables.fields import as_number, as_text, objects
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongAnswerTooLargeError, GongCursorExpiredError, GongEmptyResultError
from airflow_provider_gong.client.requests import GongRequest, Listing, Pages, raw_request

log = logging.getLogger(__name__)

_PAGE = 100
# Listings end long before their cursors expire, no matter how slowly requests are granted.
_LONGEST_LISTING = 2_000
# While a page of transcripts is read, it occupies about twenty times its size in memory.
_HOURS_PER_PAGE = 75.0
_SHORTEST_WINDOW = 60.0


class GongApi(Protocol):
    """What a client must offer."""

    def run(self, operation: str, *, body: Any = None) -> JsonObject:
        """Send an operation with plain JSON in and out."""


@dataclass
class Page:
    """
    Calls of a day.

    :param calls: rows of ``POST /v2/calls/extensive``, each with its row of ``POST /v2/calls/transcript``, None if
        nothing is said in it
    :param private: the calls that are left out because they are private
    :param is_last: whether no further page follows
    """

    calls: list[tuple[JsonObject, JsonObject | None]]
    private: list[str]
    is_last: bool


class GongReader:
    """
    Reads calls and transcripts.

    :param client: a client of Gong's API
    :param settings: which calls are read, and whether their transcripts are
    """

    def __init__(self, client: GongApi, settings: ExportSettings) -> None:
        self._client = client
        self._settings = settings
        self.requests = 0

    def pages(self, window: Window) -> Iterator[Page]:
        """
        Yield the calls that started in a window, each exactly once, with their transcripts.

        The next page is read while the caller works on this one.
        """
        seen: set[str] = set()
        source = self._pages(window, seen)
        page = next(source, None)
        # Most days have one page and need no thread.
        with ThreadPoolExecutor(1, thread_name_prefix="gong-export") as ahead:
            while page is not None:
                following: Future[Page | None] | None = None if page.is_last else ahead.submit(next, source, None)
                yield page
                page = None if following is None else following.result()

    def calls_by_id(self, call_ids: Sequence[str]) -> dict[str, JsonObject]:
        """Return which of these calls Gong shows, by id, regardless of the export's filter."""
        found: dict[str, JsonObject] = {}
        for batch in batches(call_ids, _PAGE):
            for calls in self._listing("listCallsExtensive", {"filter": {"callIds": batch}}, _call):
                found |= {call_id_of(call): call for call in calls}
        return found

    def sees_calls(self, **conditions: Any) -> bool:
        """Return whether Gong shows any call that meets the conditions and the export's filter."""
        calls = self._listing("listCallsExtensive", {"filter": self._settings.filters.wire(**conditions)}, _call)
        return any(calls)

    def _pages(self, window: Window, seen: set[str]) -> Iterator[Page]:
        for calls, is_last in self._listed(window):
            new = {call_id_of(call): call for call in calls if call_id_of(call) not in seen}
            seen |= new.keys()
            # Long transcripts are read in parts, so memory does not grow with their length.
            parts = list(_by_length(new.values()))
            for number, part in enumerate(parts, 1):
                exported = {call_id_of(call): call for call in part if not self._settings.leaves_out(call)}
                reads = exported and self._settings.reads_transcripts
                transcripts = self._transcripts(list(exported)) if reads else {}
                calls_and_transcripts = [(call, transcripts.get(call_id)) for call_id, call in exported.items()]
                private = [call_id for call_id in map(call_id_of, part) if call_id not in exported]
                yield Page(calls_and_transcripts, private, is_last and number == len(parts))

    def _listed(self, window: Window, *, is_last: bool = True) -> Iterator[tuple[list[JsonObject], bool]]:
        """
        Yield the calls of a window, and whether they are the last.

        If there are too many for one listing, each half is listed separately.

        :param is_last: whether no other window follows
        """
        start, end = window
        is_divisible = (end - start).total_seconds() >= 2 * _SHORTEST_WINDOW
        filters = self._settings.filters.wire(fromDateTime=wire(start), toDateTime=wire(end))
        body = {"filter": filters, "contentSelector": CONTENT_SELECTOR}
        pages = Pages(Listing(raw_request("listCallsExtensive", body=body), _call))
        try:
            while pages.request is not None:
                page = self._request(pages.request)
                if pages.request.body is body and is_divisible and _total(page) > _LONGEST_LISTING:
                    break
                calls = pages.take(page)
                yield calls, is_last and pages.request is None
            else:
                return
        except (GongCursorExpiredError, GongAnswerTooLargeError) as error:
            if not is_divisible:
                raise
            log.warning("%s Reading %s to %s again in halves.", error, *map(wire, window))
        first, second = halves(window)
        yield from self._listed(first, is_last=False)
        yield from self._listed(second, is_last=is_last)

    def _transcripts(self, call_ids: list[str]) -> dict[str, JsonObject]:
        body = {"filter": {"callIds": call_ids}}
        try:
            rows = [row for page in self._listing("getCallTranscripts", body, _transcript) for row in page]
            return {str(row["callId"]): row for row in rows if _says_something(row)}
        except (GongCursorExpiredError, GongAnswerTooLargeError) as error:
            if len(call_ids) == 1:
                raise
            middle = len(call_ids) // 2
            log.warning("%s Reading the transcripts of %d calls again in halves.", error, len(call_ids))
            return self._transcripts(call_ids[:middle]) | self._transcripts(call_ids[middle:])

    def _listing(
        self, operation: str, body: JsonObject, row: Callable[[JsonObject], JsonObject]
    ) -> Iterator[list[JsonObject]]:
        pages = Pages(Listing(raw_request(operation, body=body), row))
        while pages.request is not None:
            yield pages.take(self._request(pages.request))

    def _request(self, request: GongRequest[JsonObject]) -> JsonObject:
        """
        Send a request; Gong's 404 for "no calls" counts as a page without rows, any other 404 is an error.

        :raises GongCursorExpiredError: if it is empty in the middle of a listing: the key sees less than it did before
        """
        self.requests += 1
        try:
            return self._client.run(request.operation.name, body=request.body)
        except GongEmptyResultError as empty:
            if "cursor" in request.body:
                raise GongCursorExpiredError(
                    "Gong shows no rows where the listing continues.", operation=empty.operation, status=empty.status
                ) from empty
            return {}


def call_id_of(call: Mapping[str, Any]) -> str:
    """Return the id of a row of ``POST /v2/calls/extensive``."""
    return str(call["metaData"]["id"])


def _call(row: JsonObject) -> JsonObject:
    if not as_text(row["metaData"]["id"]):
        raise ValueError("A call has an id.")
    return row


def _transcript(row: JsonObject) -> JsonObject:
    if not as_text(row["callId"]):
        raise ValueError("A transcript is that of a call.")
    return row


def _says_something(row: JsonObject) -> bool:
    """Return whether a transcript has a sentence; until it has one, it is waited for."""
    return any(objects(monologue.get("sentences")) for monologue in objects(row.get("transcript")))


def _total(page: JsonObject) -> float:
    records = page.get("records")
    return as_number(records.get("totalRecords")) or 0 if isinstance(records, Mapping) else 0


def _by_length(calls: Iterable[JsonObject]) -> Iterator[list[JsonObject]]:
    """Yield groups of calls whose transcripts fit into one page and into memory."""
    batch: list[JsonObject] = []
    hours = 0.0
    for call in calls:
        seconds = as_number(call["metaData"].get("duration"))
        length = 1.0 if seconds is None else seconds / 3600
        if batch and (len(batch) == _PAGE or hours + length > _HOURS_PER_PAGE):
            yield batch
            batch, hours = [], 0.0
        batch.append(call)
        hours += length
    if batch:
        yield batch
