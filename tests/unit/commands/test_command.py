"""What all commands of ``airflow-gong`` have in common."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.store.database import Store, file_url
from tests.conftest import PROJECT
from tests.unit.hooks.support import connection_json

SECRET = "s3cret"


@pytest.fixture
def store_file(tmp_path: Path) -> str:
    file = tmp_path / "folder with a # and %" / "store.db"
    make_store(file)
    return str(file)


def make_store(file: Path) -> None:
    with contextlib.closing(Store(file_url(file))) as store:
        _ = store.id


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    main([*arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "airflow_provider_gong.commands", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )


@pytest.mark.parametrize("place", range(4))
def test_options_may_stand_anywhere(capsys: pytest.CaptureFixture[str], store_file: str, place: int) -> None:
    words = [["budget"], ["show"], ["--company", "example"]]
    words.insert(place, ["--store", store_file])
    shown = run(capsys, *itertools.chain(*words))
    assert shown["company"] == "example"
    assert shown["store"] == repr(file_url(Path(store_file)))


def test_a_mistyped_store_is_an_error_and_no_new_store(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_file: str, database_url: str
) -> None:
    for store in (f"{store_file}x", f"{store_file}x/nowhere.db", database_url):
        for command in (["budget", "show"], ["budget", "reset"], ["imports", "list"]):
            with pytest.raises(SystemExit, match=r"Store\(.*\) does not exist\. Check the name"):
                main([*command, "--company", "example", "--store", store])
    assert [path.name for path in Path(store_file).parent.iterdir()] == ["store.db"]


def test_the_environment_may_name_the_store(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_file: str, gong: RunningEmulator
) -> None:
    monkeypatch.setenv("AIRFLOW_GONG_STORE", store_file)
    assert run(capsys, "budget", "show", "--company", "example")["store"].endswith("/store.db")
    assert run(capsys, "budget", "show", "--conn-id", "gong_default")["store"].endswith("gong_store.db")
    make_store(Path(f"{store_file}.other"))
    other = run(capsys, "budget", "show", "--company", "x", "--store", f"{store_file}.other")
    assert other["store"].endswith("/store.db.other")


def test_a_connection_and_a_store_exclude_each_other(capsys: pytest.CaptureFixture[str], store_file: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["budget", "show", "--store", store_file, "--conn-id", "gong_default"])
    assert "use either --conn-id or --store, not both" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--store", "--company"])
@pytest.mark.parametrize(
    "arguments", [["oauth", "authorize", "--redirect-uri", "https://example.com"], ["export", "status", "nowhere"]]
)
def test_what_belongs_to_a_connection_takes_no_other_place(
    capsys: pytest.CaptureFixture[str], arguments: list[str], option: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, option, "x"])
    assert "to a connection: use --conn-id" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["imports", "list"], ["imports", "show", "x"], ["imports", "purge", "--older-than", "1"], ["budget", "reset"]],
)
@pytest.mark.parametrize(
    "url",
    [
        f"nosuchdatabase://airflow:{SECRET}@db.example.com/gong",
        f"postgresql://airflow:{SECRET}@127.0.0.1:9/gong?sslpassword={SECRET}",
        f"airflow:{SECRET}@://",
    ],
)
def test_no_error_quotes_the_stores_password(
    arguments: list[str], url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_GONG_STORE", url)
    with pytest.raises(SystemExit, match="airflow-gong: ") as raised:
        main([*arguments, "--company", "example"])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert SECRET not in str(raised.value) + printed.err


@pytest.mark.slow
def test_connections_of_airflows_database_are_found(stored_connection: str) -> None:
    from airflow.configuration import AIRFLOW_HOME, conf

    # Each process makes up a key in the mode of unit tests.
    same = {"AIRFLOW_HOME": AIRFLOW_HOME, "AIRFLOW__CORE__FERNET_KEY": conf.get("core", "fernet_key")}
    shown = start("budget", "show", "--conn-id", stored_connection, "--json", **same)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["company"] == "stored"


@pytest.fixture
def stored_connection(airflow_db: None, gong: RunningEmulator) -> Iterator[str]:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    fields = json.loads(connection_json(gong, extra={"company": "stored"}))
    connection = Connection("gong_stored", **(fields | {"extra": json.dumps(fields["extra"])}))
    with create_session() as session:
        session.add(connection)
    yield "gong_stored"
    with create_session() as session:
        session.query(Connection).filter_by(conn_id="gong_stored").delete()


@pytest.mark.slow
def test_the_reader_may_leave(tmp_path: Path) -> None:
    command = f"{sys.executable} -m airflow_provider_gong.commands budget show --company x | true"
    ended = subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"AIRFLOW_GONG_STORE": str(tmp_path / "store.db")},
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_terminal_may_know_few_characters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_store(tmp_path / "store.db")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    main(["budget", "show", "--store", str(tmp_path / "store.db"), "--company", "Müller"])
    first, *others = written.getvalue().decode("ascii").splitlines()
    assert first.split() == ["company", "M\\xfcller"]
    assert len(others) > 5


def test_standard_output_may_be_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_store(tmp_path / "store.db")
    monkeypatch.setattr(sys, "stdout", None)
    main(["budget", "reset", "--store", str(tmp_path / "store.db"), "--company", "example"])


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
from airflow_provider_gong.commands.__main__ import main
try:
    main(["imports", "show", "--help"])
finally:
    heavy = {"airflow", "sqlalchemy", "pydantic", "httpx", "pendulum"} & set(sys.modules)
    sys.exit(f"loaded: {heavy}" if heavy else 0)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert ended.returncode == 0, ended.stderr
    assert "--state" in ended.stdout


def test_help_says_what_exit_codes_mean(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    assert "exit codes: 0 done, 1 failed" in text
    for name in ("imports", "budget", "oauth", "--conn-id", "--store", "--company", "--json", "AIRFLOW_GONG_STORE"):
        assert name in text


@pytest.mark.parametrize("arguments", [[], ["imports"], ["imports", "lst"], ["budget", "show", "--reset"]])
def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: airflow-gong" in capsys.readouterr().err


def test_the_package_installs_one_command_for_all_of_this() -> None:
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"airflow-gong", "gong-emulator"}
