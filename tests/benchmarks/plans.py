"""What a plan costs: against the same CSV through nothing but ``csv`` and the same model, and what its memory is."""

from __future__ import annotations

import csv
import itertools
import multiprocessing
import resource
import struct
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.manifest.manifest import Manifest
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from airflow_provider_gong.client.models import NewCall, User, parse_request
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.database import Store
from tests.support.media import Files
from tests.support.recordings import manifest_row

_HOST = User(id="234599484848423", email_address="tobias.okafor@example.com", first_name="Tobias", last_name="Okafor")
_PULLED = PlanSettings(None, Files(), media_mode=MediaMode.PULL)
_RATE = 8000
_SECONDS = 60
_MEGABYTE = 1024
_REMOTE = "https://files.example.com/recordings/{:06d}.wav"
_WARM_UP = 500
_ALTERNATIONS = 3


def plans(*, rows: int) -> list[dict[str, Any]]:
    """Return times and memory of plans without media checks, of a tenth of the rows and of all of them."""
    return [_elsewhere(_plan_and_plain, number) for number in (rows // 10, rows)]


def media_checks(*, recordings: int) -> list[dict[str, Any]]:
    """Return the time of a plan with recordings on a local disk, and without looking at them."""
    return [_elsewhere(_with_and_without_media, recordings)]


def _elsewhere(measure: Callable[[int], dict[str, Any]], number: int) -> dict[str, Any]:
    """Measure in a process of its own, whose peak of memory is that of the measurement."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (number,))


def _plan_and_plain(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        # What is loaded on first use, by either.
        few = written_manifest(folder, _WARM_UP, _REMOTE)
        _plain(few)
        plan_of(few, folder / "few", _PULLED, _WARM_UP)
        manifest = written_manifest(folder, rows, _REMOTE)
        plain, plan = [_timed(lambda: _plain(manifest))], []
        before = _peak()
        for number in range(_ALTERNATIONS):
            place = folder / str(number)
            plan.append(_timed(lambda place=place: plan_of(manifest, place, _PULLED, rows)))  # type: ignore[misc]
            plain.append(_timed(lambda: _plain(manifest)))
        growth = _peak() - before
        again = _timed(lambda: plan_of(manifest, place, _PULLED, rows))
    # Each against the runs before and after it, since machines are busy with other things at times.
    around = [_mean(*both) for both in itertools.pairwise(plain)]
    clock, processor = (
        median(own[kind] / other[kind] for own, other in zip(plan, around, strict=True)) for kind in (0, 1)
    )
    return {
        "rows": rows,
        "csv and model s": round(median(seconds for seconds, _ in plain), 2),
        "plan s": round(median(seconds for seconds, _ in plan), 2),
        "ratio": round(clock, 2),
        "ratio of CPU": round(processor, 2),
        "planned again s": round(again[0], 2),
        "memory MiB": round(growth / _MEGABYTE, 1),
    }


def _mean(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    return (first[0] + second[0]) / 2, (first[1] + second[1]) / 2


def _with_and_without_media(recordings: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as folder:
        for number in range(recordings):
            sparse_wav(Path(folder) / f"{number:06d}.wav", number)
        local = written_manifest(Path(folder), recordings, "{:06d}.wav")
        with_media = _timed(lambda: plan_of(local, Path(folder) / "with", PlanSettings(None, Files()), recordings))
        remote = written_manifest(Path(folder), recordings, "https://files.example.com/{:06d}.wav")
        without = _timed(lambda: plan_of(remote, Path(folder) / "without", _PULLED, recordings))
    return {
        "recordings": recordings,
        "with checks s": round(with_media[0], 2),
        "without s": round(without[0], 2),
        "ms for a recording": round((with_media[0] - without[0]) / recordings * 1000, 3),
    }


def _plain(manifest: Path) -> None:
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            parse_request(NewCall, _call(row))


def _call(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the call that the plan makes of a row."""
    names = ("client_unique_id", "actual_start", "direction", "title")
    host = {"userId": _HOST.id, "name": "Tobias Okafor", "emailAddress": row["primary_user"]}
    fields = (("name", "party_1_name"), ("emailAddress", "party_1_email"), ("phoneNumber", "party_1_phone"))
    party = {name: row[column] for name, column in fields}
    own = {"primary_user": _HOST.id, "download_media_url": row["media"], "parties": [host, party]}
    return {name: row[name] for name in names} | own


def plan_of(manifest: Path, folder: Path, settings: PlanSettings, rows: int) -> None:
    """
    Plan an import as the plan's operator does, without Gong.

    :param folder: where its store is made
    :param rows: how many of the manifest's rows have to be without problems
    """
    store = Store.in_folder(folder / "store")
    settings = replace(settings, known=KnownCalls(store, "benchmark"))
    with manifest.open(newline="", encoding="utf-8") as file:
        read = Manifest([csv_table(file, str(manifest))])
        with checked_rows(read, HostDirectory([_HOST]), settings) as draft:
            Ledger(store, "benchmark", "import").replace_plan(str(manifest), draft)
            found = draft.figures().planned
    store.close()
    if found != rows:
        raise AssertionError(f"only {found} of {rows} rows were planned")


def written_manifest(folder: Path, rows: int, media: str) -> Path:
    """Write a manifest; ``media`` is the place of each recording, by its number."""
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(manifest_row(1)))
        writer.writeheader()
        writer.writerows(manifest_row(number, media=media.format(number)) for number in range(rows))
    return path


def sparse_wav(path: Path, number: int, seconds: int = _SECONDS) -> None:
    """Write a recording of silence that takes no room, each of a length of its own."""
    length = _RATE * seconds + number
    riff = struct.pack("<4sI4s", b"RIFF", 36 + length, b"WAVE")
    head = riff + struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, _RATE, _RATE, 1, 8, b"data", length)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + length)


def _timed(run: Callable[[], None]) -> tuple[float, float]:
    """Return seconds by the clock, and of the processor."""
    clock, processor = time.monotonic(), time.process_time()
    run()
    return time.monotonic() - clock, time.process_time() - processor


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
