"""What was checked is what is sent: recordings that were deleted, replaced or copied anew after the plan."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_gong.call_import.media import ObjectDetails
from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from airflow_provider_gong.call_import.upload.unchanged import PlannedRecording
from airflow_provider_gong.client.media import MediaChangedError
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from tests.support.media import Files
from tests.support.object_store import ObjectStore, running_object_store
from tests.support.recordings import manifest_row, write_manifest, write_wav
from tests.unit.call_import.conftest import NightlyImport

pytestmark = pytest.mark.slow

# Of recordings in two full parts and a rest.
LONG = 9000
TWO_ROWS = [manifest_row(1), manifest_row(2)]


def first(night: NightlyImport) -> Path:
    return night.folder / TWO_ROWS[0]["media"]


def other_content(place: Path) -> None:
    write_wav(place, seconds=61, seed=77)


def link_outside(place: Path) -> None:
    outside = place.parents[2] / "outside" / place.name
    outside.parent.mkdir(exist_ok=True)
    shutil.move(place, outside)
    place.symlink_to(outside)


def link_folder_outside(place: Path) -> None:
    outside = place.parents[2] / "outside"
    shutil.move(place.parent, outside)
    place.parent.symlink_to(outside)


def with_its_time(change: Callable[[Path], None]) -> Callable[[Path], None]:
    def changed(place: Path) -> None:
        before = place.stat()
        change(place)
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    return changed


@pytest.fixture
def night(night: NightlyImport) -> NightlyImport:
    """Return an import in a folder that has a folder around it."""
    night.folder /= "night"
    night.folder.mkdir()
    return night


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Path.unlink, "FileNotFoundError"),
        (other_content, "its content has changed since it was planned"),
        (with_its_time(other_content), "its content has changed since it was planned"),
        (lambda place: write_wav(place, seconds=62, seed=1), "bytes when it was planned".replace("bytes ", "")),
        (link_outside, "it is now outside of"),
        (link_folder_outside, "it is now outside of"),
    ],
    ids=["deleted", "replaced", "replaced with its time", "longer", "link", "folder link"],
)
def test_a_recording_that_was_replaced_is_not_sent(
    night: NightlyImport, change: Callable[[Path], None], says: str
) -> None:
    night.plan_night(TWO_ROWS[:1])
    change(first(night))
    assert night.upload() == {"failed": 1}
    (row,) = night.rows().values()
    (problem,) = row.problems
    assert says in problem.rule
    assert "clear the plan task" in problem.remedy
    assert not row.burned
    assert not night.emulator.requests("addCall")


def test_a_recording_that_was_replaced_is_sent_once_it_was_planned_again(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    other_content(first(night))
    night.upload()
    night.plan(night.folder / "manifest.csv")
    assert night.upload() == {"uploaded": 1}


def test_a_recording_that_is_replaced_after_its_call_was_created_is_not_sent(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])

    class Replaced(type(Path())):  # type: ignore[misc]
        """A recording that somebody replaces as it is opened."""

        def open(self, *arguments: object, **options: object) -> object:
            other_content(Path(self))
            return super().open(*arguments, **options)

    assert night.upload(Files(Replaced)) == {"failed": 1}
    (call,) = night.calls_in_gong().values()
    assert call["media"] is None


def test_a_link_that_stays_in_the_folder_may_lead_elsewhere(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    moved = night.folder / "archive"
    shutil.move(night.folder / "recordings", moved)
    (night.folder / "recordings").symlink_to(moved)
    assert night.upload() == {"uploaded": 1}


def copy_anew(place: Path) -> None:
    content = place.read_bytes()
    place.unlink()
    place.write_bytes(content)
    os.utime(place, (1, 1))


def test_a_nightly_copy_of_the_same_content_changes_nothing(night: NightlyImport, other: NightlyImport) -> None:
    night.plan_night(TWO_ROWS)
    copy_anew(first(night))
    assert night.upload() == {"uploaded": 2}
    copy_anew(first(night))
    night.plan(night.folder / "manifest.csv")
    other.plan(night.folder / "manifest.csv")
    assert night.upload() == other.upload() == {"uploaded": 2}
    assert len(night.emulator.requests("addCall")) == 2


@pytest.fixture(scope="module")
def _bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    pytest.importorskip("airflow.providers.amazon.aws.fs.s3", reason="only the development environment speaks to S3")
    folder = tmp_path_factory.mktemp("store")
    (folder / "recordings").mkdir()
    with running_object_store(folder) as running:
        yield running


@pytest.fixture
def bucket(_bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_UNCHANGED", _bucket.airflow_connection)
    _bucket.etag, _bucket.modified = None, "Fri, 20 Nov 2026 09:30:00 GMT"
    monkeypatch.setattr(_bucket, "before", lambda _: None)
    return _bucket


class SignedStorage(ObjectStorage):
    """An object store whose URLs may be given to Gong."""

    def sign(self, place: object) -> str:
        return f"https://files.example.com/{str(place).rpartition('/')[2]}?signature=1"


def plan_in_bucket(night: NightlyImport, bucket: ObjectStore, mode: str, seed: int, seconds: float = 61) -> Path:
    place = write_wav(bucket.folder / "recordings" / f"{mode}-{seed}.wav", seconds=seconds, seed=seed)
    row = manifest_row(1, media=f"s3://aws_unchanged@recordings/{place.name}")
    manifest = write_manifest(night.folder / "manifest.csv", [row])
    options = {"media_base": "s3://aws_unchanged@recordings", "storage": SignedStorage(), "media_mode": mode}
    assert not night.plan(manifest, **options).rejected
    return place


@pytest.mark.parametrize("mode", ["push", "pull"])
@pytest.mark.parametrize("is_multipart", [False, True])
def test_an_object_that_was_copied_anew_is_sent(
    night: NightlyImport, bucket: ObjectStore, mode: str, is_multipart: bool
) -> None:
    bucket.etag = "ab-2" if is_multipart else None
    plan_in_bucket(night, bucket, mode, seed=10 + is_multipart)
    bucket.etag, bucket.modified = "cd-3", "Sat, 21 Nov 2026 09:30:00 GMT"
    assert night.upload(SignedStorage()) == {"uploaded": 1}


@pytest.mark.parametrize("mode", ["push", "pull"])
@pytest.mark.parametrize("change", [Path.unlink, lambda place: write_wav(place, seconds=61, seed=99)])
def test_an_object_that_is_gone_or_was_replaced_burns_no_id(
    night: NightlyImport, bucket: ObjectStore, mode: str, change: Callable[[Path], None]
) -> None:
    change(plan_in_bucket(night, bucket, mode, seed=20))
    assert night.upload(SignedStorage()) == {"failed": 1}
    (row,) = night.rows().values()
    assert not row.burned
    assert not night.emulator.requests("addCall")


def test_an_object_that_gong_pulls_costs_one_request(night: NightlyImport, bucket: ObjectStore) -> None:
    plan_in_bucket(night, bucket, "pull", seed=30)
    bucket.reset()
    assert night.upload(SignedStorage()) == {"uploaded": 1}
    assert (bucket.heads, bucket.gets) == (1, 0)


def test_an_object_that_is_pushed_costs_two_requests(night: NightlyImport, bucket: ObjectStore) -> None:
    place = plan_in_bucket(night, bucket, "push", seed=31)
    bucket.reset()
    assert night.upload(SignedStorage()) == {"uploaded": 1}
    assert (bucket.heads, bucket.gets, bucket.bytes) == (1, 1, place.stat().st_size)


def test_a_long_object_is_read_in_parts(night: NightlyImport, bucket: ObjectStore) -> None:
    place = plan_in_bucket(night, bucket, "push", seed=32, seconds=LONG)
    bucket.reset()
    assert night.upload(SignedStorage()) == {"uploaded": 1}
    assert (bucket.heads, bucket.gets, bucket.bytes) == (1, 3, place.stat().st_size)


@pytest.mark.parametrize("part", [1, 2])
def test_an_object_that_is_replaced_while_it_is_sent_is_not_sent(
    night: NightlyImport, bucket: ObjectStore, part: int
) -> None:
    place = plan_in_bucket(night, bucket, "push", seed=40 + part, seconds=LONG)
    gets = itertools.count(1)

    def replace(method: str) -> None:
        if method == "GET" and next(gets) == part:
            write_wav(place, seconds=LONG, seed=99)

    bucket.before = replace
    night.upload(SignedStorage())
    (row,) = night.rows().values()
    assert (row.state, row.burned) == ("failed", False)
    assert "its content has changed since it was planned" in row.problems[0].rule
    (call,) = night.calls_in_gong().values()
    assert call["media"] is None


class InMemory:
    """An object of fsspec's own store, which knows no conditions of reading."""

    name = "1.wav"
    path = "/recordings/1.wav"
    fs = MemoryFileSystem()

    def stat(self) -> ObjectDetails:
        return ObjectDetails(self.fs.info(self.path))

    def open(self, mode: str, **options: Any) -> Any:
        return self.fs.open(self.path, mode, **options)


