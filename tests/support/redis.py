"""A real Redis server for tests, with the program of Debian's package or any other installation."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_READY_SECONDS = 120


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """
    Run a server that stores nothing until the block ends, and return its URL without the number of a database.

    :param folder: where it works
    """
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("Redis is not installed. On Debian: apt install redis-server")
    port = _free_port()
    settings = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder))
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen([program, *settings], stdout=log, stderr=log)
    try:
        _wait_until_ready(process, port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real Redis server; where there is none, the test is skipped, but never in CI."""
    if shutil.which("redis-server") is None and not os.environ.get("CI"):
        pytest.skip("needs Redis; on Debian: apt install redis-server")
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"PING\r\n")
            if connection.recv(64).startswith(b"+PONG"):
                return
        time.sleep(0.05)
    raise RuntimeError("Redis did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port
