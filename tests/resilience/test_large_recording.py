"""A recording of the largest size that Gong accepts goes through plan, upload and verification in bounded memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.store.database import Store
from tests.support.recordings import manifest_row, write_manifest
from tests.unit.call_import.conftest import NightlyImport

pytestmark = pytest.mark.slow

MIB = 2**20
# Gong's limit (help center, on uploading calls).
LARGEST = 1_500_000_000
# For the import and for the emulator, which runs in this process.
MOST_MEMORY = 64 * MIB
RATE = 48_000


def write_largest(path: Path) -> None:
    """Write a recording with sound at its beginning and end, and between them a hole that takes no room on disk."""
    sound = struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    head = b"RIFF" + struct.pack("<I", LARGEST - 8) + b"WAVEfmt " + sound + b"data" + struct.pack("<I", LARGEST - 44)
    with path.open("wb") as file:
        file.write(head + random.Random(0).randbytes(MIB))
        file.truncate(LARGEST - MIB)
        file.seek(LARGEST - MIB)
        file.write(random.Random(1).randbytes(MIB))


def test_the_largest_recording_is_imported_in_bounded_memory(
    emulator: RunningEmulator, store: Store, tmp_path: Path
) -> None:
    write_largest(tmp_path / "largest.wav")
    night = NightlyImport(emulator, store, tmp_path)
    tracemalloc.start()
    try:
        night.plan(write_manifest(tmp_path / "manifest.csv", [manifest_row(1, media="largest.wav")]))
        assert night.upload() == {"uploaded": 1}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}
    (call,) = night.calls_in_gong().values()
    assert (call["media"]["bytes"], night.media_requests()) == (LARGEST, 1)
    assert peak < MOST_MEMORY
