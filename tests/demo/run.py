"""The demo from start to end: a night, an emulated Gong, a real Airflow, the import, and the comparison."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.demo.compare import ImportReport, State, differences, request_differences
from tests.demo.gong import EmulatedGong, user_ids
from tests.demo.night import MISTAKES, Night, export_night
from tests.demo.nightly import DAG_ID, phase_states, read_report, start_import, task
from tests.demo.show import Progress, show_differences, show_night, show_report
from tests.e2e.airflow_standalone import AirflowStandalone

EXAMPLE_DAGS = Path(__file__).parents[2] / "example_dags"
CONN_ID = "gong_default"
_PROCESSING_SECONDS = 5
_FAILED = ("failed", "up_for_retry", "upstream_failed")
_LOOK_SECONDS = 1
# Two requests per row at three per second, and time for Airflow to start tasks and for Gong to process.
_RUN_SECONDS, _ROW_SECONDS = 180, 1.5
_LOG_LINES = 25


class DemoError(Exception):
    """The demo could not be carried through."""


def demo(rows: int) -> bool:
    """Import a night of so many rows, and return whether the report agrees with the emulated Gong."""
    with _scene(rows) as scene:
        return scene.play()


def playground(rows: int) -> bool:
    """Do what the demo does, and keep Airflow and the emulated Gong running until Ctrl-C."""
    with _scene(rows) as scene:
        scene.explain()
        agrees = scene.play()
        scene.explain()
        scene.stay()
        return agrees


class _Scene:
    """All that runs while a demo runs."""

    def __init__(self, airflow: AirflowStandalone, gong: EmulatedGong, night: Night, progress: Progress) -> None:
        self.airflow = airflow
        self.gong = gong
        self.night = night
        self.progress = progress

    def play(self) -> bool:
        """Import the night and return whether the report agrees with the emulated Gong."""
        before = self.gong.state()
        run_id = start_import(self.airflow, self.night)
        self.progress.say(f"Triggered {DAG_ID}")
        began = time.monotonic()
        self._follow(run_id, before)
        seconds = time.monotonic() - began
        report, after = read_report(self.airflow, self.night, run_id), self.gong.state()
        show_report(self.night, report, after)
        self._show_end(run_id, report, seconds)
        found = differences(self.night, report, before, after) + request_differences(report, before, after)
        show_differences(self.night, found)
        return not found
