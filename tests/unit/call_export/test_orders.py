"""What runs are told about missing calls, in any order, while calls come, go and become private and keys go blind."""

from __future__ import annotations

import contextlib
import random
from datetime import date

import pytest

from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.call_export.errors import GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from tests.unit.call_export.conftest import GRACE, PRIYA, TOBIAS, Company, a_day

pytestmark = pytest.mark.slow

HOSTS = (TOBIAS, PRIYA, GRACE)
DAYS = [date(2026, 2, day) for day in range(9, 13)]


def run(company: Company, on_shrink: OnShrink) -> bool:
    settings = company.settings(tables=["calls"])
    export = CallExport(company.folder, settings, "us-1", on_shrink, clock=lambda: company.now)
    with contextlib.suppress(GongExportShrinkError):
        export.read(company.client, DAYS)
        return True
    return False


@pytest.mark.parametrize("seed", range(8))
def test_choices_in_any_order_delete_nothing_that_is_there(company: Company, seed: int) -> None:
    chance = random.Random(seed)
    public: set[str] = {"seed-1"}
    deleted: set[str] = set()
    for night in range(8):
        for number in range(chance.randrange(4)):
            ident = f"night-{night}-{number}"
            company.add_call(
                ident, a_day(chance.randrange(9, 13), hour=chance.randrange(24)), chance.choice(HOSTS), 1.2
            )
            public.add(ident)
        for ident in chance.sample(sorted(public - {"seed-1"}), min(len(public) - 1, chance.choice((0, 0, 1, 3)))):
            company.delete_call(ident)
            deleted.add(ident)
            public.discard(ident)
        if public - {"seed-1"} and chance.random() < 0.3:
            ident = chance.choice(sorted(public - {"seed-1"}))
            company.make_private(ident)
            public.discard(ident)
        is_blind = chance.random() < 0.3
        company.emulator.set(key_sees_calls=not is_blind)
        before = set(company.exported())
        # A person accepts only what they have looked at.
        choices = [OnShrink.FAIL, OnShrink.KEEP] if is_blind else list(OnShrink)
        is_done = run(company, chance.choice(choices))
        held = set(company.exported())
        assert before & public <= held, night
        if is_blind:
            assert held == before
        elif is_done:
            assert public <= held <= public | deleted, night
        company.advance(days=1)
    company.emulator.set(key_sees_calls=True)
    run(company, OnShrink.ACCEPT)
    assert set(company.exported()) == public
