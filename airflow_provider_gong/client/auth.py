"""Authentication with an access key or a refreshable bearer token, and the hosts that credentials may be sent to."""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongAuthenticationError

GENERIC_HOST = "api.gong.io"
_WEB_APP = ".app.gong.io"
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
# Labels of other lengths cannot be resolved (RFC 1035).
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")


class Authentication(Protocol):
    """Provides the ``Authorization`` header. Methods may block, because a token may come from a store."""

    refreshable: bool

    def header(self) -> str:
        """Return the header's value for the next attempt."""

    def refresh(self, refused: str) -> None:
        """Replace the credentials in a header value that Gong refused; only called if ``refreshable``."""


class TokenSource(Protocol):
    """Provides OAuth access tokens, and replaces those that Gong refuses."""

    def token(self) -> str:
        """Return the current access token."""

    def refresh(self, refused: str) -> None:
        """Replace the access token that Gong refused, unless it has already been replaced."""


class AccessKeyAuth:
    """
    Basic authentication with an access key from Gong's API page.

    :param access_key: the access key
    :param access_key_secret: its secret
    """

    refreshable = False

    def __init__(self, access_key: str, access_key_secret: str) -> None:
        self._token = base64.b64encode(f"{access_key}:{access_key_secret}".encode()).decode()

    @property
    def basic_token(self) -> str:
        """The encoded key and secret as they are sent, to be masked in logs."""
        return self._token

    def header(self) -> str:
        """Return the ``Authorization`` header's value."""
        return f"Basic {self._token}"

    def refresh(self, refused: str) -> None:
        """Access keys cannot be refreshed."""
        raise NotImplementedError("An access key cannot be refreshed.")


class BearerAuth:
    """
    Bearer authentication with an OAuth access token.

    :param source: where tokens come from; a plain string is a token that cannot be refreshed
    """

    def __init__(self, source: TokenSource | str) -> None:
        self._source = source.strip() if isinstance(source, str) else source
        self.refreshable = not isinstance(source, str)

    def header(self) -> str:
        """
        Return the ``Authorization`` header's value.

        :raises GongAuthenticationError: for a token that is not valid in a header
        """
        token = self._source if isinstance(self._source, str) else self._source.token()
        # The HTTP library would show such a token in its error.
        if not (token.isascii() and token.isprintable()):
            raise GongAuthenticationError(
                "The access token contains invalid characters, such as line breaks.", remedy="Enter it again."
            )
        return f"Bearer {token}"

    def refresh(self, refused: str) -> None:
        """Let the source replace the token of a refused header."""
        if isinstance(self._source, str):
            raise NotImplementedError("This token cannot be refreshed because it has no source.")
        self._source.refresh(refused.removeprefix("Bearer "))


def base_url(host: str) -> str:
    """
    Return the base URL of the API for a host as a person enters it.

    :param host: ``https://us-12345.api.gong.io`` or ``us-12345.api.gong.io``; plain ``http`` on loopback only
    :raises ValueError: for a host that credentials must not be sent to
    """
    text = host.strip()
    if not text:
        raise ValueError(
            "The host is missing: set your company's API base URL, as Gong shows it under Admin center > API."
        )
    said = repr(shown(text))
    if "@" in text:
        raise ValueError("The host must not contain credentials: give the access key as login and password.")
    parts = _split(text if "://" in text else f"https://{text}")
    if parts is None or parts.scheme not in ("https", "http"):
        raise ValueError(f"The host {said} is not a URL: expected something like https://us-12345.api.gong.io .")
    if parts.path.rstrip("/").removesuffix("/v2") or parts.query or parts.fragment:
        raise ValueError(
            f"The host {said} must not have a path: expected something like https://us-12345.api.gong.io ."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError(f"The host {said} must use https: credentials are never sent unencrypted.")
    if f".{parts.hostname}".endswith(_WEB_APP):
        raise ValueError(
            f"The host {said} is that of Gong's web app: set your company's API base URL, as Gong shows it under "
            "Admin center > API, such as https://us-12345.api.gong.io ."
        )
    # The company is the same with the default port as without a port.
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(_DEFAULT_PORTS[parts.scheme])}"


def is_loopback_url(url: str) -> bool:
    """Return whether a base URL is a loopback address."""
    return _is_loopback(urlsplit(url).hostname or "")


def is_host_name(name: str) -> bool:
    """Return whether a text can be the name or the address of a host."""
    return _HOST_NAME.fullmatch(name.lower()) is not None


def host_name(url: str) -> str:
    """Return the host of a base URL, with its port if it has one."""
    return urlsplit(url).netloc


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is not a number
    except ValueError:
        return None
    return parts if is_host_name(parts.hostname or "") and not parts.netloc.endswith(":") else None


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
