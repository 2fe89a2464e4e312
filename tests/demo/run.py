"""The demo from start to end: a night, an emulated Gong, a real Airflow, the import, and the comparison."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.demo import show
from tests.demo.compare import State, differences, request_differences
from tests.demo.gong import EmulatedGong, user_ids
from tests.demo.night import Night, export_night
from tests.demo.nightly import DAG_ID, PHASES, last_night, read_report, report_folder, start_import, task, task_states
from tests.demo.reports import report_server
from tests.e2e.airflow_standalone import AirflowStandalone

EXAMPLE_DAGS = Path(__file__).parents[2] / "example_dags"
CONN_ID = "gong_default"
_PROCESSING_SECONDS = 5
_LOOK_SECONDS = 1
# Without any progress; Airflow needs some seconds to start a task, on a busy machine many.
_STALL_SECONDS = 600
_UNEXPECTED = ("failed", "up_for_retry")


class DemoError(Exception):
    """The demo could not be carried through; the message says where it stopped."""


def demo(rows: int) -> bool:
    """Import last night with so many rows, and return whether the report agrees with the emulated Gong."""
    with running() as stage:
        agrees = stage.import_night(stage.export(last_night(), rows)).agrees
    show.show_what_is_left(stage.recordings)
    return agrees


def playground(rows: int) -> None:
    """Import the night before last as the demo does, and keep all running, with last night left to be imported."""
    with running(keeps_logs=False) as stage:
        imported = stage.export(last_night() - timedelta(days=1), rows)
        left = stage.export(last_night(), rows)
        show.show_places(stage.airflow.url, stage.gong.url, DAG_ID, CONN_ID)
        stage.import_night(imported)
        show.show_places(stage.airflow.url, stage.gong.url, DAG_ID, CONN_ID)
        show.show_what_to_try(left, DAG_ID)
        while True:
            stage.airflow.check_alive()
            time.sleep(_LOOK_SECONDS)


@contextmanager
def running(*, keeps_logs: bool = True) -> Iterator[Stage]:
    """
    Run Gong and Airflow. Recordings and reports stay; after a failure, so do all logs.

    :param keeps_logs: whether all stays after Ctrl-C, too, which is how the playground is meant to end
    """
    progress = show.Progress()
    folder = Path(tempfile.mkdtemp(prefix="gong-demo-"))
    try:
        recordings = folder / "recordings"
        with (
            EmulatedGong(_PROCESSING_SECONDS, folder / "gong-emulator.log") as gong,
            report_server(recordings) as reports,
        ):
            progress.say(f"The emulated Gong is ready at {gong.url}")
            env = {"AIRFLOW__GONG__REPORT_SERVER": reports}
            with AirflowStandalone(folder / "airflow", EXAMPLE_DAGS, env, progress=progress.say) as airflow:
                airflow.call("POST", "/connections", json={"connection_id": CONN_ID, **gong.connection})
                yield Stage(airflow, gong, recordings, progress)
    except KeyboardInterrupt:
        if keeps_logs:
            show.show_logs(folder, "The demo was interrupted. To begin anew, run it again")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        show.show_logs(folder, "The demo has failed. If the machine was busy, run it again; else read the logs")
        raise
    shutil.rmtree(folder / "airflow", ignore_errors=True)
    (folder / "gong-emulator.log").unlink(missing_ok=True)


@dataclass(frozen=True)
class Imported:
    """
    A run that has ended.

    :param run_id: Its id in Airflow.
    :param agrees: Whether its report agrees with the emulated Gong.
    """

    run_id: str
    agrees: bool


@dataclass(frozen=True)
class Stage:
    """An Airflow that is connected to an emulated Gong."""

    airflow: AirflowStandalone
    gong: EmulatedGong
    recordings: Path
    progress: show.Progress

    def export(self, day: date, rows: int) -> Night:
        """Write a night."""
        night = export_night(self.recordings, day, user_ids(self.gong.state()), rows)
        self.progress.say(show.night_line(night))
        return night

    def import_night(self, night: Night) -> Imported:
        """Import a night, and print what became of it."""
        before = self.gong.state()
        began = time.monotonic()
        run_id = start_import(self.airflow, night)
        self.progress.say(f"Triggered {DAG_ID}")
        self._follow(run_id, night, before)
        state = self.airflow.wait(DAG_ID, run_id)
        seconds = time.monotonic() - began
        report, after = read_report(self.airflow, night, run_id), self.gong.state()
        found = differences(night, report, before, after) + request_differences(report, before, after)
        show.show_report(night, report, before["requests"], after["requests"])
        show.show_times(seconds, self.progress.elapsed)
        show.show_end(report, state, report_folder(night))
        show.show_differences(night, found)
        return Imported(run_id, agrees=not found)

    def _follow(self, run_id: str, night: Night, before: State) -> None:
        """Print progress until the report task has ended."""
        moved, seen = time.monotonic(), None
        while time.monotonic() < moved + _STALL_SECONDS:
            self.airflow.check_alive()
            states, gong = task_states(self.airflow, run_id), self.gong.state()
            phases = {phase: states.get(task(phase), "waiting") for phase in PHASES}
            self.progress.show_import(phases, len(night.right), before, gong)
            if (states, gong["requests"]) != seen:
                moved, seen = time.monotonic(), (states, gong["requests"])
            if phases["report"] in ("success", "failed"):
                return
            for task_id in (task_id for task_id, state in states.items() if state in _UNEXPECTED):
                problems = self.airflow.task_problems(DAG_ID, run_id, task_id)
                raise DemoError(f"The task {task_id} has failed. Its log says:\n{problems}")
            time.sleep(_LOOK_SECONDS)
        raise DemoError(f"The import has made no progress for {_STALL_SECONDS} s.{self.airflow.diagnosis()}")
