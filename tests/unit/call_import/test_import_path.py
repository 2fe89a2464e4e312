"""An import that is kept in a folder, by workers that share nothing else: each task starts with an empty disk."""

from __future__ import annotations

import contextlib
import errno
import functools
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.ledger.folder.journaled import JournaledLedger, journaled_ledger
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError, JournalTakenOverError
from tests.support.media import Files
from tests.support.recordings import manifest_row
from tests.support.upload_process import UploadProcess
from tests.unit.call_import.conftest import COMPANY, NightlyImport

pytestmark = pytest.mark.slow


def in_a_task(phase: Callable[..., Any]) -> Callable[..., Any]:
    """Run a phase with a ledger that is read from the folder before and written to it afterwards."""

    @functools.wraps(phase)
    def run(night: FolderImport, *args: Any, **options: Any) -> Any:
        with journaled_ledger(night.import_path, COMPANY, night.import_id) as night.ledger:
            return phase(night, *args, **options)

    return run


class FolderImport(NightlyImport):
    """An import that is kept in a folder."""

    def __init__(self, emulator: RunningEmulator, folder: Path, import_path: Path, import_id: str = "night") -> None:
        super().__init__(emulator, Store.in_folder(folder / "unused"), folder, import_id)
        self.import_id = import_id
        self.import_path = import_path

    plan = in_a_task(NightlyImport.plan)
    upload = in_a_task(NightlyImport.upload)
    verify = in_a_task(NightlyImport.verify)
    rows = in_a_task(NightlyImport.rows)
    summary = in_a_task(NightlyImport.summary)
    post_elsewhere = in_a_task(NightlyImport.post_elsewhere)


@pytest.fixture
def night(emulator: RunningEmulator, tmp_path: Path) -> FolderImport:
    return FolderImport(emulator, tmp_path, tmp_path / "imports")


def process(night: FolderImport, **options: Any) -> UploadProcess:
    return UploadProcess.of(night.emulator, COMPANY, night.import_id, import_path=str(night.import_path), **options)


def assert_once(night: FolderImport, number: int = 1) -> None:
    night.finish()
    calls = night.calls_in_gong()
    rows = night.rows()
    assert len(rows) == len(calls) == number
    for ident, row in rows.items():
        assert (row.state, row.call_id) == ("verified", calls[ident]["id"])
        assert calls[ident]["media"]["received"] == 1


def test_from_plan_to_report(night: FolderImport) -> None:
    night.plan_night([manifest_row(1), manifest_row(2), manifest_row(3, primary_user="nobody@example.com")])
    assert night.states() == {"pbx-00001": "planned", "pbx-00002": "planned", "pbx-00003": "rejected"}
    night.upload()
    assert night.states() == {"pbx-00001": "uploaded", "pbx-00002": "uploaded", "pbx-00003": "rejected"}
    night.finish()
    summary = night.summary()
    assert summary["states"] == {"verified": 2, "rejected": 1}


def test_it_is_kept_in_files_that_only_grow_in_number(night: FolderImport) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in night.import_path.rglob("*") if path.is_file()}

    seen: dict[Path, bytes] = {}
    for phase in (lambda: night.plan_night([manifest_row(1), manifest_row(2)]), night.upload, night.finish):
        phase()
        assert files().items() > seen.items()
        seen = files()
    night.rows()
    assert files() == seen


def test_imports_share_a_folder(night: FolderImport, tmp_path: Path) -> None:
    other = FolderImport(night.emulator, tmp_path, night.import_path, "dag__2026-11-21T00:00:00+00:00/..__group")
    night.plan_night([manifest_row(1)])
    other.plan_night([manifest_row(2)])
    assert (list(night.rows()), list(other.rows())) == (["pbx-00001"], ["pbx-00002"])
    assert all(path.is_relative_to(night.import_path) for path in tmp_path.rglob("tries"))


def test_a_plan_replaces_what_was_not_sent(night: FolderImport) -> None:
    night.plan_night([manifest_row(1), manifest_row(2)])
    with journaled_ledger(night.import_path, COMPANY, "night") as night.ledger:
        NightlyImport.upload(night)
    night.plan_night([manifest_row(1, title="Other"), manifest_row(3)])
    assert night.states() == {
        "pbx-00001": "changed_after_send",
        "pbx-00002": "uploaded",
        "pbx-00003": "planned",
    }


