"""What the check of a recording costs, by format: reads, bytes and time."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from airflow_provider_gong.ledger.rows import Problem
from tests.support.mutations import FORMATS, check_in, made_by_hand, mutated, read, recording
from tests.support.object_store import ObjectStore, running_object_store
from tests.support.sound import AAC, encoded

_SECONDS = 300
_REPEATED = 200
_CONNECTION = "aws_benchmark"
_LONG_FORMATS = {
    **FORMATS,
    "MP3, 320 kbit/s, without Xing": (
        *(".mp3", "-c:a", "libmp3lame", "-ar", "44100", "-ac", "2"),
        *("-b:a", "320k", "-write_xing", "0", "-id3v2_version", "0"),
    ),
    "MP4, fragments, no index": (
        *(".mp4", *AAC, "-movflags", "+frag_keyframe+empty_moov+skip_trailer"),
        *("-frag_duration", "5000000"),
    ),
}


def by_format(*, latency: float) -> list[dict[str, Any]]:
    """Return the cost of one check of each format, on a local disk and on an object store."""
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        (folder / "recordings").mkdir()
        with running_object_store(folder, latency) as store:
            os.environ[f"AIRFLOW_CONN_{_CONNECTION.upper()}"] = store.airflow_connection
            return [_cost(store, name, encoded(*made, seconds=_SECONDS)) for name, made in _LONG_FORMATS.items()]


def _cost(store: ObjectStore, name: str, content: bytes) -> dict[str, Any]:
    path = store.folder / "recordings" / "recording"
    path.write_bytes(content)
    times = []
    for _ in range(_REPEATED):
        start = time.perf_counter()
        check_recording(str(path), Path)
        times.append((time.perf_counter() - start) * 1000)
    remote = f"s3://{_CONNECTION}@recordings/recording"
    check_recording(remote, ObjectStoragePath)
    store.reset()
    start = time.perf_counter()
    found = check_recording(remote, ObjectStoragePath)
    elapsed = time.perf_counter() - start
    return {
        "format": name,
        "size": len(content),
        "length": _shown(found),
        "disk ms": round(statistics.median(times), 3),
        "HEAD": store.heads,
        "GET": store.gets,
        "bytes": store.bytes,
        f"{store.latency * 1000:.0f} ms latency, ms": round(elapsed * 1000),
    }


def _shown(found: Recording | Problem) -> str:
    if isinstance(found, Problem):
        return found.rule
    return f"at least {found.length.at_least:.0f} s" if found.seconds is None else f"{found.seconds:.0f} s"


def damaged(*, count: int) -> list[dict[str, Any]]:
    """Return what became of recordings whose headers were damaged at random."""
    rows = []
    for name in (*FORMATS, *made_by_hand()):
        readings = [read(content) for content in mutated(recording(name), count, seed=count)]
        verdicts = Counter(reading.verdict for reading in readings)
        rows.append(
            {
                "format": name,
                "damaged": len(readings),
                "long enough": verdicts.pop("long enough", 0),
                "unknown": verdicts.pop("unknown", 0),
                "rejected": verdicts.total(),
                "most reads": max(reading.reads for reading in readings),
                "most bytes": max(reading.bytes for reading in readings),
                "longest ms": round(max(reading.seconds for reading in readings) * 1000, 1),
            }
        )
    return rows


def damaged_at_server(*, count: int) -> list[dict[str, Any]]:
    """Return the same of recordings in an object store, with requests and bytes as its server counts them."""
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        (folder / "recordings").mkdir()
        with running_object_store(folder) as store:
            # Hashing each would be the server's cost.
            store.etag = "an-etag"
            os.environ[f"AIRFLOW_CONN_{_CONNECTION.upper()}"] = store.airflow_connection
            return [_damaged_in(store, name, count) for name in (*FORMATS, *made_by_hand())]


def _damaged_in(store: ObjectStore, name: str, count: int) -> dict[str, Any]:
    costs = [check_in(store, _CONNECTION, content) for content in mutated(recording(name), count, seed=count)]
    return {
        "format": name,
        "damaged": len(costs),
        "cannot be read": sum(cost.verdict.startswith("cannot be read") for cost in costs),
        "most requests": max(cost.reads for cost in costs),
        "most bytes": max(cost.bytes for cost in costs),
        "longest ms": round(max(cost.seconds for cost in costs) * 1000, 1),
    }
