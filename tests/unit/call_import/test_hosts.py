"""From what a manifest says to a user who may host imported calls."""

from __future__ import annotations

import pytest

from airflow_provider_gong.call_import.hosts import Host, HostDirectory
from airflow_provider_gong.client.models import User
from airflow_provider_gong.store.ledger_rows import Problem
from tests.unit.call_import.conftest import USERS


def problem_of(text: str, *users: User) -> Problem:
    found = HostDirectory(users or USERS).find(text)
    assert isinstance(found, Problem), found
    assert (found.field, found.value) == ("primary_user", text)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "234599484848423",
        "tobias.okafor@example.com",
        "TOBIAS.Okafor@Example.com",
        "t.okafor@example.com",
        "tobias@sales.example.com",
    ],
)
def test_a_host_is_named_by_id_or_by_any_address(text: str) -> None:
    host = HostDirectory(USERS).find(text)
    assert isinstance(host, Host)
    assert (host.id, host.name) == ("234599484848423", "Tobias Okafor")
    assert host.emails == ("tobias.okafor@example.com", "tobias@sales.example.com", "t.okafor@example.com")


@pytest.mark.parametrize("text", ["tobias.okafo@example.com", "Tobias.Okafr@example.com"])
def test_an_unknown_address_gets_a_hint(text: str) -> None:
    problem = problem_of(text)
    assert problem.rule == "is not a user of this Gong company"
    assert problem.remedy == "Did you mean tobias.okafor@example.com?"
    assert problem.who == "manifest"


@pytest.mark.parametrize("text", ["somebody@else.example.com", "77", "Tobias Okafor"])
def test_an_unknown_host_without_likeness_gets_no_name(text: str) -> None:
    assert problem_of(text).remedy == "Name a Gong user by id, e-mail address or alias."


def test_the_same_unknown_host_gets_the_same_answer_each_time() -> None:
    directory = HostDirectory(USERS)
    assert directory.find("tobias.okafo@example.com") == directory.find("tobias.okafo@example.com")


def test_a_user_whose_calls_are_not_imported_is_for_the_administrator() -> None:
    problem = problem_of("noor.haddad@example.com")
    assert "telephony calls may not be imported" in problem.rule
    assert "Data capture" in problem.remedy
    assert problem.who == "gong_administrator"


def test_an_inactive_user_is_for_the_administrator() -> None:
    problem = problem_of("901")
    assert problem.rule == "is an inactive Gong user"
    assert problem.who == "gong_administrator"


def test_an_address_of_several_users_is_refused_with_their_ids() -> None:
    users = [User(id=number, email_address=f"{number}@example.com", email_aliases=["s@example.com"]) for number in "12"]
    problem = problem_of("s@example.com", *users)
    assert problem.rule == "belongs to several Gong users (1, 2)"
    assert isinstance(HostDirectory(users).find("1@example.com"), Host)


def test_a_user_of_whom_gong_tells_little_may_host() -> None:
    host = HostDirectory([User(id="5")]).find("5")
    assert host == Host("5", "", ())
