"""Whoever answers in Gong's place, and whatever the store has lost: no green report over a missing recording."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.report.summary import require_green
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import FOREIGN_ANSWERS, Fault, foreign_answer
from airflow_provider_gong.ledger.rows import RIGHT, UNFINISHED, WRONG, CallState
from airflow_provider_gong.store.database import Store
from tests.support.media import Files
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport
from tests.unit.call_import.test_import_path import FolderImport

pytestmark = pytest.mark.slow

TWO_ROWS = [manifest_row(1), manifest_row(2)]
DAY = 86_400.0


def sign(media: MediaPath) -> str:
    return f"https://files.example.com/{media.name}?signature=1"


def plan(night: NightlyImport, mode: str) -> None:
    night.plan_night(TWO_ROWS)
    night.plan(night.folder / "manifest.csv", media_mode=mode, storage=Files(sign=sign))


def upload_until_done(night: NightlyImport) -> None:
    for _ in range(3):
        with contextlib.suppress(GongError):
            night.tomorrow().upload(Files(sign=sign), in_flight=1)
        night.emulator.clear_faults()
    night.emulator.advance(7200)
    assert night.tomorrow().verify() is None


def assert_each_arrived_once(night: NightlyImport) -> None:
    require_green(night.summary(), 0)
    calls = night.calls_in_gong()
    assert set(calls) == set(night.rows())
    assert {call["state"] for call in calls.values()} == {"visible"}
    assert max(call["received"] for call in calls.values()) <= 1


FAULTS = {
    **{name: foreign_answer(name, operation="addCall", nth=1, when="after") for name in FOREIGN_ANSWERS},
    "no answer": Fault(operation="addCall", nth=1, when="after", action="reset"),
    "half an answer": Fault(operation="addCall", nth=1, when="after", action="truncate"),
    "no JSON": Fault(operation="addCall", nth=1, when="after", action="garbage"),
    "Gong fails": Fault(operation="addCall", nth=1, when="after", action="status", status=500),
}


@pytest.mark.parametrize("mode", ["push", "pull"])
@pytest.mark.parametrize("name", FAULTS)
def test_the_answer_to_a_create_is_replaced_after_its_effect(night: NightlyImport, name: str, mode: str) -> None:
    plan(night, mode)
    night.emulator.add_faults(FAULTS[name])
    upload_until_done(night)
    assert_each_arrived_once(night)


@pytest.mark.parametrize("name", FOREIGN_ANSWERS)
def test_the_answer_to_a_recording_is_replaced_after_its_effect(night: NightlyImport, name: str) -> None:
    plan(night, "push")
    night.emulator.add_faults(foreign_answer(name, operation="addCallRecording", nth=1, when="after"))
    upload_until_done(night)
    assert_each_arrived_once(night)


@pytest.mark.parametrize("name", ["unauthorized_page", "forbidden_page", "not_found_page", "login_redirect"])
def test_a_firewall_costs_one_request(night: NightlyImport, name: str) -> None:
    plan(night, "push")
    night.emulator.add_faults(foreign_answer(name, operation="addCall", every=1))
    with pytest.raises(GongError) as raised:
        night.upload(in_flight=1)
    assert not raised.value.retry_can_help
    assert len(night.emulator.requests("addCall")) == 1
    assert night.states() == dict.fromkeys(night.rows(), "planned")


@pytest.mark.parametrize("mode", ["push", "pull"])
def test_a_store_that_was_restored_from_a_backup_made_after_the_plan(night: NightlyImport, mode: str) -> None:
    plan(night, mode)
    backup = remembered(night)
    night.upload(Files(sign=sign))
    restored(night, backup)
    assert set(night.states().values()) == {"planned"}
    assert night.upload(Files(sign=sign)) == {"duplicate": 2}
    with pytest.raises(GongImportFailedError, match="unfinished: 2 of 2"):
        require_green(night.summary(), 0)
    night.finish()
    assert night.states() == dict.fromkeys(night.rows(), "exists")
    assert_each_arrived_once(night)


def test_a_recording_that_was_sent_after_the_backup_is_not_sent_again(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    (lease,) = night.ledger.lease("night", limit=1, seconds=60)
    with night.client() as client:
        night.ledger.created(lease, client.calls.create(lease.payload).call_id, is_pulled=False)
    backup = remembered(night)
    upload_until_done(night)
    restored(night, backup)
    upload_until_done(night)
    assert_each_arrived_once(night)


def test_an_attempt_that_dies_after_it_learned_of_the_call_makes_nobody_send_bytes(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    backup = remembered(night)
    upload_until_done(night)
    restored(night, backup)
    assert len(night.ledger.lease("night", limit=1, seconds=60)) == 1
    upload_until_done(night)
    assert_each_arrived_once(night)


def test_a_recording_that_a_lost_store_forgot_to_send_is_missed(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    backup = remembered(night)
    lose_the_second_recording(night)
    restored(night, backup)
    night.upload()
    night.finish()
    assert night.states() == {"pbx-00001": "exists", "pbx-00002": "incomplete"}
    (problem,) = night.rows()["pbx-00002"].problems
    assert "has no recording" in problem.rule
    assert "on_existing='complete'" in problem.remedy
    with pytest.raises(GongImportFailedError, match="1 of 2 rows is wrong"):
        require_green(night.summary(), 0)
    assert night.upload(on_existing="complete") == {"exists": 1, "uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "exists", "pbx-00002": "verified"}
    assert_each_arrived_once(night)


def test_a_recording_is_completed_at_once_where_ids_never_repeat(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    backup = remembered(night)
    lose_the_second_recording(night)
    restored(night, backup)
    night.emulator.advance(7200)
    assert night.upload(on_existing="complete") == {"duplicate": 1, "uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "exists", "pbx-00002": "verified"}
    assert_each_arrived_once(night)


@pytest.mark.parametrize("on_existing", ["resume", "complete"])
def test_a_call_of_somebody_else_is_never_completed(night: NightlyImport, on_existing: str) -> None:
    night.plan_night(TWO_ROWS)
    night.post_elsewhere(recording=7)
    night.emulator.advance(7200)
    before = night.media_requests()
    night.upload(on_existing=on_existing)
    night.finish()
    assert night.states() == {"pbx-00001": "conflict", "pbx-00002": "verified"}
    (problem,) = night.rows()["pbx-00001"].problems
    assert "is another one: it started at 2020-01-01" in problem.rule.replace("2019-12-31T16", "2020-01-01T00")
    assert night.media_requests() == before + 1


def test_a_row_is_judged_by_its_own_content(night: NightlyImport, other: NightlyImport) -> None:
    """Another import means another call by the same id, and finds out in the same reading."""
    night.plan_night(TWO_ROWS[:1])
    night.post_elsewhere(
        recording=7,
        actualStart=TWO_ROWS[0]["actual_start"],
        primaryUser=host_of(night),
        parties=[{"userId": host_of(night)}],
    )
    night.emulator.advance(7200)
    night.upload()
    night.finish()
    assert night.states() == {"pbx-00001": "exists"}
    other.plan_night([manifest_row(1, actual_start="2026-11-19T15:00:00+01:00")])
    assert other.states() == {"pbx-00001": "duplicate"}
    creates = len(night.emulator.requests("addCall"))
    assert other.upload() == {"duplicate": 1}
    other.finish()
    assert (night.states(), other.states()) == ({"pbx-00001": "exists"}, {"pbx-00001": "conflict"})
    assert len(night.emulator.requests("addCall")) == creates


def test_a_call_that_is_not_found_is_looked_for_twice(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    night.post_elsewhere()
    night.upload()
    night.emulator.advance(7200)
    assert night.verify(timeout=0, between_looks=600) == pytest.approx(600, abs=1)
    assert night.states() == {"pbx-00001": "duplicate", "pbx-00002": "verified"}
    reads = len(night.emulator.requests("getCall"))
    assert night.verify(timeout=0, between_looks=600) == pytest.approx(600, abs=60)
    assert len(night.emulator.requests("getCall")) == reads
    make_missing_longer(night, 600)
    assert night.verify(timeout=0, between_looks=600) is None
    assert night.states() == {"pbx-00001": "incomplete", "pbx-00002": "verified"}


def test_a_call_that_gets_its_recording_between_two_looks(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    call_id = night.post_elsewhere(actualStart=TWO_ROWS[0]["actual_start"])
    night.upload()
    night.emulator.advance(7200)
    assert night.verify(timeout=0, between_looks=600) == 600
    with night.client() as client:
        client.calls.upload_media(call_id, night.folder / TWO_ROWS[0]["media"])
    make_missing_longer(night, 600)
    assert night.verify(timeout=0, between_looks=600) is None
    assert night.states() == {"pbx-00001": "processing", "pbx-00002": "verified"}
    night.finish()
    assert night.states() == {"pbx-00001": "exists", "pbx-00002": "verified"}


def test_a_key_that_sees_no_call_judges_none(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    night.post_elsewhere(recording=7)
    night.upload()
    night.emulator.advance(7200)
    night.emulator.set(key_sees_calls=False)
    asked = len(night.emulator.requests("listCalls"))
    assert night.verify(timeout=0) is None
    assert len(night.emulator.requests("listCalls")) == asked + 1
    assert night.states() == dict.fromkeys(night.rows(), "unverifiable")
    night.emulator.set(key_sees_calls=True)
    night.finish()
    assert night.states() == {"pbx-00001": "conflict", "pbx-00002": "verified"}


def test_rows_that_a_store_has_lost_are_missed(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    night.upload()
    night.finish()
    with night.ledger.store.begin() as connection:
        connection.execute(text("DELETE FROM gong_import_row WHERE client_unique_id = 'pbx-00002'"))
    for phase in (night.upload, night.verify, night.summary):
        with pytest.raises(GongImportFailedError, match="does not hold the rows of import night as they were planned"):
            phase()
    night.plan(night.folder / "manifest.csv")
    assert night.summary()["states"] == {"verified": 2}


def test_another_plan_is_another_store(night: NightlyImport) -> None:
    """A backup made before the plan, with an earlier plan of the same import, is not what later phases expect."""
    night.plan_night(TWO_ROWS[:1])
    backup, earlier = remembered(night), night.ledger.store_id
    night.plan_night(TWO_ROWS)
    assert night.ledger.store_id != earlier
    planned = night.ledger.store_id
    night.plan(night.folder / "manifest.csv")
    assert night.ledger.store_id == planned
    restored(night, backup)
    assert night.ledger.store_id == earlier


@pytest.mark.parametrize("lost", ["*/tries/000001.txt", "*/plans/*/*", "*/*/000001.jsonl", "*/tries/*"])
def test_a_lifecycle_rule_that_removes_a_part_of_the_folder(
    emulator: RunningEmulator, tmp_path: Path, lost: str
) -> None:
    night = FolderImport(emulator, tmp_path, tmp_path / "imports")
    night.plan_night(TWO_ROWS)
    night.upload()
    for path in night.import_path.glob(f"*/{lost}"):
        path.unlink()
    green = False
    with contextlib.suppress(GongError):
        night.upload()
        night.finish()
        require_green(night.summary(), 0)
        green = True
    if green:
        assert_each_arrived_once(night)


@pytest.mark.parametrize("lost", ["upload", "both"])
def test_a_folder_that_forgot_the_upload(emulator: RunningEmulator, tmp_path: Path, lost: str) -> None:
    night = FolderImport(emulator, tmp_path, tmp_path / "imports")
    night.plan_night(TWO_ROWS)
    before = {path for path in night.import_path.rglob("*") if path.is_file()}
    lose_the_second_recording(night)
    for path in set(night.import_path.rglob("*")) - before:
        if path.is_file():
            path.unlink()
    assert night.upload() == {"duplicate": 2}
    night.finish()
    assert night.states() == {"pbx-00001": "exists", "pbx-00002": "incomplete"}
    # What was judged is in the folder.
    assert night.summary()["wrong"] == 1


def test_each_state_is_unfinished_wrong_or_right() -> None:
    assert UNFINISHED | WRONG | RIGHT | {CallState.WITHDRAWN} == set(CallState)
    assert len(UNFINISHED) + len(WRONG) + len(RIGHT) + 1 == len(CallState)


def host_of(night: NightlyImport) -> str:
    return str(
        next(user for user in night.emulator.state()["users"] if user["emailAddress"].startswith("tobias"))["id"]
    )


def lose_the_second_recording(night: NightlyImport) -> None:
    """Upload one row, and create the call of the other one only."""
    stop = Fault(operation="addCallRecording", nth=2, action="status", status=401, text="Unauthorized")
    night.emulator.add_faults(stop)
    with pytest.raises(GongError):
        night.upload(in_flight=1)
    night.emulator.clear_faults()


def make_missing_longer(night: NightlyImport, seconds: float) -> None:
    with night.ledger.store.begin() as connection:
        connection.execute(text("UPDATE gong_existing_call SET missing_since = missing_since - :s"), {"s": seconds})


def remembered(night: NightlyImport) -> Path:
    """Make a backup of the store."""
    night.ledger.store.close()
    place = night.folder / "backup"
    shutil.copytree(night.folder / "store", place)
    return place


def restored(night: NightlyImport, backup: Path) -> None:
    night.ledger.store.close()
    shutil.rmtree(night.folder / "store")
    shutil.copytree(backup, night.folder / "store")
    night.ledger.store = Store.in_folder(night.folder / "store")
