"""Every example DAG runs against the emulator and leaves in Gong what its description says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.store.database import Store
from tests.scenario.support import new_calls, task_states
from tests.support.recordings import manifest_row, write_manifest, write_night, write_wav

if TYPE_CHECKING:
    from tests.scenario.support import Example, RunDag

EXAMPLES = Path(__file__).parents[2] / "example_dags"
DAG_IDS = sorted(path.stem for path in EXAMPLES.glob("*.py"))

# Parses a folder of DAGs where neither a connection can be read nor a socket be opened.
PARSE_ALONE = """
import json, socket, sys
from airflow.sdk import BaseHook, Connection

def refuse(*arguments, **options):
    raise AssertionError("a DAG file reached for a connection or the network")

BaseHook.get_connection = Connection.get = socket.socket.connect = socket.getaddrinfo = refuse

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
print("RESULT" + json.dumps([sorted(bag.dags), bag.import_errors]))
"""


def test_examples_parse_without_connection_and_network() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PARSE_ALONE, str(EXAMPLES)],
        env=os.environ | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/airflow.db"},
        capture_output=True,
        text=True,
        check=False,
    )
    result = re.search("^RESULT(.*)$", done.stdout, re.MULTILINE)
    assert result, done.stdout + done.stderr
    assert json.loads(result[1]) == [DAG_IDS, {}]


# At half past two in Berlin, the interval of the night before is the last that is complete.
@pytest.mark.usefixtures("gong_connection")
@pytest.mark.parametrize("utc", ["2026-11-20T02:00", "2026-11-21T01:30"])
def test_the_nightly_import_takes_the_folder_of_its_day(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, utc: str
) -> None:
    write_night(tmp_path / "2026-11-19", [manifest_row(1), manifest_row(2)])
    write_night(tmp_path / "2026-11-20", [manifest_row(3)])
    dag, now = example("example_gong_nightly_call_import"), datetime.fromisoformat(utc).replace(tzinfo=UTC)

    run = run_dag(dag, logical_date=now, run_conf={"recordings": str(tmp_path)})

    assert run.state == "success"
    calls = new_calls(gong_emulator)
    assert {ident: call["state"] for ident, call in calls.items()} == {"pbx-00001": "visible", "pbx-00002": "visible"}
    assert [call["received"] for call in calls.values()] == [1, 1]
    report = (tmp_path / "2026-11-19" / "report" / "report.csv").read_text()
    assert all(call["id"] in report for call in calls.values())


@pytest.mark.usefixtures("gong_connection")
def test_the_nightly_import_fails_at_once_without_a_data_interval(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    dag = example("example_gong_nightly_call_import")

    run = run_dag(dag, logical_date=None, run_conf={"recordings": str(tmp_path)})

    assert run.state == "failed"
    assert task_states(run)["find_folder"] == ("failed", 1)
    assert gong_emulator.requests() == []


@pytest.mark.usefixtures("gong_connection")
def test_a_folder_of_recordings_is_imported_by_their_names(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    names = ("out-+12025550147-4711-20261119-093000-1731.42", "q-+12025550148-4711-20261119-100000-1732.1", "voicemail")
    for number, name in enumerate(names):
        write_wav(tmp_path / f"2026-11-19/{name}.wav", seconds=61, seed=number)
    (tmp_path / "hosts.csv").write_text("manifest_value,gong_user\n4711,tobias.okafor@example.com\n")
    now = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)

    run = run_dag(
        example("example_gong_folder_of_recordings"), logical_date=now, run_conf={"recordings": str(tmp_path)}
    )

    # The report fails for the recording whose name says nothing.
    assert run.state == "failed"
    calls = new_calls(gong_emulator)
    assert {ident: call["state"] for ident, call in calls.items()} == {"1731.42": "visible", "1732.1": "visible"}
    assert sorted(call["started"][:16] for call in calls.values()) == ["2026-11-19T09:30", "2026-11-19T10:00"]
    assert "where 'voicemail.wav' follows and {direction} is expected" in next(
        path.read_text() for path in tmp_path.rglob("report.csv")
    )


@pytest.mark.usefixtures("gong_connection")
def test_each_run_of_the_backfill_imports_its_month(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    write_night(tmp_path / "2024-02", [manifest_row(1), manifest_row(2)])
    # What was exported twice is imported once.
    write_night(tmp_path / "2024-03", [manifest_row(1), manifest_row(3)])
    dag = example("example_gong_backfill")

    for end_of_interval in (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)):
        run = run_dag(dag, logical_date=end_of_interval, run_conf={"archive": str(tmp_path)})
        assert run.state == "success"

    received = {ident: call["received"] for ident, call in new_calls(gong_emulator).items()}
    assert received == {"pbx-00001": 1, "pbx-00002": 1, "pbx-00003": 1}


@pytest.mark.parametrize("number", [0, 1])
def test_airflow_understands_the_commands_of_the_backfill(
    airflow_db: None, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from airflow.cli.cli_parser import get_parser
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    source = (EXAMPLES / "example_gong_backfill.py").read_text()
    commands = re.findall(r"^    airflow (backfill create .*\\\n.*)$", source, re.MULTILINE)
    assert len(commands) == 2
    sync_bag_to_db(DagBag(str(EXAMPLES)), "dags-folder", None)
    with create_session() as session:
        # A backfill leaves out months that other tests have run.
        session.execute(delete(DagRun).where(DagRun.dag_id == "example_gong_backfill"))

    arguments = get_parser().parse_args([*shlex.split(commands[number].replace("\\\n", " ")), "--dry-run"])
    arguments.func(arguments)

    assert arguments.max_active_runs == 1
    months = {f"{year}-{month:02d}-01" for year in (2024, 2025) for month in range(1, 13)}
    assert set(re.findall(r"\d{4}-\d{2}-01", capsys.readouterr().out)) == months


@pytest.mark.usefixtures("gong_connection")
def test_gong_pulls_the_recordings(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    urls = [f"https://recordings.example.com/{number}.wav?signature=abc" for number in (1, 2)]
    rows = [manifest_row(number, media=url) for number, url in enumerate(urls, 1)]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)

    run = run_dag(example("example_gong_pull_calls"), run_conf={"manifest": str(manifest)})

    assert run.state == "success"
    assert {ident: call["state"] for ident, call in new_calls(gong_emulator).items()} == {
        "pbx-00001": "visible",
        "pbx-00002": "visible",
    }
    sent = gong_emulator.state()["requests"]["by_operation"]
    assert sent["addCall"] == 2
    assert "addCallRecording" not in sent


@pytest.mark.usefixtures("gong_connection")
def test_an_import_on_managed_airflow_keeps_its_state_in_its_folder(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    write_night(tmp_path / "night", [manifest_row(1), manifest_row(2)])
    folders = {"folder": str(tmp_path / "night"), "imports": str(tmp_path / "imports")}

    run = run_dag(example("example_gong_import_on_managed_airflow"), run_conf=folders)

    assert run.state == "success"
    calls = new_calls(gong_emulator)
    assert {ident: (call["state"], call["received"]) for ident, call in calls.items()} == {
        "pbx-00001": ("visible", 1),
        "pbx-00002": ("visible", 1),
    }
    assert (tmp_path / "night/report/report.csv").read_text().count(",verified,") == 2
    assert any(path.is_file() for path in (tmp_path / "imports").rglob("*"))
    with contextlib.closing(Store(f"sqlite:///{tmp_path}/store.db")) as store:
        assert Imports(store).all() == []


@pytest.mark.usefixtures("gong_connection")
def test_a_single_call(example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "0042.wav", seconds=75, seed=1)
    dag = example("example_gong_upload_call")

    run = run_dag(dag, run_conf={"client_unique_id": "pbx-0042", "recording": str(recording)})

    assert run.state == "success"
    call = new_calls(gong_emulator)["pbx-0042"]
    assert (call["state"], call["received"], call["media"]["duration"]) == ("visible", 1, 75)
    read = run.get_task_instance("read_back").xcom_pull(task_ids="read_back")
    assert (read["title"], read["duration"]) == ("Follow-up with Northwind Mills", 75)


@pytest.mark.usefixtures("gong_connection")
def test_a_meeting_is_created_moved_and_cancelled(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator
) -> None:
    run = run_dag(example("example_gong_meeting"))

    assert run.state == "success"
    (meeting,) = gong_emulator.state()["meetings"]
    assert (meeting["updates"], meeting["deleted"]) == (1, True)
    assert meeting["startTime"] == "2027-01-18T14:00:00+01:00"
    invited = run.get_task_instance("list_invitations").xcom_pull(task_ids="list_invitations")
    assert invited
    assert all("@" in email for email in invited)


@pytest.mark.usefixtures("gong_connection")
def test_no_meeting_for_somebody_who_cannot_create_any(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator
) -> None:
    run = run_dag(example("example_gong_meeting"), run_conf={"organizer": "jonas.weidner@example.com"})

    assert run.state == "failed"
    assert gong_emulator.state()["meetings"] == []


@pytest.mark.usefixtures("gong_connection")
@pytest.mark.parametrize(("wrong", "state"), [(1, "success"), (21, "upstream_failed")])
def test_results_of_an_import_are_used_by_the_tasks_behind_it(
    example: Example, run_dag: RunDag, tmp_path: Path, wrong: int, state: str
) -> None:
    rows = [manifest_row(number, primary_user="nobody@example.com") for number in range(2, 2 + wrong)]
    write_night(tmp_path, [manifest_row(1), *rows])

    run = run_dag(example("example_gong_import_results"), run_conf={"folder": str(tmp_path)})

    assert task_states(run)["refresh_dashboard"][0] == state
    results = {ti.task_id: ti.xcom_pull(task_ids=ti.task_id) for ti in run.get_task_instances()}
    assert results["record"] == {"verified": 1, "rejected": wrong}
    if state == "success":
        assert results["refresh_dashboard"] == f"1 of 2 calls, see {tmp_path}/report/report.html"


@pytest.mark.usefixtures("gong_connection")
def test_each_folder_has_its_import(
    example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    for number in range(2):
        write_night(tmp_path / f"team-{number}", [manifest_row(number)])
    (tmp_path / "empty").mkdir()

    run = run_dag(example("example_gong_import_folders"), run_conf={"recordings": f"file://{tmp_path}"})

    assert run.state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00000", "pbx-00001"}
    assert len([*tmp_path.glob("team-*/report/report.html")]) == 2
