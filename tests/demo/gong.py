"""An emulated Gong as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx

from airflow_provider_gong.emulator import EmulatorSettings

_READY = "ready on "
_STOP_SECONDS = 10


class EmulatedGong:
    """
    Run ``gong-emulator`` on a free loopback port, with Gong's own limits, for as long as the context lasts.

    :param processing_seconds: How long a call is processed after its recording arrived.
    :param log: File for what the emulator has to say when it fails.
    """

    def __init__(self, processing_seconds: float, log: Path) -> None:
        self._processing_seconds = processing_seconds
        self._log = log
        self.url = ""

    def __enter__(self) -> Self:
        command = [str(Path(sys.executable).with_name("gong-emulator")), "--port", "0"]
        command += ["--processing-seconds", f"{self._processing_seconds:g}"]
        with self._log.open("wb") as log:
            # In a session of its own: Ctrl-C is for the demo, which stops Airflow before its Gong.
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        try:
            self.url = self._wait_until_ready(self._process.stdout)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def connection(self) -> dict[str, str]:
        """The Airflow connection to this Gong."""
        settings = EmulatorSettings()
        return {
            "conn_type": "gong",
            "host": self.url,
            "login": settings.access_key,
            "password": settings.access_key_secret,
        }

    def state(self) -> dict[str, Any]:
        """Return what ``GET /_emulator/state`` answers."""
        answer = httpx.get(f"{self.url}/_emulator/state", trust_env=False, timeout=30).raise_for_status()
        state: dict[str, Any] = answer.json()
        return state

    def _wait_until_ready(self, output: IO[str] | None) -> str:
        line = output.readline() if output else ""
        if _READY not in line:
            raise RuntimeError(f"gong-emulator did not start: {line}{self._log.read_text(errors='replace')}")
        return line.partition(_READY)[2].strip()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def user_ids(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the Gong user ids of an emulated company by e-mail address."""
    return {user["emailAddress"]: user["id"] for user in state["users"]}
