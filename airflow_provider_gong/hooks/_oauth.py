"""The OAuth tokens of a connection."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from sqlalchemy.engine import URL

from airflow_provider_gong.client.auth import TokenSource
from airflow_provider_gong.client.oauth import OAuthClient
from airflow_provider_gong.client.transport import post_form
from airflow_provider_gong.hooks._stores import process_store
from airflow_provider_gong.hooks.connection import GongConnection
from airflow_provider_gong.store.tokens import StoredTokens


def stored_tokens(store_url: str | URL, settings: GongConnection) -> StoredTokens:
    """
    Return the tokens of a connection that authenticates by OAuth.

    :param store_url: the store, as URL in SQLAlchemy's form
    :param settings: the connection
    """
    if not isinstance(settings.auth, OAuthClient):
        raise TypeError("Only connections with auth_type oauth have tokens.")
    post = functools.partial(post_form, proxy=settings.proxy, ca_bundle=settings.ca_bundle)
    # A token that a loss of power undoes would be lost for good.
    return StoredTokens(process_store(store_url, durable=True), settings.auth, post, key=settings.token_key)


class MaskedTokens:
    """
    Access tokens that no log of this task or trigger shows.

    :param source: where they come from
    :param mask: keeps a secret out of the logs
    """

    def __init__(self, source: TokenSource, mask: Callable[[str], None]) -> None:
        self._source = source
        self._mask = mask
        self._masked = ""
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return the current access token."""
        token = self._source.token()
        # Masking asks Airflow's supervisor, and some versions (3.0) let only one thread ask at a time.
        with self._lock:
            if token != self._masked:
                self._mask(token)
                self._masked = token
        return token

    def refresh(self, refused: str) -> None:
        """Replace the access token that Gong refused."""
        self._source.refresh(refused)
