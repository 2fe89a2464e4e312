from __future__ import annotations

import pytest

from .conftest import HOST_EMAIL, Api, errors_of


def test_the_company_has_users_of_every_kind(api: Api) -> None:
    users = list(api.users().values())
    assert len(users) == 12
    assert all(user["emailAddress"].endswith("@example.com") for user in users)
    assert sum(not user["settings"]["telephonyCallsImported"] for user in users) == 4
    assert sum(not user["active"] for user in users) == 1
    assert any(user["emailAliases"] for user in users)


def test_one_user(api: Api) -> None:
    user = api.users()[HOST_EMAIL]
    assert api("GET", f"/v2/users/{user['id']}").json()["user"] == user


@pytest.mark.parametrize("suffix", ["", "/settings-history"])
def test_an_unknown_user_is_404(api: Api, suffix: str) -> None:
    answer = api("GET", f"/v2/users/7782342274025937895{suffix}")
    assert (answer.status_code, errors_of(answer)) == (404, ["User ID 7782342274025937895 was not found"])


def test_the_settings_history_ends_with_todays_settings(api: Api) -> None:
    user = api.users()["noor.haddad@example.com"]
    changes = api("GET", f"/v2/users/{user['id']}/settings-history").json()["userSettingsHistory"]
    latest = {change["setting"]: change["value"] for change in changes}
    assert latest == {"active": True, "callsImported": user["settings"]["telephonyCallsImported"]}


def test_filters_by_creation_and_id(api: Api) -> None:
    users = sorted(api.users().values(), key=lambda user: user["created"])
    third = users[2]
    window = {"createdFromDateTime": third["created"], "createdToDateTime": users[3]["created"]}
    for filters in (window, {"userIds": [third["id"]]}):
        found = api("POST", "/v2/users/extensive", json={"filter": filters}).json()
        assert found["users"] == [third]
    assert api("POST", "/v2/users/extensive", json={"filter": {}}).json()["records"]["totalRecords"] == 12


def test_wrong_filters(api: Api) -> None:
    none = api("POST", "/v2/users/extensive", json={"filter": {"userIds": ["7782342274025937895"]}})
    assert (none.status_code, errors_of(none)) == (404, ["No users found corresponding to the provided filters"])
    assert api("POST", "/v2/users/extensive", json={}).status_code == 400
    assert api("GET", "/v2/users", params={"includeAvatars": "perhaps"}).status_code == 400


def test_workspaces(api: Api) -> None:
    names = [workspace["name"] for workspace in api("GET", "/v2/workspaces").json()["workspaces"]]
    assert names == ["Sales", "Customer Success"]


def test_the_same_seed_gives_the_same_company() -> None:
    def company(seed: int) -> tuple[object, ...]:
        api = Api(seed=seed)
        call_id = api.add_call("pbx-1")
        return api.users(), api.state()["calls"], call_id

    assert company(5) == company(5)
    assert company(5)[2] != company(6)[2]
