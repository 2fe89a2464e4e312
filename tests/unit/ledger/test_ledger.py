"""The ledger: plans and what became of calls, seen by several imports of one store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, PlannedRow, Reading
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongOtherPlannerError, GongStoreError
from tests.unit.ledger.conftest import LONG, REFUSED, create, lease, only_row, plan, planned, states, upload


def test_rows_come_in_the_order_of_the_manifest_however_many(night: Ledger) -> None:
    idents = [f"pbx-{number}" for number in range(1203)]
    plan(night, *idents)
    assert [row.client_unique_id for row in night.rows()] == idents
    assert night.counts() == {CallState.PLANNED: 1203}


def test_a_plan_is_replaced_as_a_whole(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.replace_plan("manifest.csv", [planned("pbx-1", content="new"), planned("pbx-2", 2, problems=(REFUSED,))])
    assert [(row.title, row.state) for row in night.rows()] == [("new", "planned"), ("same", "rejected")]


def test_a_plan_that_ends_half_way_leaves_the_earlier_one(night: Ledger) -> None:
    def rows() -> Iterator[PlannedRow]:
        yield from (planned(f"pbx-{number}", number) for number in range(2, 1203))
        raise ConnectionResetError

    plan(night, "pbx-1")
    with pytest.raises(ConnectionResetError):
        night.replace_plan("manifest.csv", rows())
    assert states(night) == {"pbx-1": "planned"}


def test_rows_that_stay_are_behind_those_of_the_new_plan(night: Ledger) -> None:
    plan(night, "pbx-1", "pbx-2", "pbx-3")
    plan(night, "pbx-4", "pbx-2")
    assert list(states(night)) == ["pbx-4", "pbx-2", "pbx-1", "pbx-3"]
    night.replace_plan("manifest.csv", [planned("pbx-3", problems=(REFUSED,))])
    assert list(states(night).items()) == [
        ("pbx-3", "rejected"),
        ("pbx-4", "withdrawn"),
        ("pbx-2", "withdrawn"),
        ("pbx-1", "withdrawn"),
    ]


def test_a_row_that_stands_twice_and_was_sent_stays_once_when_all_are_rejected(night: Ledger) -> None:
    plan(night, "pbx-1")
    upload(night)
    night.replace_plan("manifest.csv", [planned("pbx-1", number, problems=(REFUSED,)) for number in (1, 2)])
    assert only_row(night).state is CallState.UPLOADED


def test_imports_do_not_see_the_rows_of_others(night: Ledger, other: Ledger, store: Store) -> None:
    plan(night, "pbx-1")
    assert not states(other)
    assert not other.is_planned()
    assert not Ledger(store, "another company", "night").is_planned()


def test_companies_do_not_see_the_calls_of_others(night: Ledger, store: Store) -> None:
    elsewhere = Ledger(store, "another company", "night")
    for ledger in (night, elsewhere):
        plan(ledger, "pbx-1")
    upload(night)
    assert states(elsewhere) == {"pbx-1": "planned"}
    lease(elsewhere)
    night.resume("night")
    assert not elsewhere.lease("night", limit=1, seconds=60)


def test_a_row_that_left_the_manifest_is_withdrawn_and_may_come_back(night: Ledger) -> None:
    plan(night, "pbx-1", "pbx-2")
    plan(night, "pbx-2")
    assert states(night) == {"pbx-2": "planned", "pbx-1": "withdrawn"}
    plan(night, "pbx-2")
    assert states(night) == {"pbx-2": "planned", "pbx-1": "withdrawn"}
    plan(night, "pbx-1")
    assert states(night) == {"pbx-1": "planned", "pbx-2": "withdrawn"}
    assert lease(night).client_unique_id == "pbx-1"
    assert not night.lease("night", limit=9, seconds=LONG)


def test_a_row_that_left_after_it_was_sent_stays_and_is_finished(night: Ledger) -> None:
    plan(night, "pbx-1")
    create(night)
    plan(night, "pbx-2")
    night.resume("night")
    assert states(night) == {"pbx-2": "planned", "pbx-1": "created"}
    leases = night.lease("night", limit=9, seconds=LONG)
    assert [(row.client_unique_id, row.call_id) for row in leases] == [("pbx-2", None), ("pbx-1", "77")]


def test_a_row_is_listed_once_when_it_is_rejected_after_it_was_planned(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.replace_plan("manifest.csv", [planned("pbx-1", problems=(REFUSED,))])
    assert [row.state for row in night.rows()] == [CallState.REJECTED]


def test_a_row_is_listed_once_when_it_is_rejected_after_it_was_sent(night: Ledger) -> None:
    plan(night, "pbx-1")
    upload(night)
    night.replace_plan("manifest.csv", [planned("pbx-1", problems=(REFUSED,))])
    assert (only_row(night).state, only_row(night).call_id) == (CallState.UPLOADED, "77")


def test_a_row_that_changed_before_it_was_sent_is_sent_as_it_is_now(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.released(lease(night), sent=False)
    plan(night, "pbx-1", content="new")
    assert states(night) == {"pbx-1": "planned"}
    leased = lease(night)
    assert (leased.payload["title"], leased.earlier_intent) == ("new", False)


@pytest.mark.parametrize("sent", ["lost", "created", "uploaded"])
def test_a_row_that_changed_after_it_was_sent_is_never_sent_again(night: Ledger, sent: str) -> None:
    plan(night, "pbx-1")
    if sent == "lost":
        night.released(lease(night), sent=True)
    elif sent == "created":
        night.released(create(night), sent=True)
    else:
        upload(night)
    plan(night, "pbx-1", content="new")
    night.resume("night")
    row = only_row(night)
    assert row.state is CallState.CHANGED_AFTER_SEND
    assert row.call_id == (None if sent == "lost" else "77")
    assert "has changed after it was sent" in row.problems[0].rule
    assert not night.lease("night", limit=9, seconds=LONG)
    plan(night, "pbx-1")
    assert states(night) != {"pbx-1": "changed_after_send"}


def test_a_failed_row_that_had_no_effect_may_change(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.failed(lease(night), REFUSED, sent=False)
    plan(night, "pbx-1", content="mended")
    assert lease(night).payload["title"] == "mended"


def test_a_reading_is_recorded_for_calls_that_were_uploaded_only(night: Ledger) -> None:
    plan(night, "pbx-1", "pbx-2")
    upload(night)
    assert {call_id: row.client_unique_id for call_id, row in night.unseen().items()} == {"77": "pbx-1"}
    night.read_back(Reading(ident, CallState.VERIFIED, duration=61.0) for ident in ("pbx-1", "pbx-2"))
    assert states(night) == {"pbx-1": "verified", "pbx-2": "planned"}
    assert night.unseen() == {}
    night.read_back([Reading("pbx-1", CallState.NOT_VISIBLE)])
    assert states(night)["pbx-1"] == "verified"


def test_verification_has_its_time_from_the_first_question_on(night: Ledger) -> None:
    plan(night, "pbx-1")
    assert night.verify_time_left(100) == pytest.approx(100, abs=30)
    assert night.verify_time_left(5000) <= 100
    night.reopen()
    assert night.verify_time_left(5000) > 4000
    assert Ledger(night.store, "example", "night").verify_time_left(0) > 4000


def test_ids_that_are_too_long_are_shortened_for_rejected_rows(night: Ledger) -> None:
    for sign, kept in (("x", 2048), ("\u00e4", 1024), ("\U0001f600", 512)):
        night.replace_plan("manifest.csv", [planned(sign * 5000, problems=(REFUSED,))])
        assert only_row(night).client_unique_id == sign * kept


def test_the_first_rows_are_those_that_are_planned_first(night: Ledger) -> None:
    good = [planned(f"pbx-{number}") for number in range(1, 5)]
    night.replace_plan("manifest.csv", [good[0], planned("bad", problems=(REFUSED,)), *good[1:]])
    first = night.first_rows(2)
    assert [row.client_unique_id for row in first.rows()] == ["pbx-1", "bad", "pbx-2"]
    assert first.unsent()[0] == 2
    assert len(first.lease("canary", limit=9, seconds=60)) == 2
    assert night.unsent()[0] == 4
    assert night.first_rows(99).unsent()[0] == 4


def test_there_may_be_no_first_rows(night: Ledger) -> None:
    night.replace_plan("manifest.csv", [])
    assert night.first_rows(2).counts() == {}


@pytest.mark.slow
def test_a_large_plan_takes_the_place_of_a_large_one(night: Ledger) -> None:
    """With each row compared with each other, this would take many minutes."""
    for content in ("old", "new"):
        plan(night, *(f"pbx-{number}" for number in range(20_000)), content=content)
    assert night.counts() == {CallState.PLANNED: 20_000}
    assert {row.title for row in night.rows()} == {"new"}


def test_only_the_task_that_planned_an_import_may_plan_it_again(night: Ledger) -> None:
    night.replace_plan("manifest.csv", [planned("pbx-1"), planned("pbx-2", 2)], "task plan of DAG night")
    with pytest.raises(GongOtherPlannerError, match=r"planned by task plan of DAG night, so task plan of DAG day"):
        night.replace_plan("other.csv", [planned("pbx-3")], "task plan of DAG day")
    assert states(night) == {"pbx-1": "planned", "pbx-2": "planned"}
    night.replace_plan("manifest.csv", [planned("pbx-1")], "task plan of DAG night")
    assert states(night) == {"pbx-1": "planned", "pbx-2": "withdrawn"}


def test_an_import_that_a_program_planned_belongs_to_the_first_task_that_plans_it(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.replace_plan("manifest.csv", [planned("pbx-1")], "task plan of DAG night")
    with pytest.raises(GongOtherPlannerError):
        night.replace_plan("manifest.csv", [], "task plan of DAG day")


def test_an_id_that_is_too_long_is_refused_by_every_store(store: Store) -> None:
    plan(Ledger(store, "example", "x" * 512), "pbx-1")
    with pytest.raises(GongStoreError, match=r"The import_id 'xxx.*' has 513 characters, and may have at most 512"):
        plan(Ledger(store, "example", "x" * 513), "pbx-1")
