"""The databases that a store may be in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, postgres

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gong_store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()
