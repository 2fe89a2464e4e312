"""
Histories of imports in which much goes wrong keep every promise of the design.

A failure names its seed, and ``python -m tests.resilience.histories SEED`` shows that history. ``GONG_HISTORIES``
says how many there are.
"""

from __future__ import annotations

import os

import pytest

from tests.resilience.histories.promises import violations
from tests.resilience.histories.story import live
from tests.support.postgres import postgres

__all__ = ["postgres"]

HISTORIES = int(os.environ.get("GONG_HISTORIES", "10"))
# Those that once broke a promise, beyond the first ones.
_FAILED_ONCE = (199,)


@pytest.mark.parametrize("seed", sorted({*range(HISTORIES), *_FAILED_ONCE}))
def test_all_promises_are_kept(seed: int, request: pytest.FixtureRequest) -> None:
    history = live(seed, new_database=lambda: request.getfixturevalue("postgres").new_database())
    assert violations(history) == [], f"show it with: python -m tests.resilience.histories {seed}"


def test_a_seed_tells_the_same_history_again() -> None:
    first, second = (live(5, places=("sqlite",)).lines() for _ in range(2))
    assert first == second
