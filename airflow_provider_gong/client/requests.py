"""A request of the Gong API as a value: what to send, how to read the response, and how a listing continues."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongApiError, GongServerError
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.operations import Operation, Paging, operation

T = TypeVar("T")

# Gong's cursors are JSON web tokens of a few hundred characters (observed). Longer ones would not fit in a URL.
_LONGEST_CURSOR = 8000
_PAGES_WITHOUT_NEWS = 3


def _never_settled(_: GongApiError) -> None:
    return None


@dataclass(frozen=True, slots=True)
class GongRequest(Generic[T]):
    """
    A request that is ready to be sent, any number of times.

    :param operation: catalogue entry of the operation
    :param path: path with its parameters filled in
    :param parse: creates the result from the JSON object in the response
    :param query: query parameters
    :param body: JSON body, None for none
    :param media: recording to send as multipart body
    :param settle: creates the result from an error that means that an earlier attempt without a response has taken
        effect; returns None for all other errors
    :param record: called immediately before each attempt, when its slot has come; None for nothing
    """

    operation: Operation
    path: str
    parse: Callable[[JsonObject], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    media: MediaFile | None = None
    settle: Callable[[GongApiError], T | None] = _never_settled
    record: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """
    A request whose results come in pages.

    :param first: request of the first page
    :param item: creates a row from its JSON object
    """

    first: GongRequest[JsonObject]
    item: Callable[[JsonObject], T]

    def rows(self, page: JsonObject) -> list[T]:
        """
        Return the rows of one page; a missing list is an empty one.

        :raises GongServerError: if they are not in the format of Gong's API
        """
        try:
            return [self.item(row) for row in _raw_rows(self.first.operation, page)]
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise _unlistable(self.first, page, "Gong returned rows that are not in the format of its API.") from error


class Pages(Generic[T]):
    """
    Reads a listing to its end, and detects listings that would never end.

    :param listing: the listing
    """

    def __init__(self, listing: Listing[T]) -> None:
        self.request: GongRequest[JsonObject] | None = listing.first
        """Request of the next page; None after the last."""
        self._listing = listing
        self._cursors: set[str] = set()
        self._rows: set[object] = set()
        self._pages_without_news = 0

    def take(self, page: JsonObject) -> list[T]:
        """
        Return the rows of the requested page.

        :raises GongServerError: if they are not in the format of Gong's API, or if the listing would never end
        """
        request, rows = self.request, self._listing.rows(page)
        if request is None:
            raise ValueError("The listing has ended.")
        self.request = next_page(request, page)
        if self.request is not None:
            self._check_progress(self.request, page)
        return rows

    def _check_progress(self, following: GongRequest[JsonObject], page: JsonObject) -> None:
        cursor, known = _cursor_of(following), len(self._rows)
        if cursor in self._cursors:
            raise _unlistable(following, page, "Gong returned an earlier cursor, so the listing would never end.")
        self._cursors.add(str(cursor))
        self._rows.update(map(_identity, _raw_rows(following.operation, page)))
        self._pages_without_news = 0 if len(self._rows) > known else self._pages_without_news + 1
        if self._pages_without_news == _PAGES_WITHOUT_NEWS:
            why = f"Gong returned no new rows in {_PAGES_WITHOUT_NEWS} pages, so the listing would never end."
            raise _unlistable(following, page, why)


def next_page(request: GongRequest[JsonObject], page: JsonObject) -> GongRequest[JsonObject] | None:
    """
    Return the request for the page after ``page``, the response to ``request``; None after the last page.

    The listing ends with a response without a cursor. Counts and page numbers in the response are not used, because
    they include calls that Gong is still analyzing.

    :raises GongServerError: if the cursor is not valid or the same as in the request, so the listing would never end
    """
    records = page.get("records") or {}
    cursor = records.get("cursor") if isinstance(records, dict) else records
    if not cursor or request.operation.paging is Paging.NONE:
        return None
    if not isinstance(cursor, str) or len(cursor) > _LONGEST_CURSOR or not (cursor.isascii() and cursor.isprintable()):
        raise _unlistable(request, page, "Gong returned a cursor that is not in the format of its API.")
    if cursor == _cursor_of(request):
        raise _unlistable(request, page, "Gong returned a page with its own cursor, so the listing would never end.")
    if request.operation.paging is Paging.QUERY:
        return dataclasses.replace(request, query={**request.query, "cursor": cursor})
    return dataclasses.replace(request, body={**(request.body or {}), "cursor": cursor})


def _cursor_of(request: GongRequest[JsonObject]) -> str | None:
    if request.operation.paging is Paging.QUERY:
        return request.query.get("cursor")
    return (request.body or {}).get("cursor")


def _raw_rows(operation: Operation, page: JsonObject) -> list[Any]:
    rows = page.get(operation.items or "") or []
    if not isinstance(rows, list):
        raise TypeError("not a list")
    return rows


def _identity(row: Any) -> object:
    """Return what identifies a row: its id, because its signed URLs change each time, or else the whole row."""
    found = row if isinstance(row, dict) else {}
    meta_data = found.get("metaData")
    row_id = found.get("id") or (meta_data.get("id") if isinstance(meta_data, dict) else None)
    if isinstance(row_id, str | int):
        return row_id
    try:
        return hash(json.dumps(row, sort_keys=True))
    except RecursionError:
        return id(row)


def _unlistable(request: GongRequest[Any], page: JsonObject, why: str) -> GongServerError:
    request_id = page.get("requestId")
    return GongServerError(
        why, operation=request.operation.name, request_id=shown(str(request_id), 100) if request_id else None
    )


def raw_request(
    name: str,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> GongRequest[JsonObject]:
    """
    Return a request for any operation in the catalogue, with plain JSON as input and output.

    :param name: Gong's name of the operation, such as ``listFlows``
    :param path: values of the parameters in the path
    :param query: query parameters; None values are left out, lists are repeated
    :param body: JSON body
    :raises ValueError: for an unknown operation, or a path parameter that is missing, empty or unknown
    """
    return typed_request(name, lambda answer: answer, path=path, query=query, body=body)


def typed_request(
    name: str,
    parse: Callable[[JsonObject], T],
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    settle: Callable[[GongApiError], T | None] = _never_settled,
    media: MediaFile | None = None,
) -> GongRequest[T]:
    """Return a request with a typed result; parameters as for :func:`raw_request` and :class:`GongRequest`."""
    entry = operation(name)
    parameters = dict(path or {})
    if set(parameters) != set(entry.path_parameters):
        expected = ", ".join(sorted(entry.path_parameters)) or "none"
        given = ", ".join(sorted(parameters)) or "none"
        raise ValueError(f"Operation {name} takes these path parameters: {expected}; given: {given}.")
    filled = entry.path.format(**{key: _path_segment(key, value) for key, value in parameters.items()})
    given_query = {key: value for key, value in (query or {}).items() if value is not None}
    return GongRequest(entry, filled, parse, given_query, body, media, settle)


def _path_segment(name: str, value: object) -> str:
    # An empty or dotted segment would lead to another path, such as the listing instead of one call.
    if not isinstance(value, str) or not value.strip(" ."):
        raise ValueError(f"Path parameter {name} must be a non-empty text, not {value!r}.")
    return quote(value, safe="")


def without_repetition(request: GongRequest[T], record: Callable[[], None] | None = None) -> GongRequest[T]:
    """
    Return the same request, for a caller that wants to check before it is sent again.

    :param record: as for ``GongRequest``
    """
    operation = dataclasses.replace(request.operation, repeatable=False)
    return dataclasses.replace(request, operation=operation, record=record)
