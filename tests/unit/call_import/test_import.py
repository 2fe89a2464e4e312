"""The main job without Airflow: a night of recordings goes into Gong, each call once."""

from __future__ import annotations

import pytest

from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport


def test_a_night_goes_into_gong(night: NightlyImport) -> None:
    rows = [manifest_row(number) for number in range(1, 6)]
    plan = night.plan_night(rows)
    assert not plan.rejected
    assert night.upload() == {"uploaded": 5}
    assert night.verify() == pytest.approx(15)
    night.finish()
    assert night.summary()["states"] == {"verified": 5}
    stored = night.calls_in_gong()
    assert {row.client_unique_id: row.call_id for row in night.ledger.rows()} == {
        ident: call["id"] for ident, call in stored.items()
    }
    for ident, row in night.rows().items():
        assert row.media_sha256 == stored[ident]["media"]["sha256"]
        assert stored[ident]["media"]["received"] == 1
        assert row.duration == pytest.approx(61)