def test_a_plan_that_was_cut_off_does_not_count(night: FolderImport) -> None:
    night.plan_night([manifest_row(1)])
    with journaled_ledger(night.import_path, COMPANY, "night") as ledger:
        before = ledger.store_id
    night.plan_night([manifest_row(2)])
    with journaled_ledger(night.import_path, COMPANY, "night") as ledger:
        later = ledger.store_id
    # The entry of the plan, and the one that counts its requests.
    for path in [path for path in night.import_path.rglob("*.jsonl") if later.encode() in path.read_bytes()]:
        path.unlink()
    with journaled_ledger(night.import_path, COMPANY, "night") as ledger:
        assert ledger.store_id == before
        assert [row.client_unique_id for row in ledger.rows()] == ["pbx-00001"]


@pytest.mark.parametrize("is_eager", [True, False])
@pytest.mark.parametrize("file", range(1, 4))
def test_killed_while_writing(night: FolderImport, file: int, is_eager: bool) -> None:
    night.plan_night([manifest_row(1)])
    killed = process(night, kill_at_file=file, is_eager=is_eager).run()
    assert killed == -signal.SIGKILL
    night.upload()
    assert_once(night)


@pytest.mark.parametrize("file", range(2, 6))
def test_killed_while_writing_a_snapshot(night: FolderImport, file: int) -> None:
    """Its files are: the one of the attempt, the snapshot, its mark, and what the attempt adds itself."""
    night.plan_night([manifest_row(1), manifest_row(2)])
    assert process(night, kill_at_state="uploaded", is_eager=True).run() == -signal.SIGKILL
    before = night.states()
    assert process(night, kill_at_file=file, is_eager=True, snapshot_after=0).run() == -signal.SIGKILL
    if file < 5:
        assert night.states() == before
    night.upload()
    assert_once(night, 2)


@pytest.mark.parametrize("is_eager", [True, False])
@pytest.mark.parametrize("state", ["created", "uploaded"])
def test_killed_between_gong_and_the_folder(night: FolderImport, state: str, is_eager: bool) -> None:
    night.plan_night([manifest_row(1)])
    assert process(night, kill_at_state=state, is_eager=is_eager).run() == -signal.SIGKILL
    assert len(night.calls_in_gong()) == 1
    night.upload()
    assert_once(night)


@pytest.mark.parametrize("is_eager", [True, False])
def test_killed_in_the_middle_of_a_recording(night: FolderImport, is_eager: bool) -> None:
    night.plan_night([manifest_row(1)])
    assert process(night, kill_at_byte=50_000, is_eager=is_eager).run() == -signal.SIGKILL
    night.upload()
    assert_once(night)


def test_killed_while_writing_what_was_verified(night: FolderImport) -> None:
    night.plan_night([manifest_row(1)])
    night.upload()
    night.emulator.advance(3600)
    assert process(night, verifies=True, kill_at_file=2).run() == -signal.SIGKILL
    assert night.states() == {"pbx-00001": "uploaded"}
    assert_once(night)


def test_a_lost_tail_costs_a_duplicate_answer_and_no_second_recording(night: FolderImport) -> None:
    """The worker dies with all calls sent and none of it in the folder but that they might be."""
    rows = 5
    night.plan_night([manifest_row(number) for number in range(1, rows + 1)])
    assert process(night, kill_at_file=3).run() == -signal.SIGKILL
    assert len(night.calls_in_gong()) == rows
    max(night.import_path.rglob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns).unlink()
    assert set(night.states().values()) == {"planned"}
    night.upload()
    assert len(night.emulator.requests("addCall")) == 2 * rows
    assert night.media_requests() == rows
    assert_once(night, rows)


def test_rows_that_were_not_reached_are_as_before(night: FolderImport) -> None:
    """What is leased ahead and given back leaves no trace: a foreign call of that id is nobody's own."""
    night.plan_night([manifest_row(1), manifest_row(2)])
    with journaled_ledger(night.import_path, COMPANY, "night") as ledger:
        (lease,) = ledger.lease("night", limit=1, seconds=60)
        ledger.released(lease, sent=False)
    night.post_elsewhere()
    night.upload()
    assert night.states() == {"pbx-00001": "duplicate", "pbx-00002": "uploaded"}
    night.finish()
    assert night.states() == {"pbx-00001": "incomplete", "pbx-00002": "verified"}


@contextlib.contextmanager
def open_night(night: FolderImport) -> Iterator[JournaledLedger]:
    """Open the ledger; one that was taken over says so again at its end."""
    with contextlib.suppress(JournalTakenOverError), journaled_ledger(night.import_path, COMPANY, "night") as ledger:
        yield ledger


def test_a_task_that_was_thought_dead_stops(night: FolderImport) -> None:
    """Whichever of the two is the first to write after the other has begun."""
    night.plan_night([manifest_row(number) for number in range(1, 4)])
    with open_night(night) as slow, open_night(night) as quick:
        assert quick.lease("night", limit=1, seconds=60)
        with pytest.raises(JournalTakenOverError, match="Another task has begun"):
            slow.lease("night", limit=1, seconds=60)


