"""Folders of recordings in stores that are busy, refuse single objects, or cannot be reached."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_gong.call_import.errors import GongImportError
from airflow_provider_gong.ledger.rows import CallState
from tests.support.recordings import write_wav
from tests.unit.call_import.manifest.folders.test_folder import KNOWN, plan

FOLDER = "memory://recordings/day"
OPTIONS: dict[str, Any] = {"columns": {**KNOWN, "client_unique_id": "{file_stem}"}, "name_template": "{_}.wav"}
NAMES = ("1", "2", "3")


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[MemoryFileSystem]:
    store = MemoryFileSystem()
    for number, name in enumerate(NAMES):
        write_wav(tmp_path / "a.wav", seconds=61 + number, seed=number)
        store.pipe(f"/recordings/day/{name}.wav", (tmp_path / "a.wav").read_bytes())
        store.pipe(f"/recordings/meta/{name}.json", b'{"title": "Renewal"}')
    yield store
    store.rm("/recordings", recursive=True)


class ResponseError(Exception):
    """As libraries of object stores raise it."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status_code = status
        self.error_code = code


def refused_by_s3(code: str, kind: type[OSError] = PermissionError) -> OSError:
    error, cause = kind(code), Exception(code)
    cause.response = {"Error": {"Code": code}}  # type: ignore[attr-defined]
    error.__cause__ = cause
    return error


FAILURES = [
    OSError(errno.EBUSY, "Please reduce your request rate."),
    TimeoutError("Read timed out"),
    ConnectionResetError("Connection reset by peer"),
    refused_by_s3("ExpiredToken"),
    refused_by_s3("KMS.ThrottlingException", OSError),
    RuntimeError("Unable to locate credentials"),
    ResponseError(503, "ServerBusy"),
    ResponseError(429),
    ResponseError(401),
]
REFUSALS = [
    (PermissionError("Access Denied"), "permissions of the Airflow worker"),
    (FileNotFoundError("gone"), "add the recording"),
    (refused_by_s3("AccessDenied"), "permissions of the Airflow worker"),
    (refused_by_s3("InvalidObjectState"), "Restore the recording from the store's archive"),
    (ResponseError(409, "BlobArchived"), "Restore the recording from the store's archive"),
    (ResponseError(403, "AuthorizationFailure"), "permissions of the Airflow worker"),
    (refused_by_s3("KMS.DisabledException", OSError), "permissions of the Airflow worker"),
    (OSError("Forbidden"), "permissions of the Airflow worker"),
]

Fails = Callable[[str, str, Exception], None]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Fails:
    """Return what makes a method of the store fail for the places that end like this."""

    def fail(method: str, end: str, error: Exception) -> None:
        works = getattr(MemoryFileSystem, method)

        def wrapped(self: MemoryFileSystem, path: str, *args: Any, **options: Any) -> Any:
            if path.endswith(end):
                raise error
            return works(self, path, *args, **options)

        monkeypatch.setattr(MemoryFileSystem, method, wrapped)

    return fail


@pytest.mark.parametrize("error", FAILURES, ids=repr)
@pytest.mark.parametrize(("method", "end"), [("ls", "/day"), ("_open", "/2.wav"), ("_open", "/2.json")])
def test_a_store_that_fails_fails_the_plan_which_can_be_retried(
    fails: Fails, method: str, end: str, error: Exception
) -> None:
    fails(method, end, error)
    sidecar = {"sidecar": "../meta/{file_stem}.json"} if end == "/2.json" else {}
    with pytest.raises(GongImportError, match=r"cannot be (read|listed)") as raised:
        plan(f"{FOLDER}/*.wav", **OPTIONS, **sidecar)
    assert raised.value.retry_can_help


@pytest.mark.parametrize(("error", "remedy"), REFUSALS, ids=repr)
def test_an_object_that_is_refused_is_a_rejected_row(fails: Fails, error: Exception, remedy: str) -> None:
    fails("_open", "/2.wav", error)
    found = plan(f"{FOLDER}/*.wav", **OPTIONS)
    assert [row.state for row in found.rows] == [CallState.PLANNED, CallState.REJECTED, CallState.PLANNED]
    (problem,) = found.rows[1].problems
    assert remedy in problem.remedy


@pytest.mark.parametrize(("error", "_"), REFUSALS, ids=repr)
def test_a_sidecar_that_is_refused_is_a_rejected_row(fails: Fails, error: Exception, _: str) -> None:
    fails("_open", "/2.json", error)
    found = plan(f"{FOLDER}/*.wav", sidecar="../meta/{file_stem}.json", **OPTIONS)
    assert [row.state for row in found.rows] == [CallState.PLANNED, CallState.REJECTED, CallState.PLANNED]


def test_a_folder_that_may_not_be_listed_fails_the_plan_for_good(fails: Fails) -> None:
    fails("ls", "/day", PermissionError("Access Denied"))
    with pytest.raises(GongImportError, match="cannot be listed: Access Denied") as raised:
        plan(f"{FOLDER}/*.wav", **OPTIONS)
    assert not raised.value.retry_can_help


def test_sidecars_of_another_folder_are_listed_too(store: MemoryFileSystem) -> None:
    store.rm("/recordings/meta/2.json")
    found = plan(f"{FOLDER}/*.wav", sidecar="../meta/{file_stem}.json", **OPTIONS)
    assert [row.state for row in found.rows] == [CallState.PLANNED, CallState.REJECTED, CallState.PLANNED]
    assert "has no sidecar memory://recordings/meta/2.json" in found.rows[1].problems[0].rule


@pytest.mark.parametrize("options", [{}, {"sidecar": "../meta/{file_stem}.json"}])
def test_links_on_a_server_have_another_length_than_what_they_lead_to(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    listed = MemoryFileSystem.ls

    def ls(self: MemoryFileSystem, path: str, *args: Any, **given: Any) -> Any:
        found = listed(self, path, *args, **given)
        return [info if info["type"] == "directory" else {**info, "type": "link", "size": 7} for info in found]

    monkeypatch.setattr(MemoryFileSystem, "ls", ls)
    found = plan(f"{FOLDER}/*.wav", **OPTIONS, **options)
    assert [row.state for row in found.rows] == [CallState.PLANNED] * 3
