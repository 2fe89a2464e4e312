from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_gong.client.errors import GongServerError
from airflow_provider_gong.client.requests import GongRequest, next_page, raw_request

WINDOW = {"fromDateTime": "2026-03-01T00:00:00Z", "toDateTime": "2026-03-02T00:00:00Z"}
BY_QUERY = raw_request("listCalls", query=WINDOW)
BY_BODY = raw_request("listCallsExtensive", body={"filter": WINDOW})
BOTH = pytest.mark.parametrize("first", [BY_QUERY, BY_BODY], ids=["query", "body"])


def page(cursor: Any = None, **records: Any) -> dict[str, Any]:
    return {"requestId": "4al018gzaztcr8nbukw", "records": {**records, "cursor": cursor}}


def test_cursor_joins_the_query_of_a_get() -> None:
    second = next_page(BY_QUERY, page("c1"))
    assert second is not None
    assert second.query == {**WINDOW, "cursor": "c1"}
    assert second.body is None
    assert second.path == BY_QUERY.path


def test_cursor_joins_the_body_of_a_post_beside_the_filter() -> None:
    second = next_page(BY_BODY, page("c1"))
    assert second is not None
    assert second.body == {"filter": WINDOW, "cursor": "c1"}
    assert dict(second.query) == {}


@BOTH
def test_cursor_of_the_page_before_is_replaced(first: GongRequest[Any]) -> None:
    second = next_page(first, page("c1"))
    assert second is not None
    third = next_page(second, page("c2"))
    assert third is not None
    assert (third.query.get("cursor") or third.body["cursor"]) == "c2"


@BOTH
def test_first_request_stays_as_it_was(first: GongRequest[Any]) -> None:
    next_page(first, page("c1"))
    assert "cursor" not in first.query
    assert "cursor" not in (first.body or {})


def test_body_may_be_missing() -> None:
    second = next_page(raw_request("listInteractionStats"), page("c1"))
    assert second is not None
    assert second.body == {"cursor": "c1"}


@BOTH
@pytest.mark.parametrize(
    "last",
    [page(), page(""), {"records": {"totalRecords": 500, "currentPageNumber": 0}}, {"records": None}, {}],
    ids=["null", "empty", "left out", "no records", "nothing"],
)
def test_listing_ends_where_no_cursor_is_given_whatever_the_counts_say(
    first: GongRequest[Any], last: dict[str, Any]
) -> None:
    assert next_page(first, last) is None


@BOTH
def test_counts_do_not_end_a_listing(first: GongRequest[Any]) -> None:
    assert next_page(first, page("c1", totalRecords=100, currentPageSize=100)) is not None


def test_operations_without_pages_have_no_second_one() -> None:
    assert next_page(raw_request("listWorkspaces"), page("c1")) is None


@BOTH
def test_listing_that_would_never_end_is_an_error(first: GongRequest[Any]) -> None:
    second = next_page(first, page("c1"))
    assert second is not None
    with pytest.raises(GongServerError, match="never end") as caught:
        next_page(second, page("c1"))
    assert caught.value.request_id == "4al018gzaztcr8nbukw"
