from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.store.database import Store
from tests.support.budget import spend_the_day
from tests.unit.hooks.support import connection_json, list_workspaces


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, str]]:
    def show(*arguments: str) -> dict[str, str]:
        # What was printed before is not the command's.
        capsys.readouterr()
        main(["budget", *arguments, "--json"])
        shown: dict[str, str] = json.loads(capsys.readouterr().out)
        return shown

    return show


def test_shows_use_gate_spacing_and_scope(gong, run, monkeypatch, tmp_path):
    extra = {"requests_per_second": 3, "requests_per_day": 200, "company": "example"}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra=extra))
    list_workspaces()
    shown = run("show")
    assert shown["company"] == "example"
    assert shown["store"].endswith("gong/gong_store.db")
    assert shown["scope"] == "the processes of this host"
    assert shown["used"] == "1 of 200 requests today (0%)"
    assert shown["reserved"].startswith("10 of the day")
    assert shown["gate"] == "open"
    assert shown["spacing"] == "345 ms between two requests (2.90 per second)"
    assert shown["last refusal"] == "none known"


def test_shows_until_when_the_gate_is_closed_and_opens_it(gong, run):
    spend_the_day(retry_after=7200.0)
    shown = run("show")
    assert shown["gate"].startswith(("closed for another 2:00:00, until", "closed for another 1:59:"))
    assert shown["gate"].endswith("the day's requests are used up")
    assert datetime.fromisoformat(shown["last refusal"]) <= datetime.now(UTC)
    assert run("reset")["gate"] == "open"
    assert list_workspaces()


def test_shows_the_time_of_the_reset(gong, run, monkeypatch):
    extra = {"quota_reset": "00:30 Europe/Berlin"}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra=extra))
    assert run("show")["day"] == "ends at 00:30 Europe/Berlin"


def test_looking_uses_nothing(gong, run):
    assert run("show") == run("show")
    assert gong.requests() == []


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_works_with_a_store_alone(tmp_path, run, form):
    with contextlib.closing(Store.in_folder(tmp_path)) as store:
        _ = store.id
    shown = run("show", "--store", form.format(tmp_path / "gong_store.db"), "--company", "example")
    assert (shown["company"], shown["gate"]) == ("example", "open")


def test_prints_a_table_for_people(gong, capsys):
    main(["budget", "show"])
    lines = capsys.readouterr().out.splitlines()
    assert "gate          open" in lines


def test_store_needs_a_company(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["budget", "show", "--store", str(tmp_path / "gong_store.db")])
    assert "--store requires --company" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--store", "nosuchdatabase://airflow:s3cret@db/gong", "--company", "x"], []])
def test_failures_are_told_in_one_line_without_secrets(gong, monkeypatch, arguments):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", "mysql://airflow:s3cret@db.example.com/gong")
    monkeypatch.setenv(
        "AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"store_conn_id": "gong_store"}, password="hush")
    )
    with pytest.raises(SystemExit) as caught:
        main(["budget", "show", *arguments])
    message = str(caught.value)
    assert message.startswith("airflow-gong: ")
    assert "s3cret" not in message
    assert "hush" not in message
