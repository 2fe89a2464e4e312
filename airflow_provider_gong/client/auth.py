"""Who we are to Gong: an access key with its secret, or a bearer token that can be refreshed."""

from __future__ import annotations

import base64
from typing import Protocol

from airflow_provider_gong.client.errors import GongAuthenticationError


class Authentication(Protocol):
    """Gives the ``Authorization`` header. Methods may block (a token may come from a store)."""

    refreshable: bool

    def header(self) -> str:
        """Return the header's value for the next attempt."""

    def refresh(self, refused: str) -> None:
        """Replace the credentials of the header's value that Gong refused; only called when ``refreshable``."""


class TokenSource(Protocol):
    """Gives OAuth access tokens, and new ones for those that Gong refuses."""

    def token(self) -> str:
        """Return the current access token."""

    def refresh(self, refused: str) -> None:
        """Replace the access token that Gong refused, unless somebody did so already."""


class AccessKeyAuth:
    """
    Basic authentication with an access key of Gong's API page.

    :param access_key: the access key
    :param access_key_secret: its secret
    """

    refreshable = False

    def __init__(self, access_key: str, access_key_secret: str) -> None:
        self._token = base64.b64encode(f"{access_key}:{access_key_secret}".encode()).decode()

    @property
    def basic_token(self) -> str:
        """The encoded pair as it travels, to be masked in logs."""
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

        :raises GongAuthenticationError: for a token that no header can carry
        """
        token = self._source if isinstance(self._source, str) else self._source.token()
        # The HTTP library would quote such a token in its complaint.
        if not (token.isascii() and token.isprintable()):
            raise GongAuthenticationError(
                "The access token has characters that no token has, such as line breaks.", remedy="Enter it again."
            )
        return f"Bearer {token}"

    def refresh(self, refused: str) -> None:
        """Have the source replace the token of a refused header."""
        if isinstance(self._source, str):
            raise NotImplementedError("This token has no source that could refresh it.")
        self._source.refresh(refused.removeprefix("Bearer "))
