"""An upload that is killed at any point and started again ends with each call once and its recording once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.store.database import folder_url
from tests.support.recordings import manifest_row
from tests.support.upload_process import UploadProcess
from tests.unit.call_import.conftest import COMPANY, NightlyImport

pytestmark = pytest.mark.slow

# What an upload of one row commits until it is uploaded: resume, reopen, progress, lease, created, media, uploaded.
COMMITS_OF_ONE_ROW = range(1, 9)


def upload_process(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path, **kill: int | str) -> UploadProcess:
    store_url = folder_url(tmp_path / "store").render_as_string()
    return UploadProcess.of(emulator, COMPANY, "night", store_url=store_url, **kill)


def assert_once(night: NightlyImport) -> None:
    night.finish()
    (row,) = night.rows().values()
    (call,) = night.calls_in_gong().values()
    assert (row.state, row.call_id) == ("verified", call["id"])
    assert call["media"]["received"] == 1


@pytest.mark.parametrize("commit", COMMITS_OF_ONE_ROW)
def test_killed_before_a_commit(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path, commit: int) -> None:
    night.plan_night([manifest_row(1)])
    assert upload_process(night, emulator, tmp_path, kill_at_commit=commit).run() == -signal.SIGKILL
    night.upload()
    assert_once(night)


@pytest.mark.parametrize("commit", COMMITS_OF_ONE_ROW)
def test_killed_twice(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path, commit: int) -> None:
    night.plan_night([manifest_row(1)])
    for _ in range(2):
        upload_process(night, emulator, tmp_path, kill_at_commit=commit).run()
    night.upload()
    assert_once(night)


def test_killed_after_the_create(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path) -> None:
    night.plan_night([manifest_row(1)])
    upload_process(night, emulator, tmp_path, kill_at_state="created").run()
    assert len(night.calls_in_gong()) == 1
    assert night.rows()["pbx-00001"].call_id is None
    night.upload()
    assert_once(night)


def test_killed_after_the_recording_was_accepted(
    night: NightlyImport, emulator: RunningEmulator, tmp_path: Path
) -> None:
    night.plan_night([manifest_row(1)])
    upload_process(night, emulator, tmp_path, kill_at_state="uploaded").run()
    assert night.calls_in_gong()["pbx-00001"]["media"]["received"] == 1
    assert night.rows()["pbx-00001"].state == "created"
    night.upload()
    assert len(emulator.requests("addCallRecording")) == 1
    assert_once(night)


def test_killed_in_the_middle_of_a_recording(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path) -> None:
    night.plan_night([manifest_row(1)])
    assert upload_process(night, emulator, tmp_path, kill_at_byte=50_000).run() == -signal.SIGKILL
    night.upload()
    assert_once(night)


@pytest.mark.parametrize("commit", range(1, 4))
def test_killed_while_verifying(night: NightlyImport, emulator: RunningEmulator, tmp_path: Path, commit: int) -> None:
    night.plan_night([manifest_row(1)])
    night.upload()
    emulator.advance(3600)
    killed = upload_process(night, emulator, tmp_path, verifies=True, kill_at_commit=commit).run()
    assert killed == -signal.SIGKILL
    assert_once(night)


def test_the_process_that_is_not_killed_ends_well(
    night: NightlyImport, emulator: RunningEmulator, tmp_path: Path
) -> None:
    night.plan_night([manifest_row(1)])
    assert upload_process(night, emulator, tmp_path).run() == 0
    assert_once(night)
