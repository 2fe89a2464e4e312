"""Lists of users that are kept for a while."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import user_list_table
from airflow_provider_gong.store.user_lists import UserList, forget_user_lists

USERS = [{"id": "1", "firstName": "Zo\u00eb"}, {"id": "2"}]


def test_a_list_is_kept_for_its_company(store: Store) -> None:
    kept = UserList(store, "example")
    assert kept.read(60) is None
    kept.keep([])
    kept.keep(USERS)
    found = UserList(store, "example").read(60)
    assert found is not None
    assert found.users == USERS
    assert found.listed_at == pytest.approx(time.time(), abs=30)
    assert UserList(store, "another company").read(60) is None


def test_a_list_grows_old(store: Store) -> None:
    kept = UserList(store, "example")
    kept.keep(USERS)
    assert kept.read(0) is None


def test_a_list_from_before_the_clock_was_set_back_is_old(store: Store) -> None:
    kept = UserList(store, "example")
    kept.keep(USERS)
    with store.quick.begin() as connection:
        connection.execute(update(user_list_table).values(listed_at=user_list_table.c.listed_at + 7200))
    assert kept.read(60) is None


def test_lists_are_forgotten_by_age_and_company(store: Store) -> None:
    for company in ("example", "another company"):
        UserList(store, company).keep(USERS)
    assert forget_user_lists(store, 60) == 0
    assert forget_user_lists(store, -1, "example") == 1
    assert UserList(store, "example").read(60) is None
    assert forget_user_lists(store, -1) == 1
