"""One attempt to send a request, for threads and for event loops. The only module that knows the HTTP library."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - loaded by the first connection otherwise, and the first request would be late
import ssl
from email.utils import formatdate
from typing import Any

import httpx

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.exchange import NoAnswer, NotSent
from airflow_provider_gong.client.media import MultipartUpload
from airflow_provider_gong.client.requests import GongRequest

USER_AGENT = "airflow-provider-gong"
_CONNECT_SECONDS = 10.0
# Gong answers a recording only after it has taken all of it in.
_MEDIA_PATIENCE = 5
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

Outcome = Answer | NotSent | NoAnswer


class _Transport:
    """
    What both kinds share: settings, and how a request and an answer look to the HTTP library.

    :param base_url: base URL of the API
    :param user_agent: value of the ``User-Agent`` header
    :param proxy: URL of a proxy
    :param ca_bundle: file of certificate authorities to trust instead of the default ones
    :param timeout: seconds that Gong may be silent before an attempt is given up; five times as long for a recording
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str = USER_AGENT,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._media_timeout = _timeout(timeout * _MEDIA_PATIENCE)
        self._options: dict[str, Any] = {
            "base_url": base_url,
            "headers": {"User-Agent": user_agent, "Accept": "application/json"},
            "timeout": _timeout(timeout),
            "proxy": proxy or None,
            "verify": _authorities(ca_bundle),
            "follow_redirects": False,
        }

    def _built(self, http: httpx.Client | httpx.AsyncClient, request: GongRequest[Any], header: str) -> httpx.Request:
        options: dict[str, Any] = {"headers": {"Authorization": header}, "params": request.query or None}
        if request.media is not None:
            upload = MultipartUpload(request.media)
            options["headers"] |= upload.headers
            content = upload.async_chunks() if isinstance(http, httpx.AsyncClient) else upload.chunks()
            options |= {"content": content, "timeout": self._media_timeout}
        elif request.body is not None:
            options["json"] = request.body
        return http.build_request(request.operation.method, request.path, **options)


class ThreadTransport(_Transport):
    """
    Sends from threads.

    :param transport: transport of the HTTP library, for tests
    """

    def __init__(self, base_url: str, *, transport: httpx.BaseTransport | None = None, **options: Any) -> None:
        super().__init__(base_url, **options)
        self._http = httpx.Client(transport=transport, **self._options)

    def send(self, request: GongRequest[Any], header: str) -> Outcome:
        """Send the request once."""
        try:
            return _answer(self._http.send(self._built(self._http, request, header)))
        except httpx.HTTPError as error:
            return _failure(error)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class LoopTransport(_Transport):
    """
    Sends from an event loop.

    :param transport: transport of the HTTP library, for tests
    """

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> None:
        super().__init__(base_url, **options)
        self._http = httpx.AsyncClient(transport=transport, **self._options)

    async def send(self, request: GongRequest[Any], header: str) -> Outcome:
        """Send the request once."""
        try:
            return _answer(await self._http.send(self._built(self._http, request, header)))
        except httpx.HTTPError as error:
            return _failure(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def post_form(
    url: str,
    form: dict[str, str],
    credentials: tuple[str, str],
    *,
    proxy: str | None = None,
    ca_bundle: str | None = None,
    timeout: float = 20.0,
) -> Outcome:
    """Send a form once, with a user and password."""
    try:
        with httpx.Client(proxy=proxy or None, verify=_authorities(ca_bundle), timeout=_timeout(timeout)) as http:
            return _answer(http.post(url, data=form, auth=credentials))
    except httpx.HTTPError as error:
        return _failure(error)


def _authorities(ca_bundle: str | None) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else True


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _answer(response: httpx.Response) -> Answer:
    # An answer without a date was made when it arrived (RFC 9110, 6.6.1).
    headers = {"date": formatdate(usegmt=True), **response.headers}
    return Answer(response.status_code, headers, response.content, response.request.url.host)


def _failure(error: httpx.HTTPError) -> NotSent | NoAnswer:
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    timeout = isinstance(error, httpx.TimeoutException)
    return NotSent(reason, timeout) if isinstance(error, _NEVER_SENT) else NoAnswer(reason, timeout)
