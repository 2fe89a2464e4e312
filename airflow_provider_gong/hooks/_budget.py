"""The request budget of a connection, one for all that use it in this process."""

from __future__ import annotations

import functools
import os

from sqlalchemy.engine import URL

from airflow_provider_gong.client.budget import RequestBudget
from airflow_provider_gong.client.pacing import Share
from airflow_provider_gong.hooks._stores import process_store
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.fallback import FallbackBudget


def company_budget(store_url: str | URL, company: str, share: Share) -> RequestBudget:
    """
    Return the budget of a company in a store. Nothing is opened before it is used.

    :param store_url: the store, as URL in SQLAlchemy's form
    :param company: name of the company
    :param share: what the caller may use of the company's limits
    """
    # A forked process starts anew, as with its connections to the store.
    return _budget(os.getpid(), store_url, company, share)


@functools.lru_cache(maxsize=64)
def _budget(pid: int, store_url: str | URL, company: str, share: Share) -> RequestBudget:
    # A booking that a loss of power undoes is no loss.
    store = process_store(store_url, durable=False)
    return FallbackBudget(SharedBudget(store, company, share), share)
