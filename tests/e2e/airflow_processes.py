"""A real Airflow on this machine, in one process or several, which tests and demos start and stop."""

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
from tests.support.process_groups import family_of, kill_groups, stop_groups

COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_QUIET = 60  # seconds without a line of progress
_LONGEST_START = 900  # seconds
_INFO = "[info "  # how structured lines of this level look


class AirflowProcesses(AirflowRest):
    """
    Run Airflow on free ports.

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
        self._dags_folder = dags_folder
        self._env = dict(env or {})
        self._stall_timeout = stall_timeout
        self._progress = progress
        self._processes: dict[str, psutil.Popen] = {}

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
            self.launch()
            self._wait_until_healthy()
            self.sign_in()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start the processes, without waiting for them to be ready."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop all components, for good; does nothing when they are stopped."""
        atexit.unregister(self.stop)
        stop_groups(list(self._processes.values()))
        self._processes.clear()
        self.close()

    def kill(self, pid: int) -> None:
        """
        Kill one of Airflow's processes, such as that of a task, as the kernel does when memory runs out.

        :raises AirflowRestError: when it is not one of them.
        """
        self.check_alive()
        if pid not in {process.pid for process in family_of(list(self._processes.values()))}:
            raise AirflowRestError(f"Process {pid} is none of this Airflow's.")
        os.kill(pid, signal.SIGKILL)

    def check_alive(self) -> None:
        """Raise when the components were stopped, or one of them has ended."""
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        if ended or not self._processes:
            raise AirflowRestError(f"Airflow is not running: {', '.join(ended) or 'it is stopped'}.{self._log_tails()}")

    def diagnosis(self) -> str:
        """Return the DAG import errors and the end of what the components printed."""
        return super().diagnosis() + self._log_tails()

    def spawn(self, name: str, *command: str, **env: str) -> psutil.Popen:
        """
        Start a command of Airflow, in a group of processes that is stopped with the others.

        :param name: Names the process and its log.
        """
        with self.log_of(name).open("ab") as log:
            self._processes[name] = psutil.Popen(
                [str(bin_folder() / "airflow"), *command],
                env=self.environment() | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self._processes[name]

    def run(self, command: str, *arguments: str) -> str:
        """
        Run a command of this Python environment to its end, and return what it prints.

        :raises AirflowRestError: when it fails.
        """
        argv = [str(bin_folder() / command), *arguments]
        done = subprocess.run(argv, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise AirflowRestError(f"{command} {' '.join(arguments)} has failed: {done.stdout}\n{done.stderr}")
        return done.stdout

    def wait_for_end(self, name: str, doing: str) -> None:
        """
        Wait for a command to have done its work, and forget it.

        :param doing: What it does, in words.
        :raises AirflowRestError: when it has failed, or stands still.
        """
        process = self._processes[name]
        self.wait_for_progress(lambda: doing if process.poll() is None else "")
        if process.returncode:
            raise AirflowRestError(f"Airflow has failed at {doing}.{self._log_tails()}")
        del self._processes[name]

    def kill_group(self, name: str) -> None:
        """Kill a process that :meth:`spawn` has started, with all that it runs."""
        kill_groups([self._processes.pop(name)])

    def log_of(self, name: str) -> Path:
        """Return the file with what a process prints."""
        return self.home / f"{name}.log"

    def environment(self) -> dict[str, str]:
        """Return the environment that all processes have."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW_")}
        worker_log_port, trigger_log_port = self._log_ports
        settings = {
            "API__BASE_URL": self.url,
            "API__HOST": "127.0.0.1",
            "API__PORT": self.url.rpartition(":")[2],
            "API__WORKERS": "1",
            # A busy machine is slow, and not broken.
            "CORE__DAGBAG_IMPORT_TIMEOUT": "300",
            "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
            "WORKERS__EXECUTION_API_TIMEOUT": "120",
            "CORE__DAGS_FOLDER": str(self._dags_folder),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": "4",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__TEST_CONNECTION": "Enabled",
            # A file that changes is parsed at once all the same.
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log_port),
            "LOGGING__WORKER_LOG_SERVER_PORT": str(worker_log_port),
            # Runs start when they are triggered, never because a schedule is due.
            "SCHEDULER__USE_JOB_SCHEDULE": "False",
            # What a dead triggerer leaves behind is taken over soon.
            "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
            # A worker notices only then that a task has ended.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        }
        own = {f"AIRFLOW__{key}": value for key, value in settings.items()}
        # The components are started by the bare name "airflow".
        path = os.pathsep.join([str(bin_folder()), os.environ.get("PATH", "")])
        return {**inherited, **own, "AIRFLOW_HOME": str(self.home), "PATH": path, **self._env}

    def wait_for_progress(self, missing: Callable[[], str]) -> None:
        """
        Wait as long as there is progress.

        :param missing: Returns in words what Airflow is doing; nothing once that is done.
        :raises AirflowRestError: when nothing has moved for the stall timeout.
        """
        began = moved = said = time.monotonic()
        seen, told = 0.0, ""
        while doing := missing():
            now, signs = time.monotonic(), self._signs_of_life()
            if doing != told or now - said > _QUIET:
                still = "" if doing != told else "still "
                self._progress(f"Airflow is {still}{doing}")
                said = now
            if doing != told or signs >= seen + 1:
                moved, seen, told = now, signs, doing
            if now - moved > self._stall_timeout or now - began > _LONGEST_START:
                raise AirflowRestError(
                    f"Airflow did not start in {now - began:.0f} s: it was {doing}.{self._log_tails()}"
                )
            time.sleep(0.5)

    def _wait_until_healthy(self) -> None:
        began = time.monotonic()
        self._progress("Airflow starts, which usually takes 30 to 60 s")
        self.wait_for_progress(lambda: self._doing(self._unhealthy()))
        self._progress(f"Airflow is ready at {self.url} after {time.monotonic() - began:.0f} s")

    def _doing(self, missing: list[str]) -> str:
        """Return what a start is at, in words; nothing when all is there."""
        if not missing:
            return ""
        if missing != ["api_server"]:
            return f"waiting for its {', '.join(missing)}"
        printed = self._printed().lower()
        starts = "starting" in printed and "api-server" in printed
        return "starting its components" if starts else "migrating its database"

    def _signs_of_life(self) -> float:
        """Return what grows while there is progress: processor time, and lines of the logs."""
        seconds = 0.0
        for process in family_of(list(self._processes.values())):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds + self._printed().count("\n")

    def _unhealthy(self) -> list[str]:
        self.check_alive()
        try:
            health = self.request("GET", "/monitor/health").raise_for_status().json()
        except httpx.HTTPError:
            return ["api_server"]
        return [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]

    def _logs(self) -> list[Path]:
        return sorted(self.home.glob("*.log"))

    def _printed(self) -> str:
        return "".join(log.read_text(errors="replace") for log in self._logs())

    def _log_tails(self) -> str:
        return "".join(_tail(log) for log in self._logs())


def bin_folder() -> Path:
    """Return the folder with the commands of this Python environment."""
    return Path(sys.executable).parent


def _tail(log: Path, lines: int = 10) -> str:
    printed = log.read_text(errors="replace").splitlines()
    tail = [line for line in printed if _INFO not in line][-lines:]
    return "\n".join(["", f"Its log is {log}; the end, without what is only information:", *tail])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()
