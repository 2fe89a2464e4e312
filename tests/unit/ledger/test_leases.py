"""Leases of the ledger: who may send a row, and what is remembered of those who might have."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, text

from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import LeaseLostError
from tests.unit.ledger.conftest import LONG, OVER, REFUSED, create, lease, only_row, plan, states, upload


def test_a_row_is_claimed_when_it_is_leased(night: Ledger, other: Ledger) -> None:
    for ledger in (night, other):
        plan(ledger, "pbx-1", "pbx-2")
    first = lease(night)
    assert lease(other).client_unique_id == "pbx-2"
    assert not night.lease("night", limit=9, seconds=LONG)
    assert night.unsent()[0] == other.unsent()[0] == 2
    night.created(first, "77", is_pulled=True)
    row = next(iter(other.rows()))
    assert (row.state, row.call_id, row.sent_by) == (CallState.UPLOADED, "77", "night")


def test_a_lease_ends_when_it_is_not_renewed(night: Ledger, other: Ledger) -> None:
    for ledger in (night, other):
        plan(ledger, "pbx-1")
    zombie = create(night, OVER)
    taken = lease(other)
    assert (taken.call_id, taken.state) == ("77", CallState.CREATED)
    assert taken.lease_number > zombie.lease_number


@pytest.mark.parametrize(
    "act",
    [
        lambda ledger, row: ledger.intent_changed(row),
        lambda ledger, row: ledger.created(row, "88", is_pulled=False),
        lambda ledger, row: ledger.sending_media(row),
        lambda ledger, row: ledger.uploaded(row),
        lambda ledger, row: ledger.failed(row, REFUSED, sent=True),
        lambda ledger, row: ledger.exists_elsewhere(row, "88", REFUSED),
    ],
    ids=["intent_changed", "created", "sending_media", "uploaded", "failed", "exists_elsewhere"],
)
def test_a_worker_that_lost_its_lease_can_do_nothing(night: Ledger, other: Ledger, act: Any) -> None:
    for ledger in (night, other):
        plan(ledger, "pbx-1")
    zombie = lease(night, OVER)
    lease(other)
    with pytest.raises(LeaseLostError, match=r"Row 1 \(pbx-1\) was taken over"):
        act(night, zombie)
    night.released(zombie, sent=False)
    night.renew([zombie], seconds=OVER)
    assert states(other) == {"pbx-1": "planned"}
    assert not other.lease("other", limit=1, seconds=LONG)


def test_a_renewed_lease_lasts(night: Ledger) -> None:
    plan(night, "pbx-1")
    leased = lease(night, OVER)
    night.renew([leased], seconds=LONG)
    assert not night.lease("night", limit=1, seconds=LONG)


def test_a_renewal_that_comes_late_does_not_lock_a_row_that_was_given_back(night: Ledger) -> None:
    plan(night, "pbx-1")
    leased = lease(night)
    night.released(leased, sent=False)
    night.renew([leased], seconds=LONG)
    assert lease(night)


def test_the_next_try_of_a_worker_frees_what_it_had_leased_and_nothing_else(night: Ledger, other: Ledger) -> None:
    for ledger in (night, other):
        plan(ledger, "pbx-1", "pbx-2")
    lease(night)
    lease(other)
    night.resume("night")
    (again,) = night.lease("night", limit=9, seconds=LONG)
    assert (again.client_unique_id, again.earlier_intent, again.attempts) == ("pbx-1", True, 1)


def test_attempts_are_counted_until_the_next_try(night: Ledger) -> None:
    plan(night, "pbx-1")
    for attempt in (1, 2, 3):
        leased = lease(night)
        assert leased.attempts == attempt
        night.released(leased, sent=False)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("failed", [True, False])
def test_an_intent_is_remembered_if_it_may_have_had_an_effect(night: Ledger, sent: bool, failed: bool) -> None:
    plan(night, "pbx-1")
    leased = lease(night)
    if failed:
        night.failed(leased, REFUSED, sent=sent)
    else:
        night.released(leased, sent=sent)
    night.reopen()
    assert lease(night).earlier_intent == sent


def test_an_intent_that_may_have_had_an_effect_stays_although_a_later_one_had_none(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.released(lease(night), sent=True)
    night.released(lease(night), sent=False)
    assert lease(night).earlier_intent


def test_failed_rows_are_tried_again_unless_burned(night: Ledger, other: Ledger) -> None:
    plan(night, "pbx-1", "pbx-2", "pbx-3")
    night.failed(lease(night), REFUSED, sent=False)
    night.failed(create(night), REFUSED, sent=False)
    night.failed(create(night), REFUSED, sent=False, is_burned=True)
    plan(other, "pbx-1", "pbx-2", "pbx-3")
    assert set(states(other).values()) == {"failed"}
    assert other.reopen() == 2
    assert states(other) == {"pbx-1": "planned", "pbx-2": "created", "pbx-3": "failed"}
    assert [row.problems for row in other.rows()] == [(), (), (REFUSED,)]
    assert states(night) == states(other)


def test_a_row_that_is_sent_again_forgets_its_problem(night: Ledger) -> None:
    plan(night, "pbx-1")
    night.failed(lease(night), REFUSED, sent=False)
    plan(night, "pbx-1", content="mended")
    upload(night)
    assert only_row(night).problems == ()


def test_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(night: Ledger, other: Ledger, store: Store) -> None:
    plan(night, "pbx-1")
    plan(other, "pbx-1")
    dead = lease(night)
    with store.begin() as connection:
        connection.execute(
            text("UPDATE gong_call SET updated_at = updated_at + 7200, lease_until = lease_until + 7200")
        )
    assert lease(other).lease_number == dead.lease_number + 1
    assert night.lease("night", limit=1, seconds=LONG) == []


def test_many_workers_lease_each_row_once(night: Ledger, store: Store) -> None:
    plan(night, *(f"pbx-{number}" for number in range(40)))
    leased: list[str] = []

    def work(number: int) -> None:
        ledger = Ledger(store, "example", "night")
        while found := ledger.lease(f"worker {number}", limit=1, seconds=LONG):
            leased.extend(row.client_unique_id for row in found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(leased) == sorted(f"pbx-{number}" for number in range(40))


@pytest.mark.parametrize("known", [False, True], ids=["first claim", "later claim"])
def test_a_worker_that_loses_a_race_for_a_row_takes_the_next(night: Ledger, store: Store, known: bool) -> None:
    """Databases that lock rows and not files let somebody else in between looking and claiming."""
    plan(night, "pbx-1", "pbx-2")
    if known:
        night.released(lease(night), sent=False)
    statements = iter(
        [
            "UPDATE gong_call SET lease_number = lease_number + 1, lease_until = 9e9 WHERE client_unique_id = 'pbx-1'"
            if known
            else "INSERT INTO gong_call (company, client_unique_id, import_id, fingerprint, state, lease_number, "
            "lease_until, burned, attempts, updated_at) "
            "VALUES ('example', 'pbx-1', 'x', 'same', 'planned', 1, 9e9, 0, 0, 0)"
        ]
    )

    def somebody_is_quicker(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "gong_call" in statement:
            for quicker in statements:
                cursor.connection.cursor().execute(quicker)

    event.listen(store.engine, "after_cursor_execute", somebody_is_quicker)
    assert lease(night).client_unique_id == "pbx-2"
