"""Links from a task to its call in Gong or its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_gong._compat import BaseOperatorLink
from airflow_provider_gong.client.auth import GENERIC_HOST, is_loopback_url

if TYPE_CHECKING:
    from airflow_provider_gong._compat import BaseOperator, Context

CALL_URL_KEY = "gong_call_url"
"""XCom key of the URL that :class:`GongCallLink` leads to."""


REPORT_URL_KEY = "gong_report_url"
"""XCom key of the URL that :class:`GongCallImportReportLink` leads to."""

# Where a browser shows a file in an object store to a signed-in user.
_CONSOLES = {
    "s3": "https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={key}",
    "gs": "https://storage.cloud.google.com/{bucket}/{key}",
}


class GongCallLink(BaseOperatorLink):
    """Link to the page of a call, for operators that push its URL with :func:`push_call_url`."""

    name = "Call in Gong"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL that the task pushed, an empty text if it pushed none."""
        from airflow_provider_gong._compat import XCom

        return str(XCom.get_value(key=CALL_URL_KEY, ti_key=ti_key) or "")


class GongCallImportReportLink(BaseOperatorLink):
    """Link to the page of an import's report, where a browser can open it, from the tasks that upload and report."""

    name = "Report"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL that the task pushed, an empty text if it pushed none."""
        from airflow_provider_gong._compat import XCom

        return str(XCom.get_value(key=REPORT_URL_KEY, ti_key=ti_key) or "")


def push_report_url(context: Context, report_path: str, server: str | None = None) -> None:
    """
    Push the URL of a report's page for :class:`GongCallImportReportLink`, if a browser can open it.

    :param report_path: its folder; S3 and Google Cloud Storage have pages for it, local disks if a web server
        shows them, and other places only if they are web addresses
    :param server: URL of the web server that shows files of local disks by their full paths
    """
    page = f"{report_path.rstrip('/')}/report.html"
    parts = urlsplit(page)
    bucket = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        # Without a signature or password, which do not belong in an XCom.
        url = f"https://{bucket}{parts.path}"
    elif parts.scheme in _CONSOLES:
        url = _CONSOLES[parts.scheme].format(bucket=bucket, key=quote(parts.path.lstrip("/")))
    elif (file := page.removeprefix("file://")).startswith("/") and server:
        url = f"{server.rstrip('/')}{quote(file)}"
    else:
        return
    context["ti"].xcom_push(key=REPORT_URL_KEY, value=url)


def push_call_url(context: Context, url: str | None) -> None:
    """Push the URL of a call for :class:`GongCallLink`, if it is known and leads to a page of the web."""
    if url and url.startswith(("https://", "http://")):
        context["ti"].xcom_push(key=CALL_URL_KEY, value=url)


def call_url(base_url: str, call_id: str) -> str | None:
    """
    Return the URL of a call's page; None if it cannot be derived from the API's host.

    The URLs of calls in Gong's listings have the host of the company's API with ``app`` instead of ``api`` (observed on
    live tenants). A call's own ``url`` is better if it is known.
    """
    if is_loopback_url(base_url):
        # An emulator.
        return f"{base_url.rstrip('/')}/call?id={quote(call_id, safe='')}"
    host = urlsplit(base_url).netloc
    if host != GENERIC_HOST and not host.endswith(f".{GENERIC_HOST}"):
        return None
    return f"https://{host.removesuffix(GENERIC_HOST)}app.gong.io/call?id={quote(call_id, safe='')}"
