"""The commands on imports that ask Gong: adopting calls that a script imported, and checking months later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.operators.call_import import (
    GongPlanCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from tests.support.recordings import manifest_row, write_night
from tests.unit.hooks.support import task_context

pytestmark = pytest.mark.slow

Command = Callable[..., str]
IMPORT: dict[str, Any] = {"import_id": "night"}


@pytest.fixture
def command(gong: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> str:
        capsys.readouterr()
        main(["imports", *arguments])
        return capsys.readouterr().out

    return run


def plan(folder: Path, numbers: int = 3, **options: Any) -> dict[str, Any]:
    manifest = write_night(folder, [manifest_row(number) for number in range(1, numbers + 1)])
    operator = GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **IMPORT, **options)
    result: dict[str, Any] = operator.execute(task_context())
    return result


def upload(**options: Any) -> dict[str, int]:
    operator = GongUploadCallImportOperator(task_id="upload", **IMPORT, **options)
    result: dict[str, int] = operator.execute(task_context())
    return result


def imported(gong: RunningEmulator, folder: Path, **options: Any) -> None:
    plan(folder, **options)
    upload(**options)
    gong.advance(3600)
    GongVerifyCallImportOperator(task_id="verify", **IMPORT, **options).execute(task_context())


def test_an_import_is_still_complete(gong: RunningEmulator, command: Command, tmp_path: Path) -> None:
    imported(gong, tmp_path)
    before = len(gong.requests())
    assert command("check", "night") == "Reading the calls takes about 1 request. Send them with --yes.\n"
    assert len(gong.requests()) == before
    text = command("check", "night", "--yes")
    assert text.splitlines() == ["3 calls in Gong with their recordings, 0 gone.", "The import is complete."]
    assert len(gong.requests()) == before + 1


def test_a_call_that_was_deleted_in_gong_is_missed(
    gong: RunningEmulator, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(gong, tmp_path)
    gong.change_call("pbx-00002", deleted=True)
    with pytest.raises(SystemExit, match="3"):
        command("check", "night", "--yes")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 calls in Gong with their recordings, 1 gone."
    assert "(pbx-00002): call " in lines[1]
    assert lines[-1] == "The import is not complete."


def test_an_import_in_a_folder_is_still_complete_or_misses_a_call(
    gong: RunningEmulator, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "imports"
    imported(gong, tmp_path, import_path=str(place))
    files = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    before = len(gong.requests())
    check = ("check", "night", "--import-path", str(place))
    assert command(*check) == "Reading the calls takes about 1 request. Send them with --yes.\n"
    assert command(*check, "--yes").splitlines()[-1] == "The import is complete."
    assert len(gong.requests()) == before + 1
    gong.change_call("pbx-00002", deleted=True)
    with pytest.raises(SystemExit, match="3"):
        command(*check, "--yes")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 calls in Gong with their recordings, 1 gone."
    assert "(pbx-00002): call " in lines[1]
    assert lines[-1] == "The import is not complete."
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == files


def test_rows_that_never_arrived_are_counted(
    gong: RunningEmulator, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(gong, tmp_path)
    plan(tmp_path, 4)
    with pytest.raises(SystemExit, match="3"):
        command("check", "night", "--yes")
    assert "never read in Gong: 1 planned" in capsys.readouterr().out


def test_a_key_that_sees_nothing_says_nothing(gong: RunningEmulator, command: Command, tmp_path: Path) -> None:
    imported(gong, tmp_path)
    gong.set(key_sees_calls=False)
    with pytest.raises(SystemExit, match="The access key does not see any call"):
        command("check", "night", "--yes")


def test_calls_of_a_script_are_adopted_from_gong(
    gong: RunningEmulator, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(gong, tmp_path)
    # A host that has never imported anything.
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    days = ("--from", "2026-11-19", "--to", "2026-11-19")
    assert command("adopt", *days) == "Listing these calls takes about 1 request. Send them with --yes.\n"
    assert command("adopt", *days, "--yes") == "3 calls adopted, 0 known already.\n"
    assert command("adopt", *days, "--yes") == "0 calls adopted, 3 known already.\n"
    plan(tmp_path, 4)
    assert upload() == {"duplicate": 3, "uploaded": 1}
    assert len(gong.requests("addCall")) == 4
    gong.advance(3600)
    verify = GongVerifyCallImportOperator(task_id="verify", **IMPORT)
    assert verify.execute(task_context()) == {"exists": 3, "verified": 1}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("adopt",), "give either FILE or --from"),
        (("adopt", "calls.csv", "--from", "2026-11-01"), "give either FILE or --from"),
        (("--company", "x", "adopt", "--from", "2026-11-01"), "use a connection (--conn-id)"),
        (("--company", "x", "check", "night"), "use a connection (--conn-id)"),
    ],
)
def test_wrong_usage(
    command: Command, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command(*arguments)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("days", "says"),
    [(("--from", "last year"), "is not a day such as"), (("--from", "2026-11-02", "--to", "2026-11-01"), "is before")],
)
def test_days_that_are_none(command: Command, days: tuple[str, ...], says: str) -> None:
    with pytest.raises(SystemExit, match=says):
        command("adopt", *days)
