"""What can be known to be wrong is said before the first request to Gong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.object_storage import GongFolderError, ObjectStorage
from airflow_provider_gong.operators.call_export import GongPlanCallExportOperator, GongReadCallExportOperator
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongReportCallImportOperator
from airflow_provider_gong.operators.calls import GongUploadCallMediaOperator
from airflow_provider_gong.operators.meetings import (
    GongDeleteMeetingOperator,
    GongMeetingIntegrationStatusOperator,
    GongUpdateMeetingOperator,
)
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor
from airflow_provider_gong.transfers.calls_to_object_storage import GongCallsToObjectStorageOperator
from airflow_provider_gong.transfers.reference_to_object_storage import GongReferenceToObjectStorageOperator
from tests.support.recordings import manifest_row, write_night, write_wav
from tests.unit.hooks.support import task_context

pytestmark = pytest.mark.slow

NOBODY = 65534
AIRFLOW_2 = version("apache-airflow").startswith("2.")
DAY, NEXT_DAY = "2026-11-20", "2026-11-21"
URL = "https://us-1.app.gong.io/call?id=12"
MEETING = {
    "start_time": "2026-12-01T10:00:00Z",
    "end_time": "2026-12-01T11:00:00Z",
    "organizer_email": "tobias.okafor@example.com",
    "invitees": [],
}


class DagRun:
    """The run that a task belongs to."""

    start_date = datetime.now(UTC)


def context() -> Any:
    return {**task_context(), "dag_run": DagRun()}


class Bucket(MemoryFileSystem):
    """Object storage whose rights can be taken away."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}
        self.pseudo_dirs = [""]
        self.can_write = self.can_delete = True

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        self._require(self.can_write or mode == "rb")
        return super()._open(path, mode, **options)

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self._require(self.can_write)
        super().pipe_file(path, value, **options)

    def put_file(self, lpath: str, rpath: str, **options: Any) -> None:
        self._require(self.can_write)
        super().put_file(lpath, rpath, **options)

    def rm_file(self, path: str) -> None:
        self._require(self.can_delete)
        super().rm_file(path)

    def rm(self, path: Any, **options: Any) -> None:
        self._require(self.can_delete)
        super().rm(path, **options)

    @staticmethod
    def _require(right: bool) -> None:
        if not right:
            raise PermissionError("AccessDenied")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return the object storage of memory://bucket."""
    made = Bucket()
    stores = import_module("airflow.io.store" if AIRFLOW_2 else "airflow.sdk.io.store")
    monkeypatch.setattr(stores, "_STORE_CACHE", {"memory": stores.ObjectStore("memory", None, made)})
    return made


def plan(folder: Path, **options: Any) -> GongPlanCallImportOperator:
    manifest = write_night(folder, [manifest_row(1)])
    return GongPlanCallImportOperator(task_id="plan", import_id="night", manifest=str(manifest), **options)


@pytest.mark.parametrize(
    ("name", "is_dry_run"), [("report_path", False), ("report_path", True), ("import_path", False)]
)
def test_a_folder_of_an_import(
    gong: RunningEmulator, tmp_path: Path, bucket: Bucket, name: str, is_dry_run: bool
) -> None:
    bucket.can_write = False
    operator = plan(tmp_path, **{name: "memory://bucket/folder"}, dry_run=is_dry_run)
    with pytest.raises(
        GongError, match=rf"^{name}: .* memory://bucket/folder \(PermissionError: AccessDenied\)\. Corr"
    ):
        operator.execute(context())
    assert gong.requests() == []


@pytest.mark.parametrize("place", ["{}/folder", "file://{}/folder", "memory://bucket/folder"])
def test_the_check_of_a_report_leaves_nothing_behind(
    gong: RunningEmulator, tmp_path: Path, bucket: Bucket, place: str
) -> None:
    plan(tmp_path, report_path=place.format(tmp_path)).execute(context())
    assert not (tmp_path / "folder").exists()
    assert list(bucket.store) == []


@pytest.mark.parametrize("place", ["{}/folder", "file://{}/folder"])
def test_the_check_of_an_import_leaves_nothing_behind(gong: RunningEmulator, tmp_path: Path, place: str) -> None:
    plan(tmp_path, import_path=place.format(tmp_path)).execute(context())
    assert [path for path in tmp_path.rglob("*") if "check" in path.name] == []
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["{}/manifest.csv", "{}/manifest.csv/folder", "file://{}/manifest.csv/folder"])
@pytest.mark.parametrize("name", ["report_path", "import_path"])
def test_a_file_in_the_place_of_a_folder(gong: RunningEmulator, tmp_path: Path, name: str, place: str) -> None:
    with pytest.raises(GongFolderError, match=rf"^{name}: .*manifest\.csv is a file\)"):
        plan(tmp_path, **{name: place.format(tmp_path)}).execute(context())
    assert gong.requests() == []


