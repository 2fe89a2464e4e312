"""The group ``gong_call_import`` in a DAG: its options, and what becomes of rows that are wrong."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong._compat import TaskDeferred
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongUploadCallImportOperator
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_calls, retrying_dag, task_states
from tests.support.budget import reopen_budget
from tests.support.recordings import manifest_row, write_manifest, write_night, write_wav

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")

MORNING = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
UNKNOWN_HOST = "nobody@example.com"


def import_dag(dag_id: str, manifest: Path, failures: list[str] | None = None, **options: Any) -> DAG:
    with retrying_dag(dag_id, failures) as dag:
        gong_call_import(str(manifest), deferrable=True, **options)
    return dag


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_dry_run_only_reads(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path / "night", [manifest_row(1), manifest_row(2, primary_user=UNKNOWN_HOST)])
    before = gong_emulator.state()

    run = run_dag(import_dag("dry_run", manifest, dry_run=True, report_path=str(tmp_path / "report")))

    assert task_states(run) == {"plan": ("success", 1)}
    after = gong_emulator.state()
    assert after["calls"] == before["calls"]
    assert set(after["requests"]["by_operation"]) == {"listUsers", "listCalls"}
    assert not (tmp_path / "report").exists()
    plan = run.get_task_instances()[0].xcom_pull(task_ids="gong_call_import.plan")
    assert (plan["planned"], plan["rejected"], plan["requests_by_push"]) == (1, 1, 3)


def test_stop_sends_nothing_when_a_row_is_wrong(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifest = write_night(tmp_path, [manifest_row(1), manifest_row(2, primary_user=UNKNOWN_HOST)])
    failures: list[str] = []

    run = run_dag(import_dag("stop", manifest, failures, on_rejected="stop"))

    assert run.state == "failed"
    assert task_states(run)["plan"] == ("failed", 1)
    assert task_states(run)["report"] == ("failed", 1)
    assert new_calls(gong_emulator) == {}
    assert "1 of 2 rows rejected, and nothing was sent (on_rejected='stop')" in failures[0]


@pytest.mark.parametrize(("max_failed", "outcome"), [(0, "failed"), (1, "success")])
def test_wrong_rows_do_not_hold_up_the_others(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, max_failed: int, outcome: str
) -> None:
    manifest = write_night(tmp_path, [manifest_row(1, topic="x"), manifest_row(2, primary_user=UNKNOWN_HOST)])
    report = tmp_path / "report"

    run = run_dag(import_dag("max_failed", manifest, max_failed=max_failed, report_path=str(report)))

    assert task_states(run)["report"] == (outcome, 1)
    assert run.state == outcome
    assert [call["state"] for call in new_calls(gong_emulator).values()] == ["visible"]
    assert [row["state"] for row in read_rows(report / "report.csv")] == ["verified", "rejected"]
    assert [row["client_unique_id"] for row in read_rows(report / "retry.csv")] == ["pbx-00002"]
    page = (report / "report.html").read_text()
    assert "1 problem for the manifest&#39;s owner" in page
    assert "Column &#39;topic&#39; is unknown" in page


def test_rejected_rows_are_a_manifest_for_the_next_run(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifest = write_night(tmp_path, [manifest_row(1), manifest_row(2, primary_user="tobias.okafr@example.com")])
    run_dag(import_dag("first", manifest, report_path=str(tmp_path)))
    mended = (tmp_path / "retry.csv").read_text().replace("okafr", "okafor")
    (tmp_path / "next.csv").write_text(mended)

    run = run_dag(import_dag("second", tmp_path / "next.csv"))

    assert run.state == "success"
    assert {ident: call["received"] for ident, call in new_calls(gong_emulator).items()} == {
        "pbx-00001": 1,
        "pbx-00002": 1,
    }


def test_a_canary_goes_first_and_lets_the_others_follow(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifest = write_night(tmp_path, [manifest_row(number) for number in range(1, 5)])

    run = run_dag(import_dag("canary", manifest, canary=2))

    assert run.state == "success"
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1, 1, 1]
    xcoms = {ti.task_id.rpartition(".")[2]: ti.xcom_pull(task_ids=ti.task_id) for ti in run.get_task_instances()}
    assert (xcoms["upload_canary"], xcoms["verify_canary"]) == ({"uploaded": 2}, {"verified": 2})
    assert xcoms["verify"] == {"verified": 4}


def test_a_canary_that_does_not_arrive_keeps_the_others_back(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path
) -> None:
    manifest = write_night(tmp_path, [manifest_row(number) for number in range(1, 5)])
    gong_emulator.add_faults(Fault(operation="addCall", every=1, action="status", status=400, text="No such workspace"))
    failures: list[str] = []

    run = run_dag(import_dag("dead_canary", manifest, failures, canary=1, report_path=str(tmp_path / "report")))

    states = task_states(run)
    assert states["verify_canary"] == ("failed", 1)
    assert (states["upload"][0], states["report"][0]) == ("upstream_failed", "failed")
    assert "Of the first 1 row of import dead_canary" in failures[0]
    assert "1 failed: the other rows are not sent" in failures[0]
    assert new_calls(gong_emulator) == {}
    assert [row["state"] for row in read_rows(tmp_path / "report/report.csv")] == ["failed", *["planned"] * 3]


def test_several_upload_tasks_share_an_import(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(number) for number in range(1, 5)])

    run = run_dag(import_dag("workers", manifest, workers=3, canary=1))

    assert run.state == "success"
    uploads = [ti for ti in run.get_task_instances() if ti.task_id.endswith(".upload")]
    assert sorted(ti.map_index for ti in uploads) == [0, 1, 2]
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1, 1, 1]


def test_rows_of_an_upstream_task_are_imported(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    from airflow_provider_gong._compat import BaseOperator

    write_night(tmp_path, [manifest_row(1), manifest_row(2)])

    class FindCalls(BaseOperator):
        def execute(self, context: Any) -> list[dict[str, str]]:
            return [manifest_row(1), manifest_row(2)]

    with retrying_dag("upstream") as dag:
        gong_call_import(FindCalls(task_id="find").output, media_base=str(tmp_path), deferrable=True)

    run = run_dag(dag)

    assert run.state == "success"
    assert set(new_calls(gong_emulator)) == {"pbx-00001", "pbx-00002"}


def test_a_cleared_run_goes_on_where_it_was(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(1), manifest_row(2)])
    dag = import_dag("cleared", manifest)
    run_dag(dag, logical_date=MORNING)
    first = new_calls(gong_emulator)

    run = run_dag(dag, logical_date=MORNING)

    assert run.state == "success"
    assert new_calls(gong_emulator) == first
    assert [call["received"] for call in first.values()] == [1, 1]


def test_each_wrong_row_says_what_is_wrong_and_what_to_do(
    run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
        "time without offset": ({"actual_start": "2026-11-19T08:01:00"}, ("actual_start", "offset", "+01:00")),
        "unknown host": ({"primary_user": UNKNOWN_HOST}, ("primary_user", UNKNOWN_HOST, "e-mail")),
        "import off": ({"primary_user": "noor.haddad@example.com"}, ("primary_user", "noor.haddad", "Data capture")),
        "nobody's address": (
            {"party_1_name": "", "party_1_phone": "", "party_1_email": "dana at northwind"},
            ("party_1_email", "dana at northwind", "Correct"),
        ),
        "no file": ({"media": "recordings/none.wav"}, ("media", "none.wav", "does not exist", "add the recording")),
        "empty": ({"media": "empty.wav"}, ("media", "empty.wav", "empty file", "Export")),
        "short": ({"media": "short.wav"}, ("media", "short.wav", "lasts 30 s", "60 s", "Remove the call")),
        "no audio": ({"media": "letter.wav"}, ("media", "letter.wav", "is not a recording", "Convert it to WAV")),
    }
    rows = [manifest_row(number, **changes) for number, (changes, _) in enumerate(wrong.values(), 1)]
    write_recordings(tmp_path, rows)
    manifest = write_manifest(tmp_path / "manifest.csv", rows)

    run = run_dag(import_dag("wrong_rows", manifest))

    assert task_states(run)["report"] == ("failed", 1)
    assert new_calls(gong_emulator) == {}
    for number, (case, (_, texts)) in enumerate(wrong.items(), 1):
        beginning = f"Row {number}, pbx-{number:05d}: "
        line = next(message for message in caplog.messages if message.startswith(beginning))
        assert [text for text in texts if text not in line] == [], case


def write_recordings(folder: Path, rows: list[dict[str, str]]) -> None:
    for row in rows:
        if row["media"].startswith("recordings/0"):
            write_wav(folder / row["media"], seconds=61, seed=int(row["client_unique_id"][4:]))
    write_wav(folder / "short.wav", seconds=30, seed=100)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "letter.wav").write_text("Dear customer,\n" * 100)


def test_a_spent_day_parks_the_upload(gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    manifest = write_night(tmp_path, [manifest_row(number) for number in range(1, 5)])
    GongPlanCallImportOperator(task_id="plan", import_id="night", manifest=str(manifest)).execute({})
    used = gong_emulator.state()["requests"]["day_count"]
    gong_emulator.set(requests_per_day=used + 4)
    upload = GongUploadCallImportOperator(task_id="upload", import_id="night", deferrable=True)

    with pytest.raises(TaskDeferred) as parked:
        upload.execute({})

    assert parked.value.method_name == "execute_complete"
    sent = new_calls(gong_emulator)
    assert 0 < len(sent) < 5
    gong_emulator.advance(25 * 3600)
    gong_emulator.set(requests_per_day=100)
    # The budget's clock is the database's, on which no day has passed.
    reopen_budget()
    assert upload.execute_complete({}, {"status": "due"}) == {"uploaded": 4}
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1, 1, 1]


@pytest.mark.parametrize("import_path", [None, "imports"])
def test_days_in_a_row_park_the_upload_again_and_again(
    gong_emulator: RunningEmulator, tmp_path: Path, import_path: str | None
) -> None:
    manifest = write_night(tmp_path, [manifest_row(number) for number in range(1, 9)])
    options = {"import_id": "night", "import_path": import_path and str(tmp_path / import_path)}
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), **options).execute({})
    gong_emulator.advance(25 * 3600)
    gong_emulator.set(requests_per_day=5)
    waits = []
    for _ in range(20):
        # Each time in another process, as far as the task is concerned.
        upload = GongUploadCallImportOperator(task_id="upload", deferrable=True, **options)
        try:
            counts = upload.execute_complete({}, {"status": "due"})
            break
        except TaskDeferred as parked:
            waits.append(parked.trigger.serialize()[1]["due"] - time.time())
        gong_emulator.advance(25 * 3600)
        reopen_budget()

    assert counts == {"uploaded": 8}
    assert len(waits) >= 3
    assert min(waits) > 3600
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1] * 8


@pytest.mark.parametrize("options", [{"workers": 0}, {"workers": 1.5}, {"canary": 0}, {"canary": True}])
def test_numbers_have_to_be_numbers_when_the_dag_is_parsed(options: Mapping[str, Any]) -> None:
    with retrying_dag("numbers"), pytest.raises(ValueError, match="is not a whole number of at least 1"):
        gong_call_import("manifest.csv", **options)


@pytest.mark.parametrize(
    ("option", "choices"),
    [
        ("media_mode", "push, pull, auto"),
        ("on_rejected", "continue, stop"),
        ("on_existing", "resume, skip, fail"),
    ],
)
def test_an_unknown_choice_is_refused_when_the_dag_is_parsed(option: str, choices: str) -> None:
    with retrying_dag("unknown"), pytest.raises(ValueError, match=f"{option}='maybe' is not one of {choices}"):
        gong_call_import("manifest.csv", **{option: "maybe"})
