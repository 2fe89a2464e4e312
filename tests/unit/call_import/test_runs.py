"""What happens when a person or Airflow retries, clears or re-runs the tasks of imports."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.errors import GongAuthenticationError
from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.emulator.faults import Fault
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_manifest, write_night, write_wav
from tests.unit.call_import.conftest import NightlyImport, plan_offline

pytestmark = pytest.mark.slow

TWO_ROWS = [manifest_row(1), manifest_row(2)]


def test_a_retry_of_upload_and_verify_changes_nothing(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    for _ in range(2):
        assert night.upload() == {"uploaded": 2}
    night.finish()
    night.finish()
    assert night.upload() == {"verified": 2}
    assert len(night.emulator.requests("addCall")) == night.media_requests() == 2


def test_several_workers_share_an_import(night: NightlyImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 13)])
    night.emulator.add_faults(Fault(operation="addCallRecording", every=3, action="status", status=500))
    workers = [
        threading.Thread(target=night.upload, kwargs={"owner": f"night/{number}", "reopen": number == 0})
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(night.states().values()) == {"uploaded"}
    assert {call["media"]["received"] for call in night.calls_in_gong().values()} == {1}


def test_only_one_of_several_workers_tries_failed_rows_again(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    (night.folder / "recordings/00001.wav").rename(night.folder / "away.wav")
    assert night.upload() == {"failed": 1, "uploaded": 1}
    (night.folder / "away.wav").rename(night.folder / "recordings/00001.wav")
    assert night.upload(owner="night/1", reopen=False) == {"failed": 1, "uploaded": 1}
    assert night.upload(owner="night/0") == {"uploaded": 2}


def test_an_upload_that_ended_in_the_middle_goes_on(night: NightlyImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 6)])
    night.emulator.add_faults(Fault(operation="addCall", nth=3, action="status", status=401, text="Unauthorized"))
    with pytest.raises(GongAuthenticationError):
        night.upload(in_flight=1)
    assert night.summary()["states"] == {"planned": 3, "uploaded": 2}
    assert night.upload() == {"uploaded": 5}
    assert night.media_requests() == 5


def test_rows_in_flight_are_finished_when_another_one_ends_the_upload(night: NightlyImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 9)])
    night.emulator.add_faults(
        Fault(operation="addCallRecording", nth=1, action="delay", seconds=0.3),
        Fault(operation="addCall", nth=2, action="status", status=401, text="Unauthorized"),
    )
    with pytest.raises(GongAuthenticationError):
        night.upload(in_flight=2)
    night.upload()
    assert night.media_requests() == 8
    assert {call["media"]["received"] for call in night.calls_in_gong().values()} == {1}


def test_clearing_the_plan_replaces_rows_that_were_not_sent(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    night.plan_night([manifest_row(1, title="Better"), manifest_row(3)])
    assert night.states() == {"pbx-00001": "planned", "pbx-00003": "planned", "pbx-00002": "withdrawn"}
    assert night.upload() == {"uploaded": 2, "withdrawn": 1}
    assert {ident: call["title"] for ident, call in night.calls_in_gong().items()} == {
        "pbx-00001": "Better",
        "pbx-00003": "Call 3",
    }


def test_clearing_the_plan_after_the_upload_keeps_what_was_sent(night: NightlyImport) -> None:
    night.plan_night([*TWO_ROWS, manifest_row(3)])
    night.upload()
    night.plan_night([manifest_row(1), manifest_row(2, title="Better")])
    assert night.states() == {"pbx-00001": "uploaded", "pbx-00002": "changed_after_send", "pbx-00003": "uploaded"}
    night.upload()
    night.finish()
    assert night.states() == {"pbx-00001": "verified", "pbx-00002": "changed_after_send", "pbx-00003": "verified"}
    assert len(night.emulator.requests("addCall")) == 3


def test_clearing_the_plan_after_the_recordings_were_archived(night: NightlyImport) -> None:
    manifest = write_manifest(night.folder / "manifest.csv", TWO_ROWS)
    night.plan_night(TWO_ROWS)
    night.upload()
    for row in TWO_ROWS:
        (night.folder / row["media"]).unlink()
    assert night.plan(manifest).estimate["rejected"] == 2
    night.finish()
    assert night.summary()["states"] == {"verified": 2}


def test_rows_of_one_number_may_be_in_flight_together(night: NightlyImport) -> None:
    """A row that stays keeps its number, which is that of another row in the new manifest."""
    night.plan_night([manifest_row(1)])
    night.emulator.add_faults(
        Fault(operation="addCallRecording", nth=1, action="status", status=401, text="Unauthorized")
    )
    with pytest.raises(GongAuthenticationError):
        night.upload()
    write_wav(night.folder / manifest_row(2)["media"], seconds=61, seed=99)
    night.plan(write_manifest(night.folder / "next.csv", [manifest_row(2)]))
    assert {row.row_number for row in night.rows().values()} == {1}
    assert night.upload() == {"uploaded": 2}


def test_overlapping_imports_send_a_row_once_and_both_report_it(night: NightlyImport, other: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    other.plan_night([*TWO_ROWS, manifest_row(3)])
    assert night.upload() == {"uploaded": 2}
    assert other.states() == {"pbx-00001": "uploaded", "pbx-00002": "uploaded", "pbx-00003": "planned"}
    assert other.upload() == {"uploaded": 3}
    assert {row.sent_by for row in other.rows().values()} == {"night", "other night"}
    other.finish()
    assert night.summary()["states"] == {"verified": 2}
    assert night.media_requests() == 3


def at_the_same_time(*uploads: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    threads = [threading.Thread(target=lambda run=run: results.append(run())) for run in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("lease_seconds", [0.05, 2.0])
def test_two_uploads_at_the_same_time(night: NightlyImport, other: NightlyImport, lease_seconds: float) -> None:
    rows = [manifest_row(number) for number in range(1, 13)]
    night.plan_night(rows)
    other.plan_night(rows)
    results = at_the_same_time(
        lambda: night.upload(lease_seconds=lease_seconds), lambda: other.upload(lease_seconds=lease_seconds)
    )
    assert results == [{"uploaded": 12}, {"uploaded": 12}]
    stored = {call["media"]["sha256"] for call in night.calls_in_gong().values()}
    assert stored == {hashlib.sha256(file.read_bytes()).hexdigest() for file in night.folder.rglob("*.wav")}
    night.finish()
    assert other.summary()["states"] == {"verified": 12}


def test_a_row_whose_worker_died_is_taken_over_when_its_lease_ends(night: NightlyImport, other: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    other.plan_night(TWO_ROWS[:1])
    night.ledger.lease("a worker that died", limit=1, seconds=0.2)
    assert other.upload(lease_seconds=1) == {"uploaded": 1}
    assert {row.sent_by for row in night.rows().values()} == {"other night"}


def test_a_worker_that_loses_its_row_while_it_waits_for_its_turn_sends_no_bytes(
    night: NightlyImport, other: NightlyImport
) -> None:
    class BusyBudget(LocalBudget):
        """A budget in which the turn of the second request comes after another worker has taken the row over."""

        requests = 0

        def confirm(self, slot: Slot) -> bool:
            self.requests += 1
            if self.requests == 2:
                night.ledger.resume("night")
                (lease,) = other.ledger.lease("other", limit=1, seconds=0.05)
                other.ledger.sending_media(lease)
            return super().confirm(slot)

    night.plan_night(TWO_ROWS[:1])
    other.plan_night(TWO_ROWS[:1])
    before = len(night.emulator.requests())
    night.options["budget"] = BusyBudget(10_000, 1_000_000)
    # With one in flight, none of its own takes the row back before the other worker has it.
    assert night.upload(in_flight=1) == {"uploaded": 1}
    sent = [request["operation"] for request in night.emulator.requests()[before:]]
    assert sent == ["addCall", "getCall", "addCallRecording"]


def test_failed_rows_are_tried_again_by_the_next_run(night: NightlyImport, other: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    (night.folder / TWO_ROWS[0]["media"]).rename(night.folder / "away.wav")
    assert night.upload() == {"failed": 1, "uploaded": 1}
    (night.folder / "away.wav").rename(night.folder / TWO_ROWS[0]["media"])
    other.plan(night.folder / "manifest.csv")
    assert other.upload() == {"uploaded": 2}
    night.finish()
    assert other.upload() == {"verified": 2}
    assert night.media_requests() == 2


def test_a_row_that_gong_refused_may_be_mended(night: NightlyImport, other: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    night.emulator.add_faults(Fault(operation="addCall", nth=1, action="status", status=400, text="title: is rude"))
    assert night.upload() == {"failed": 1}
    (problem,) = night.rows()["pbx-00001"].problems
    assert "title: is rude" in problem.rule
    other.plan_night([manifest_row(1, title="Polite")])
    assert other.upload() == {"uploaded": 1}
    assert night.calls_in_gong()["pbx-00001"]["title"] == "Polite"


def test_a_plan_of_an_earlier_version_that_is_not_valid_any_more_fails_its_row_only(night: NightlyImport) -> None:
    plan = plan_offline(write_night(night.folder, TWO_ROWS), night.users())
    assert plan.rows[0].payload is not None
    plan.rows[0] = plan.rows[0]._replace(payload=json.dumps(plan.rows[0].call | {"direction": "Sideways"}))
    night.ledger.replace_plan("manifest.csv", plan.rows)
    assert night.upload() == {"failed": 1, "uploaded": 1}
    (problem,) = night.rows()["pbx-00001"].problems
    assert "direction" in problem.rule


def test_a_defect_of_the_file_system_leaves_no_lease_behind(night: NightlyImport, other: NightlyImport) -> None:
    class NoCredentialsError(Exception):
        pass

    def open_path(_: str) -> Path:
        raise NoCredentialsError

    night.plan_night(TWO_ROWS)
    other.plan_night(TWO_ROWS)
    with pytest.raises(NoCredentialsError):
        night.upload(Files(open_path))
    assert len(other.ledger.lease("other night", limit=9, seconds=0)) == 2
    assert other.upload() == {"uploaded": 2}
