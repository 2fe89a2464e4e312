from __future__ import annotations

import socket

import pytest

from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.budget import SharedBudget
from tests.support.budget import spend_the_day
from tests.unit.hooks.support import connection_json, stored_connection


def result_of(monkeypatch, connection: str) -> tuple[bool, str]:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection)
    return GongHook().test_connection()


def test_works_with_one_request_and_without_a_store(gong, monkeypatch, tmp_path):
    ok, text = result_of(monkeypatch, connection_json(gong, extra={"company": "example", "requests_per_day": 900}))
    assert ok
    assert "Company: example." in text
    assert f"Host: {gong.url}." in text
    assert "Workspaces: Sales, Customer Success." in text
    assert "10000 per second and 900 per day, of which imports leave 45 for everything else" in text
    assert "shared by the processes on one host" in text
    assert [request["operation"] for request in gong.requests()] == ["listWorkspaces"]
    assert not (tmp_path / "gong").exists()


def test_reserves_nothing_of_the_budget(gong, monkeypatch):
    spend_the_day()
    ok, _ = result_of(monkeypatch, connection_json(gong))
    assert ok
    with GongHook() as hook:
        assert SharedBudget(hook.store, hook.company).look()[1].hours == {}


def test_as_airflow_hands_it_to_the_api_server(gong, monkeypatch):
    ok, text = result_of(monkeypatch, stored_connection(connection_json(gong)).get_uri())
    assert ok, text


def test_shared_store_is_named(gong, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/shared.db")
    ok, text = result_of(monkeypatch, connection_json(gong, extra={"store_conn_id": "gong_store"}))
    assert ok
    assert text.endswith("shared by all workers that use the store gong_store.")
    assert not (tmp_path / "shared.db").exists()


def test_store_that_cannot_be_used_is_a_warning(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", "mysql://db.example.com/gong")
    ok, text = result_of(monkeypatch, connection_json(gong, extra={"store_conn_id": "gong_store"}))
    assert ok
    assert "the store gong_store. Warning" in text
    assert "not 'mysql'" in text


def test_key_without_the_scope_for_workspaces_works(gong, monkeypatch):
    missing = "API key does not have permission to use this method: api:workspaces:read"
    gong.add_faults(Fault(action="status", status=401, text=missing, nth=1))
    ok, text = result_of(monkeypatch, connection_json(gong))
    assert ok
    assert "lack the scope api:workspaces:read" in text


def test_wrong_key(gong, monkeypatch):
    ok, text = result_of(monkeypatch, connection_json(gong, password="wrong-secret"))
    assert not ok
    assert "Gong does not accept the credentials." in text
    assert "wrong-secret" not in text


def test_host_that_nobody_listens_on(gong, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    ok, text = result_of(monkeypatch, connection_json(gong, host=f"http://127.0.0.1:{port}"))
    assert not ok
    assert "Check the connection's host" in text


def test_host_that_is_not_gong(gong, monkeypatch, other_web_server):
    ok, text = result_of(monkeypatch, connection_json(gong, host=other_web_server.url))
    assert not ok
    assert "The host's response is not one of Gong's API." in text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(action="redirect", url="https://gong.example.com/", nth=1), "redirects to another address"),
        (Fault(action="status", status=403, text="Not allowed", nth=1), "Gong does not allow this."),
        (Fault(action="status", status=429, retry_after=1, nth=1), "request budget is busy"),
        (Fault(action="status", status=500, nth=1), "Gong failed to handle the request."),
        (Fault(action="garbage", nth=1), "not in the format of Gong's API"),
    ],
    ids=["redirect", "forbidden", "limit", "server error", "garbage"],
)
def test_failures_of_gong_take_one_request(gong, monkeypatch, fault, said):
    gong.add_faults(fault)
    ok, text = result_of(monkeypatch, connection_json(gong))
    assert not ok
    assert said in text
    assert len(gong.requests()) == 1


def test_missing_field(gong, monkeypatch):
    ok, text = result_of(monkeypatch, connection_json(gong, login=None))
    assert not ok
    assert "login is missing" in text


def test_connection_that_does_not_exist(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_GONG_DEFAULT", raising=False)
    ok, text = GongHook("gong_nowhere").test_connection()
    assert not ok
    assert "gong_nowhere" in text
