"""What a plan of recordings in an object store costs: requests, bytes and time, as the store's server counts them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from airflow_provider_gong.call_import.manifest.folders.folder import RecordingFolder
from airflow_provider_gong.call_import.manifest.folders.listing import ListedRecordings
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.rows import PlanSettings
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.call_import.upload.unchanged import PlannedRecording
from airflow_provider_gong.client.media import MediaFile, MultipartUpload
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from airflow_provider_gong.ledger.rows import Problem
from tests.benchmarks.plans import plan_of, sparse_wav, written_manifest
from tests.support.object_store import running_object_store

_CONNECTION = "aws_many"
_BUCKET = "recordings"
_BASE = f"s3://{_CONNECTION}@{_BUCKET}"
# Of those that are looked at one after the other.
_SAMPLE = 50
# Of G.711: 58 MB.
_LARGE_SECONDS = 7250
_Counts = dict[str, int]


def plan_at_a_distance(*, recordings: int, latency: float) -> list[dict[str, Any]]:
    """
    Return what a plan of recordings costs, and what it would cost to look at one after the other.

    :param latency: seconds until the store answers
    """
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        (folder / _BUCKET).mkdir()
        for number in range(recordings):
            sparse_wav(folder / _BUCKET / f"{number:06d}.wav", number)
        with _server(folder, latency) as counts:
            place = f"{_BASE}/{{:06d}}.wav"
            manifest = written_manifest(folder, recordings, place)
            settings = PlanSettings(MediaBase.at(_BASE), ObjectStorage())
            # What is loaded and connected on first use.
            _one_after_the_other(place, 1)
            planned = _measured(counts, lambda: plan_of(manifest, folder, settings, recordings))
            sample = min(_SAMPLE, recordings)
            alone = _measured(counts, lambda: _one_after_the_other(place, sample))
    at_a_time = {"most in flight": alone.pop("most in flight")}
    all_alone = {name: round(value * recordings / sample) for name, value in alone.items()}
    return [
        {"how": "plan", "recordings": recordings, **planned},
        {"how": f"one after the other, from {sample}", "recordings": recordings, **all_alone, **at_a_time},
    ]


def folder_at_a_distance(*, objects: int, latency: float) -> list[dict[str, Any]]:
    """
    Return what it costs to find the recordings of a folder and their sidecar files.

    :param objects: recordings and sidecar files, half of each
    :param latency: seconds until the store answers
    """
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        (folder / _BUCKET).mkdir()
        for number in range(objects // 2):
            sparse_wav(folder / _BUCKET / f"{number:06d}.wav", number)
            (folder / _BUCKET / f"{number:06d}.json").write_text("{}")
        with _server(folder, latency) as counts:
            # What is loaded and connected on first use.
            _one_after_the_other(f"{_BASE}/{{:06d}}.wav", 1)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seen = _measured(counts, _listed_recordings)
            growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return [{"objects": objects, **seen, "memory MiB": round(growth / 1024, 1)}]


def large_recordings(*, recordings: int) -> list[dict[str, Any]]:
    """Return what large recordings cost, each phase in a process of its own: their plan, and their upload."""
    steps = {"plan": _planned, "plan of equal lengths": _planned_equal, "check and upload": _uploaded}
    context = multiprocessing.get_context("spawn")
    rows = []
    for name, step in steps.items():
        # Whose processes may have children, unlike those of multiprocessing.Pool.
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seen = pool.submit(_with_large, step, recordings).result()
        rows.append({"step": name, "recordings": recordings, **seen})
    return rows


def _with_large(step: Callable[[Path, int], None], recordings: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        (folder / _BUCKET).mkdir()
        is_equal = step is _planned_equal
        for number in range(recordings):
            place = folder / _BUCKET / f"{number:06d}.wav"
            sparse_wav(place, 0 if is_equal else number, seconds=_LARGE_SECONDS)
            with place.open("r+b") as file:
                # Recordings of one system begin and end alike.
                file.seek(place.stat().st_size // 2)
                file.write(number.to_bytes(2, "big"))
        with _server(folder, 0.0) as counts:
            sparse_wav(folder / _BUCKET / "first.wav", 0)
            # What is loaded and connected on first use.
            check_recording(f"{_BASE}/first.wav", ObjectStorage().path)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            seen = _measured(counts, lambda: step(folder, recordings))
            growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {**seen, "memory MiB": round(growth / 1024, 1)}


def _planned(folder: Path, recordings: int) -> None:
    manifest = written_manifest(folder, recordings, f"{_BASE}/{{:06d}}.wav")
    plan_of(manifest, folder, PlanSettings(MediaBase.at(_BASE), ObjectStorage()), recordings)


def _planned_equal(folder: Path, recordings: int) -> None:
    _planned(folder, recordings)


def _uploaded(_: Path, recordings: int) -> None:
    storage = ObjectStorage()
    for number in range(recordings):
        place = f"{_BASE}/{number:06d}.wav"
        found = check_recording(place, storage.path)
        if isinstance(found, Problem):
            raise OSError(found)
        for _piece in MultipartUpload(
            MediaFile.at(PlannedRecording(storage.path(place), found.size, found.mark))
        ).chunks():
            pass


def _listed_recordings() -> None:
    folder = RecordingFolder(ListedRecordings(ObjectStorage()), {}, "{client_unique_id}.wav", "{file_stem}.json")
    next(folder.tables([f"{_BASE}/*.wav"]))
    folder.forget()


def _one_after_the_other(place: str, recordings: int) -> None:
    storage = ObjectStorage()
    for number in range(recordings):
        found = check_recording(place.format(number), storage.path)
        if isinstance(found, Problem):
            raise OSError(found)


def _measured(counts: Callable[[], _Counts], run: Callable[[], None]) -> dict[str, Any]:
    counts()
    clock, processor = time.monotonic(), time.process_time()
    run()
    seconds, busy = time.monotonic() - clock, time.process_time() - processor
    return {"seconds": round(seconds, 1), "CPU s": round(busy, 1), **counts()}


@contextlib.contextmanager
def _server(folder: Path, latency: float) -> Iterator[Callable[[], _Counts]]:
    """Run a store in a process of its own; yields what returns its counts since they were asked for last."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder, latency, there), daemon=True)
    process.start()
    os.environ[f"AIRFLOW_CONN_{_CONNECTION.upper()}"] = here.recv()

    def counts() -> _Counts:
        here.send("counts")
        found: _Counts = here.recv()
        return found

    try:
        yield counts
    finally:
        here.send("stop")
        process.join()


def _serve(folder: Path, latency: float, pipe: Connection) -> None:
    with running_object_store(folder, latency) as store:
        # Hashing an object for each request would be the server's cost, not the plan's.
        store.etag = "an-etag"
        pipe.send(store.airflow_connection)
        while pipe.recv() != "stop":
            found = {"LIST": store.lists, "HEAD": store.heads, "GET": store.gets, "bytes": store.bytes}
            pipe.send(found | {"most in flight": store.most_in_flight})
            store.reset()
