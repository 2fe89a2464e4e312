"""An Airflow as in production: PostgreSQL, each component a process, and Celery workers on hosts of their own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from tests.e2e.airflow_processes import AirflowProcesses

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
# Nobody will ever find it: the name is reserved for that (RFC 2606).
NO_DATABASE = "postgresql+psycopg2://nobody@metadata.invalid/airflow"


class AirflowComponents(AirflowProcesses):
    """
    Run Airflow's components as processes of their own, with PostgreSQL as the metadata database.

    :param database_url: The metadata database, empty.
    :param redis_url: Redis, for CeleryExecutor; without it the tasks run in the scheduler's LocalExecutor.
    :param workers: The Celery workers by name, with the queue that each listens to besides ``default``. Each has a home
        of its own, and no access to the metadata database.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        database_url: str,
        *,
        redis_url: str | None = None,
        workers: Mapping[str, str] | None = None,
    ) -> None:
        settings = {
            "API__SECRET_KEY": secrets.token_urlsafe(),
            "API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
            "CORE__EXECUTOR": "CeleryExecutor" if redis_url else "LocalExecutor",
            "CORE__FERNET_KEY": Fernet.generate_key().decode(),
            "DATABASE__SQL_ALCHEMY_CONN": database_url,
            # The hosts of a test share a disk for this alone.
            "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        }
        if redis_url:
            settings |= {
                "CELERY__BROKER_URL": f"{redis_url}/0",
                "CELERY__RESULT_BACKEND": f"{redis_url}/1",
                # A busy machine is slow, and not broken.
                "CELERY__OPERATION_TIMEOUT": "120",
            }
        super().__init__(home, dags_folder, {f"AIRFLOW__{name}": value for name, value in settings.items()})
        self._workers = dict(workers or {})

    def launch(self) -> None:
        """Set up the metadata database, and start everything."""
        self.spawn("migration", "db", "migrate")
        self.wait_for_end("migration", "migrating its database")
        for component in COMPONENTS:
            self.spawn(component, component)
        for name, queue in self._workers.items():
            self._start_worker(name, queue)

    def worker_home(self, name: str) -> Path:
        """Return the ``AIRFLOW_HOME`` of a worker."""
        return self.home / "hosts" / name

    def replace_triggerer(self) -> None:
        """Kill the triggerer with all that it runs, and start another one."""
        self.check_alive()
        self.kill_group("triggerer")
        self.spawn("triggerer", "triggerer")

    def _start_worker(self, name: str, queue: str) -> None:
        queues = ("--queues", f"{queue},default", "--concurrency", "1")
        own = {"AIRFLOW_HOME": str(self.worker_home(name)), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": NO_DATABASE}
        self.worker_home(name).mkdir(parents=True)
        self.spawn(f"worker-{name}", "celery", "worker", "--celery-hostname", name, "--skip-serve-logs", *queues, **own)
