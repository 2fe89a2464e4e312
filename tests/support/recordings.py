"""Recordings and manifests as a telephone system exports them, small enough to make by the hundred."""

from __future__ import annotations

import csv
import random
import wave
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

RATE = 2000


def write_wav(path: Path, *, seconds: float, seed: int) -> Path:
    """Write a recording that differs from those of other seeds: noise, eight bits, mono."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE)
        file.writeframes(random.Random(seed).randbytes(round(RATE * seconds)))
    return path


def manifest_row(number: int, **changes: str) -> dict[str, str]:
    """Return a row that is right, but for the changes."""
    row = {
        "client_unique_id": f"pbx-{number:05d}",
        "actual_start": f"2026-11-19T{8 + number // 60 % 10:02d}:{number % 60:02d}:00+01:00",
        "direction": "Outbound",
        "primary_user": "tobias.okafor@example.com",
        "title": f"Call {number}",
        "media": f"recordings/{number:05d}.wav",
        "party_1_name": "Dana Ortiz",
        "party_1_email": "dana@northwind.example.com",
        "party_1_phone": "+1 555 0100",
    }
    return {name: value for name, value in (row | changes).items() if value}


def write_manifest(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as a CSV manifest whose header has all their columns."""
    columns = list(dict.fromkeys(column for row in rows for column in row)) or list(manifest_row(1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_night(folder: Path, rows: Sequence[Mapping[str, str]], *, seconds: float = 61) -> Path:
    """Write a manifest and a recording for each of its rows that has a relative path; each call has its own."""
    for number, row in enumerate(rows):
        seed = zlib.crc32(row["client_unique_id"].encode()) if "client_unique_id" in row else number
        write_wav(folder / row["media"], seconds=seconds, seed=seed)
    return write_manifest(folder / "manifest.csv", rows)
