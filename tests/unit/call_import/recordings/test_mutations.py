"""Damaged headers: no crash, no hang, and no more read than is allowed."""

from __future__ import annotations

import os

import pytest

from airflow_provider_gong.call_import.recordings.reading import LIMIT
from tests.support.mutations import FORMATS, made_by_hand, mutated, read, recording
from tests.support.sound import needs_ffmpeg

# Each takes half a millisecond.
COUNT = 2000 if os.environ.get("CI") == "true" else 100


def check_mutations(name: str) -> None:
    content = recording(name)
    assert read(content).verdict == "long enough"
    for damaged in mutated(content, COUNT, seed=20261120):
        seen = read(damaged)
        assert seen.bytes <= LIMIT
        assert seen.reads <= 200
        assert seen.seconds < 5


@needs_ffmpeg
@pytest.mark.parametrize("name", FORMATS)
def test_what_ffmpeg_writes(name: str) -> None:
    check_mutations(name)


@pytest.mark.parametrize("name", made_by_hand())
def test_what_is_made_by_hand(name: str) -> None:
    check_mutations(name)
