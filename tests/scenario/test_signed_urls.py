"""Recordings in S3 that Gong fetches by URLs that are signed when their calls are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.object_storage import MediaUrlError, ObjectStorage
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongUploadCallImportOperator
from tests.scenario.support import new_calls
from tests.support.recordings import manifest_row, write_night
from tests.support.s3 import S3Server, running_s3

pytestmark = pytest.mark.usefixtures("gong_connection")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        server.create_bucket("recordings")
        yield server


@pytest.fixture(scope="module", autouse=True)
def _night(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("night")
    write_night(folder, [manifest_row(1), manifest_row(2)])
    s3.upload(folder, "recordings")


def role(s3: S3Server, seconds: int) -> dict[str, Any]:
    """Return what a connection's extra says of a role whose credentials hold for so long."""
    return {
        "role_arn": "arn:aws:iam::123456789012:role/recordings",
        "assume_role_kwargs": {"DurationSeconds": seconds},
        "service_config": {"sts": {"endpoint_url": s3.url}},
    }


def connect(monkeypatch: pytest.MonkeyPatch, s3: S3Server, name: str, **extra: Any) -> str:
    """Make an Airflow connection, whose id no other test uses, and return the URL of the bucket over it."""
    connection = json.loads(s3.airflow_connection)
    connection["extra"] |= extra
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
    return f"s3://{name}@recordings"


def plan(place: str, media_mode: str) -> dict[str, Any]:
    options: dict[str, Any] = {"import_id": media_mode, "media_mode": media_mode}
    return GongPlanCallImportOperator(task_id="plan", manifest=f"{place}/manifest.csv", **options).execute({})


def test_whoever_has_the_url_can_read_the_recording(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    place = connect(monkeypatch, s3, "aws_signing")
    url = ObjectStorage().sign(ObjectStoragePath(f"{place}/recordings/00001.wav"))
    assert httpx.get(url).content == s3.read("recordings", "recordings/00001.wav")
    assert "X-Amz-Expires=86400" in url


def test_gong_fetches_from_s3(
    monkeypatch: pytest.MonkeyPatch, s3: S3Server, gong_emulator: RunningEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="airflow_provider_gong")
    planned = plan(connect(monkeypatch, s3, "aws_pulling"), "pull")
    assert (planned["planned"], planned["requests"]) == (2, 3)
    assert planned["bytes"] > 200_000

    upload = GongUploadCallImportOperator(task_id="upload", import_id="pull")

    assert upload.execute({}) == {"uploaded": 2}
    assert [call["state"] for call in new_calls(gong_emulator).values()] == ["visible", "visible"]
    assert gong_emulator.requests("addCallRecording") == []
    assert "X-Amz-Signature" not in caplog.text


def test_what_cannot_be_signed_safely_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, s3: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    planned = plan(connect(monkeypatch, s3, "aws_old_region", region_name="us-east-1"), "pull")
    assert (planned["planned"], planned["rejected"]) == (0, 2)
    assert "cannot be fetched by Gong: its URL would be signed by AWS signature version 2" in caplog.text
    assert '{"config_kwargs": {"signature_version": "s3v4"}}' in caplog.text


def test_the_remedy_for_old_signatures_works(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    newer = {"region_name": "us-east-1", "config_kwargs": {"signature_version": "s3v4"}}
    assert plan(connect(monkeypatch, s3, "aws_signature_4", **newer), "pull")["planned"] == 2


def test_credentials_that_end_before_gong_may_come_are_refused(
    monkeypatch: pytest.MonkeyPatch, s3: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    assert plan(connect(monkeypatch, s3, "aws_role", **role(s3, 900)), "pull")["rejected"] == 2
    assert "temporary credentials that may end within an hour" in caplog.text


def test_credentials_that_hold_for_longer_are_taken(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    assert plan(connect(monkeypatch, s3, "aws_long_role", **role(s3, 3 * 3600)), "pull")["planned"] == 2


def test_auto_uploads_what_gong_could_not_fetch(
    monkeypatch: pytest.MonkeyPatch, s3: S3Server, gong_emulator: RunningEmulator
) -> None:
    assert plan(connect(monkeypatch, s3, "aws_auto"), "auto")["requests"] == 5
    upload = GongUploadCallImportOperator(task_id="upload", import_id="auto")
    assert upload.execute({}) == {"uploaded": 2}
    assert [call["received"] for call in new_calls(gong_emulator).values()] == [1, 1]


def test_a_file_on_disk_has_no_url(tmp_path: Path) -> None:
    assert issubclass(MediaUrlError, GongError)
    with pytest.raises(MediaUrlError, match="not in an object store"):
        ObjectStorage().sign(tmp_path / "1.wav")
    with pytest.raises(MediaUrlError, match="LocalFileSystem cannot sign URLs"):
        ObjectStorage().sign(ObjectStoragePath(f"file://{tmp_path}/1.wav"))
