"""``airflow standalone``: all components under one process, with SQLite and LocalExecutor."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

from tests.e2e.airflow_processes import AirflowProcesses


class AirflowStandalone(AirflowProcesses):
    """Run ``airflow standalone``."""

    @property
    def log_file(self) -> Path:
        """What all components print."""
        return self.log_of("standalone")

    def launch(self) -> None:
        """Start it."""
        self.spawn("standalone", "standalone")

    def replace_triggerer(self) -> None:
        """Kill the triggerer with all that it runs, and start another one."""
        self.check_alive()
        for process in self._processes["standalone"].children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "triggerer" in " ".join(process.cmdline()):
                    process.kill()
        self.spawn("triggerer", "triggerer")
