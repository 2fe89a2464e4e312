"""Who judges histories notices each promise that is switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.resilience.histories.breaking import BROKEN
from tests.resilience.histories.history import History
from tests.resilience.histories.meetings import breaking
from tests.resilience.histories.meetings.story import live_meetings
from tests.resilience.histories.promises import violations
from tests.resilience.histories.story import live

_MOST_HISTORIES = 60

Broken = tuple[Callable[[pytest.MonkeyPatch], None], dict[str, Any], int]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken[0].__name__)
def test_a_promise_that_is_not_kept_is_noticed(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any(map(violations, _histories(live, broken, monkeypatch)))


@pytest.mark.parametrize("broken", breaking.BROKEN, ids=lambda broken: broken[0].__name__)
def test_a_promise_about_meetings_that_is_not_kept_is_noticed(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any(map(violations, _histories(live_meetings, broken, monkeypatch)))


def _histories(tell: Callable[..., History], broken: Broken, patch: pytest.MonkeyPatch) -> Iterator[History]:
    """Yield histories without a promise; the one that is known to show it comes first, which saves minutes."""
    switch_off, options, seed = broken
    switch_off(patch)
    # Any change of the package may give a seed another history.
    return (tell(number, **options) for number in (seed, *range(_MOST_HISTORIES)))