def test_a_store_that_reads_whatever_is_there_is_asked_again_at_the_end(tmp_path: Path) -> None:
    content = write_wav(tmp_path / "1.wav", seconds=61, seed=1).read_bytes()
    path = InMemory()
    path.fs.pipe_file(path.path, content)
    checked = check_recording(path.path, lambda _: path)
    assert isinstance(checked, Recording)
    recording = PlannedRecording(path, checked.size, checked.mark)
    assert recording.stat().st_size == len(content)
    with recording.open() as file:
        assert file.read(len(content)) == content
        assert not file.read(1)
    with recording.open() as file:
        file.read(len(content))
        path.fs.pipe_file(path.path, write_wav(tmp_path / "1.wav", seconds=61, seed=99).read_bytes())
        with pytest.raises(MediaChangedError, match="its content has changed"):
            file.read(1)


def test_a_file_that_is_overwritten_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "1.wav", seconds=61, seed=1)
    checked = check_recording(str(path), Path)
    assert isinstance(checked, Recording)
    with PlannedRecording(path, checked.size, checked.mark).open() as file:
        file.read(checked.size)
        write_wav(path, seconds=61, seed=99)
        os.utime(path, (1, 1))
        with pytest.raises(MediaChangedError, match="its content has changed"):
            file.read(1)
