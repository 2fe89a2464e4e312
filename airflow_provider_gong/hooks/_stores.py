"""Stores that stay open for as long as their process runs."""

from __future__ import annotations

import functools
import os

from sqlalchemy.engine import URL

from airflow_provider_gong.store.database import Store


def process_store(store_url: str | URL, *, durable: bool) -> Store:
    """
    Return the store that everybody in this process shares. Nothing is opened before it is used.

    :param store_url: the store, as URL in SQLAlchemy's form
    :param durable: whether what is written has to survive a loss of power
    """
    # Connections to a database do not survive a fork.
    return _store(os.getpid(), store_url, durable)


@functools.lru_cache(maxsize=16)
def _store(pid: int, store_url: str | URL, durable: bool) -> Store:
    return Store(store_url, durable=durable)
