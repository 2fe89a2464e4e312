"""Reads a day from Gong: its calls page by page, and the transcripts of exactly those calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_export.days import Window, halves, wire
from airflow_provider_gong.call_export.settings import CallFilter
from airflow_provider_gong.call_export.tables.catalogue import CONTENT_SELECTOR
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongAnswerTooLargeError, GongCursorExpiredError, GongEmptyResultError

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

    :param calls: rows of ``POST /v2/calls/extensive``
    :param transcripts: the transcripts by call id, once they were read
    :param is_last: whether no further page follows
    """

    calls: list[JsonObject]
    transcripts: dict[str, list[JsonObject]] = field(default_factory=dict)
    is_last: bool = False


class GongReader:
    """
    Reads calls and transcripts.

    :param client: a client of Gong's API
    :param filters: which calls are read
    :param wants: decides by a call's row whether its transcript is read; None reads no transcripts
    """

    def __init__(self, client: GongApi, filters: CallFilter, wants: Callable[[JsonObject], bool] | None) -> None:
        self._client = client
        self._filters = filters
        self._wants = wants
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
            page = self._request("listCallsExtensive", {"filter": {"callIds": batch}})
            found |= {call_id_of(call): call for call in page.get("calls") or ()}
        return found

    def sees_calls(self, **conditions: Any) -> bool:
        """Return whether Gong shows any call that meets the conditions and the export's filter."""
        page = self._request("listCallsExtensive", {"filter": self._filters.wire(**conditions)})
        return bool(page.get("calls"))

    def _pages(self, window: Window, seen: set[str]) -> Iterator[Page]:
        for calls, is_last in self._listed(window):
            new = [call for call in calls if call_id_of(call) not in seen]
            seen.update(map(call_id_of, new))
            # Long transcripts are read in parts, so memory does not grow with their length.
            parts = list(_by_length(new))
            for number, part in enumerate(parts, 1):
                wanted = [] if self._wants is None else [call_id_of(call) for call in part if self._wants(call)]
                transcripts = self._transcripts(wanted) if wanted else {}
                yield Page(part, transcripts, is_last and number == len(parts))

    def _listed(self, window: Window, *, is_last: bool = True) -> Iterator[tuple[list[JsonObject], bool]]:
        """
        Yield the calls of a window, and whether they are the last.

        If there are too many for one listing, each half is listed separately.

        :param is_last: whether no other window follows
        """
        start, end = window
        is_divisible = (end - start).total_seconds() >= 2 * _SHORTEST_WINDOW
        filters = self._filters.wire(fromDateTime=wire(start), toDateTime=wire(end))
        body: JsonObject = {"filter": filters, "contentSelector": CONTENT_SELECTOR}
        try:
            while True:
                page = self._request("listCallsExtensive", body)
                records = page.get("records") or {}
                if "cursor" not in body and is_divisible and (records.get("totalRecords") or 0) > _LONGEST_LISTING:
                    break
                yield page.get("calls") or [], is_last and not records.get("cursor")
                if not records.get("cursor"):
                    return
                body = {**body, "cursor": records["cursor"]}
        except (GongCursorExpiredError, GongAnswerTooLargeError) as error:
            if not is_divisible:
                raise
            log.warning("%s Reading %s to %s again in halves.", error, *map(wire, window))
        first, second = halves(window)
        yield from self._listed(first, is_last=False)
        yield from self._listed(second, is_last=is_last)

    def _transcripts(self, call_ids: list[str]) -> dict[str, list[JsonObject]]:
        try:
            return self._all_transcripts(call_ids)
        except GongAnswerTooLargeError:
            if len(call_ids) == 1:
                raise
            middle = len(call_ids) // 2
            log.warning(
                "The transcripts of %d calls are too large for one response; reading them in halves.", len(call_ids)
            )
            return self._transcripts(call_ids[:middle]) | self._transcripts(call_ids[middle:])

    def _all_transcripts(self, call_ids: list[str]) -> dict[str, list[JsonObject]]:
        found: dict[str, list[JsonObject]] = {}
        body: JsonObject | None = {"filter": {"callIds": call_ids}}
        while body is not None:
            page = self._request("getCallTranscripts", body)
            rows = page.get("callTranscripts") or ()
            found |= {str(row["callId"]): row.get("transcript") or [] for row in rows}
            cursor = (page.get("records") or {}).get("cursor")
            body = {**body, "cursor": cursor} if cursor else None
        return found

    def _request(self, operation: str, body: Mapping[str, Any]) -> JsonObject:
        """Send a request; Gong's 404 for "no calls" counts as a page without rows, any other 404 is an error."""
        self.requests += 1
        try:
            return self._client.run(operation, body=body)
        except GongEmptyResultError:
            return {}


def call_id_of(call: Mapping[str, Any]) -> str:
    """Return the id of a row of ``POST /v2/calls/extensive``."""
    return str(call["metaData"]["id"])


def _by_length(calls: Sequence[JsonObject]) -> Iterator[list[JsonObject]]:
    """Yield groups of calls whose transcripts fit into one page and into memory."""
    batch: list[JsonObject] = []
    hours = 0.0
    for call in calls:
        seconds = call["metaData"].get("duration")
        length = seconds / 3600 if isinstance(seconds, int | float) else 1.0
        if batch and (len(batch) == _PAGE or hours + length > _HOURS_PER_PAGE):
            yield batch
            batch, hours = [], 0.0
        batch.append(call)
        hours += length
    if batch:
        yield batch
