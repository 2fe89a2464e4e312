from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_gong.client.errors import GongServerError
from airflow_provider_gong.client.requests import Listing, raw_request, typed_request, without_repetition


def test_path_parameters_are_filled_in_and_quoted() -> None:
    assert raw_request("getCall", path={"id": "7782342274025937895"}).path == "/v2/calls/7782342274025937895"
    assert raw_request("getCall", path={"id": "a/b?c#d%"}).path == "/v2/calls/a%2Fb%3Fc%23d%25"


@pytest.mark.parametrize("value", ["", " ", ".", "..", None, 7782342274025937895])
def test_path_parameter_that_would_name_another_path_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="Path parameter id"):
        raw_request("getCall", path={"id": value})


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("getCall", {}, "takes these path parameters: id; given: none"),
        ("getCall", {"id": "1", "x": "2"}, "takes these path parameters: id; given: id, x"),
        ("listCalls", {"id": "1"}, "takes these path parameters: none; given: id"),
    ],
)
def test_wrong_path_parameters_are_refused(name: str, path: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        raw_request(name, path=path)


def test_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="Did you mean getCall"):
        raw_request("getCal")


def test_query_leaves_out_what_is_not_set() -> None:
    request = raw_request("listCalls", query={"fromDateTime": "2026-03-01T00:00:00Z", "workspaceId": None, "x": 0})
    assert dict(request.query) == {"fromDateTime": "2026-03-01T00:00:00Z", "x": 0}


def test_typed_request_makes_the_result_from_the_answer() -> None:
    request = typed_request("getCall", lambda content: content["call"]["id"], path={"id": "1"})
    assert request.parse({"call": {"id": "1"}}) == "1"
    assert request.operation.name == "getCall"


def test_request_without_repetition_differs_in_nothing_else() -> None:
    request = raw_request("getCall", path={"id": "1"})
    once = without_repetition(request)
    assert request.operation.repeatable
    assert not once.operation.repeatable
    assert (once.operation.name, once.path, once.parse) == (request.operation.name, request.path, request.parse)


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        ({"calls": [{"id": "1"}, {"id": "2"}]}, ["1", "2"]),
        ({"calls": []}, []),
        ({"calls": None}, []),
        ({}, []),
    ],
)
def test_listing_makes_rows_of_a_page(page: dict[str, Any], rows: list[str]) -> None:
    assert Listing(raw_request("listCalls"), item=lambda row: row["id"]).rows(page) == rows


@pytest.mark.parametrize("rows", [[{"other": 1}], [None], 7])
def test_rows_that_make_no_sense_are_an_error_of_the_client(rows: Any) -> None:
    listing = Listing(raw_request("listCalls"), item=lambda row: row["id"])
    with pytest.raises(GongServerError, match="not in the format") as caught:
        listing.rows({"requestId": "4al018gzaztcr8nbukw", "calls": rows})
    assert (caught.value.operation, caught.value.request_id) == ("listCalls", "4al018gzaztcr8nbukw")
