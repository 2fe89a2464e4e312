"""Patterns of files, on the disk and in stores that list like a disk or like a bucket."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from airflow_provider_gong.call_import.manifest.patterns import FilePattern

FILES = (
    "a.wav",
    "b [1].wav",
    "day/1.wav",
    "day/2.mp3",
    "day/sub/3.wav",
    "night/1.wav",
    ".snapshot/a.wav",
    "day/.hidden.wav",
    "x [2026]/5.wav",
    "x [2026]/sub/6.wav",
)
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    store = MemoryFileSystem()
    for name in FILES:
        store.pipe(f"/recordings/{name}", b"RIFF")
    yield store
    store.rm("/recordings", recursive=True)


PATTERNS = [
    ("*.wav", ["a.wav", "b [1].wav"]),
    ("a.wav", ["a.wav"]),
    ("c.wav", []),
    ("b [[]1].wav", ["b [1].wav"]),
    ("b [1].wav", ["b [1].wav"]),
    ("", ["a.wav", "b [1].wav"]),
    ("day", ["day/1.wav", "day/2.mp3"]),
    ("day/", ["day/1.wav", "day/2.mp3"]),
    ("d*/1.*", ["day/1.wav"]),
    ("d*/", ["day/1.wav", "day/2.mp3"]),
    ("**/sub/", ["day/sub/3.wav", "x [2026]/sub/6.wav"]),
    ("*/1.wav", ["day/1.wav", "night/1.wav"]),
    ("?ay/sub/*", ["day/sub/3.wav"]),
    ("[dn]*/[0-9].wav", ["day/1.wav", "night/1.wav"]),
    ("x [2026]/*", ["x [2026]/5.wav"]),
    ("x [2026]/**/*.wav", ["x [2026]/5.wav", "x [2026]/sub/6.wav"]),
    ("*/sub/*.wav", ["day/sub/3.wav", "x [2026]/sub/6.wav"]),
    ("day/**", ["day/1.wav", "day/2.mp3", "day/sub/3.wav"]),
    ("**/1.wav", ["day/1.wav", "night/1.wav"]),
    ("**/sub/*", ["day/sub/3.wav", "x [2026]/sub/6.wav"]),
    ("**/sub/**/*.wav", ["day/sub/3.wav", "x [2026]/sub/6.wav"]),
    (".snap*/*", [".snapshot/a.wav"]),
    ("day/.h*", ["day/.hidden.wav"]),
    ("nothing/*", []),
    ("a.wav/*", []),
    ("*.wav/*", []),
]


@pytest.mark.parametrize(("pattern", "found"), PATTERNS)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_patterns_on_the_disk(folder: Path, scheme: str, pattern: str, found: list[str]) -> None:
    files = FilePattern(f"{scheme}{folder}/{pattern}", UPath).files()
    assert sorted(files) == [f"{scheme}{folder}/{name}" for name in found]


@pytest.mark.parametrize(("pattern", "found"), PATTERNS)
def test_patterns_in_a_store(store: MemoryFileSystem, pattern: str, found: list[str]) -> None:
    files = FilePattern(f"memory://recordings/{pattern}", UPath).files()
    assert sorted(files) == [f"memory://recordings/{name}" for name in found]
    assert all(details["size"] == 4 for details in files.values())


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_links_are_files_and_never_lead_in_circles(folder: Path, scheme: str) -> None:
    shutil.rmtree(folder / ".snapshot")
    (folder / "night/link.wav").symlink_to(folder / "a.wav")
    (folder / "night/gone.wav").symlink_to("nowhere.wav")
    (folder / "night/circle").symlink_to("..")
    found = FilePattern(f"{scheme}{folder}/**/*.wav", UPath).files()
    assert {f"{scheme}{folder}/night/{name}.wav" for name in ("1", "link", "gone")} < set(found)
    assert len(found) == 9
    # By name, as always on this disk.
    assert f"{scheme}{folder}/night/circle/a.wav" in FilePattern(f"{scheme}{folder}/*/c*/*.wav", UPath).files()


@pytest.mark.parametrize("pattern", ["**/*.wav", "*/*.wav", "day/*.wav", "day/"])
def test_a_folder_that_cannot_be_read_is_no_empty_one(pattern: str) -> None:
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("day/1.wav", "night/1.wav"):
            Path(folder, name).parent.mkdir()
            Path(folder, name).touch()
        Path(folder).chmod(0o755)
        Path(folder, "day").chmod(0o000)
        if is_root:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionError):
                FilePattern(f"{folder}/{pattern}", Path).files()
        finally:
            if is_root:
                os.seteuid(0)
            Path(folder, "day").chmod(0o755)


@pytest.mark.parametrize("pattern", ["**/*.wav", "*/*.wav", "day/*.wav", "d*/*.wav", "day/sub/*.wav"])
def test_a_folder_that_a_store_cannot_list_is_no_empty_one(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    listed = MemoryFileSystem.ls

    def ls(self: MemoryFileSystem, path: str, *args: Any, **options: Any) -> Any:
        if path.startswith("/recordings/day"):
            raise OSError("Please reduce your request rate.")
        return listed(self, path, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", ls)
    with pytest.raises(OSError, match="reduce your request rate"):
        FilePattern(f"memory://recordings/{pattern}", UPath).files()


@pytest.mark.parametrize("pattern", ["day/*.wav", "*/1.wav", "day/"])
def test_a_folder_that_is_listed_as_its_own_empty_object(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    """As adlfs 2026.8 lists a folder for which somebody has created an object."""
    listed = MemoryFileSystem.ls

    def ls(self: MemoryFileSystem, path: str, *args: Any, **options: Any) -> Any:
        found = listed(self, path, *args, **options)
        return [{"name": path, "size": 0, "type": "file"}] if path == "/recordings/day" else found

    def find(self: MemoryFileSystem, path: str, **_: Any) -> dict[str, Any]:
        return {info["name"]: info for info in listed(self, path)}

    monkeypatch.setattr(MemoryFileSystem, "ls", ls)
    monkeypatch.setattr(MemoryFileSystem, "find", find)
    assert "memory://recordings/day/1.wav" in FilePattern(f"memory://recordings/{pattern}", UPath).files()


class BusyServer(AsyncFileSystem):
    """A store that can be listed by folder only, as those of SFTP, and does not answer for one of them."""

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        if path.endswith("/b"):
            raise OSError("Too many open files")
        if path.endswith("/a"):
            return [{"name": f"{path}/1.wav", "size": 4, "type": "file"}]
        return [{"name": f"{path}/{name}", "size": 0, "type": "directory"} for name in "ab"]

    async def _info(self, path: str, **_: Any) -> Any:
        return {"name": path, "size": 0, "type": "directory"}


class Bucket(AsyncFileSystem):
    """A store that lists all keys that begin like a folder, with objects that stand for folders, as a bucket does."""

    async def _find(self, path: str, **_: Any) -> Any:
        keys = (path, f"{path}/", f"{path}/1.wav", f"{path}//2.wav", f"{path}/sub/", f"{path}/sub/3.wav")
        return {key: {"name": key, "size": 4, "type": "file"} for key in keys}


def test_a_bucket_is_listed_at_once() -> None:
    bucket = Bucket()
    pattern = FilePattern("s3://b/day/**", lambda name: SimpleNamespace(fs=bucket, path=name[5:]))
    assert list(pattern.files()) == ["s3://b/day/1.wav", "s3://b/day//2.wav", "s3://b/day/sub/3.wav"]


@pytest.mark.parametrize("pattern", ["**", "**/1*.wav", "*/1*.wav", "b/1*.wav"])
def test_a_server_that_lists_only_folders(pattern: str) -> None:
    server = BusyServer()
    with pytest.raises(OSError, match="Too many open files"):
        FilePattern(f"sftp://pbx/{pattern}", lambda name: SimpleNamespace(fs=server, path=name[7:])).files()


@pytest.mark.parametrize("name", ["", " ", "s3://"])
def test_no_name_is_no_pattern(name: str) -> None:
    with pytest.raises(ValueError, match="the name is empty"):
        FilePattern(name, Path)
