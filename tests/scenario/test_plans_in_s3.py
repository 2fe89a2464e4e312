"""What a plan asks an object store for, as the store's server counts it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.folders.folder import RecordingFolder
from airflow_provider_gong.call_import.manifest.folders.listing import ListedRecordings
from airflow_provider_gong.call_import.manifest.manifest import UnreadRecord
from airflow_provider_gong.call_import.recordings.marks import Mark
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongUploadCallImportOperator
from tests.support.recordings import manifest_row, write_manifest, write_wav
from tests.support.s3 import S3Request, S3Server, running_s3

pytestmark = pytest.mark.usefixtures("gong_connection")

RECORDINGS = 12
NAMES = [f"out-+1202555{number:04d}-20261120-{9 + number % 9:02d}3000-pbx-{number}.wav" for number in range(RECORDINGS)]
TEMPLATE = "{direction}-{party_1_phone:phone}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav"
HOST = "tobias.okafor@example.com"
HEAD = 16 * 1024
OF_TWO_PAGES = 1001
ODD = ("a#1", "a#2", "who?", "50%25", "a b+c", "\u00e9")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        server.create_bucket("planned")
        yield server


@pytest.fixture(scope="module", autouse=True)
def _day(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("day")
    for number, name in enumerate(NAMES):
        write_wav(folder / f"day/{name}", seconds=61 + number, seed=number)
        (folder / f"day/{name.removesuffix('.wav')}.json").write_text(f'{{"title": "Call {number}"}}')
    # Of equal length, as those of switches that cut recordings into minutes.
    for number in range(RECORDINGS):
        write_wav(folder / f"equal/{number}.wav", seconds=90, seed=number)
    rows = [manifest_row(number, media=f"equal/{number}.wav") for number in range(RECORDINGS)]
    write_manifest(folder / "equal.csv", rows)
    for number in range(RECORDINGS):
        write_wav(folder / f"pushed/{number}.wav", seconds=120 + number, seed=100 + number)
    rows = [manifest_row(1000 + number, media=f"pushed/{number}.wav") for number in range(RECORDINGS)]
    write_manifest(folder / "pushed.csv", rows)
    for number, name in enumerate(ODD):
        write_wav(folder / f"odd #1/{name}.wav", seconds=61, seed=number)
    rows = [manifest_row(number, media=f"{name}.wav") for number, name in enumerate(ODD)]
    (folder / "odd #1/m#2.jsonl").write_text("\n".join(map(json.dumps, rows)))
    s3.upload(folder, "planned")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, s3: S3Server, request: pytest.FixtureRequest) -> str:
    """Return the bucket over a connection that no other test has used, and so without lists that are known."""
    name = f"aws_{request.node.name.split('[')[0]}"
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", s3.airflow_connection)
    return f"s3://{name}@planned"


def plan(s3: S3Server, manifest: str, **options: Any) -> tuple[dict[str, Any], list[S3Request]]:
    """Plan, and return the result with the requests that the store has seen."""
    before = len(s3.requests)
    result = GongPlanCallImportOperator(task_id="plan", manifest=manifest, import_id=manifest, **options).execute({})
    return result, s3.requests[before:]


def asked_for_recordings(requests: list[S3Request]) -> Counter[str]:
    return Counter(request.method for request in requests if request.path.endswith(".wav"))


def test_a_folder_is_listed_once_and_each_recording_read_once(s3: S3Server, bucket: str) -> None:
    columns = {"primary_user": f"={HOST}", "actual_start": {"source": "{actual_start}Z"}}
    result, requests = plan(s3, f"{bucket}/day/*.wav", name_template=TEMPLATE, columns=columns)
    assert (result["planned"], result["rejected"]) == (RECORDINGS, 0)
    assert asked_for_recordings(requests) == {"GET": RECORDINGS}
    assert sum(request.bytes for request in requests if request.path.endswith(".wav")) == RECORDINGS * HEAD
    assert len([request for request in requests if "list-type" in request.query]) == 1


def test_a_list_of_several_pages_is_all_that_is_asked_for(s3: S3Server, bucket: str) -> None:
    client = s3.client()
    for number in range(OF_TWO_PAGES):
        client.put_object(Bucket="planned", Key=f"many/{number}.wav", Body=b"RIFF")
    storage = ListedRecordings(ObjectStorage())
    before = len(s3.requests)
    folder = RecordingFolder(storage, name_template="{client_unique_id}.wav")
    places = [record["media"] for table in folder.tables([f"{bucket}/many/*.wav"]) for _, record in table.records]
    # The store's own list, of which each look-up goes through all.
    folder.forget()
    assert sum(storage.path(place).stat().st_size for place in places) == 4 * OF_TWO_PAGES
    requests = s3.requests[before:]
    assert ["list-type" in request.query for request in requests] == [True, True]


@pytest.fixture
def sites(s3: S3Server) -> Iterator[None]:
    """Two folders, and the empty objects by which consoles and Hadoop show folders."""
    for key in ("sites/", "sites/a/", "sites/a/1.wav", "sites/b/2.wav", "sites/b/2.txt"):
        s3.client().put_object(Bucket="planned", Key=key, Body=b"" if key.endswith("/") else b"RIFF")
    yield
    s3.denied.clear()


def listed(bucket: str, pattern: str) -> list[str]:
    folder = RecordingFolder(ListedRecordings(ObjectStorage()), name_template="{client_unique_id}.{_suffix}")
    (table,) = folder.tables([f"{bucket}/{pattern}"])
    return [record["media"].removeprefix(f"{bucket}/sites/") for _, record in table.records]


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("pattern", "found", "lists"),
    [
        ("sites/**", ["a/1.wav", "b/2.txt", "b/2.wav"], 1),
        ("sites/**/*.wav", ["a/1.wav", "b/2.wav"], 1),
        ("sites/*/*.wav", ["a/1.wav", "b/2.wav"], 3),
        ("sites/?/2*", ["b/2.txt", "b/2.wav"], 3),
        ("sites/a*/*", ["a/1.wav"], 2),
        ("sites/b/2.w*", ["b/2.wav"], 1),
        ("sites/b", ["b/2.txt", "b/2.wav"], 1),
        ("sites/b/2.wav", ["b/2.wav"], 1),
    ],
)
def test_each_folder_is_listed_once_and_is_no_recording(
    s3: S3Server, bucket: str, pattern: str, found: list[str], lists: int
) -> None:
    before = len(s3.requests)
    assert listed(bucket, pattern) == found
    assert ["list-type" in request.query for request in s3.requests[before:]].count(True) == lists


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize("pattern", ["sites/*/*.wav", "sites/b/*.wav", "sites/b"])
def test_a_folder_that_may_not_be_listed_is_no_empty_one(s3: S3Server, bucket: str, pattern: str) -> None:
    s3.denied.add("sites/b/")
    with pytest.raises(GongManifestError, match="cannot be listed: Access Denied"):
        listed(bucket, pattern)


def test_a_bucket_that_does_not_exist_has_no_recordings(bucket: str) -> None:
    missing = bucket.replace("planned", "missing")
    with pytest.raises(GongManifestError, match=f"There are no recordings {missing}"):
        listed(missing, "")


def test_sidecar_files_are_read_once_each(s3: S3Server, bucket: str) -> None:
    columns = {"primary_user": f"={HOST}", "actual_start": {"source": "{actual_start}Z"}, "title": "title"}
    options = {"name_template": TEMPLATE, "sidecar": "{file_stem}.json", "columns": columns}
    result, requests = plan(s3, f"{bucket}/day/", **options)
    assert (result["planned"], result["rejected"]) == (RECORDINGS, 0)
    assert Counter(request.method for request in requests if request.path.endswith(".json")) == {"GET": RECORDINGS}


@pytest.mark.parametrize(("sidecar", "has_any"), [("{file_stem}.json", True), ("{file_stem}.xml", False)])
def test_sidecar_files_that_the_pattern_leaves_out_are_in_the_same_list(
    s3: S3Server, bucket: str, sidecar: str, has_any: bool
) -> None:
    before = len(s3.requests)
    folder = RecordingFolder(ListedRecordings(ObjectStorage()), name_template=TEMPLATE, sidecar=sidecar)
    (table,) = folder.tables([f"{bucket}/day/*.wav"])
    # The store's own list, of which each look-up goes through all.
    folder.forget()
    records = [record for _, record in table.records]
    assert [isinstance(record, UnreadRecord) for record in records] == [not has_any] * RECORDINGS
    requests = s3.requests[before:]
    assert len([request for request in requests if "list-type" in request.query]) == 1
    assert Counter(request.method for request in requests) == {"GET": 1 + has_any * RECORDINGS}


def test_sidecar_files_of_another_folder_are_listed_once(s3: S3Server, bucket: str) -> None:
    for number, name in enumerate(NAMES[1:]):
        body = f'{{"title": "Call {number}"}}'.encode()
        s3.client().put_object(Bucket="planned", Key=f"day/meta/{name}.json", Body=body)
    before = len(s3.requests)
    storage = ListedRecordings(ObjectStorage())
    folder = RecordingFolder(storage, name_template=TEMPLATE, sidecar="meta/{file_name}.json")
    (table,) = folder.tables([f"{bucket}/day/*.wav"])
    records = [record for _, record in table.records]
    assert sum(isinstance(record, UnreadRecord) for record in records) == 1
    requests = s3.requests[before:]
    assert ["list-type" in request.query for request in requests].count(True) == 2
    assert Counter(request.method for request in requests) == {"GET": 2 + RECORDINGS - 1}


def test_a_listed_recording_is_asked_for_and_read_once(s3: S3Server, bucket: str) -> None:
    result, requests = plan(s3, f"{bucket}/equal.csv")
    assert (result["planned"], result["rejected"]) == (RECORDINGS, 0)
    # One more read for the comparison, since all are of equal length.
    assert asked_for_recordings(requests) == {"HEAD": RECORDINGS, "GET": 2 * RECORDINGS}
    assert sum(request.bytes for request in requests if request.path.endswith(".wav")) == 2 * RECORDINGS * HEAD


def test_a_pushed_recording_is_asked_for_and_read_once(s3: S3Server, bucket: str) -> None:
    manifest = f"{bucket}/pushed.csv"
    assert plan(s3, manifest)[0]["planned"] == RECORDINGS
    before = len(s3.requests)
    uploaded = GongUploadCallImportOperator(task_id="upload", import_id=manifest, deferrable=False).execute({})
    assert uploaded == {"uploaded": RECORDINGS}
    requests = s3.requests[before:]
    assert asked_for_recordings(requests) == {"HEAD": RECORDINGS, "GET": RECORDINGS}
    assert {request.method for request in requests} == {"HEAD", "GET"}


@pytest.mark.parametrize("manifest", ["odd #1/m#2.jsonl", "odd #1/*.wav"])
def test_keys_may_have_any_sign(s3: S3Server, bucket: str, manifest: str) -> None:
    options: dict[str, Any] = {}
    if manifest.endswith(".wav"):
        columns = {"primary_user": f"={HOST}", "direction": "=Inbound", "actual_start": "=2026-11-20T09:30:00Z"}
        options = {"name_template": "{client_unique_id}.wav", "columns": columns}
    result, _ = plan(s3, f"{bucket}/{manifest}", **options)
    assert (result["planned"], result["rejected"]) == (len(ODD), 0)
    assert result["warnings"] == result["warnings"][:1]


def test_an_etag_that_is_a_hash_proves_the_content_of_a_copy(s3: S3Server, bucket: str) -> None:
    path: Any = ObjectStorage().path(f"{bucket}/equal/0.wav")
    mark = Mark.of(path.stat(), "")
    s3.client().put_object(Bucket="planned", Key="equal/0.wav", Body=s3.read("planned", "equal/1.wav"))
    assert mark.proves(path, ObjectStorage().path(f"{bucket}/equal/1.wav").stat()) is False
    assert Mark.of(ObjectStorage().path(f"{bucket}/equal/1.wav").stat(), "").proves(path, path.stat()) is True
