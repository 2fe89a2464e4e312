"""Rows whose ids have a call in Gong that is not known to be their own: one row's content against one call."""

from __future__ import annotations

import pytest

from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, ExistingCall, Reading
from airflow_provider_gong.store.database import Store
from tests.unit.ledger.conftest import REFUSED, lease, only_row, plan, planned, states


def existing(ledger: Ledger) -> ExistingCall:
    plan(ledger, "pbx-1")
    ledger.exists_elsewhere(lease(ledger), "88")
    (found,) = ledger.existing()
    return found


def judge(ledger: Ledger, found: ExistingCall, state: CallState) -> None:
    ledger.judged([(found, Reading(found.client_unique_id, state, "https://gong.example.com/88", 61.0, REFUSED))])


def test_a_row_is_open_until_it_was_judged(night: Ledger) -> None:
    found = existing(night)
    assert (found.call_id, found.state, found.missing_for) == ("88", CallState.DUPLICATE, None)
    assert states(night) == {"pbx-1": "duplicate"}
    night.looked_for(found, is_missing=True)
    (found,) = night.existing()
    assert found.missing_for == pytest.approx(0, abs=10)
    night.looked_for(found, is_missing=False)
    assert night.existing()[0].missing_for is None
    judge(night, found, CallState.CONFLICT)
    row = only_row(night)
    assert (row.state, row.call_id, row.url, row.duration) == ("conflict", "88", "https://gong.example.com/88", 61.0)
    assert row.problems == (REFUSED,)
    assert not night.existing()


def test_another_content_is_judged_on_its_own(night: Ledger, other: Ledger) -> None:
    judge(night, existing(night), CallState.EXISTS)
    plan(other, "pbx-1", content="other")
    assert (states(night), states(other)) == ({"pbx-1": "exists"}, {"pbx-1": "duplicate"})
    assert not other.lease("other", limit=1, seconds=60)
    (found,) = other.existing()
    judge(other, found, CallState.INCOMPLETE)
    assert (states(night), states(other)) == ({"pbx-1": "exists"}, {"pbx-1": "incomplete"})


def test_the_same_content_is_judged_once(night: Ledger, other: Ledger) -> None:
    judge(night, existing(night), CallState.EXISTS)
    plan(other, "pbx-1")
    assert states(other) == {"pbx-1": "exists"}
    plan(night, "pbx-1")
    assert states(night) == {"pbx-1": "exists"}


def test_a_call_without_a_recording_is_taken_for_the_rows_own_when_asked_to(night: Ledger) -> None:
    judge(night, existing(night), CallState.INCOMPLETE)
    assert night.reopen() == 0
    assert states(night) == {"pbx-1": "incomplete"}
    assert night.reopen(complete=True) == 1
    leased = lease(night)
    assert (leased.state, leased.call_id, leased.earlier_intent) == (CallState.CREATED, "88", True)
    night.uploaded(leased, "abc")
    assert states(night) == {"pbx-1": "uploaded"}


def test_what_was_judged_is_forgotten_with_its_rows(night: Ledger, other: Ledger, store: Store) -> None:
    judge(night, existing(night), CallState.EXISTS)
    plan(other, "pbx-1")
    Imports(store).forget(night)
    assert states(other) == {"pbx-1": "exists"}
    Imports(store).forget(other)
    plan(night, "pbx-1")
    assert states(night) == {"pbx-1": "duplicate"}


def test_a_plan_knows_its_rows(night: Ledger) -> None:
    assert night.is_whole()
    plan(night, "pbx-1", "pbx-2")
    planned_as = night.store_id
    plan(night, "pbx-1")
    assert night.is_whole()
    assert night.store_id != planned_as
    night.replace_plan("manifest.csv", [planned("pbx-1", problems=(REFUSED,))])
    assert night.is_whole()
