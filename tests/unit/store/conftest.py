"""The databases that a store may be in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a real PostgreSQL server; where there is none, the test is skipped, but never in CI."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("needs PostgreSQL; on Debian: apt install postgresql")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gong_store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()
