"""What the demo prints."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.demo.compare import REJECTED, VERIFIED, ImportReport, State
from tests.demo.night import Night

_WIDTH = 116
_OUTCOMES = {
    VERIFIED: "are in Gong with their recordings; each was read back",
    REJECTED: "were not sent because of problems",
    "failed": "were refused by Gong",
    "duplicate": "have a call in Gong that may not be theirs",
    "exists": "were in Gong before this import",
    "conflict": "have the id of another call in Gong",
    "incomplete": "have a call in Gong without a recording",
    "not_visible": "were accepted by Gong and never appeared",
    "processing": "are still being processed by Gong",
}
_ACTORS = {
    "gong_administrator": "a Gong administrator",
    "manifest": "the manifest's owner",
    "recording": "the recordings' owner",
    "gong_support": "Gong support (it may also resolve itself)",
}
_SHORT = {"success": "done"}


class Progress:
    """
    Prints lines with the time since the start, and those of a running import when something has changed.

    :param quiet_seconds: A line is printed after this time although nothing has changed.
    """

    def __init__(self, quiet_seconds: float = 5) -> None:
        self._began = time.monotonic()
        self._quiet_seconds = quiet_seconds
        self._shown: tuple[str, float] = ("", self._began)

    @property
    def elapsed(self) -> str:
        """The time since the start as minutes and seconds."""
        return _clock(time.monotonic() - self._began)

    def say(self, line: str) -> None:
        """Print a line."""
        print(f"[{self.elapsed}] {line}", flush=True)

    def show_import(self, phases: Mapping[str, str], total: int, before: State, now: State) -> None:
        """Print where an import stands: in Airflow the phases, in Gong the calls."""
        line = f"{_phases(phases)}  |  {_arrived(total, before, now)}"
        shown, when = self._shown
        moment = time.monotonic()
        if line != shown or moment - when >= self._quiet_seconds:
            self._shown = (line, moment)
            self.say(line)


def night_line(night: Night) -> str:
    """Return what a night consists of."""
    return (
        f"Exported the night of {night.day}: {len(night.rows)} rows, {len(night.right)} right and {len(night.wrong)} "
        "wrong on purpose"
    )


def show_report(night: Night, report: ImportReport, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """
    Print what became of the night, as the report task says.

    :param before: the requests that Gong had got before the import
    :param after: those that it has got in all
    """
    print(f"\nThe import's report: {report.summary['rows']} rows")
    for state, count in report.summary["states"].items():
        print(f"  {count:4}  {state:<10} {_OUTCOMES.get(state, '')}")
    _show_problems(night, report.summary)
    _show_requests(before, after)


def show_times(seconds: float, elapsed: str) -> None:
    """Print how long it took."""
    print(f"Time: {_clock(seconds)} for the import, {elapsed} in all")


def show_end(report: ImportReport, state: str, folder: Path) -> None:
    """Print how the run has ended, and why this is correct."""
    print(f"Report: {folder / 'report.html'}; next to it are report.csv, report.json, retry.csv and")
    print("        permanent.csv for programs")
    bad = report.summary["wrong"]
    if state == "failed" and bad:
        print(
            f"\nThe report task fails, and so does the run. This is expected: the DAG allows no failed or rejected\n"
            f"rows (max_failed=0), and there are {bad} that need attention."
        )


def show_what_is_left(recordings: Path) -> None:
    """Print what stays when the demo has ended."""
    print(f"\nAirflow and the emulated Gong have stopped. Recordings, manifest and report remain in\n  {recordings}")


def show_logs(folder: Path, what: str) -> None:
    """
    Print where to look after the demo has not come to its end.

    :param what: what has happened, as a sentence without its full stop
    """
    print(
        f"\n{what}. All logs are kept in {folder}:\n"
        "  airflow/standalone.log (all of Airflow), airflow/logs (each task), gong-emulator.log",
        flush=True,
    )


def show_differences(night: Night, found: list[str]) -> None:
    """Print how the comparison with the emulated Gong has ended."""
    print("\nThe report compared with the emulated Gong, call by call:")
    for difference in found:
        print(_filled(f"DIFFERS: {difference}", "  "))
    if not found:
        print(f"  {len(night.right)} calls, each in Gong exactly once with the right host and title; each recording")
        print("  was received once and is identical to the file. Gong has no call for a wrong row, and no others.")


def show_places(airflow_url: str, gong_url: str, dag_id: str, conn_id: str) -> None:
    """Print where to look while all is running."""
    print(
        f"""
  Airflow        {airflow_url}/dags/{dag_id}
                 no login required; the upload and report tasks of a run link to the report (under Details)
  Connection     {airflow_url}/connections
                 {conn_id}; its Test button connects to the emulated Gong
  Emulated Gong  {gong_url}
                 calls with their recordings, users, and every request
  Ctrl-C stops and removes everything.
""",
        flush=True,
    )


def show_what_to_try(night: Night, dag_id: str) -> None:
    """Print how to import a night by hand."""
    print(
        f"""
  Last night ({night.day}) has not been imported yet. In Airflow, trigger {dag_id}
  with the parameter recordings = {night.folder}
  and keep the logical date.
""",
        flush=True,
    )


def _phases(phases: Mapping[str, str]) -> str:
    begun = [f"{phase} {_SHORT.get(state, state)}" for phase, state in phases.items() if state != "waiting"]
    return ", ".join(begun) or "run queued"


def _arrived(total: int, before: State, now: State) -> str:
    known = {call["id"] for call in before["calls"]}
    calls = [call for call in now["calls"] if call["id"] not in known]
    recordings = sum(1 for call in calls if call["media"])
    processed = sum(1 for call in calls if call["state"] == "visible")
    requests = now["requests"]
    return (
        f"Gong: {len(calls)}/{total} calls, {recordings}/{total} recordings, {processed}/{total} processed; "
        f"{requests['accepted']} requests, {requests['refused']} refused"
    )


def _show_problems(night: Night, summary: Mapping[str, Any]) -> None:
    print("\nThe rejected rows, with the problems that the import found and who needs to act:")
    mistakes = {row.number: row.mistake for row in night.wrong}
    for problem in summary["problems"]:
        mistake = mistakes.get(problem["row"])
        origin = f"wrong on purpose: {mistake.what}" if mistake else "NOT EXPECTED"
        print(f"  row {problem['row']:<3} {origin}")
        value = problem["value"].removeprefix(f"{night.folder}/")
        print(_filled(f"{problem['field']} {problem['rule']} (got {value}). {problem['remedy']}", " " * 10))
        print(f"          To act: {_ACTORS.get(problem['who'], problem['who'])}")


def _show_requests(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    accepted, refused = (after[kind] - before[kind] for kind in ("accepted", "refused"))
    print(
        f"\nRequests: the import sent {accepted + refused:,}. Gong accepted {accepted:,} and refused {refused:,} that "
        "came too fast and were sent again."
    )
    print(
        f"          {after['day_count']:,} of the day's {after['day_limit']:,} are used; refused requests do not count."
    )


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
