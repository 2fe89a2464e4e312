"""The files of a journal: snapshots, and files that are not as they were written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.ledger.folder.journaled import JournaledLedger, journaled_ledger
from airflow_provider_gong.ledger.folder.segments import packed
from airflow_provider_gong.ledger.rows import ImportRow
from airflow_provider_gong.store.errors import GongStoreError
from tests.unit.ledger.conftest import REFUSED, create, lease, plan, upload, verify

SCHEMA_4 = Path(__file__).parents[2] / "fixtures" / "schema_4" / "journal"
IDENTS = tuple(f"pbx-{number}" for number in range(1, 6))


@contextmanager
def night(folder: Any, company: str = "example", **options: Any) -> Iterator[JournaledLedger]:
    with journaled_ledger(folder, company, "night", **options) as ledger:
        yield ledger


def rows_of(folder: Any, company: str = "example") -> list[ImportRow]:
    with night(folder, company) as ledger:
        return list(ledger.rows())


def work(folder: Path, **options: Any) -> None:
    """Plan an import, and bring its rows into several states, in an attempt each."""
    with night(folder) as ledger:
        plan(ledger, *IDENTS)
    for act in (verify, upload, create, lambda ledger: ledger.failed(lease(ledger), REFUSED, sent=False)):
        with night(folder, **options) as ledger:
            act(ledger)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("umask", [0o000, 0o022])
@pytest.mark.parametrize("kind", [Path, ObjectStoragePath])
def test_nobody_else_can_read_it(tmp_path: Path, umask: int, kind: Callable[[str], Any]) -> None:
    before = os.umask(umask)
    try:
        with night(kind(f"{tmp_path}/imports")) as ledger:
            plan(ledger, *IDENTS)
    finally:
        os.umask(before)
    found = [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]
    assert files(tmp_path)
    assert found == []


@pytest.mark.slow
def test_readers_start_at_the_newest_snapshot(tmp_path: Path) -> None:
    work(tmp_path)
    earlier = [path for path in tmp_path.rglob("*.jsonl") if "plans" not in path.parts]
    with night(tmp_path, snapshot_after=0) as ledger:
        lease(ledger)
    before = rows_of(tmp_path)
    for path in earlier:
        path.write_bytes(b"not read any more")
    assert rows_of(tmp_path) == before
    assert {row.state for row in before} == {"verified", "uploaded", "failed", "planned"}


@pytest.mark.slow
def test_a_snapshot_is_written_where_it_spares_many_files(tmp_path: Path) -> None:
    work(tmp_path, snapshot_after=2)
    assert 0 < len(list(tmp_path.rglob("snapshot.txt"))) < len(list(tmp_path.rglob("tries/*"))) - 1


def test_nothing_is_changed_or_deleted(tmp_path: Path) -> None:
    with night(tmp_path) as ledger:
        plan(ledger, *IDENTS)
    for act in (verify, upload, lambda ledger: plan(ledger, *IDENTS, "pbx-6", content="other"), verify):
        seen = files(tmp_path)
        with night(tmp_path, snapshot_after=0) as ledger:
            act(ledger)
        assert files(tmp_path).items() > seen.items()


@pytest.mark.slow
def test_few_files_are_read_after_a_snapshot(tmp_path: Path) -> None:
    with night(tmp_path) as ledger:
        plan(ledger, *(f"pbx-{number}" for number in range(3000)))
    clock = iter(range(0, 10**9, 100)).__next__
    with night(tmp_path, clock=clock) as ledger:
        for _ in range(20):
            verify(ledger)
    with night(tmp_path) as ledger:
        lease(ledger)
    folder = CountingFolder(tmp_path)
    with night(folder) as ledger:
        assert ledger.counts() == {"verified": 20, "planned": 2980}
    assert len([name for name in folder.read if name.endswith(".jsonl")]) < 10


class CountingFolder:
    """A folder that knows which of its files were read, and may do something when one is written."""

    def __init__(
        self, path: Path, read: list[str] | None = None, on_write: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self.read = [] if read is None else read
        self.on_write = on_write

    def __truediv__(self, name: str) -> CountingFolder:
        return CountingFolder(self.path / name, self.read, self.on_write)

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        self.path.mkdir(parents=parents, exist_ok=exist_ok)

    def open(self, mode: str) -> IO[Any]:
        if mode != "rb" and self.on_write is not None:
            self.on_write(str(self.path))
        file = self.path.open(mode)
        if mode == "rb":
            self.read.append(str(self.path))
        return file


@pytest.mark.slow
def test_a_snapshot_is_read_by_another_while_it_is_written(tmp_path: Path) -> None:
    work(tmp_path)
    before = rows_of(tmp_path)
    read: list[list[ImportRow]] = []

    def read_it(name: str) -> None:
        if "/snapshot/" in name or name.endswith("snapshot.txt"):
            read.append(rows_of(tmp_path))

    with night(CountingFolder(tmp_path, on_write=read_it), snapshot_after=0) as ledger:
        lease(ledger)
    assert read == [before, before]


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "cut in half": lambda content: content[: len(content) // 2],
    "cut at a line": lambda content: content[: content.rstrip(b"\n").rfind(b"\n") + 1],
    "one byte changed": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "emptied": lambda _: b"",
    "zeros": lambda content: b"\0" * len(content),
    "a list": lambda _: b"[]\n",
    "a number": lambda _: b"7\n",
    "no kind": lambda _: b"{}\n",
    "another kind": lambda _: b'{"kind": "something"}\n',
    "no call": lambda _: b'{"kind": "call"}\n',
    "no plan": lambda _: b'{"kind": "plan"}\n',
    "another type": lambda _: b'{"kind": "call", "client_unique_id": {"a": 1}, "state": "planned", "problem": null}\n',
    "too deep": lambda _: b"[" * 100_000 + b"\n",
    "deep in an entry": lambda _: b'{"kind": "row", "source": "' + b"[" * 100_000 + b'"}\n',
    "no text": lambda _: b"\xff\xfe\n",
    "a length of thousands of digits": lambda _: b"9" * 5000 + b" 0\n{}\n",
    "deleted": lambda _: None,
}


def damaged_copies(journal: Path, company: str, copy: Path) -> Iterator[tuple[str, str]]:
    """Damage one file after the other in each way; yield the way and the name of the file."""
    folder = CountingFolder(journal)
    opened(folder, company)
    # Of those that are read, since some come before a snapshot.
    paths = sorted({Path(name).relative_to(journal) for name in folder.read})
    for path in paths if len(paths) < 20 else paths[::4]:
        for damage, change in DAMAGES.items():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(journal, copy)
            content = change((journal / path).read_bytes())
            if content is None:
                (copy / path).unlink()
            else:
                (copy / path).write_bytes(content)
            yield damage, "/".join(path.parts[2:])


def states(rows: list[ImportRow]) -> list[tuple[str, str]]:
    return [(row.client_unique_id, row.state) for row in rows]


def opened(journal: Any, company: str) -> dict[str, str] | GongStoreError:
    """Return the states of the rows, or why they cannot be read."""
    try:
        return {row.client_unique_id: row.state.value for row in rows_of(journal, company)}
    except GongStoreError as error:
        return error


@pytest.mark.slow
@pytest.mark.parametrize("company", ["example", "emulated"], ids=["of today", "of schema 4"])
def test_damaged_files_are_named(tmp_path: Path, company: str) -> None:
    """Whatever happens to a file, it is named; or it was the last of a writer, who may have been killed there."""
    journal = SCHEMA_4
    if company == "example":
        journal = tmp_path / "journal"
        work(journal, snapshot_after=3)
    passed_over = []
    for damage, name in damaged_copies(journal, company, tmp_path / "copy"):
        found = opened(tmp_path / "copy", company)
        if isinstance(found, GongStoreError):
            assert name in str(found) or "newer airflow-provider-gong" in str(found), damage
        else:
            passed_over.append((damage, name))
    cut = {"cut in half", "cut at a line", "emptied", "deleted", "zeros", "one byte changed"}
    assert {damage for damage, _ in passed_over} <= cut | ({"a list", "a number"} if company == "emulated" else set())
    assert not [name for _, name in passed_over if "plans/" in name or "snapshot/" in name]


@pytest.mark.parametrize("damage", ["cut in half", "cut at a line", "deleted", "one byte changed"])
def test_no_phase_goes_on_over_a_damaged_plan(tmp_path: Path, damage: str) -> None:
    with night(tmp_path) as ledger:
        plan(ledger, *(f"pbx-{number}" for number in range(2500)))
    segment = sorted(tmp_path.rglob("plans/*/*.jsonl"))[1]
    content = DAMAGES[damage](segment.read_bytes())
    segment.unlink() if content is None else segment.write_bytes(content)
    with pytest.raises(GongStoreError, match=rf"is damaged: plans/.*/{segment.name}"):
        rows_of(tmp_path)


@pytest.mark.parametrize("change", [{"segments": "1"}, {"segments": None}, {"rows": "5"}, {"digest": []}])
def test_a_plan_of_other_types_names_the_file(tmp_path: Path, change: dict[str, Any]) -> None:
    with night(tmp_path) as ledger:
        plan(ledger, *IDENTS)
    (segment,) = (path for path in tmp_path.rglob("*.jsonl") if "plans" not in path.parts)
    entries = [json.loads(line) for line in segment.read_text().splitlines()[1:]]
    segment.write_bytes(packed([entry | change for entry in entries])[0])
    with pytest.raises(GongStoreError, match=f"is damaged: .*{segment.name} holds a plan whose {next(iter(change))}"):
        rows_of(tmp_path)