def test_a_folder_of_others() -> None:
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        if is_root:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(GongFolderError, match=rf"^report_path: .*{folder} cannot be written to\)"):
                ObjectStorage().require_writable("report_path", f"{folder}/report")
        finally:
            if is_root:
                os.seteuid(0)


def test_who_may_write_need_not_be_allowed_to_delete(gong: RunningEmulator, tmp_path: Path, bucket: Bucket) -> None:
    bucket.can_delete = False
    for _ in range(2):
        assert plan(tmp_path, report_path="memory://bucket/report").execute(context())["planned"] == 1


def test_a_bucket_that_does_not_exist(gong: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not created, which would put the report where nobody looks for it."""
    pytest.importorskip("s3fs")
    from tests.support.s3 import running_s3

    with running_s3() as s3:
        s3.create_bucket("reports")
        monkeypatch.setenv("AIRFLOW_CONN_AWS_REPORTS", s3.airflow_connection)
        s3.requests.clear()
        plan(tmp_path, report_path="s3://aws_reports@reports/night").execute(context())
        # Whoever may only write below a prefix may not look at the bucket.
        assert [(request.method, request.path) for request in s3.requests] == [
            ("PUT", "/reports/night/.write-check"),
            ("DELETE", "/reports/night/.write-check"),
        ]
        report = GongReportCallImportOperator(
            task_id="report", import_id="night", report_path="s3://aws_reports@reports/night", max_failed=1
        )
        with pytest.raises(AirflowFailException, match="is unfinished"):
            report.execute(context())
        assert {request.method for request in s3.requests} == {"PUT", "DELETE"}
        with pytest.raises(GongFolderError, match=r"^report_path: .*bucket does not exist"):
            plan(tmp_path, report_path="s3://aws_reports@repotrs/night").execute(context())


EXPORTS: dict[str, Callable[[str], Any]] = {
    "plan": lambda path: GongPlanCallExportOperator(task_id="plan", path=path),
    "read": lambda path: GongReadCallExportOperator(task_id="read", path=path, days=[DAY]),
    "transfer": lambda path: GongCallsToObjectStorageOperator(task_id="export", path=path, since=DAY, until=NEXT_DAY),
    "reference": lambda path: GongReferenceToObjectStorageOperator(task_id="export", path=path),
}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("is_known", [False, True])
def test_the_folder_of_an_export(gong: RunningEmulator, bucket: Bucket, name: str, is_known: bool) -> None:
    folder = "memory://bucket/export"
    if is_known:
        EXPORTS["transfer"](folder).execute(context())
    sent = len(gong.requests())
    bucket.can_write = False
    with pytest.raises(GongError, match=r"bucket/export.*PermissionError: AccessDenied"):
        EXPORTS[name](folder).execute(context())
    assert len(gong.requests()) == sent


NO_LISTS: dict[str, Callable[[str], Any]] = {
    "emails": lambda _: GongMeetingIntegrationStatusOperator(task_id="check", emails=None),  # type: ignore[arg-type]
    "tables": lambda path: GongReferenceToObjectStorageOperator(task_id="export", path=path, tables="users"),
    "exclude_columns": lambda path: GongReferenceToObjectStorageOperator(
        task_id="export", path=path, exclude_columns="phone_number"
    ),
    "primary_user_ids": lambda path: GongPlanCallExportOperator(
        task_id="plan", path=path, primary_user_ids=["tobias.okafor@example.com"]
    ),
    "workspace_id": lambda path: GongPlanCallExportOperator(task_id="plan", path=path, workspace_id="Sales"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_of_ids(gong: RunningEmulator, tmp_path: Path, name: str) -> None:
    with pytest.raises(AirflowFailException, match=rf"{name}.*(list|only digits)"):
        NO_LISTS[name](str(tmp_path / "export")).execute(context())
    assert gong.requests() == []


WRONG_IDS: dict[str, Callable[[Path], Any]] = {
    "sensor": lambda _: GongCallProcessedSensor(task_id="wait", call_id=URL),
    "deferred sensor": lambda _: GongCallProcessedSensor(task_id="wait", call_id=URL, deferrable=True),
    "recording": lambda folder: GongUploadCallMediaOperator(
        task_id="upload", call_id=URL, media=str(write_wav(folder / "1.wav", seconds=61, seed=1))
    ),
    "update": lambda _: GongUpdateMeetingOperator(task_id="update", meeting_id=URL, **MEETING),
    "delete": lambda _: GongDeleteMeetingOperator(task_id="delete", meeting_id=URL),
}


@pytest.mark.parametrize("name", WRONG_IDS)
def test_an_id_that_is_none_of_gong(gong: RunningEmulator, tmp_path: Path, name: str) -> None:
    with pytest.raises(AirflowFailException, match=r"(call|meeting)_id.*only digits.*'id='"):
        WRONG_IDS[name](tmp_path).execute(context())
    assert gong.requests() == []
