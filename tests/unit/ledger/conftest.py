"""Imports of one store, in each kind of database, and the steps of their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, ImportRow, LeasedRow, PlannedRow, Problem, Reading
from airflow_provider_gong.store.database import Store
from tests.support.postgres import database_url, postgres

__all__ = ["database_url", "postgres"]

REFUSED = Problem("row", "pbx-1", "is refused", "Correct it.", "manifest")
LONG, OVER = 600.0, -1.0


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def night(store: Store) -> Ledger:
    return Ledger(store, "example", "night")


@pytest.fixture
def other(store: Store) -> Ledger:
    return Ledger(store, "example", "other night")


def planned(ident: str, number: int = 1, content: str = "same", problems: tuple[Problem, ...] = ()) -> PlannedRow:
    call = {"clientUniqueId": ident, "title": content, "actualStart": "2026-03-01T10:00:00Z", "primaryUser": "1"}
    payload = None if problems else json.dumps(call)
    return PlannedRow(number, ident, content, payload, f"{ident}.wav", 5, content, problems, {"title": content})


def plan(ledger: Ledger, *idents: str, content: str = "same") -> None:
    ledger.replace_plan("manifest.csv", [planned(ident, place, content) for place, ident in enumerate(idents, 1)])


def lease(ledger: Ledger, seconds: float = LONG) -> LeasedRow:
    (leased,) = ledger.lease(ledger.import_id, limit=1, seconds=seconds)
    return leased


def create(ledger: Ledger, seconds: float = LONG) -> LeasedRow:
    leased = lease(ledger, seconds)
    ledger.created(leased, "77", is_pulled=False)
    return leased


def upload(ledger: Ledger) -> None:
    ledger.uploaded(create(ledger))


def verify(ledger: Ledger) -> None:
    leased = create(ledger)
    ledger.uploaded(leased)
    ledger.read_back([Reading(leased.client_unique_id, CallState.VERIFIED)])


def states(ledger: Ledger) -> dict[str, str]:
    return {row.client_unique_id: row.state.value for row in ledger.rows()}


def only_row(ledger: Ledger) -> ImportRow:
    (row,) = ledger.rows()
    return row
