"""From what a manifest says to a user who may host imported calls."""

from __future__ import annotations

import pytest

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.plan.host_overrides import read_overrides
from airflow_provider_gong.call_import.plan.hosts import Host, HostDirectory
from airflow_provider_gong.client.models import User
from airflow_provider_gong.client.models.users import UserSettings
from airflow_provider_gong.ledger.rows import Problem
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
    assert problem_of(text).remedy == "Use the id, e-mail address or alias of a Gong user."


def test_the_same_unknown_host_gets_the_same_answer_each_time() -> None:
    directory = HostDirectory(USERS)
    assert directory.find("tobias.okafo@example.com") == directory.find("tobias.okafo@example.com")


def test_a_user_whose_calls_are_not_imported_is_for_the_administrator() -> None:
    problem = problem_of("noor.haddad@example.com")
    assert "telephony calls cannot be imported" in problem.rule
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


TOBIAS = "234599484848423"


def overrides(*lines: str, header: str = "manifest_value,gong_user") -> dict[str, str]:
    return read_overrides(csv_table([f"{line}\n" for line in (header, *lines)], "hosts.csv"))


def test_an_override_says_whom_a_manifest_means() -> None:
    users = overrides("Okafor T.,tobias.okafor@example.com", f"ext-7,{TOBIAS}")
    for text in ("okafor t.", "OKAFOR T.", "ext-7"):
        host = HostDirectory(USERS, users).find(text)
        assert isinstance(host, Host)
        assert (host.id, host.remark) == (TOBIAS, "")


def test_an_override_goes_before_what_gong_knows() -> None:
    host = HostDirectory(USERS, overrides(f"noor.haddad@example.com,{TOBIAS}")).find("Noor.Haddad@example.com")
    assert isinstance(host, Host)


@pytest.mark.parametrize(
    ("user", "who"), [("nobody@example.com", "manifest"), ("noor.haddad@example.com", "gong_administrator")]
)
def test_an_override_by_a_user_who_may_not_host_is_a_problem(user: str, who: str) -> None:
    found = HostDirectory(USERS, overrides(f"ext-7,{user}")).find("ext-7")
    assert isinstance(found, Problem)
    assert found.rule.startswith(f"is mapped to {user} in the host overrides, which is ")
    assert (found.value, found.who) == ("ext-7", who)


def test_all_that_is_wrong_with_overrides_is_found_at_once() -> None:
    with pytest.raises(GongManifestError) as raised:
        overrides("ext-1,", ",5", "ext-2,5", "EXT-2,6", "ext-2,5")
    assert str(raised.value) == (
        "Host overrides hosts.csv are wrong. Row 1 lacks gong_user. Row 2 lacks manifest_value. "
        "Row 4 maps 'ext-2' to a different user than an earlier row."
    )
    with pytest.raises(GongManifestError, match="lack the column gong_user"):
        overrides(header="manifest_value,user")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "nothing is required"),
        ("nobody@example.com", "nobody@example.com is not a user of this Gong company"),
        ("901", "901 is an inactive Gong user"),
    ],
)
def test_a_default_host_stands_in_with_a_remark(text: str | None, why: str) -> None:
    host = HostDirectory(USERS, default="t.okafor@example.com").find(text)
    assert isinstance(host, Host)
    assert (host.id, host.remark) == (TOBIAS, f"primary_user: {why}, so {TOBIAS} is the host")
    assert isinstance(HostDirectory(USERS).find(text), Problem)


def test_a_default_host_does_not_stand_in_where_somebody_can_mend_it() -> None:
    users = [*USERS, *(User(id=number, email_address="shared@example.com") for number in "12")]
    directory = HostDirectory(users, default=TOBIAS)
    for text in ("noor.haddad@example.com", "shared@example.com"):
        assert isinstance(directory.find(text), Problem)


@pytest.mark.parametrize("default", ["nobody@example.com", "901", "noor.haddad@example.com"])
def test_a_default_host_has_to_be_able_to_host(default: str) -> None:
    with pytest.raises(GongManifestError, match=f"default_primary_user {default} is"):
        HostDirectory(USERS, default=default)


class Refreshed:
    """A company whose users have changed since they were listed."""

    def __init__(self, *users: User) -> None:
        self.users = users
        self.times = 0

    def __call__(self) -> tuple[User, ...]:
        self.times += 1
        return self.users


NOOR = USERS[1].model_copy(update={"settings": UserSettings(telephony_calls_imported=True)})


@pytest.mark.parametrize("text", ["new@example.com", "noor.haddad@example.com", "901"])
def test_users_are_listed_again_before_a_host_is_refused(text: str) -> None:
    """So that what a Gong administrator has just mended is seen."""
    amelie = USERS[2].model_copy(update={"active": True})
    refreshed = Refreshed(USERS[0], NOOR, amelie, User(id="902", email_address="new@example.com"))
    assert isinstance(HostDirectory(USERS, refresh=refreshed).find(text), Host)


def test_users_are_listed_again_once_and_only_when_needed() -> None:
    refreshed = Refreshed(*USERS)
    directory = HostDirectory(USERS, refresh=refreshed)
    assert isinstance(directory.find("tobias.okafor@example.com"), Host)
    assert isinstance(directory.find(None), Problem)
    assert refreshed.times == 0
    for text in ("nobody@example.com", "noor.haddad@example.com", "nobody@example.com"):
        assert isinstance(directory.find(text), Problem)
    assert refreshed.times == 1


def test_users_are_listed_again_before_another_host_stands_in() -> None:
    refreshed = Refreshed(*USERS, User(id="902", email_address="new@example.com"))
    found = HostDirectory(USERS, default="tobias.okafor@example.com", refresh=refreshed).find("new@example.com")
    assert isinstance(found, Host)
    assert (found.id, found.remark) == ("902", "")


def test_users_are_listed_again_before_the_default_is_refused() -> None:
    refreshed = Refreshed(*USERS, User(id="902", email_address="new@example.com"))
    directory = HostDirectory(USERS, default="new@example.com", refresh=refreshed)
    found = directory.find(None)
    assert isinstance(found, Host)
    assert found.id == "902"


def test_overrides_are_read_like_hosts_in_a_manifest() -> None:
    users = overrides("\u200b5550001.0,\ufefftobias.okafor@example.com", f"ext-7,{TOBIAS}.0")
    assert users == {"5550001": "tobias.okafor@example.com", "ext-7": TOBIAS}
