from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_export.days import days_of
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from airflow_provider_gong.hooks.export_folder import export_folder
from airflow_provider_gong.hooks.gong import GongHook

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=25)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningEmulator]:
    limits: dict[str, Any] = {"requests_per_second": 0, "requests_per_day": 0, "erase_seconds": 0}
    with running_emulator(processing_seconds=0, **limits) as emulator:
        connection = emulator.connection(requests_per_second=1000, requests_per_day=100_000, store_conn_id="gong_store")
        monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/store.db")
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(connection))
        yield emulator


@pytest.fixture
def path(emulator: RunningEmulator, tmp_path: Path) -> str:
    with GongHook() as hook:
        export = CallExport(export_folder(str(tmp_path / "gong")), ExportSettings.of(["calls"]), hook.company)
        export.read(hook.client, days_of(str(FIRST), str(TODAY + timedelta(days=1))))
    return str(tmp_path / "gong")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def show(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        ended = 0
        try:
            main(["export", *arguments, "--json"])
        except SystemExit as end:
            ended = end.code if isinstance(end.code, int) else 1
        assert ended == code
        out = capsys.readouterr().out
        return json.loads(out) if out else None

    return show


def test_status_makes_no_request(emulator: RunningEmulator, path: str, run: Run) -> None:
    before = len(emulator.requests())
    found = run("status", path)
    assert (len(found["days"]), found["calls"], found["counts"]) == (26, 5, {"fresh": 26})
    assert len(emulator.requests()) == before


def test_status_is_a_calendar(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", "status", path])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{FIRST:%Y-%m}  ")
    assert sum(line.partition("  ")[2].count(".") for line in lines if line.startswith("20")) == 26
    assert lines[-1] == "5 calls, 0 missing transcripts"


def test_check_says_what_it_costs_before(emulator: RunningEmulator, path: str, run: Run) -> None:
    before = len(emulator.requests())
    assert run("check", path, "--days", f"{FIRST}..{TODAY}") == {"days": 26, "requests": 31}
    assert len(emulator.requests()) == before
    assert run("check", path, "--days", f"{FIRST}..{TODAY}", "--yes") == []
    assert len(emulator.requests()) == before + 31


def test_an_erased_call_is_refreshed_away(emulator: RunningEmulator, path: str, run: Run) -> None:
    (call,) = [call for call in emulator.state()["calls"] if call["clientUniqueId"] == "seed-3"]
    with GongHook() as hook:
        hook.run("purgeEmailAddress", query={"emailAddress": "omar@brightwater.example.com"})
    day = datetime.fromisoformat(call["started"]).astimezone(UTC).date()
    # All calls of its host are gone with it, so the run without a person's word fails.
    (different,) = run("check", path, "--days", str(day), "--yes", code=3)
    assert different == {"day": str(day), "not_exported": [], "not_in_gong": [call["id"]], "tables": ["calls"]}
    found = run("refresh", path, "--call-ids", call["id"])
    assert (found["removed_calls"], found["still_exported"]) == (1, [])
    assert run("status", path)["calls"] == 4


def test_a_call_that_gong_shows_stays(emulator: RunningEmulator, path: str, run: Run) -> None:
    call = emulator.state()["calls"][0]["id"]
    assert run("refresh", path, "--call-ids", call, code=3)["still_exported"] == [call]


def test_a_call_that_the_export_does_not_hold_is_named(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", "refresh", path, "--call-ids", "123"])
    assert "The export does not contain call 123." in capsys.readouterr().out


def test_a_blind_key_is_suspected(
    emulator: RunningEmulator, path: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ("--days", f"{FIRST}..{TODAY}")
    emulator.set(key_sees_calls=False)
    with pytest.raises(SystemExit):
        main(["export", "check", path, *days, "--yes"])
    assert "check which calls the access key may see" in capsys.readouterr().out
    run("refresh", path, *days, code=1)
    run("refresh", path, *days, "--on-shrink", "keep")
    assert run("status", path)["calls"] == 5
    run("refresh", path, *days, "--on-shrink", "accept")
    assert run("status", path)["calls"] == 0


@pytest.mark.parametrize("days", ["1970-01-01", "2999-01-01", f"{FIRST - timedelta(days=1)}..{TODAY}"])
def test_a_day_outside_of_the_export_is_not_read(emulator: RunningEmulator, path: str, run: Run, days: str) -> None:
    """A slip of the hand must not have the next plan read decades."""
    before = len(emulator.requests())
    run("refresh", path, "--days", days, code=2)
    assert len(emulator.requests()) == before
    assert len(run("status", path)["days"]) == 26


@pytest.mark.parametrize(
    "arguments",
    [
        ("refresh",),
        ("check", "--days", "soon"),
        ("check", "--days", "2026-11-02..2026-11-01"),
        ("refresh", "--days", ","),
        ("refresh", "--days", "2026-11-02", "--on-shrink", "yes"),
    ],
)
def test_wrong_usage_is_said(path: str, run: Run, arguments: tuple[str, ...]) -> None:
    command, *options = arguments
    run(command, path, *options, code=2)


def test_a_folder_without_an_export_is_an_error(emulator: RunningEmulator, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as end:
        main(["export", "status", str(tmp_path)])
    assert "does not contain an export" in str(end.value.code)
