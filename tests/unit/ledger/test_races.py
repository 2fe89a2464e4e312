"""What two processes do to one ledger at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from airflow_provider_gong.ledger.imports import Adoption, Imports
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, PlannedRow, Reading
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongOtherPlannerError
from tests.support.postgres import PostgresServer
from tests.unit.ledger.conftest import LONG, lease, plan, planned, states

PATIENCE = 60
CALL = (
    "INSERT INTO gong_call (company, client_unique_id, import_id, fingerprint, state, lease_number, burned, attempts, "
    "updated_at, call_id) VALUES ('example', 'pbx-1', 'x', 'same', 'created', 1, 0, 0, 0, '77')"
)


@pytest.fixture
def server_url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def bystander(server_url: str) -> Iterator[Engine]:
    """Return connections that the ledger does not know."""
    engine = create_engine(server_url)
    yield engine
    engine.dispose()


def wait_for_waiting(bystander: Engine, number: int) -> None:
    """Wait until this many transactions wait for a row."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with bystander.connect() as connection:
            if connection.execute(waiting).scalar() == number:
                return
        time.sleep(0.01)
    raise AssertionError(f"{number} transactions do not wait")


def ledgers(url: str) -> tuple[Ledger, Ledger]:
    return Ledger(Store(url), "example", "night"), Ledger(Store(url), "example", "other night")


Act = Callable[[Ledger], Any]


def claim(ledger: Ledger) -> list[str]:
    return [row.client_unique_id for row in ledger.lease(ledger.import_id, limit=2, seconds=LONG)]


def read_back(ledger: Ledger) -> None:
    ledger.read_back([Reading(row.client_unique_id, CallState.VERIFIED) for row in ledger.rows()])


def free(ledger: Ledger) -> None:
    for leased in ledger.lease("earlier", limit=2, seconds=LONG):
        ledger.released(leased, sent=False)


def upload_all(ledger: Ledger) -> None:
    for leased in ledger.lease("earlier", limit=2, seconds=LONG):
        ledger.created(leased, leased.client_unique_id[-1], is_pulled=True)


@pytest.mark.parametrize(("before", "act"), [(free, claim), (upload_all, read_back)])
def test_imports_with_the_same_rows_in_another_order_never_wait_for_each_other(
    server_url: str, bystander: Engine, before: Act, act: Act
) -> None:
    night, other = ledgers(server_url)
    plan(night, "pbx-1", "pbx-2")
    plan(other, "pbx-2", "pbx-1")
    before(night)
    with ThreadPoolExecutor(2) as pool, bystander.connect() as connection:
        blocking = connection.begin()
        connection.execute(text("UPDATE gong_call SET attempts = attempts WHERE client_unique_id = 'pbx-1'"))
        first: Future[Any] = pool.submit(act, night)
        wait_for_waiting(bystander, 1)
        second: Future[Any] = pool.submit(act, other)
        wait_for_waiting(bystander, 2)
        blocking.commit()
        done = [first.result(PATIENCE), second.result(PATIENCE)]
    # Which of them comes first is up to PostgreSQL.
    assert done in ([["pbx-1", "pbx-2"], []], [[], ["pbx-2", "pbx-1"]], [None, None])


def test_of_two_tasks_that_plan_a_new_import_at_the_same_time_one_is_told(server_url: str, bystander: Engine) -> None:
    night, same = Ledger(Store(server_url), "example", "night"), Ledger(Store(server_url), "example", "night")
    night.is_planned()
    reading, go_on = threading.Event(), threading.Event()

    def rows() -> Iterator[PlannedRow]:
        reading.set()
        go_on.wait(PATIENCE)
        yield planned("pbx-1")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(night.replace_plan, "manifest.csv", rows(), "task plan of DAG night")
        reading.wait(PATIENCE)
        second = pool.submit(same.replace_plan, "other.csv", [planned("pbx-2")], "task plan of DAG day")
        wait_for_waiting(bystander, 1)
        go_on.set()
        first.result(PATIENCE)
        with pytest.raises(GongOtherPlannerError, match="planned by task plan of DAG night"):
            second.result(PATIENCE)
    assert states(night) == {"pbx-1": "planned"}
    assert night.manifest() == "manifest.csv"


@pytest.mark.parametrize(("call_id", "result"), [("77", Adoption(0, 1, ())), ("78", Adoption(0, 0, ("pbx-1",)))])
def test_a_call_that_is_created_while_it_is_adopted(
    server_url: str, bystander: Engine, call_id: str, result: Adoption
) -> None:
    imports = Imports(Store(server_url))
    imports.all()
    with ThreadPoolExecutor(1) as pool, bystander.connect() as connection:
        blocking = connection.begin()
        connection.execute(text(CALL))
        adopting = pool.submit(imports.adopt, "example", {"pbx-1": call_id})
        wait_for_waiting(bystander, 1)
        blocking.commit()
        assert adopting.result(PATIENCE) == result


@pytest.mark.parametrize("content", ["same", "new"])
def test_a_plan_that_is_replaced_between_search_and_claim_counts(
    night: Ledger, store: Store, database_url: str, content: str
) -> None:
    plan(night, "pbx-1", "pbx-2")
    replacements = iter([("pbx-2",) if content == "same" else ("pbx-1", "pbx-2")])

    def replace(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "gong_call" in statement:
            for idents in replacements:
                plan(Ledger(Store(database_url), "example", "night"), *idents, content=content)

    event.listen(store.engine, "after_cursor_execute", replace)
    leased = lease(night)
    event.remove(store.engine, "after_cursor_execute", replace)
    assert (leased.client_unique_id, leased.payload["title"]) == ("pbx-2" if content == "same" else "pbx-1", content)
    night.created(leased, "77", is_pulled=False)
    expected = {"pbx-2": "created", "pbx-1": "withdrawn"}
    assert states(night) == expected if content == "same" else {"pbx-1": "created", "pbx-2": "planned"}


def test_rows_are_leased_in_the_order_of_the_plan_whatever_their_ids(night: Ledger) -> None:
    plan(night, "b", "c", "a")
    leases = night.lease("worker", limit=3, seconds=LONG)
    assert [row.client_unique_id for row in leases] == ["b", "c", "a"]
