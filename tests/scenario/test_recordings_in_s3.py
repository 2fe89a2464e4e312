"""What the check of recordings costs at an object store, as its server counts it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from airflow_provider_gong.call_import.recordings.reading import LIMIT
from airflow_provider_gong.client.media import MediaFile, MultipartUpload
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from tests.support.boxes import FTYP, box, movie, track
from tests.support.mutations import check_in, made_by_hand, mutated, recording
from tests.support.object_store import ObjectStore, running_object_store
from tests.support.recordings import write_wav

DAMAGED = 20


@pytest.fixture(scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("store")
    (folder / "recordings").mkdir()
    with running_object_store(folder) as running:
        yield running


@pytest.fixture
def store(_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    # Airflow keeps what it has made of a connection, so all tests use one.
    monkeypatch.setenv("AIRFLOW_CONN_AWS_COUNTED", _store.airflow_connection)
    _store.reset()
    return _store


def check(name: str) -> Recording:
    found = check_recording(f"s3://aws_counted@recordings/{name}", ObjectStoragePath)
    assert isinstance(found, Recording), found
    return found


def test_a_wav_takes_one_request_for_its_size_and_one_small_one(store: ObjectStore) -> None:
    write_wav(store.folder / "recordings" / "1.wav", seconds=1000, seed=1)
    assert check("1.wav").seconds == 1000
    assert (store.heads, store.gets) == (1, 1)
    assert store.bytes <= 16 * 1024


def test_an_mp4_takes_one_more(store: ObjectStore) -> None:
    content = FTYP + box(b"mdat", bytes(60_000_000)) + movie(track(75))
    (store.folder / "recordings" / "1.m4a").write_bytes(content)
    assert check("1.m4a").seconds == 75
    assert (store.heads, store.gets) == (1, 2)
    assert store.bytes <= 32 * 1024


def test_a_recording_that_is_sent_by_its_path_is_read_a_few_mebibytes_ahead(store: ObjectStore) -> None:
    with (store.folder / "recordings" / "large.wav").open("wb") as file:
        file.truncate(60_000_000)
    media = MediaFile.at(ObjectStoragePath("s3://aws_counted@recordings/large.wav"))
    chunks = MultipartUpload(media).chunks()
    # The head of the body, and the first piece of the recording.
    next(chunks), next(chunks)
    assert (store.gets, store.bytes <= 9 * 1024 * 1024) == (1, True)
    for _ in chunks:
        pass
    assert store.bytes == media.size
    assert store.gets <= 8


def test_a_recording_that_is_sent_by_its_path_takes_one_request_for_its_size(store: ObjectStore) -> None:
    write_wav(store.folder / "recordings" / "sent.wav", seconds=61, seed=1)
    media = MediaFile.at(ObjectStoragePath("s3://aws_counted@recordings/sent.wav"))
    sent = b"".join(MultipartUpload(media, boundary="part").chunks())
    assert (store.heads, store.gets) == (1, 1)
    # Another attempt opens what is there then.
    assert b"".join(MultipartUpload(media, boundary="part").chunks()) == sent
    assert store.heads == 2


def test_a_missing_recording_is_not_sent(store: ObjectStore) -> None:
    with pytest.raises(FileNotFoundError):
        MediaFile.at(ObjectStoragePath("s3://aws_counted@recordings/missing.wav"))


def test_many_are_asked_for_at_a_time(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # More than botocore's own 10 connections: the store answers nobody before so many have asked.
    asked = 20
    monkeypatch.setenv("AIRFLOW_CONN_AWS_MANY", store.airflow_connection)
    write_wav(store.folder / "recordings" / "many.wav", seconds=61, seed=1)
    storage, gate = ObjectStorage(), threading.Barrier(asked)
    monkeypatch.setattr(store, "wait", lambda: gate.wait(timeout=60))
    with ThreadPoolExecutor(asked) as pool:
        paths = [storage.path("s3://aws_many@recordings/many.wav") for _ in range(asked)]
        sizes = list(pool.map(lambda path: path.stat().st_size, paths))
    assert (len(sizes), store.most_in_flight) == (asked, asked)


@pytest.mark.parametrize("name", made_by_hand())
def test_damaged_headers_take_no_more_than_is_allowed(store: ObjectStore, name: str) -> None:
    for damaged in mutated(recording(name), DAMAGED, seed=20261120):
        seen = check_in(store, "aws_counted", damaged)
        assert not seen.verdict.startswith("cannot be read")
        assert seen.bytes <= LIMIT
        assert seen.reads <= 200


def test_a_missing_one(store: ObjectStore) -> None:
    found = check_recording("s3://aws_counted@recordings/2.wav", ObjectStoragePath)
    assert not isinstance(found, Recording)
    assert found.rule == "does not exist"
