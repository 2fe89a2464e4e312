"""What only a PostgreSQL server brings along: settings of a database, poolers of connections, privileges, restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, text

from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.store import engines
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.schema import store_table
from airflow_provider_gong.store.user_lists import UserList
from tests.support.postgres import PostgresServer

SETTINGS = ("lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def administrator(url: str) -> Iterator[Callable[[str], None]]:
    """Return a function that changes the database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    yield execute
    engine.dispose()


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_the_databases_isolation_does_not_matter(url: str, administrator: Callable[[str], None], level: str) -> None:
    name = url.rpartition("/")[2]
    administrator(f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")
    callers = [SharedBudget(Store(url), "example") for _ in range(4)]

    def reserve(caller: SharedBudget) -> list[Any]:
        return [caller.reserve(1000) for _ in range(10)]

    with ThreadPoolExecutor(4) as pool:
        slots = [slot for booked in pool.map(reserve, callers) for slot in booked]
    assert {type(slot) for slot in slots} == {Slot}
    assert sum(callers[0].look()[1].hours.values()) == 40


def test_what_a_transaction_reads_is_one_state(url: str) -> None:
    store, other = Store(url), Store(url)
    number = text("SELECT count(*) FROM gong_user_list")
    with store.read() as connection:
        assert connection.execute(number).scalar() == 0
        UserList(other, "example").keep([])
        assert connection.execute(number).scalar() == 0
    with store.begin() as connection:
        assert connection.execute(number).scalar() == 1
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
    store.close()
    other.close()


@pytest.mark.parametrize("durable", [True, False])
def test_a_connection_is_left_as_it_was_found(url: str, durable: bool) -> None:
    store = Store(url, durable=durable)
    with store.begin() as connection:
        within = {name: connection.execute(text(f"SHOW {name}")).scalar() for name in SETTINGS}
    driver = store.engine.raw_connection()
    cursor = driver.cursor()
    after = {}
    for name in SETTINGS:
        cursor.execute(f"SHOW {name}")
        (after[name],) = cursor.fetchone()  # type: ignore[misc]
    driver.close()
    store.close()
    assert within == dict(zip(SETTINGS, ("30s", "1min", "on" if durable else "off"), strict=True))
    assert after == dict(zip(SETTINGS, ("0", "0", "on"), strict=True))


def test_a_server_that_vanishes_is_not_waited_for_without_limit(url: str) -> None:
    store = Store(f"{url}?connect_timeout=3")
    driver = store.engine.raw_connection()
    limits = driver.get_dsn_parameters()  # type: ignore[attr-defined]
    driver.close()
    store.close()
    assert {name: limits.get(name) for name in ("connect_timeout", "keepalives_idle", "tcp_user_timeout")} == {
        "connect_timeout": "3",
        "keepalives_idle": "30",
        "tcp_user_timeout": "60000",
    }


def test_a_process_that_writes_for_too_long_is_told_of(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines._SERVER_LIMITS, "lock_timeout", "10ms")
    stuck, other = Store(url), Store(url)
    UserList(stuck, "example").keep([])
    locked = text("SELECT * FROM gong_user_list FOR UPDATE")
    with stuck.begin() as connection:
        connection.execute(locked)
        with pytest.raises(GongStoreError, match="another process has been writing to it"):
            UserList(other, "example").keep([])
    stuck.close()
    other.close()


def test_a_missing_privilege_is_an_error_of_the_store(url: str, administrator: Callable[[str], None]) -> None:
    _ = Store(url).id
    name = f"reader_{url.rpartition('/')[2]}"
    administrator(f"CREATE USER {name}")
    administrator(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    store = Store(url.replace("postgres@", f"{name}@"))
    assert store.id
    with pytest.raises(GongStoreError, match=r"failed: permission denied for table gong_user_list\.$"):
        UserList(store, "example").keep([])
    store.close()


def test_a_read_only_replica_is_an_error_of_the_store(url: str, administrator: Callable[[str], None]) -> None:
    _ = Store(url).id
    administrator(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    store = Store(url)
    with pytest.raises(GongStoreError, match=r"failed: cannot execute INSERT in a read-only transaction\.$"):
        UserList(store, "example").keep([])
    store.close()


def test_a_value_that_does_not_fit_is_an_error_of_the_store_that_does_not_quote_it(url: str) -> None:
    store = Store(url)
    longer = insert(store_table).values(id="secret" * 10, schema_version=6)
    refused = pytest.raises(GongStoreError, match=r"value too long for type character varying\(36\)\.$")
    with refused as caught, store.begin() as connection:
        connection.execute(longer)
    assert "secret" not in str(caught.value)
    assert len(store.fetch(select(store_table))) == 1
    store.close()


@pytest.mark.parametrize("url", ["mysql+pymysql://airflow:s3cret@db.example.com/gong", "oracle://db.example.com/gong"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(GongStoreError, match=r"^A store must be in PostgreSQL or SQLite, not in (mysql|oracle)\.$"):
        _ = Store(url).id
