"""Whatever happens in Gong and to the export: in the end it holds what Gong shows, and it has deleted nothing else."""

from __future__ import annotations

import pytest

from tests.support.export_histories import Export, histories

pytestmark = pytest.mark.slow

_HISTORIES = 20


@pytest.mark.parametrize("are_restless", [False, True])
def test_no_call_is_lost_and_none_is_deleted_that_gong_shows(*, are_restless: bool) -> None:
    outcomes = histories(0, _HISTORIES, are_restless=are_restless)
    export = outcomes.pop(Export.name)
    assert (export.lost, export.stale, export.ghosts, export.doubled, export.wrongly_deleted) == (0, 0, 0, 0, 0)
    assert export.calls > 200
    # The histories are hard enough: readers with a watermark lose calls in them, and keep deleted ones.
    assert sum(outcome.lost for outcome in outcomes.values()) > 0
    assert all(outcome.ghosts > 0 for outcome in outcomes.values())
