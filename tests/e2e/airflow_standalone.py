"""A real Airflow (scheduler, DAG processor, triggerer, API server) on this machine, for tests and demos."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from tests.e2e.airflow_rest import AirflowRest, AirflowRestError

COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
STOP_TIMEOUT = 20  # seconds
_LONGEST_START = 900  # seconds
_INFO = "[info "  # how structured lines of this level look


class AirflowStandalone(AirflowRest):
    """
    Run ``airflow standalone`` on free ports, with SQLite and LocalExecutor.

    As a context manager it is started and healthy on entry and stopped on exit. The user interface at
    :attr:`url` asks for no login: everybody on this machine is an administrator.

    :param home: Folder that becomes ``AIRFLOW_HOME``; created when missing.
    :param dags_folder: Folder with the DAG files.
    :param env: Environment variables besides those of the current process, such as ``AIRFLOW_CONN_...``.
        ``AIRFLOW_*`` variables of the current process are not passed on.
    :param stall_timeout: Seconds of the start without any progress after which it has failed.
    :param progress: Called with a line of text whenever the start has got further.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        env: Mapping[str, str] | None = None,
        *,
        stall_timeout: float = 120,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        api_port, *self._log_ports = _free_ports(3)
        super().__init__(f"http://127.0.0.1:{api_port}")
        self.home = home
        self.log_file = home / "standalone.log"
        self._dags_folder = dags_folder
        self._env = dict(env or {})
        self._stall_timeout = stall_timeout
        self._progress = progress
        self._process: psutil.Popen | None = None
        self._new_triggerer: psutil.Popen | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Start all components and return when they are healthy.

        :raises AirflowRestError: when they are not healthy in time; carries the end of their output.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        atexit.register(self.stop)
        try:
            self._process = self._spawn("standalone")
            self._wait_until_healthy()
            self.sign_in()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all components; does nothing when they are stopped."""
        atexit.unregister(self.stop)
        for process in filter(None, (self._new_triggerer, self._process)):
            _stop_group(process)
        self._process = self._new_triggerer = None

    def kill(self, pid: int) -> None:
        """
        Kill one of Airflow's processes, such as that of a task, as the kernel does when memory runs out.

        :raises AirflowRestError: when it is not one of them.
        """
        self.check_alive()
        family = self._process.children(recursive=True) if self._process else []
        if pid not in {process.pid for process in family}:
            raise AirflowRestError(f"Process {pid} is none of this Airflow's.")
        os.kill(pid, signal.SIGKILL)

    def replace_triggerer(self) -> None:
        """Kill the triggerer with all that it runs, and start another one."""
        self.check_alive()
        family = self._process.children(recursive=True) if self._process else []
        for process in family:
            with suppress(psutil.NoSuchProcess):
                if "triggerer" in " ".join(process.cmdline()):
                    process.kill()
        self._new_triggerer = self._spawn("triggerer")

    def check_alive(self) -> None:
        """Raise when the components were stopped or ended by themselves."""
        if self._process is None or self._process.poll() is not None:
            raise AirflowRestError(f"Airflow is not running.{self._log_tail()}")

    def diagnosis(self) -> str:
        """Return the DAG import errors and the end of what the components printed."""
        return super().diagnosis() + self._log_tail()

    def _spawn(self, command: str) -> psutil.Popen:
        with self.log_file.open("ab") as log:
            return psutil.Popen(
                [str(_bin_folder() / "airflow"), command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW_")}
        worker_log_port, trigger_log_port = self._log_ports
        settings = {
            "API__BASE_URL": self.url,
            "API__HOST": "127.0.0.1",
            "API__PORT": self.url.rpartition(":")[2],
            "API__WORKERS": "1",
            "CORE__DAGS_FOLDER": str(self._dags_folder),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": "4",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__TEST_CONNECTION": "Enabled",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log_port),
            "LOGGING__WORKER_LOG_SERVER_PORT": str(worker_log_port),
            # Runs start when they are triggered, never because a schedule is due.
            "SCHEDULER__USE_JOB_SCHEDULE": "False",
            # What a dead triggerer leaves behind is taken over soon.
            "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
        }
        own = {f"AIRFLOW__{key}": value for key, value in settings.items()}
        # The components are started by the bare name "airflow".
        path = os.pathsep.join([str(_bin_folder()), os.environ.get("PATH", "")])
        return {**inherited, **own, "AIRFLOW_HOME": str(self.home), "PATH": path, **self._env}

    def _wait_until_healthy(self) -> None:
        began = moved = time.monotonic()
        self._progress("Airflow starts, which usually takes 30 to 60 s")
        seen, told = 0.0, ""
        while missing := self._unhealthy():
            now, doing = time.monotonic(), self._doing(missing)
            signs = self._signs_of_life()
            if doing != told:
                self._progress(f"Airflow is {doing}")
            if doing != told or signs >= seen + 1:
                moved, seen, told = now, signs, doing
            if now - moved > self._stall_timeout or now - began > _LONGEST_START:
                raise AirflowRestError(
                    f"Airflow did not start in {now - began:.0f} s: it was {doing}.{self._log_tail()}"
                )
            time.sleep(0.5)
        self._progress(f"Airflow is ready at {self.url} after {time.monotonic() - began:.0f} s")

    def _doing(self, missing: list[str]) -> str:
        """Return what a start is at, in words."""
        if missing != ["api_server"]:
            return f"waiting for its {', '.join(missing)}"
        printed = self.log_file.read_text(errors="replace").lower()
        return (
            "starting its components" if "starting" in printed and "api-server" in printed else "migrating its database"
        )

    def _signs_of_life(self) -> float:
        """Return what grows while the start makes progress: processor time, and lines of the log."""
        if self._process is None:
            return 0.0
        seconds = 0.0
        for process in [self._process, *self._process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds + self.log_file.read_bytes().count(b"\n")

    def _unhealthy(self) -> list[str]:
        self.check_alive()
        try:
            health = self.request("GET", "/monitor/health").raise_for_status().json()
        except httpx.HTTPError:
            return ["api_server"]
        return [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]

    def _log_tail(self, lines: int = 10) -> str:
        printed = self.log_file.read_text(errors="replace").splitlines()
        tail = [line for line in printed if _INFO not in line][-lines:]
        return "\n".join(["", f"Its log is {self.log_file}; the end, without what is only information:", *tail])


def _bin_folder() -> Path:
    return Path(sys.executable).parent


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()


def _stop_group(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        _signal_group(process.pid, signal.SIGTERM)
        _wait_for_end(family, STOP_TIMEOUT)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait(timeout=STOP_TIMEOUT)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _wait_for_end(processes: list[psutil.Process], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while any(_is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.1)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
