"""What keeps an import from starting at all: the task fails at once, and its error says what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import change_connection, new_calls, retrying_dag, task_states
from tests.support.recordings import manifest_row, write_manifest

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")


def error_of_plan(run_dag: RunDag, manifest: Path) -> str:
    """Return the error with which the plan fails, after a single try."""
    failures: list[str] = []
    with retrying_dag("bad_input", failures) as dag:
        GongPlanCallImportOperator(task_id="plan", import_id="night", manifest=str(manifest))
    run = run_dag(dag)
    assert task_states(run) == {"plan": ("failed", 1)}
    (failure,) = failures
    return failure


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "manifest.csv", [manifest_row(1)])


@pytest.fixture
def other_host() -> Iterator[str]:
    """Run a web server that is not Gong's, and return its URL."""

    class NotGong(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), NotGong) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_wrong_key(run_dag: RunDag, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_connection(monkeypatch, password="not-the-secret")
    error = error_of_plan(run_dag, manifest)
    assert "Gong does not accept the credentials" in error
    assert "Check the connection's credentials, and that its host is your company's own API base URL" in error
    assert "not-the-secret" not in error


def test_host_that_is_not_gong(
    run_dag: RunDag, manifest: Path, monkeypatch: pytest.MonkeyPatch, other_host: str
) -> None:
    change_connection(monkeypatch, host=other_host)
    error = error_of_plan(run_dag, manifest)
    assert "The host's response is not one of Gong's API" in error
    assert "Check that the connection's host is your company's API base URL" in error


def test_host_without_https(run_dag: RunDag, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_connection(monkeypatch, host="http://us-12345.api.gong.io")
    error = error_of_plan(run_dag, manifest)
    assert "Connection 'gong_default': The host 'http://us-12345.api.gong.io' must use https" in error


def test_host_that_redirects(run_dag: RunDag, manifest: Path, gong_emulator: RunningEmulator) -> None:
    gong_emulator.add_faults(Fault(every=1, action="redirect", url="https://other.example.com/"))
    error = error_of_plan(run_dag, manifest)
    assert "redirect" in error
    assert "Set the connection's host to your company's API base URL" in error
    assert len(gong_emulator.requests()) == 1


def test_manifest_without_a_column(run_dag: RunDag, tmp_path: Path) -> None:
    row = manifest_row(1)
    del row["actual_start"]
    manifest = write_manifest(tmp_path / "manifest.csv", [row])
    error = error_of_plan(run_dag, manifest)
    assert str(manifest) in error
    assert "lacks the column actual_start" in error
    assert "Add what is missing to the header line" in error


def test_manifest_that_is_not_there(run_dag: RunDag, tmp_path: Path) -> None:
    error = error_of_plan(run_dag, tmp_path / "manifest.csv")
    assert f"Manifest {tmp_path}/manifest.csv cannot be read" in error


def test_an_import_without_a_plan_is_no_success(
    run_dag: RunDag, manifest: Path, gong_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_connection(monkeypatch, password="not-the-secret")
    failures: list[str] = []
    with retrying_dag("no_plan", failures) as dag:
        gong_call_import(str(manifest), deferrable=True)

    run = run_dag(dag)

    assert run.state == "failed"
    states = task_states(run)
    assert (states["plan"], states["report"]) == (("failed", 1), ("upstream_failed", 0))
    assert "Gong does not accept the credentials" in failures[-1]
    assert new_calls(gong_emulator) == {}
