"""A real PostgreSQL server for tests, with the programs of Debian's package or any other installation."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

_READY_SECONDS = 60
_NO_FSYNC = ("-c", "fsync=off", "-c", "full_page_writes=off")


def programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, None if it is not installed."""
    folders = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


class PostgresServer:
    """
    A running server.

    :param port: its port on loopback
    :param start: starts its process
    """

    def __init__(self, port: int, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.port = port
        self._start = start
        self._process = start()
        self._numbers = itertools.count()

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/{database}"

    def wait_until_ready(self) -> None:
        """Wait until it takes connections."""
        engine = sa.create_engine(self.url())
        deadline = time.monotonic() + _READY_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(sa.exc.OperationalError), engine.connect():
                engine.dispose()
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def stop(self) -> None:
        """Stop it, as an administrator in a hurry does, without waiting for clients to go."""
        self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self._process = self._start()
        self.wait_until_ready()

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


@contextlib.contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """
    Run a server until the block ends.

    :param durable: whether it writes as carefully as a server in production
    """
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed. On Debian: apt install postgresql")
    home = Path(tempfile.mkdtemp(prefix="gong-postgres-"))
    try:
        user = _unprivileged(home)
        init = [folder / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*map(str, init)], check=True, capture_output=True, cwd=home, **user)
        port = _free_port()
        serve = [folder / "postgres", "-D", home / "data", "-k", home, "-p", port, "-c", "listen_addresses=127.0.0.1"]
        # Processes that tests give up in the middle of their work close nothing.
        serve += ["-c", "max_connections=1000"]
        settings = () if durable else _NO_FSYNC

        def start() -> subprocess.Popen[bytes]:
            with (home / "log").open("ab") as log:
                return subprocess.Popen([*map(str, serve), *settings], cwd=home, stdout=log, stderr=log, **user)

        server = PostgresServer(port, start)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a real PostgreSQL server; where there is none, the test is skipped, but never in CI."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("needs PostgreSQL; on Debian: apt install postgresql")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gong_store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def _unprivileged(home: Path) -> dict[str, Any]:
    """Return the options of a process that may be a server: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    os.chown(home, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port
