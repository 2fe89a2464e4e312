"""Exports on a server that speaks the S3 protocol: killed, twice at once, under odd names, without a bucket."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from airflow_provider_gong.call_export.errors import GongExportStorageError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.planning import PlanSettings
from airflow_provider_gong.call_export.storage.folder import ExportFolder
from tests.support.memory_store import Killed
from tests.unit.call_export.conftest import Company

s3fs = pytest.importorskip("s3fs", reason="only the development environment speaks to S3")
from tests.support.s3 import S3Server, running_s3  # noqa: E402 - needs it, too

pytestmark = pytest.mark.slow

DAY = date(2026, 2, 10)
TABLES = ["calls", "call_documents"]


class Mortal(s3fs.S3FileSystem):  # type: ignore[misc]
    """A file system whose process ends at one of its writes, before or after the server has it."""

    cachable = False
    left = -1
    is_before = True

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self._write(lambda: super(Mortal, self).pipe_file(path, value, **options))

    def put_file(self, source: str, path: str, **options: Any) -> None:
        self._write(lambda: super(Mortal, self).put_file(source, path, **options))

    def _write(self, write: Any) -> None:
        self.left -= 1
        if self.left == -1 and self.is_before:
            raise Killed
        write()
        if self.left == -1:
            raise Killed


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def store(server: S3Server) -> Mortal:
    keys = {"key": "AKIAEXAMPLE00000", "secret": "an-example-of-a-secret-key"}
    return Mortal(endpoint_url=server.url, client_kwargs={"region_name": "eu-central-1"}, **keys)


@pytest.fixture
def bucket(server: S3Server) -> str:
    name = f"warehouse-{uuid.uuid4().hex}"
    server.create_bucket(name)
    return name


def export_in(company: Company, store: Mortal, root: str) -> CallExport:
    company.folder = ExportFolder(store, root)
    return CallExport(
        company.folder, company.settings(tables=TABLES, file_format="jsonl"), "us-1", clock=lambda: company.now
    )


def rename(company: Company, title: str) -> None:
    company.answers.edits.clear()
    company.edit_call("seed-1", lambda call: call["metaData"].update(title=title))


def calls(company: Company) -> bytes:
    company.whole_days()
    with company.folder.opened(company.manifest(DAY).tables["calls"].path) as file:
        return file.read()


@pytest.mark.parametrize("is_before", [True, False])
def test_killed_at_any_write_the_next_run_ends_right(
    company: Company, store: Mortal, bucket: str, is_before: bool
) -> None:
    store.is_before = is_before
    for number in itertools.count():
        export = export_in(company, store, f"{bucket}/{number}")
        rename(company, "Old")
        store.left = -1
        export.read(company.client, [DAY], keeps_notes=False)
        rename(company, "New")
        store.left = number
        try:
            export.read(company.client, [DAY], keeps_notes=False)
        except Killed:
            store.left = -1
        else:
            break
        if company.manifest(DAY).is_complete:
            assert b"Old" in calls(company) or b"New" in calls(company)
        else:
            assert DAY in export.plan(PlanSettings()).days
        export.read(company.client, [DAY], keeps_notes=False)
        assert b"New" in calls(company)
    # The manifest, two tables, the manifest.
    assert number == 4


def test_of_two_runs_at_once_the_next_one_makes_it_right(company: Company, store: Mortal, bucket: str) -> None:
    for number in range(3):
        rename(company, f"Old {number}")
        export = export_in(company, store, f"{bucket}/export")
        export.read(company.client, [DAY], keeps_notes=False)
        rename(company, f"New {number}")
        both = [threading.Thread(target=export.read, args=(company.client, [DAY])) for _ in range(2)]
        for run in both:
            run.start()
        for run in both:
            run.join()
        export.read(company.client, [DAY])
        assert f"New {number}".encode() in calls(company)


@pytest.mark.parametrize("name", ["", "gong/", "gong #1", "gong?day=1", "50%20 off", "über alles", "a*[b]", "a=b&c"])
def test_a_folder_may_have_any_name(company: Company, store: Mortal, bucket: str, name: str) -> None:
    export = export_in(company, store, f"{bucket}/{name}")
    assert export.read(company.client, [DAY], keeps_notes=False)["days_changed"] == 1
    assert export.read(company.client, [DAY], keeps_notes=False)["days_changed"] == 0
    assert [state.is_whole for state in export.states()] == [True]
    assert b"Northwind" in calls(company)


def test_a_bucket_that_there_is_not_is_an_error_of_the_export(company: Company, store: Mortal) -> None:
    export = export_in(company, store, f"missing-{uuid.uuid4().hex}/gong")
    with pytest.raises(GongExportStorageError, match="missing-"):
        export.read(company.client, [DAY])
