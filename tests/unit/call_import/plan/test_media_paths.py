"""Where a manifest's recordings may come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.ledger.rows import Problem

DAY = MediaBase.of_manifest("s3://aws_calls@recordings/2026/11/19/manifest.csv")


def problem_of(base: MediaBase, text: str) -> Problem:
    found = base.locate(text)
    assert isinstance(found, Problem), found
    assert found.field == "media"
    return found


def assert_outside(base: MediaBase, text: str) -> None:
    problem = problem_of(base, text)
    assert "is outside of" in problem.rule
    assert "media_base" in problem.remedy


@pytest.fixture
def night(tmp_path: Path) -> Path:
    for folder in ("night/recordings", "night2", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.wav").touch()
    return tmp_path / "night"


@pytest.fixture
def base(night: Path) -> MediaBase:
    return MediaBase.of_manifest(str(night / "manifest.csv"))


@pytest.mark.parametrize("text", ["recordings/a.wav", "./recordings/a.wav", "recordings/../recordings/a.wav"])
def test_relative_paths_start_at_the_manifest(base: MediaBase, night: Path, text: str) -> None:
    assert base.locate(text) == str(night / "recordings/a.wav")


def test_paths_may_be_absolute_below_the_base(base: MediaBase, night: Path) -> None:
    path = str(night / "recordings/a.wav")
    assert base.locate(path) == base.locate(f"file://{path}") == path


def test_names_may_have_spaces_and_signs(base: MediaBase, night: Path) -> None:
    assert base.locate("call #1, 50%?.wav") == str(night / "call #1, 50%?.wav")


@pytest.mark.parametrize("text", ["../elsewhere/a.wav", "recordings/../../elsewhere/a.wav", "/etc/passwd", ".", ".."])
def test_nothing_outside_of_the_base_is_taken(base: MediaBase, text: str) -> None:
    assert_outside(base, text)


def test_a_folder_whose_name_only_begins_alike_is_outside(base: MediaBase, night: Path) -> None:
    assert_outside(base, f"{night}2/a.wav")
    assert_outside(base, f"file://{night}2/a.wav")
    assert_outside(base, "../night2/a.wav")


def test_links_are_followed_before_the_base_is_asked(base: MediaBase, night: Path) -> None:
    (night / "link.wav").symlink_to(night / "recordings/a.wav")
    (night / "out.wav").symlink_to(night.parent / "elsewhere/a.wav")
    (night / "outside").symlink_to(night.parent / "elsewhere")
    assert base.locate("link.wav") == str(night / "link.wav")
    assert_outside(base, "out.wav")
    assert_outside(base, "outside/a.wav")


def test_a_base_that_is_itself_a_link(night: Path) -> None:
    link = night.parent / "tonight"
    link.symlink_to(night)
    assert MediaBase.at(str(link)).locate("recordings/a.wav") == str(link / "recordings/a.wav")
    assert MediaBase.at(f"file://{link}/").locate(str(night / "recordings/a.wav")) == str(night / "recordings/a.wav")


@pytest.mark.parametrize("text", ["s3://recordings/a.wav", "local:///etc/passwd", "simplecache::file:///etc/passwd"])
def test_other_file_systems_are_outside_of_a_local_base(base: MediaBase, text: str) -> None:
    assert_outside(base, text)


def test_relative_paths_start_at_a_manifest_in_a_bucket_and_keep_its_connection() -> None:
    assert DAY.locate("calls/a.wav") == "s3://aws_calls@recordings/2026/11/19/calls/a.wav"


@pytest.mark.parametrize("text", ["s3://recordings/archive/a.wav", "s3://aws_calls@recordings/archive/a.wav"])
def test_recordings_may_come_from_the_whole_bucket_over_the_same_connection(text: str) -> None:
    assert DAY.locate(text) == "s3://aws_calls@recordings/archive/a.wav"


@pytest.mark.parametrize(
    "text",
    [
        "s3://recordings2/a.wav",
        "s3://aws_calls@recordings2/a.wav",
        "s3://other_connection@recordings/a.wav",
        "gs://recordings/a.wav",
        "/etc/passwd",
        "file:///etc/passwd",
        "s3://recordings/a.wav::file:///etc/passwd",
        "a.wav::file:///etc/passwd",
    ],
)
def test_nothing_else_is_read_for_a_manifest_in_a_bucket(text: str) -> None:
    assert_outside(DAY, text)


def test_a_connection_is_not_chosen_by_the_manifest() -> None:
    plain = MediaBase.of_manifest("s3://recordings/manifest.csv")
    assert plain.locate("s3://recordings/a.wav") == "s3://recordings/a.wav"
    assert_outside(plain, "s3://aws_admin@recordings/a.wav")


@pytest.mark.parametrize("folder", ["s3://recordings/night", "s3://recordings/night/"])
def test_a_base_in_a_bucket_is_kept_to(folder: str) -> None:
    base = MediaBase.at(folder)
    assert base.locate("a.wav") == base.locate("s3://recordings/night/a.wav") == "s3://recordings/night/a.wav"
    for text in ("s3://recordings/night2/a.wav", "../a.wav", "s3://recordings/night/../a.wav", "s3://recordings/night"):
        assert_outside(base, text)


def test_a_bucket_may_be_the_base() -> None:
    assert MediaBase.at("s3://recordings").locate("a.wav") == "s3://recordings/a.wav"


@pytest.mark.parametrize("text", ["s3://[recordings/a.wav", "//[/a\0.wav", "https://[::1/a.wav"])
def test_what_is_no_place_at_all_is_a_problem_of_its_row(base: MediaBase, text: str) -> None:
    assert problem_of(DAY, text)
    assert problem_of(base, text)


def test_problems_do_not_tell_what_signs_a_url(base: MediaBase) -> None:
    problem = problem_of(base, "s3://recordings/a.wav?X-Amz-Signature=secret")
    assert problem.value == "s3://recordings/a.wav"
    assert "secret" not in str(problem.as_dict())


def test_signs_of_urls_are_signs_like_others_in_keys() -> None:
    base = MediaBase.at("s3://recordings/night #1?")
    assert base.locate("a#2?.wav") == "s3://recordings/night #1?/a#2?.wav"
    assert_outside(base, "s3://recordings/night /a.wav")
    assert_outside(MediaBase.at("s3://recordings/night"), "s3://recordings/night/a#/../../day/a.wav")
    assert_outside(MediaBase.at("s3://recordings/night"), "a?/../../day/a.wav")
    assert MediaBase.of_manifest("s3://recordings/a#1/m.csv").folder == "s3://recordings/a#1"
