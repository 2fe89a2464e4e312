from __future__ import annotations

import json

import pytest
from sqlalchemy.engine import make_url

from airflow_provider_gong._compat import Connection
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.hooks.store_url import store_url
from tests.unit.hooks.support import connection_json, stored_connection


def test_postgres_connection_with_characters_that_urls_reserve():
    connection = Connection(
        conn_id="gong_store",
        conn_type="postgres",
        host="db.example.com",
        port=5433,
        login="gong",
        password="p@ss/word:%",
        schema="shared",
        extra=json.dumps({"sslmode": "verify-full", "cursor": "dictcursor"}),
    )
    url = store_url(connection)
    assert url.drivername == "postgresql+psycopg2"
    assert (url.host, url.port, url.username, url.database) == ("db.example.com", 5433, "gong", "shared")
    assert url.password == "p@ss/word:%"
    assert dict(url.query) == {"sslmode": "verify-full"}


def test_postgres_uri():
    connection = stored_connection("postgresql://gong:secret-word@db.example.com/shared")
    assert store_url(connection) == make_url("postgresql+psycopg2://gong:secret-word@db.example.com/shared")


@pytest.mark.parametrize(
    "connection",
    [
        Connection(conn_id="gong_store", conn_type="sqlite", host="/var/lib/gong/store.db"),
        stored_connection("sqlite:////var/lib/gong/store.db"),
    ],
)
def test_sqlite_connection(connection):
    assert store_url(connection) == make_url("sqlite:////var/lib/gong/store.db")


@pytest.mark.parametrize(
    ("extra", "rule"), [("sslmode=require", "valid JSON"), ('["sslmode"]', "a JSON object"), ("7", "a JSON object")]
)
def test_an_extra_that_is_no_json_object_is_named(extra, rule):
    connection = Connection(conn_id="gong_store", conn_type="postgres", extra=extra)
    with pytest.raises(GongConnectionConfigError, match=rf"Connection 'gong_store': extra must be {rule}\."):
        store_url(connection)


def test_sqlite_path_must_be_absolute():
    connection = Connection(conn_id="gong_store", conn_type="sqlite", host="store.db")
    with pytest.raises(GongConnectionConfigError, match=r"absolute path, not 'store\.db'"):
        store_url(connection)


def test_other_databases_are_refused():
    connection = Connection(conn_id="gong_store", conn_type="mysql", host="db.example.com")
    with pytest.raises(GongConnectionConfigError, match="must be of type postgres or sqlite, not 'mysql'"):
        store_url(connection)


def test_no_password_is_in_what_a_hook_holds(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", "postgresql://gong:secret-word@db.example.com/shared")
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"store_conn_id": "gong_store"}))
    with GongHook() as hook:
        assert hook.client
        assert "db.example.com" in str(hook.store)
        held = [vars(hook), *(vars(value) for value in vars(hook).values() if hasattr(value, "__dict__"))]
        assert "secret-word" not in repr(held)