def test_what_is_written_after_the_journal_was_read_is_not_passed_over(night: FolderImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 30)])
    with open_night(night) as earlier:
        assert earlier.lease("night", limit=1, seconds=60)
        with open_night(night) as later:
            assert len([earlier.lease("night", limit=1, seconds=60) for _ in range(20)]) == 20
            with pytest.raises(JournalTakenOverError):
                later.lease("night", limit=1, seconds=60)


def test_of_two_tasks_that_begin_at_once_one_stops(night: FolderImport) -> None:
    night.plan_night([manifest_row(1)])
    with open_night(night) as one, open_night(night) as other:
        began = threading.Barrier(2)

        def lease(ledger: JournaledLedger) -> bool:
            began.wait()
            try:
                return bool(ledger.lease("night", limit=1, seconds=60))
            except JournalTakenOverError:
                return False

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(lease, (one, other))) <= 1


def test_a_task_that_is_taken_over_in_its_middle_sends_nothing_more(night: FolderImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 41)])

    def take_over(path: str) -> Path:
        if path.endswith("00003.wav"):
            with open_night(night) as other:
                other.lease("other", limit=1, seconds=60)
        return Path(path)

    with pytest.raises(JournalTakenOverError):
        night.upload(Files(take_over), in_flight=1)
    assert len(night.calls_in_gong()) <= 20


@pytest.mark.parametrize("in_flight", [1, 4])
def test_nothing_is_sent_that_the_folder_could_not_be_told(night: FolderImport, in_flight: int) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 7)])
    night.import_path = FullFolder(night.import_path)
    with pytest.raises(GongStoreError, match="No space left on device"):
        night.upload(in_flight=in_flight)
    assert night.calls_in_gong() == {}
    night.import_path = night.import_path.path
    night.upload()
    assert_once(night, 6)


class FullFolder:
    """A folder on a disk that has no room for another file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __truediv__(self, name: str) -> FullFolder:
        return FullFolder(self.path / name)

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        self.path.mkdir(parents=parents, exist_ok=exist_ok)

    def open(self, mode: str) -> IO[bytes]:
        if mode != "rb":
            self.path.touch()
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.path.open("rb")


def test_what_a_killed_worker_left_on_its_disk_is_removed_by_the_next_one(
    night: FolderImport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    night.plan_night([manifest_row(1)])
    environment = {"TMPDIR": str(tmp_path / "tmp")}
    assert process(night, kill_at_state="created", environment=environment).run() == -signal.SIGKILL
    assert list((tmp_path / "tmp").rglob("*.db"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    night.upload()
    assert list((tmp_path / "tmp").glob("gong-import-*")) == []


def test_a_journal_of_a_newer_version_is_refused(night: FolderImport) -> None:
    night.plan_night([manifest_row(1)])
    first = next(night.import_path.rglob("000001.txt"))
    first.write_text(first.read_text().replace("journal 2", "journal 3"))
    with pytest.raises(GongStoreError, match="newer airflow-provider-gong"):
        night.rows()


def test_a_damaged_file_is_not_passed_over(night: FolderImport) -> None:
    night.plan_night([manifest_row(1)])
    segment = next(night.import_path.rglob("*.jsonl"))
    segment.write_bytes(b"\x00" * 10 + b"\n" + segment.read_bytes())
    with pytest.raises(GongStoreError, match="is damaged"):
        night.rows()


def test_the_folder_cannot_be_written(night: FolderImport, tmp_path: Path) -> None:
    night.import_path = tmp_path / "file"
    night.import_path.write_text("a file where the folder should be")
    with pytest.raises(GongStoreError, match="NotADirectoryError"):
        night.plan_night([manifest_row(1)])


def test_it_is_told_every_few_seconds_what_has_happened(night: FolderImport) -> None:
    now = 0.0
    night.plan_night([manifest_row(1)])
    with journaled_ledger(night.import_path, COMPANY, "night", clock=lambda: now) as ledger:
        (lease,) = ledger.lease("night", limit=1, seconds=60)
        ledger.sending_media(lease)
        files = len(list(night.import_path.rglob("*.jsonl")))
        now = 11.0
        ledger.sending_media(lease)
        assert len(list(night.import_path.rglob("*.jsonl"))) == files + 1


def test_the_identity_is_that_of_the_plan(night: FolderImport) -> None:
    def identity() -> str:
        with journaled_ledger(night.import_path, COMPANY, "night") as ledger:
            assert isinstance(ledger, JournaledLedger)
            return ledger.store_id

    assert identity() == ""
    night.plan_night([manifest_row(1)])
    planned = identity()
    night.upload()
    assert identity() == planned != ""
