"""Real recordings, made and decoded by ffmpeg."""

from __future__ import annotations

import functools
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from airflow_provider_gong.call_import.recordings.check import Recording, check_recording
from airflow_provider_gong.ledger.rows import Problem
from tests.support.kept import kept

Test = TypeVar("Test", bound=Callable[..., None])

RATE = 8000
# Where tests must not be skipped, what is missing fails them.
FFMPEG_MARKS = (
    pytest.mark.ffmpeg,
    pytest.mark.skipif(
        shutil.which("ffmpeg") is None and os.environ.get("CI") != "true", reason="ffmpeg is not installed"
    ),
)
# Encoders take most of the time of these tests.
AAC = ("-c:a", "aac", "-aac_coder", "fast")
PICTURES = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=5", "-c:v", "mpeg4", "-shortest")


def needs_ffmpeg(test: Test) -> Test:
    """Mark a test that makes and decodes recordings."""
    for mark in FFMPEG_MARKS:
        test = mark(test)
    return test


@functools.cache
def noise(seconds: float) -> bytes:
    """Return samples of 16 bits that no codec can leave out."""
    return random.Random(7).randbytes(2 * round(RATE * seconds))


@functools.cache
@kept
def encoded(suffix: str, *options: str, seconds: float = 75, sound: bytes | None = None) -> bytes:
    """
    Return a recording of noise.

    :param suffix: of the file that ffmpeg writes, which decides the format
    :param options: of ffmpeg, for its output
    :param sound: samples of 16 bits in place of the noise
    """
    with tempfile.TemporaryDirectory(prefix="gong-sound-") as folder:
        path = Path(folder) / f"made{suffix}"
        _ffmpeg(
            *_raw_input(), *options, "-t", str(seconds), str(path), content=noise(seconds) if sound is None else sound
        )
        return path.read_bytes()


@functools.cache
@kept
def streamed(muxer: str, *options: str, seconds: float = 75) -> bytes:
    """Return a recording that was written where nothing can be corrected afterwards."""
    return _ffmpeg(*_raw_input(), *options, "-f", muxer, "pipe:1", content=noise(seconds))


def decoded_seconds(content: bytes) -> float:
    """Return how long the sound lasts that a decoder finds."""
    return float(_decoded_seconds(content))


@kept
def _decoded_seconds(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="gong-sound-") as folder:
        path = Path(folder) / "recording"
        path.write_bytes(content)
        raw = ("-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", str(RATE), "pipe:1")
        return str(len(_ffmpeg("-i", str(path), *raw)) / 2 / RATE).encode()


def checked(folder: Path, content: bytes, name: str = "recording") -> Recording | Problem:
    """Return what the check of a file with this content finds."""
    path = folder / name
    path.write_bytes(content)
    return check_recording(str(path), Path)


def rule_of(folder: Path, content: bytes) -> str:
    """Return what is wrong with a file with this content."""
    found = checked(folder, content)
    assert isinstance(found, Problem), found
    assert (found.field, found.who) == ("media", "recording")
    assert found.remedy
    return found.rule


def recording_of(folder: Path, content: bytes) -> Recording:
    """Return what is known of a file with this content, in which nothing is wrong."""
    found = checked(folder, content)
    assert isinstance(found, Recording), found
    assert found.size == len(content)
    return found


def assert_judged_rightly(folder: Path, content: bytes, *, tolerance: float = 0.25) -> Recording | Problem:
    """Check that the verdict is that of a decoder, and certain."""
    true = decoded_seconds(content)
    found = checked(folder, content)
    if true < 60:
        assert isinstance(found, Problem), (true, found)
        shown = re.match(r"lasts ([\d.]+) s", found.rule)
        assert shown, found
        assert float(shown[1]) == pytest.approx(true, abs=0.6)
    else:
        assert isinstance(found, Recording), (true, found)
        assert found.length.is_enough, (true, found)
        assert found.length.at_least <= true + tolerance
        assert found.seconds is None or found.seconds == pytest.approx(true, abs=tolerance)
    return found


def _raw_input() -> tuple[str, ...]:
    return ("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0")


def _ffmpeg(*options: str, content: bytes | None = None) -> bytes:
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *options]
    if content is not None:
        command.remove("-nostdin")
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout
