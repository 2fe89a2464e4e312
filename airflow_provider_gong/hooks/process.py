"""What a process keeps open for all users of a connection: its store, request budget and OAuth tokens."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_provider_gong.hooks.store_url import default_store_url

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from airflow_provider_gong.client.auth import TokenSource
    from airflow_provider_gong.client.budget import RequestBudget
    from airflow_provider_gong.client.oauth import OAuthClient
    from airflow_provider_gong.client.pacing import Share
    from airflow_provider_gong.hooks.connection import GongConnection
    from airflow_provider_gong.store.database import Store
    from airflow_provider_gong.store.tokens import StoredTokens


def company_budget(store_url: URL, company: str, share: Share) -> RequestBudget:
    """
    Return the budget of a company in a store. Nothing is opened before first use.

    :param store_url: the store
    :param company: name of the company
    :param share: the caller's share of the company's limits
    """
    return _budget(os.getpid(), store_url, company, share)


def stored_tokens(store_url: URL, client: OAuthClient, settings: GongConnection) -> StoredTokens:
    """
    Return the tokens of a connection that authenticates by OAuth.

    :param store_url: the store
    :param client: the OAuth app of the connection
    :param settings: the connection
    """
    from airflow_provider_gong.client.transport import post_form
    from airflow_provider_gong.store.tokens import StoredTokens

    post = functools.partial(post_form, proxy=settings.proxy, ca_bundle=settings.ca_bundle)
    # A token that is lost in a power failure would be lost permanently.
    store = _store(os.getpid(), store_url, durable=True)
    return StoredTokens(store, client, post, key=settings.token_key)


def host_store() -> Store:
    """Return the store of this host, independently of connections."""
    return _store(os.getpid(), default_store_url(), durable=True)


class MaskedTokens:
    """
    Access tokens that are masked in the logs of this task or trigger.

    :param source: source of the tokens
    :param mask: masks a secret in the logs
    """

    def __init__(self, source: TokenSource, mask: Callable[[str], None]) -> None:
        self._source = source
        self._mask = mask
        self._masked = ""
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return the current access token."""
        token = self._source.token()
        # Masking calls Airflow's supervisor, and some versions (3.0) allow only one thread at a time to do so.
        with self._lock:
            if token != self._masked:
                self._mask(token)
                self._masked = token
        return token

    def refresh(self, refused: str) -> None:
        """Replace the access token that Gong refused."""
        self._source.refresh(refused)


# Both depend on the process id, because database connections do not survive a fork.


@functools.lru_cache(maxsize=64)
def _budget(pid: int, store_url: URL, company: str, share: Share) -> RequestBudget:
    from airflow_provider_gong.store.budget import SharedBudget
    from airflow_provider_gong.store.fallback import FallbackBudget

    # A reservation that is lost in a power failure does no harm.
    store = _store(pid, store_url, durable=False)
    return FallbackBudget(SharedBudget(store, company, share), share)


@functools.lru_cache(maxsize=16)
def _store(pid: int, store_url: URL, *, durable: bool) -> Store:
    from airflow_provider_gong.store.database import Store

    return Store(store_url, durable=durable)
