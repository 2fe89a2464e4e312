"""One attempt to send a request, for threads and for event loops. The only module that uses the HTTP library."""

from __future__ import annotations

import asyncio
import contextlib
import encodings.idna  # noqa: F401 - loaded by the first connection otherwise, and the first request would be late
import functools
import json
import os
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from email.utils import formatdate
from typing import Any

import httpx

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.answers import Answer, Body, TooLargeBodyError, UnusableBodyError
from airflow_provider_gong.client.auth import is_loopback_url
from airflow_provider_gong.client.errors import GongValidationError
from airflow_provider_gong.client.instructions import NoAnswer, NotSent, Outcome
from airflow_provider_gong.client.media import MultipartUpload, UploadOverdueError
from airflow_provider_gong.client.requests import GongRequest

USER_AGENT = "airflow-provider-gong"
_CONNECT_SECONDS = 10.0
# Gong responds to a recording only after it has received all of it.
_MEDIA_PATIENCE = 5
_DEADLINE_SECONDS = 60.0
_BYTES_PER_SECOND = 64 * 1024
_LONGEST_REASON = 300
# Takes the place of an error's body that cannot be used. It is not JSON, so the error does not count as Gong's.
_UNUSABLE_BODY = b"unusable"
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class _Transport:
    """
    What both kinds share: settings, and converting requests and responses for the HTTP library.

    :param base_url: base URL of the API
    :param user_agent: value of the ``User-Agent`` header
    :param proxy: URL of a proxy
    :param ca_bundle: file of certificate authorities to trust instead of the default ones
    :param timeout: seconds without data after which an attempt is given up; five times as long for a recording
    :param deadline: seconds after which an attempt is given up in any case; one more for each 64 KiB of a recording
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str = USER_AGENT,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        timeout: float = 60.0,
        deadline: float = _DEADLINE_SECONDS,
    ) -> None:
        self._media_timeout = _timeout(timeout * _MEDIA_PATIENCE)
        self._deadline = deadline
        self._options = _options(base_url, proxy, ca_bundle, timeout) | {
            "base_url": base_url,
            "headers": {"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"},
        }

    def _built(self, http: httpx.Client | httpx.AsyncClient, request: GongRequest[Any], header: str) -> httpx.Request:
        options: dict[str, Any] = {"headers": {"Authorization": header}, "params": request.query or None}
        if request.media is not None:
            # An attempt in an event loop is cancelled at its deadline; one in a thread has to end on its own.
            upload = MultipartUpload(request.media, deadline=time.monotonic() + self._seconds(request))
            options["headers"] |= upload.headers
            content = upload.async_chunks() if isinstance(http, httpx.AsyncClient) else upload.chunks()
            options |= {"content": content, "timeout": self._media_timeout}
        try:
            if request.media is None and request.body is not None:
                options["headers"]["Content-Type"] = "application/json"
                options["content"] = _json(request.body)
            return http.build_request(request.operation.method, request.path, **options)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            # Not chained: the original may hold the whole content.
            what = "has no valid URL" if isinstance(error, httpx.InvalidURL) else "cannot be encoded"
            reason = shown(str(error), _LONGEST_REASON)
            raise GongValidationError(f"The request {what}: {reason}.", operation=request.operation.name) from None

    def _seconds(self, request: GongRequest[Any]) -> float:
        size = 0 if request.media is None else request.media.size
        return self._deadline + size / _BYTES_PER_SECOND


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
        built = self._built(self._http, request, header)
        return _within(self._seconds(request), lambda: _received(self._http, built))

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
        built, seconds = self._built(self._http, request, header), self._seconds(request)
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._received(built)
        except TimeoutError:
            if not deadline.expired():
                raise
            return _too_late(seconds)

    async def _received(self, request: httpx.Request) -> Outcome:
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.is_stream_consumed:
                    return _answer(response, response.content)
                body = Body(response.headers.get("content-encoding", ""))
                async for chunk in response.aiter_raw():
                    body.take(chunk)
                return _answer(response, body.content)
            except UnusableBodyError as error:
                return _without_body(response, error)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            return _failure(error)
        except UploadOverdueError as error:
            return NoAnswer(str(error))

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

    def post() -> Outcome:
        with httpx.Client(**_options(url, proxy, ca_bundle, timeout)) as http:
            request = http.build_request("POST", url, data=form, headers={"Accept-Encoding": "gzip"})
            return _received(http, request, auth=credentials)

    return _within(2 * timeout, post)


def _options(url: str, proxy: str | None, ca_bundle: str | None, timeout: float) -> dict[str, Any]:
    files = (ca_bundle, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    verify = _authorities(ca_bundle, *map(_version, files))
    return {
        "proxy": proxy or None,
        "verify": verify,
        "timeout": _timeout(timeout),
        "follow_redirects": False,
        # A proxy of the environment would receive unencrypted credentials that were meant for this host only.
        "trust_env": not is_loopback_url(url),
    }


# Reading them takes longer than many a request, and holds up the event loop of a triggerer.
@functools.lru_cache(maxsize=8)
def _authorities(ca_bundle: str | None, *versions: object) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_bundle) if ca_bundle else httpx.create_ssl_context()


def _version(file: str | None) -> tuple[str | None, int, int] | None:
    with contextlib.suppress(OSError):
        status = os.stat(file or "")
        return file, status.st_mtime_ns, status.st_size
    return None


def _json(body: Any) -> bytes:
    # The HTTP library would send NaN and half characters before 0.28.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _within(seconds: float, work: Callable[[], Outcome]) -> Outcome:
    """
    Return the outcome of an attempt, or that it took too long.

    The HTTP library limits only the time without data. The attempt therefore runs in a separate thread, which is
    abandoned when its time is up: if the other side sends a byte now and then, the attempt could take very long.
    """
    outcome: Future[Outcome] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # raised where the result is awaited
            outcome.set_exception(error)

    threading.Thread(target=run, name="gong-request", daemon=True).start()
    wait([outcome], timeout=seconds)
    return outcome.result() if outcome.done() else _too_late(seconds)


def _received(http: httpx.Client, request: httpx.Request, **options: Any) -> Outcome:
    try:
        response = http.send(request, stream=True, **options)
        try:
            if response.is_stream_consumed:
                return _answer(response, response.content)
            body = Body(response.headers.get("content-encoding", ""))
            for chunk in response.iter_raw():
                body.take(chunk)
            return _answer(response, body.content)
        except UnusableBodyError as error:
            return _without_body(response, error)
        finally:
            response.close()
    except httpx.HTTPError as error:
        return _failure(error)
    except UploadOverdueError as error:
        return NoAnswer(str(error))


def _answer(response: httpx.Response, body: bytes) -> Answer:
    # A response without a date counts as created on arrival (RFC 9110, 6.6.1).
    headers = {"date": formatdate(usegmt=True), **response.headers}
    return Answer(response.status_code, headers, body, response.request.url.host)


def _without_body(response: httpx.Response, error: UnusableBodyError) -> Answer | NoAnswer:
    """Return what is known of a response whose body cannot be used: its status is enough to refuse a request."""
    if response.is_error or response.is_redirect:
        return _answer(response, _UNUSABLE_BODY)
    return NoAnswer(str(error), too_large=isinstance(error, TooLargeBodyError))


def _failure(error: httpx.HTTPError) -> NotSent | NoAnswer:
    reason = shown(f"{type(error).__name__}: {error}".rstrip(": "), _LONGEST_REASON)
    timeout = isinstance(error, httpx.TimeoutException)
    return NotSent(reason, timeout) if isinstance(error, _NEVER_SENT) else NoAnswer(reason, timeout)


def _too_late(seconds: float) -> NoAnswer:
    return NoAnswer(f"there was no complete response within {seconds:.0f} s", timeout=True)
