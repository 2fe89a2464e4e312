"""A store in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_gong.store.database import Store
from tests.support.postgres import database_url, postgres

__all__ = ["database_url", "postgres"]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()
