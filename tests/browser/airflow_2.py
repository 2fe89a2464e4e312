"""The web server of an Airflow 2 from another environment, for tests of its forms."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from tests.e2e.airflow_rest import AirflowRestError

USER, PASSWORD = "admin", "admin"
_LONGEST_START = 600  # seconds
_LONGEST_END = 20  # seconds


@contextmanager
def running_webserver(airflow: Path, home: Path) -> Iterator[str]:
    """
    Run the web server of Airflow 2 with a user who may do everything, and yield its URL.

    :param airflow: the command, in its environment
    :param home: Folder that becomes ``AIRFLOW_HOME``
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__TEST_CONNECTION": "Enabled",
        "WEBSERVER__BASE_URL": f"http://127.0.0.1:{port}",
        "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "WEBSERVER__WEB_SERVER_PORT": str(port),
        "WEBSERVER__WORKERS": "1",
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW_", "_AIRFLOW_"))}
    path = os.pathsep.join([str(airflow.parent), os.environ.get("PATH", "")])
    own = {f"AIRFLOW__{key}": value for key, value in settings.items()}
    env = {**inherited, **own, "AIRFLOW_HOME": str(home), "PATH": path}
    person = ["--firstname", "A", "--lastname", "B", "--email", "admin@example.com", "--role", "Admin"]
    for command in (["db", "migrate"], ["users", "create", "--username", USER, "--password", PASSWORD, *person]):
        subprocess.run([airflow, *command], env=env, check=True, capture_output=True, timeout=_LONGEST_START)
    with (home / "webserver.log").open("wb") as log:
        process = psutil.Popen(
            [airflow, "webserver"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", process, home / "webserver.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        # Gunicorn ends its workers, Airflow's command ends gunicorn.
        family = [process, *process.children(recursive=True)] if process.is_running() else []
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=_LONGEST_END)
        for survivor in alive:
            survivor.kill()


def _wait_until_healthy(url: str, process: psutil.Popen, log: Path) -> None:
    deadline = time.monotonic() + _LONGEST_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AirflowRestError(f"The web server of Airflow 2 did not start:\n{log.read_text(errors='replace')[-3000:]}")
