"""How a listing goes on: the cursor of one page, put where the operation wants it, makes the request of the next."""

from __future__ import annotations

import dataclasses

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.errors import GongServerError
from airflow_provider_gong.client.operations import Paging
from airflow_provider_gong.client.requests import GongRequest


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
