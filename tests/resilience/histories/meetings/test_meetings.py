"""
Histories of meetings in which much goes wrong keep every promise of the design.

A failure names its seed, and ``python -m tests.resilience.histories --meetings SEED`` shows that history.
"""

from __future__ import annotations

import gc

import pytest

from tests.resilience.histories.meetings.story import live_meetings
from tests.resilience.histories.promises import violations
from tests.resilience.histories.test_histories import HISTORIES
from tests.support.postgres import postgres

__all__ = ["postgres"]


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_all_promises_are_kept(seed: int, request: pytest.FixtureRequest) -> None:
    history = live_meetings(seed, new_database=lambda: request.getfixturevalue("postgres").new_database())
    # What killed processes had open is closed when it is collected.
    gc.collect()
    assert violations(history) == [], f"show it with: python -m tests.resilience.histories --meetings {seed}"
