"""The servers that an Airflow of several hosts needs, and a Gong for each executor, since all import the same night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import company_of_tests
from tests.support.postgres import postgres
from tests.support.redis import redis_url

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator

__all__ = ("postgres", "redis_url")


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[RunningEmulator]:
    with company_of_tests() as emulator:
        yield emulator
