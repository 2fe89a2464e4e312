"""Imports are forgotten as they were looked at, and never while somebody uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongImportInUseError, GongStoreError
from tests.support.postgres import PostgresServer
from tests.unit.ledger.conftest import REFUSED, plan, planned, states, verify

ANY_AGE = -1.0


def plan_finished(ledger: Ledger) -> None:
    """Plan rows of which none can be sent."""
    ledger.replace_plan("manifest.csv", [planned("pbx-1", problems=(REFUSED,))])


@pytest.mark.parametrize("transactions", [1, 2])
def test_a_plan_that_is_made_while_old_imports_are_forgotten_stays(
    night: Ledger, store: Store, database_url: str, transactions: int
) -> None:
    plan_finished(night)
    elsewhere = Store(database_url)
    ended = 0

    @event.listens_for(store.engine, "checkin")
    def plan_again(*_: Any) -> None:
        nonlocal ended
        ended += 1
        if ended == transactions:
            plan_finished(Ledger(elsewhere, night.company, night.import_id))

    list(Imports(store).purge(ANY_AGE))
    elsewhere.close()
    assert night.is_planned()
    assert states(night) == {"pbx-1": "rejected"}


def test_an_import_that_was_planned_again_is_kept_and_the_next_one_forgotten(
    night: Ledger, other: Ledger, store: Store
) -> None:
    last = Ledger(store, "example", "last night")
    for ledger in (night, other, last):
        plan_finished(ledger)
    purge = Imports(store).purge(ANY_AGE)
    assert next(purge).rows == 1
    plan_finished(other)
    kept, forgotten = purge
    assert kept.rows is None
    assert kept.reason == "Import 'other night' was planned again or forgotten meanwhile, or is in use."
    assert forgotten.rows == 1
    assert [info.import_id for info in Imports(store).all()] == ["other night"]


@pytest.mark.slow
def test_an_import_that_is_being_planned_is_kept_at_once(postgres: PostgresServer) -> None:
    database_url = postgres.new_database()
    store, elsewhere = Store(database_url), Store(database_url)
    night = Ledger(store, "example", "night")
    plan_finished(night)
    with elsewhere.begin() as connection:
        connection.execute(text("UPDATE gong_import SET planned_at = planned_at + 1"))
        (kept,) = Imports(store).purge(ANY_AGE)
    assert kept.rows is None
    assert night.is_planned()
    store.close()
    elsewhere.close()


@pytest.mark.parametrize("dry_run", [False, True])
def test_unfinished_imports_are_kept(night: Ledger, store: Store, dry_run: bool) -> None:
    plan(night, "pbx-1", "pbx-2")
    verify(night)
    imports = Imports(store)
    (kept,) = imports.purge(ANY_AGE, dry_run=dry_run)
    assert kept.rows is None
    assert kept.reason.startswith("Import 'night' has 1 unfinished row. ")
    with pytest.raises(GongImportInUseError, match="has 1 unfinished row"):
        imports.forget(night, dry_run=dry_run)
    assert states(night) == {"pbx-1": "verified", "pbx-2": "planned"}


def test_looking_forgets_nothing(night: Ledger, store: Store) -> None:
    plan_finished(night)
    imports = Imports(store)
    assert imports.forget(night, dry_run=True) == 1
    assert [purged.rows for purged in imports.purge(ANY_AGE, dry_run=True)] == [1]
    assert night.is_planned()
    assert imports.forget(night) == 1
    assert not night.is_planned()


def test_a_store_that_fails_is_no_reason_to_keep_an_import(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    plan_finished(Ledger(store, "example", "night"))
    with store.begin() as connection:
        connection.execute(text("DROP TABLE gong_import_row"))
    with pytest.raises(GongStoreError, match="gong_import_row"):
        list(Imports(store).purge(ANY_AGE))
    store.close()
