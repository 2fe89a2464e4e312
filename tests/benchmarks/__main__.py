"""The benchmarks: tables for people, JSON under ``build/benchmarks`` for comparison."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import checks, costs, dag_files, exports, object_stores, plans, processes, simulation, uploads
from tests.benchmarks.gong_limits import LIMITS

Rows = list[dict[str, Any]]

_RESULTS = Path(__file__).parents[2] / "build" / "benchmarks"
_JITTERS = (0.015, 0.1)
_CALLERS = (1, 8, 32)
_PROCESSES = 8
_PACINGS = {
    "shared, SQLite": "shared",
    "shared, PostgreSQL": "shared",
    "a pacer in each": "each",
    "general library, SQLite": "library",
    "none": "none",
}


def virtual(options: argparse.Namespace) -> Rows:
    """The shipped decisions, and what else there is, on virtual time."""
    rows = []
    for pacing, budgets in (
        ("shared", simulation.one_shared),
        ("a pacer in each", simulation.one_each),
        ("none", simulation.none_at_all),
    ):
        for jitter in _JITTERS:
            for limit, make in LIMITS.items():
                for callers in _CALLERS:
                    seen = simulation.simulate(
                        make(), budgets, callers=callers, jitter=jitter, requests=options.requests
                    )
                    row = {"pacing": pacing, "jitter ms": round(jitter * 1000), "Gong counts by": limit}
                    rows.append({**row, "callers": callers, **seen.as_row()})
    return rows


def real(options: argparse.Namespace) -> Rows:
    """Processes against an emulated company."""
    return [
        processes.measure(name, kind, processes=_PROCESSES, seconds=options.seconds).as_row()
        for name, kind in _PACINGS.items()
        if options.pacing in (None, name)
    ]


def soak(options: argparse.Namespace) -> Rows:
    """Processes that are killed at random."""
    return [
        processes.soak(name, processes=_PROCESSES, seconds=options.soak_seconds).as_row()
        for name in ("shared, SQLite", "shared, PostgreSQL")
    ]


def gate(options: argparse.Namespace) -> Rows:
    """Requests that are sent although the gate is closed."""
    return [
        {"store": name, "sent behind the closed gate": processes.gate(name, processes=_PROCESSES)}
        for name in ("SQLite", "PostgreSQL")
    ]


def reservations(options: argparse.Namespace) -> Rows:
    """A reservation, at the pace of real use."""
    return costs.reservations(count=options.reservations)


def exchanges(options: argparse.Namespace) -> Rows:
    """The exchange against the bare HTTP library."""
    return costs.exchanges(count=options.exchanges)


def dag_file_imports(options: argparse.Namespace) -> Rows:
    """Importing our operators and task groups after airflow.sdk, against Airflow's HTTP operators."""
    return dag_files.import_costs()


def pushes(options: argparse.Namespace) -> Rows:
    """One large recording, by our client and by curl."""
    return uploads.push(megabytes=options.megabytes)


def imports(options: argparse.Namespace) -> Rows:
    """Imports at ten times Gong's pace, and a script that sends one call after the other."""
    return uploads.imports(calls=options.calls)


def ledgers(options: argparse.Namespace) -> Rows:
    """The ledger's work for each row of an upload."""
    return uploads.ledgers(rows=options.ledger_rows)


def plan(options: argparse.Namespace) -> Rows:
    """A plan without media checks, against csv and the same model; the memory it adds to theirs."""
    return plans.plans(rows=options.rows)


def media(options: argparse.Namespace) -> Rows:
    """What a plan's look at recordings on a local disk adds."""
    return plans.media_checks(recordings=options.recordings)


def remote(options: argparse.Namespace) -> Rows:
    """A plan of recordings in an object store that takes its time, and a look at one after the other."""
    return object_stores.plan_at_a_distance(recordings=options.recordings, latency=options.latency)


def remote_folder(options: argparse.Namespace) -> Rows:
    """Finding the recordings of a folder in an object store, and their sidecar files."""
    return object_stores.folder_at_a_distance(objects=options.objects, latency=options.latency)


