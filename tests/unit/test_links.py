from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_gong import _compat
from airflow_provider_gong.links import (
    CALL_URL_KEY,
    REPORT_URL_KEY,
    GongCallImportReportLink,
    GongCallLink,
    call_url,
    push_call_url,
    push_report_url,
)
from airflow_provider_gong.operators.call_import import GongReportCallImportOperator, GongUploadCallImportOperator
from airflow_provider_gong.operators.calls import GongUploadCallMediaOperator
from tests.unit.hooks.support import TaskInstance, task_context


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://us-12345.api.gong.io", "https://us-12345.app.gong.io/call?id=42"),
        ("https://us02-125032.api.gong.io", "https://us02-125032.app.gong.io/call?id=42"),
        ("https://api.gong.io", "https://app.gong.io/call?id=42"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/call?id=42"),
        ("https://myapi.gong.io", None),
        ("https://gong.example.com", None),
    ],
)
def test_page_of_a_call_follows_from_the_host(base_url, expected):
    assert call_url(base_url, "42") == expected


def test_id_of_a_call_names_nothing_else_in_its_url():
    url = call_url("https://api.gong.io", "42&next=https://gong.example.com")
    assert url == "https://app.gong.io/call?id=42%26next%3Dhttps%3A%2F%2Fgong.example.com"


class XComs:
    """The XComs of one task, asked as Airflow's own are."""

    def __init__(self, ti: TaskInstance) -> None:
        self._ti = ti

    def get_value(self, *, key: str, ti_key: Any) -> Any:
        return self._ti.xcoms.get(key) if ti_key is self._ti else None


@pytest.mark.parametrize(
    ("url", "link"), [("https://app.gong.io/call?id=42", "https://app.gong.io/call?id=42"), (None, "")]
)
def test_link_is_what_the_task_pushed(monkeypatch, url, link):
    context = task_context()
    push_call_url(context, url)
    monkeypatch.setitem(vars(_compat), "XCom", XComs(context["ti"]))
    operator = GongUploadCallMediaOperator(task_id="upload", call_id="42", media="42.wav")
    assert GongCallLink().get_link(operator, ti_key=context["ti"]) == link


def test_operators_offer_the_link():
    operator = GongUploadCallMediaOperator(task_id="upload", call_id="42", media="42.wav")
    assert [link.name for link in operator.operator_extra_links] == ["Call in Gong"]


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "data:text/html,x"])
def test_nothing_is_pushed_for_an_unknown_url_or_what_is_no_page(url):
    context = task_context()
    push_call_url(context, url)
    assert CALL_URL_KEY not in context["ti"].xcoms


@pytest.mark.parametrize(
    ("folder", "url"),
    [
        (
            "s3://aws@bucket/a b",
            "https://s3.console.aws.amazon.com/s3/object/bucket?prefix=a%20b/report.html",
        ),
        ("gs://bucket/night/", "https://storage.cloud.google.com/bucket/night/report.html"),
        ("https://user:word@example.com/r", "https://example.com/r/report.html"),
        ("/reports", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_report_is_linked_where_a_browser_can_open_it(monkeypatch, folder, url):
    context = task_context()
    push_report_url(context, folder)
    monkeypatch.setitem(vars(_compat), "XCom", XComs(context["ti"]))
    for kind in (GongReportCallImportOperator, GongUploadCallImportOperator):
        operator = kind(task_id="task", import_id="night", report_path=folder)
        (link,) = operator.operator_extra_links
        assert isinstance(link, GongCallImportReportLink)
        assert link.get_link(operator, ti_key=context["ti"]) == url
    assert context["ti"].xcoms.get(REPORT_URL_KEY, "") == url


@pytest.mark.parametrize("folder", ["/srv/night of 20", "/srv/night of 20/", "file:///srv/night of 20"])
def test_report_on_a_disk_is_linked_where_a_web_server_shows_it(folder):
    context = task_context()
    push_report_url(context, folder, "https://files.example.com/")
    assert context["ti"].xcoms[REPORT_URL_KEY] == "https://files.example.com/srv/night%20of%2020/report.html"
