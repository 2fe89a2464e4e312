"""Identical recordings are stopped before they are sent, and only those of equal length are read for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from airflow_provider_gong.call_import.recordings.reading import BLOCK
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_manifest, write_wav
from tests.unit.call_import.conftest import NightlyImport, SeenPlan, plan_offline


def write_calls(folder: Path, *recordings: tuple[float, int], name: str = "manifest.csv", start: int = 1) -> Path:
    """Write a manifest with recordings of these lengths and contents."""
    rows = [manifest_row(number) for number in range(start, start + len(recordings))]
    for row, (seconds, seed) in zip(rows, recordings, strict=True):
        write_wav(folder / row["media"], seconds=seconds, seed=seed)
    return write_manifest(folder / name, rows)


def rules(plan: SeenPlan) -> dict[str, str]:
    found = {}
    for row in plan.rejected:
        (problem,) = row.problems
        assert (problem.field, problem.who) == ("media", "recording")
        found[row.client_unique_id] = problem.rule
    return found


def test_of_identical_recordings_in_a_manifest_the_first_is_sent(tmp_path: Path) -> None:
    plan = plan_offline(write_calls(tmp_path, (61, 1), (61, 2), (61, 1), (62, 1), (61, 1)))
    same = "is the same recording as that of row 1, and Gong stores each recording only once"
    assert rules(plan) == {"pbx-00003": same, "pbx-00005": same}


def test_only_recordings_of_equal_length_are_read_to_their_end(tmp_path: Path) -> None:
    read: dict[str, int] = {}

    class Watched(type(tmp_path)):  # type: ignore[misc]
        def open(self, *args: Any, **kwargs: Any) -> Any:
            read[self.name] = read.get(self.name, 0) + 1
            return super().open(*args, **kwargs)

    plan = plan_offline(write_calls(tmp_path, (61, 1), (62, 2), (61, 3)), storage=Files(Watched))
    assert not plan.rejected
    assert read == {"00001.wav": 2, "00002.wav": 1, "00003.wav": 2}


def test_a_recording_that_an_earlier_import_has_uploaded_is_not_sent_again(
    night: NightlyImport, other: NightlyImport, tmp_path: Path
) -> None:
    night.plan(write_calls(tmp_path / "1", (61, 1), (62, 2)))
    night.upload()
    call_id = night.rows()["pbx-00001"].call_id
    plan = other.plan(write_calls(tmp_path / "2", (61, 1), (62, 3), (61, 4), start=11))
    same = f"is the same recording as that of call {call_id} (pbx-00001), which was uploaded earlier"
    assert rules(plan) == {"pbx-00011": f"{same}, and Gong stores each recording only once"}
    requests = night.media_requests()
    other.upload()
    assert night.media_requests() == requests + 2


def test_a_plan_that_is_made_again_knows_its_own_recordings(night: NightlyImport, tmp_path: Path) -> None:
    manifest = write_calls(tmp_path, (61, 1), (61, 2))
    night.plan(manifest)
    night.upload()
    assert night.plan(manifest).estimate["rejected"] == 0
    assert night.states() == {"pbx-00001": "uploaded", "pbx-00002": "uploaded"}


def test_a_row_before_the_one_that_was_uploaded_does_not_take_its_place(night: NightlyImport, tmp_path: Path) -> None:
    night.plan(write_calls(tmp_path, (61, 1), start=2))
    night.upload()
    plan = night.plan(write_calls(tmp_path, (61, 1), (61, 1)))
    assert list(rules(plan)) == ["pbx-00001"]
    assert night.states() == {"pbx-00001": "rejected", "pbx-00002": "uploaded"}


def test_recordings_that_vanish_while_they_are_compared_are_problems_of_their_rows(tmp_path: Path) -> None:
    manifest = write_calls(tmp_path, (61, 1), (61, 2))
    seen: set[str] = set()

    class Vanishing(type(tmp_path)):  # type: ignore[misc]
        def open(self, *args: Any, **kwargs: Any) -> Any:
            if self.name == "00002.wav" and self.name in seen:
                raise FileNotFoundError(str(self))
            seen.add(self.name)
            return super().open(*args, **kwargs)

    assert list(rules(plan_offline(manifest, storage=Files(Vanishing)))) == ["pbx-00002"]


def test_recordings_that_only_agree_in_the_middle_are_different(tmp_path: Path) -> None:
    manifest = write_calls(tmp_path, (61, 1), (61, 1), (61, 1))
    for number, place in ((2, 100), (3, -1)):
        path = tmp_path / manifest_row(number)["media"]
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
    plan = plan_offline(manifest)
    assert len(plan.planned) == 3


def counting(folder: Path) -> tuple[Files, dict[str, int]]:
    """Return the files below a folder, and the bytes that will have been read of each."""
    read: dict[str, int] = {}

    class Counted(io.FileIO):
        def read(self, size: int = -1, /) -> Any:
            found = super().read(size)
            read[str(self.name)] = read.get(str(self.name), 0) + len(found or b"")
            return found

    class Watched(type(folder)):  # type: ignore[misc]
        def open(self, *args: Any, **kwargs: Any) -> Any:
            return Counted(str(self))

    return Files(Watched), read


def wav_bytes(read: dict[str, int]) -> list[int]:
    return [count for name, count in read.items() if name.endswith(".wav")]


def test_of_recordings_of_equal_length_a_sample_is_read(tmp_path: Path) -> None:
    files, read = counting(tmp_path)
    manifest = write_calls(tmp_path, *[(61, number) for number in range(5)], (61, 0))
    plan = plan_offline(manifest, storage=files)
    assert list(rules(plan)) == ["pbx-00006"]
    sizes = sorted(read.values())
    # Head and sample; of the two that have the same sample, all.
    assert sizes[:4] == [2 * BLOCK] * 4
    assert sizes[4:] == [2 * BLOCK + plan.rows[0].media_bytes] * 2  # type: ignore[operator]


def test_of_recordings_as_long_as_one_that_was_sent_a_sample_is_read(
    night: NightlyImport, other: NightlyImport, tmp_path: Path
) -> None:
    night.plan(write_calls(tmp_path / "1", (61, 1)))
    night.upload()
    files, read = counting(tmp_path)
    plan = other.plan(write_calls(tmp_path / "2", (61, 1), (61, 2), (61, 3), start=11), storage=files)
    assert list(rules(plan)) == ["pbx-00011"]
    size = (tmp_path / "1" / manifest_row(1)["media"]).stat().st_size
    assert sorted(wav_bytes(read)) == [2 * BLOCK, 2 * BLOCK, 2 * BLOCK + size]


def test_recordings_of_finished_calls_are_not_compared(night: NightlyImport, tmp_path: Path) -> None:
    manifest = write_calls(tmp_path, (61, 1), (61, 2))
    night.plan(manifest)
    night.upload()
    night.finish()
    files, read = counting(tmp_path)
    assert night.plan(manifest, storage=files).estimate["already_imported"] == 2
    assert wav_bytes(read) == [BLOCK] * 2
