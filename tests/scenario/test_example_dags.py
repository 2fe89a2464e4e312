"""Every example DAG runs against the emulator and leaves in Gong what its description says."""

from __future__ import annotations

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

from airflow_provider_gong.emulator import RunningEmulator
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


@pytest.mark.usefixtures("gong_connection")
class TestNightlyCallImport:
    DAG_ID = "example_gong_nightly_call_import"

    # At half past two in Berlin, the interval of the night before is the last that is complete.
    @pytest.mark.parametrize(
        "now", [datetime(2026, 11, 20, 2, 0, tzinfo=UTC), datetime(2026, 11, 21, 1, 30, tzinfo=UTC)]
    )
    def test_takes_the_folder_of_its_day(
        self, example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, now: datetime
    ) -> None:
        write_night(tmp_path / "2026-11-19", [manifest_row(1), manifest_row(2)])
        write_night(tmp_path / "2026-11-20", [manifest_row(3)])

        run = run_dag(example(self.DAG_ID), logical_date=now, run_conf={"recordings": str(tmp_path)})

        assert run.state == "success"
        calls = new_calls(gong_emulator)
        assert {ident: call["state"] for ident, call in calls.items()} == {
            "pbx-00001": "visible",
            "pbx-00002": "visible",
        }
        assert [call["received"] for call in calls.values()] == [1, 1]
        report = (tmp_path / "2026-11-19" / "report" / "report.csv").read_text()
        assert all(call["id"] in report for call in calls.values())

    def test_fails_at_once_without_a_data_interval(
        self, example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
    ) -> None:
        run = run_dag(example(self.DAG_ID), logical_date=None, run_conf={"recordings": str(tmp_path)})

        assert run.state == "failed"
        assert task_states(run)["find_folder"] == ("failed", 1)
        assert gong_emulator.requests() == []


@pytest.mark.usefixtures("gong_connection")
class TestBackfill:
    DAG_ID = "example_gong_backfill"

    def test_each_run_imports_its_month(
        self, example: Example, run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
    ) -> None:
        write_night(tmp_path / "2024-02", [manifest_row(1), manifest_row(2)])
        # What was exported twice is imported once.
        write_night(tmp_path / "2024-03", [manifest_row(1), manifest_row(3)])
        dag = example(self.DAG_ID)

        for start_of_next_month in (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)):
            run = run_dag(dag, logical_date=start_of_next_month, run_conf={"archive": str(tmp_path)})
            assert run.state == "success"

        calls = new_calls(gong_emulator)
        assert {ident: call["received"] for ident, call in calls.items()} == {
            "pbx-00001": 1,
            "pbx-00002": 1,
            "pbx-00003": 1,
        }

    @pytest.mark.parametrize("number", [0, 1])
    def test_airflow_understands_the_commands(
        self, example: Example, airflow_db: None, number: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from airflow.cli.cli_parser import get_parser
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

        source = (EXAMPLES / f"{self.DAG_ID}.py").read_text()
        commands = re.findall(r"^    airflow (backfill create .*\\\n.*)$", source, re.MULTILINE)
        sync_bag_to_db(DagBag(str(EXAMPLES)), "dags-folder", None)

        arguments = get_parser().parse_args([*shlex.split(commands[number].replace("\\\n", " ")), "--dry-run"])
        arguments.func(arguments)

        assert len(commands) == 2
        assert arguments.max_active_runs == 1
        planned = re.findall(r"(\d{4}-\d{2}-01)", capsys.readouterr().out)
        assert list(dict.fromkeys(planned)) == [
            f"{year}-{month:02d}-01" for year in (2024, 2025) for month in range(1, 13)
        ]


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
