"""One request of the Gong API as a value: what to send, how to read the answer, and how a listing continues."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongApiError, GongServerError
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.operations import Operation, Paging, operation

T = TypeVar("T")


def _never_settled(_: GongApiError) -> None:
    return None


@dataclass(frozen=True, slots=True)
class GongRequest(Generic[T]):
    """
    A request that is ready to be sent, any number of times.

    :param operation: catalogue entry of the operation
    :param path: path with its parameters filled in
    :param parse: makes the result from the JSON object that Gong answers
    :param query: query parameters
    :param body: JSON body, None for none
    :param media: recording to send as multipart body
    :param settle: makes the result from an error that says that an earlier, unanswered attempt has taken effect;
        returns None for every other error
    """

    operation: Operation
    path: str
    parse: Callable[[JsonObject], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    media: MediaFile | None = None
    settle: Callable[[GongApiError], T | None] = _never_settled


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """
    A request whose answers come in pages.

    :param first: request of the first page
    :param item: makes one row from its JSON object
    """

    first: GongRequest[JsonObject]
    item: Callable[[JsonObject], T]

    def rows(self, page: JsonObject) -> list[T]:
        """
        Return the rows of one page; a missing list is an empty one.

        :raises GongServerError: if they are not in the format of Gong's API
        """
        try:
            return [self.item(row) for row in page.get(self.first.operation.items or "") or ()]
        except (LookupError, TypeError, ValueError) as error:
            raise GongServerError(
                "Gong answered rows that are not in the format of its API.",
                operation=self.first.operation.name,
                request_id=page.get("requestId"),
            ) from error


def next_page(request: GongRequest[JsonObject], page: JsonObject) -> GongRequest[JsonObject] | None:
    """
    Return the request of the page after ``page``, which answered ``request``; None after the last.

    The end is where no cursor is given. Counts and page numbers in the answer are not relied upon: they run ahead
    while Gong analyses calls.

    :raises GongServerError: when Gong repeats the cursor that it was given, since the listing would never end
    """
    cursor = (page.get("records") or {}).get("cursor")
    if not cursor or request.operation.paging is Paging.NONE:
        return None
    if cursor == _cursor_of(request):
        raise GongServerError(
            "Gong answered a page with its own cursor, so the listing would never end.",
            operation=request.operation.name,
            request_id=page.get("requestId"),
        )
    if request.operation.paging is Paging.QUERY:
        return dataclasses.replace(request, query={**request.query, "cursor": cursor})
    return dataclasses.replace(request, body={**(request.body or {}), "cursor": cursor})


def _cursor_of(request: GongRequest[JsonObject]) -> str | None:
    if request.operation.paging is Paging.QUERY:
        return request.query.get("cursor")
    return (request.body or {}).get("cursor")


def raw_request(
    name: str,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> GongRequest[JsonObject]:
    """
    Return a request of any operation of the catalogue, with plain JSON in and out.

    :param name: Gong's name of the operation, such as ``listFlows``
    :param path: values of the parameters in the path
    :param query: query parameters; None values are left out, lists are repeated
    :param body: JSON body
    :raises ValueError: for an unknown operation, or a path parameter that is missing, empty or unknown
    """
    entry = operation(name)
    parameters = dict(path or {})
    if set(parameters) != set(entry.path_parameters):
        expected = ", ".join(sorted(entry.path_parameters)) or "none"
        given = ", ".join(sorted(parameters)) or "none"
        raise ValueError(f"Operation {name} takes these path parameters: {expected}; given: {given}.")
    filled = entry.path.format(**{key: _path_segment(key, value) for key, value in parameters.items()})
    given_query = {key: value for key, value in (query or {}).items() if value is not None}
    return GongRequest(entry, filled, parse=lambda answer: answer, query=given_query, body=body)


def _path_segment(name: str, value: object) -> str:
    # An empty or dotted segment would name another path, such as the listing instead of one call.
    if not isinstance(value, str) or not value.strip(" ."):
        raise ValueError(f"Path parameter {name} must be a text that names something, not {value!r}.")
    return quote(value, safe="")


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
    """Return a request whose answer is made into a typed result."""
    raw = raw_request(name, path=path, query=query, body=body)
    return GongRequest(raw.operation, raw.path, parse, raw.query, raw.body, media, settle)


def without_repetition(request: GongRequest[T]) -> GongRequest[T]:
    """Return the same request, for a caller that wants to look before it is sent again."""
    return dataclasses.replace(request, operation=dataclasses.replace(request.operation, repeatable=False))