def large(options: argparse.Namespace) -> Rows:
    """Recordings of 58 MB in an object store: their plan, the comparison of equal lengths, and their upload."""
    return object_stores.large_recordings(recordings=16)


def checks_by_format(options: argparse.Namespace) -> Rows:
    """The check of a recording by format: reads, bytes and time; on an object store, as its server counts them."""
    return checks.by_format(latency=options.latency)


def damaged(options: argparse.Namespace) -> Rows:
    """Recordings with damaged headers: verdicts, and the most that one of them takes."""
    return checks.damaged(count=options.mutations)


def damaged_at_server(options: argparse.Namespace) -> Rows:
    """The same in an object store, as its server counts it."""
    return checks.damaged_at_server(count=options.mutations)


def lost_calls(options: argparse.Namespace) -> Rows:
    """Random histories of small companies: what the export and today's readers lose, and keep by mistake."""
    return exports.lost_calls(count=options.histories)


def export_requests(options: argparse.Namespace) -> Rows:
    """Requests of exports: backfills of three days, and nights of a company with a million calls in three years."""
    return exports.requests()


def export_backfill(options: argparse.Namespace) -> Rows:
    """A backfill of a million calls on virtual time, parked whenever its share of the day is spent."""
    return exports.backfill(days=options.export_days)


def export_speed(options: argparse.Namespace) -> Rows:
    """Requests a second of processor time, with transcripts of half an hour."""
    return exports.speed()


def export_memory(options: argparse.Namespace) -> Rows:
    """Memory of exports."""
    return exports.memory()


_PARTS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    part.__name__: part
    for part in (
        virtual,
        reservations,
        exchanges,
        dag_file_imports,
        plan,
        media,
        remote,
        remote_folder,
        large,
        checks_by_format,
        damaged,
        damaged_at_server,
        ledgers,
        export_requests,
        export_speed,
        export_memory,
        export_backfill,
        lost_calls,
        pushes,
        imports,
        gate,
        real,
        soak,
    )
}


def main() -> None:
    """Run the benchmarks."""
    options = _parser().parse_args()
    results: dict[str, Any] = {"python": platform.python_version(), "cpus": os.cpu_count(), "began": time.time()}
    for name in options.parts or _PARTS:
        part = _PARTS[name]
        print(f"\n{name}: {(part.__doc__ or '').strip()}", flush=True)
        results[name] = part(options)
        print(_table(results[name]), flush=True)
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nKept as {path}")


def _table(rows: Rows) -> str:
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], help="what to measure; default: everything")
    parser.add_argument("--requests", type=int, default=100_000, help="requests in each cell on virtual time")
    parser.add_argument("--seconds", type=float, default=300, help="duration of each cell with real processes")
    parser.add_argument("--soak-seconds", type=float, default=600, help="duration of the soak, with each store")
    parser.add_argument("--reservations", type=int, default=300, help="reservations in each store")
    parser.add_argument("--exchanges", type=int, default=2000, help="requests with each client")
    parser.add_argument("--megabytes", type=int, default=1490, help="size of the large recording")
    parser.add_argument("--calls", type=int, default=2000, help="calls of each import")
    parser.add_argument("--ledger-rows", type=int, default=2000, help="rows of each ledger")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the larger plan")
    parser.add_argument("--recordings", type=int, default=10_000, help="recordings that a plan looks at")
    parser.add_argument("--objects", type=int, default=100_000, help="recordings and sidecar files of a folder")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds until the object store answers")
    parser.add_argument("--mutations", type=int, default=2000, help="damaged recordings of each format")
    parser.add_argument("--histories", type=int, default=10_000, help="histories that exports live through")
    parser.add_argument("--export-days", type=int, default=1095, help="days of the backfill")
    parser.add_argument("--pacing", choices=list(_PACINGS), help="only this way to pace, with real processes")
    return parser


if __name__ == "__main__":
    main()
