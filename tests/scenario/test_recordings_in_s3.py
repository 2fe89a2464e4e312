"""What the check of recordings costs at an object store, as its server counts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from tests.support.boxes import FTYP, box, movie, track
from tests.support.object_store import ObjectStore, running_object_store
from tests.support.recordings import write_wav


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


def test_a_missing_one(store: ObjectStore) -> None:
    found = check_recording("s3://aws_counted@recordings/2.wav", ObjectStoragePath)
    assert not isinstance(found, Recording)
    assert found.rule == "does not exist"
