"""Groups of processes that a test starts, and stops with all that they have started."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import psutil

STOP_TIMEOUT = 20  # seconds


def stop_groups(processes: list[psutil.Popen]) -> None:
    """Ask processes to end with all that they have started, and kill what is left of them."""
    family = family_of(processes)
    for process in processes:
        _signal_group(process.pid, signal.SIGTERM)
    _wait_for_end(family, STOP_TIMEOUT)
    kill_groups(processes, family)


def kill_groups(processes: list[psutil.Popen], family: list[psutil.Process] | None = None) -> None:
    """Kill processes with all that they have started, also what is in a group of its own."""
    family = family_of(processes) if family is None else family
    for process in processes:
        _signal_group(process.pid, signal.SIGKILL)
    for survivor in filter(_is_alive, family):
        with suppress(psutil.NoSuchProcess):
            survivor.kill()
    for process in processes:
        process.wait(timeout=STOP_TIMEOUT)


def family_of(processes: list[psutil.Popen]) -> list[psutil.Process]:
    """Return processes and all that they have started."""
    found: list[psutil.Process] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += [process, *process.children(recursive=True)]
    return found


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
