from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_gong.emulator import EmulatorSettings, RunningEmulator

from .conftest import Api, errors_of

TOKEN_PATH = "/oauth2/generate-customer-token"
CLIENT = (EmulatorSettings().client_id, EmulatorSettings().client_secret)
REDIRECT = "https://app.example.com/done"


def fetch(api: Api, **parameters: str) -> httpx.Response:
    api.auth = CLIENT
    return api("POST", TOKEN_PATH, params=parameters)


def refresh(api: Api, token: str, **parameters: str) -> httpx.Response:
    return fetch(api, grant_type="refresh_token", refresh_token=token, **parameters)


def status_with(api: Api, token: str, path: str = "/v2/workspaces") -> int:
    api.auth = None
    return api("GET", path, headers={"authorization": f"Bearer {token}"}).status_code


def authorized_code(api: Api, scope: str = "") -> str:
    query = {"client_id": CLIENT[0], "response_type": "code", "redirect_uri": REDIRECT, "state": "s 1", "scope": scope}
    location = httpx.URL(api("GET", "/oauth2/authorize", params=query).headers["location"])
    assert str(location).startswith(f"{REDIRECT}?")
    assert location.params["state"] == "s 1"
    return location.params["code"]


@pytest.mark.parametrize("where", ["params", "data"])
def test_a_code_becomes_tokens(api: Api, where: str) -> None:
    given = {"grant_type": "authorization_code", "code": authorized_code(api), "redirect_uri": REDIRECT}
    api.auth = CLIENT
    answer = api("POST", TOKEN_PATH, **{where: given})
    tokens = answer.json()
    assert answer.status_code == 200
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 86_400)
    assert tokens["api_base_url_for_customer"] == "http://gong.example.com"
    assert "api:calls:create" in tokens["scope"].split()
    assert status_with(api, tokens["access_token"]) == 200


def test_a_code_is_valid_once_and_for_ten_minutes(api: Api) -> None:
    used, late, elsewhere = (authorized_code(api) for _ in range(3))
    exchange = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    assert fetch(api, **exchange, code=used).status_code == 200
    assert fetch(api, **exchange, code=used).json()["error"] == "invalid_grant"
    wrong = {**exchange, "redirect_uri": "https://evil.example.com"}
    assert fetch(api, **wrong, code=elsewhere).status_code == 400
    api.advance(600)
    assert fetch(api, **exchange, code=late).status_code == 400


def test_refresh_tokens_rotate_and_are_used_once(api: Api) -> None:
    first = api.authorize()
    second = refresh(api, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]

    again = refresh(api, first["refresh_token"])

    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    assert again.json()["error_description"] == "Token has been expired or revoked."
    assert api.state()["tokens"] == {"issued": 2, "refreshed": 1, "reused": 1}
    assert status_with(api, second["access_token"]) == 200
    assert refresh(api, second["refresh_token"]).status_code == 200


def test_reuse_may_end_everything_that_came_of_the_authorization() -> None:
    api = Api(reused_refresh_token="revoke")
    first, other = api.authorize(), api.authorize()
    second = refresh(api, first["refresh_token"]).json()
    refresh(api, first["refresh_token"])
    assert refresh(api, second["refresh_token"]).status_code == 400
    assert status_with(api, second["access_token"]) == 401
    assert status_with(api, other["access_token"]) == 200


def test_access_tokens_expire_with_the_clock(api: Api) -> None:
    tokens = api.authorize()
    short = refresh(api, tokens["refresh_token"], validity_duration="60").json()
    assert short["expires_in"] == 60
    api.advance(60)
    assert status_with(api, short["access_token"]) == 401
    assert status_with(api, tokens["access_token"]) == 200
    api.advance(86_400)
    assert status_with(api, tokens["access_token"]) == 401


def test_a_token_has_the_scopes_that_were_agreed_to(api: Api) -> None:
    tokens = api.authorize("api:users:read")
    assert tokens["scope"] == "api:users:read"
    assert status_with(api, tokens["access_token"], "/v2/users") == 200
    api.auth = None
    denied = api("GET", "/v2/workspaces", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert denied.status_code == 401
    assert errors_of(denied) == ["You don't have permission to use 'api:workspaces:read' in your app."]
    again = refresh(api, tokens["refresh_token"]).json()
    assert again["scope"] == "api:users:read"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"grant_type": "password"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "made up"},
        {"grant_type": "authorization_code", "code": "made up"},
        {"grant_type": "refresh_token", "refresh_token": "x", "validity_duration": "long"},
    ],
)
def test_wrong_token_requests_are_400_in_oauths_form(api: Api, given: dict[str, str]) -> None:
    answer = fetch(api, **given)
    assert answer.status_code == 400
    assert set(answer.json()) == {"requestId", "error", "error_description"}


def test_the_token_endpoint_takes_the_clients_credentials_only(api: Api) -> None:
    assert api("POST", TOKEN_PATH, params={"grant_type": "refresh_token"}).status_code == 401


@pytest.mark.parametrize(
    "changes", [{"client_id": "other"}, {"response_type": "token"}, {"redirect_uri": "javascript:alert(1)"}]
)
def test_wrong_authorizations_are_refused(api: Api, changes: dict[str, str]) -> None:
    query = {"client_id": CLIENT[0], "response_type": "code", "redirect_uri": REDIRECT, **changes}
    assert api("GET", "/oauth2/authorize", params=query).status_code == 400


def test_token_requests_count_against_no_limit_and_tokens_are_not_logged() -> None:
    api = Api(requests_per_day=1)
    tokens = api.authorize()
    fresh = refresh(api, tokens["refresh_token"]).json()
    lines: list[dict[str, Any]] = api("GET", "/_emulator/requests?bodies=true").json()["requests"]
    assert [line["operation"] for line in lines] == ["generateCustomerToken"]
    logged = api("GET", "/_emulator/requests?bodies=true").text
    for secret in (tokens["refresh_token"], fresh["refresh_token"], fresh["access_token"], CLIENT[1]):
        assert secret not in logged
    assert api.state()["requests"]["day_count"] == 0


def test_a_lost_answer_of_a_refresh_uses_the_token_up(running: RunningEmulator) -> None:
    from airflow_provider_gong.emulator import Fault

    tokens = running.authorize()
    running.add_faults(Fault(operation="generateCustomerToken", nth=1, when="after", action="reset"))
    query = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    auth = (running.client_id, running.client_secret)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.post(f"{running.url}{TOKEN_PATH}", params=query, auth=auth)
    assert httpx.post(f"{running.url}{TOKEN_PATH}", params=query, auth=auth).status_code == 400
