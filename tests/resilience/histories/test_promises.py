"""Who judges histories notices each promise that is switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.resilience.histories.breaking import BROKEN
from tests.resilience.histories.meetings import breaking
from tests.resilience.histories.meetings.story import live_meetings
from tests.resilience.histories.promises import violations
from tests.resilience.histories.story import live

_MOST_HISTORIES = 60


@pytest.mark.parametrize(("switch_off", "options"), BROKEN, ids=[switch_off.__name__ for switch_off, _ in BROKEN])
def test_a_promise_that_is_not_kept_is_noticed(
    switch_off: Callable[[pytest.MonkeyPatch], None], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_off(monkeypatch)
    assert any(violations(live(seed, **options)) for seed in range(_MOST_HISTORIES))


@pytest.mark.parametrize(
    ("switch_off", "options"), breaking.BROKEN, ids=[switch_off.__name__ for switch_off, _ in breaking.BROKEN]
)
def test_a_promise_about_meetings_that_is_not_kept_is_noticed(
    switch_off: Callable[[pytest.MonkeyPatch], None], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_off(monkeypatch)
    assert any(violations(live_meetings(seed, **options)) for seed in range(_MOST_HISTORIES))
