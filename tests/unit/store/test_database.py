from __future__ import annotations

import contextlib
import multiprocessing
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import ResourceClosedError

from airflow_provider_gong.store import engines, files
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.schema import db_now, metadata, store_table

FORK = multiprocessing.get_context("fork")


def mounts(tmp_path: Path, *lines: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text("".join(f"{line} rw,relatime 0 0\n" for line in lines), encoding="utf-8")
    return table


def test_opens_a_file_in_a_folder_that_it_makes(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    assert store.id
    assert (tmp_path / "a" / "b" / "gong_store.db").is_file()


@pytest.mark.parametrize("name", ["with space", "with?mark", "with#hash", "with%41percent", "größe"])
def test_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    assert Store.in_folder(tmp_path / name).id
    assert (tmp_path / name / "gong_store.db").is_file()


def test_creates_all_tables(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    coordination = set(inspect(store.quick.engine).get_table_names())
    imports = set(inspect(store.engine).get_table_names())
    assert coordination | imports == set(metadata.tables)
    assert coordination & imports == {"gong_store", "gong_room"}


def test_id_stays_the_same_and_differs_between_stores(tmp_path: Path) -> None:
    first = Store.in_folder(tmp_path / "a")
    assert Store.in_folder(tmp_path / "a").id == first.id
    assert Store(f"sqlite:///{tmp_path / 'a' / 'gong_store.db'}").id == first.id
    assert Store.in_folder(tmp_path / "b").id != first.id


def _open(folders: list[Path], start: Any, ids: Any) -> None:
    for folder in folders:
        start.wait(60)
        ids.put((folder.name, Store.in_folder(folder).id))


def test_processes_that_start_together_create_one_schema(tmp_path: Path) -> None:
    start, ids = FORK.Barrier(8), FORK.SimpleQueue()
    # Many stores, since processes that start at once do not always meet.
    folders = [tmp_path / str(number) for number in range(20)]
    processes = [FORK.Process(target=_open, args=(folders, start, ids)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    assert len({ids.get() for _ in range(8 * 20)}) == 20
    for folder in folders:
        with Store.in_folder(folder).begin() as connection:
            assert len(connection.execute(select(store_table)).all()) == 1


def test_transaction_is_kept_or_rolled_back_as_a_whole(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    with store.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (1)"))
    with pytest.raises(ResourceClosedError), store.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (2)")).scalar_one()
    with store.begin() as connection:
        assert connection.execute(text("SELECT x FROM t")).scalars().all() == [1]


def test_a_transaction_can_read_from_another_file(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "other's.db")) as other:
        other.executescript("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (7);")
    store = Store.in_folder(tmp_path)
    for _ in range(2):
        with store.begin(tmp_path / "other's.db") as connection:
            assert connection.execute(text("SELECT x FROM attached.t")).scalar_one() == 7
    with pytest.raises(GongStoreError), store.begin(tmp_path / "other's.db") as connection:
        connection.execute(text("SELECT x FROM attached.missing"))
    with pytest.raises(GongStoreError, match="unable to open"), store.begin(tmp_path / "missing" / "other.db"):
        pass
    with store.begin() as connection:
        assert "attached" not in [name for _, name, _ in connection.execute(text("PRAGMA database_list"))]


def _increment(store: Store, times: int) -> None:
    for _ in range(times):
        with store.begin() as connection:
            found = connection.execute(text("SELECT x FROM t")).scalar_one()
            connection.execute(text("UPDATE t SET x = :x"), {"x": found + 1})


def _increment_in(folder: Path) -> None:
    _increment(Store.in_folder(folder), 25)


def test_what_a_transaction_reads_stays_true_until_it_writes(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    with store.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))
    store.close()
    processes = [FORK.Process(target=_increment_in, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with store.begin() as connection:
        assert connection.execute(text("SELECT x FROM t")).scalar_one() == 100


def test_clock_is_the_databases_in_seconds_since_1970(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    before = time.time()
    with store.begin() as connection:
        now = connection.execute(select(db_now())).scalar_one()
    assert before - 0.01 <= now <= time.time() + 0.01


# Refused stores


def test_store_of_a_newer_package_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    with store.begin() as connection:
        connection.execute(store_table.update().values(schema_version=99))
    store.close()
    with pytest.raises(GongStoreError, match=r"schema 99.*upgrade the package"):
        _ = Store.in_folder(tmp_path).id
    with contextlib.closing(sqlite3.connect(tmp_path / "gong_store.db")) as connection, connection:
        assert connection.execute("SELECT schema_version FROM gong_store").fetchall() == [(99,)]


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "lustre", "ceph"),
        *("fuse.glusterfs", "fuse.ceph-fuse", "fuse.rclone", "fuse.blobfuse2", "fuse.mountpoint-s3", "fuse.juicefs"),
        *("fuse.goofys", "beegfs", "gpfs"),
    ],
)
def test_network_file_system_is_refused_with_the_remedy(tmp_path: Path, kind: str) -> None:
    table = mounts(tmp_path, "/dev/vda / ext4", f"server:/export {tmp_path} {kind}")
    with pytest.raises(GongStoreError, match=rf"network file system \({kind}\).*store_conn_id.*PostgreSQL"):
        _ = Store.in_folder(tmp_path / "airflow", mounts=table).id
    assert not (tmp_path / "airflow" / "gong_store.db").exists()


@pytest.mark.parametrize("kind", ["ext4", "xfs", "overlay", "tmpfs", "fuse.fuse-overlayfs"])
def test_local_file_system_is_accepted(tmp_path: Path, kind: str) -> None:
    table = mounts(tmp_path, "server:/ / nfs4", f"/dev/vda {tmp_path} {kind}", f"server:/x {tmp_path}/airflow-x nfs4")
    assert Store.in_folder(tmp_path / "airflow", mounts=table).id


def test_innermost_mount_counts_whatever_the_order(tmp_path: Path) -> None:
    table = mounts(tmp_path, f"server:/export {tmp_path}/airflow nfs4", "/dev/vda / ext4", f"/dev/vdb {tmp_path} ext4")
    with pytest.raises(GongStoreError, match="nfs4"):
        _ = Store.in_folder(tmp_path / "airflow", mounts=table).id


def test_mount_over_an_automounter_counts(tmp_path: Path) -> None:
    table = mounts(tmp_path, "/dev/vda / ext4", f"systemd-1 {tmp_path} autofs", f"server:/export {tmp_path} nfs4")
    with pytest.raises(GongStoreError, match="nfs4"):
        _ = Store.in_folder(tmp_path, mounts=table).id


def test_mount_with_a_space_in_its_name_counts(tmp_path: Path) -> None:
    table = mounts(tmp_path, "/dev/vda / ext4", rf"server:/export {tmp_path}/my\040files nfs4")
    with pytest.raises(GongStoreError, match="nfs4"):
        _ = Store.in_folder(tmp_path / "my files", mounts=table).id


def test_link_to_a_network_file_system_counts(tmp_path: Path) -> None:
    (tmp_path / "remote").mkdir()
    (tmp_path / "airflow").symlink_to(tmp_path / "remote")
    table = mounts(tmp_path, "/dev/vda / ext4", f"server:/export {tmp_path}/remote nfs4")
    with pytest.raises(GongStoreError, match="nfs4"):
        _ = Store.in_folder(tmp_path / "airflow", mounts=table).id


def test_platform_that_tells_no_mounts_is_trusted(tmp_path: Path) -> None:
    assert Store.in_folder(tmp_path, mounts=tmp_path / "missing").id


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GongStoreError, match=r"is not writable.*store_conn_id"):
        _ = Store.in_folder(tmp_path / "file" / "airflow").id


def _open_as_nobody(folder: Path, said: Any) -> None:
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        said.put(Store.in_folder(folder).id)
    except GongStoreError as error:
        said.put(str(error))


@pytest.mark.parametrize("exists", [True, False], ids=["read-only folder", "read-only parent"])
def test_read_only_folder_is_refused(exists: bool) -> None:
    # Not below pytest's own folder, which other users cannot enter.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        said = FORK.SimpleQueue()
        folder = Path(name) if exists else Path(name, "airflow")
        process = FORK.Process(target=_open_as_nobody, args=(folder, said))
        process.start()
        process.join()
        assert process.exitcode == 0
        message = said.get()
        Path(name).chmod(0o755)
    assert "is not writable" in message
    assert "store_conn_id" in message


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_store_in_memory_is_refused(url: str) -> None:
    with pytest.raises(GongStoreError, match="needs a file"):
        _ = Store(url).id


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gong_store.db").write_text("this is not a database, but long enough to look like a header\n" * 40)
    with pytest.raises(GongStoreError, match="cannot be opened: file is not a database"):
        _ = Store.in_folder(tmp_path).id


# Servers, and what errors tell


def test_text_that_is_no_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(GongStoreError, match="expected something like postgresql://") as caught:
        Store("postgresql//airflow:s3cret@db.example.com")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+nosuchdriver://airflow:s3cret@db.example.com/gong", "driver that is not installed"),
        ("nosuchdatabase://airflow:s3cret@db.example.com/gong", "driver that is not installed"),
    ],
)
def test_missing_driver_is_told_without_the_password(url: str, told: str) -> None:
    with pytest.raises(GongStoreError, match=told) as caught:
        _ = Store(url).engine
    assert "s3cret" not in str(caught.value)
    assert "db.example.com" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://airflow:s3cret@db.example.com/gong",
        "postgresql://db.example.com/gong?user=airflow&password=s3cret",
        "postgresql://airflow:s3cret@db.example.com/gong?sslpassword=s3cret",
    ],
)
def test_password_is_not_in_the_repr(url: str) -> None:
    text_of_store = repr(Store(url))
    assert "s3cret" not in text_of_store
    assert "db.example.com/gong" in text_of_store


@pytest.mark.parametrize("work", [lambda store: store.id, lambda store: store.begin().__enter__()])
def test_failure_of_the_database_is_told_in_the_readers_words(tmp_path: Path, work: Callable[[Store], Any]) -> None:
    store = Store.in_folder(tmp_path)
    _ = store.engine
    store.close()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "gong_store.db").mkdir()
    with pytest.raises(GongStoreError, match=r"Store\(.*gong_store\.db\) .*: unable to open database file"):
        work(store)


def test_process_that_writes_for_too_long_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_BUSY_SECONDS", 0.01)
    stuck, other = Store.in_folder(tmp_path), Store.in_folder(tmp_path)
    _ = other.id
    with stuck.begin(), pytest.raises(GongStoreError, match=r"another process has been writing to it"), other.begin():
        pass


def test_content_of_rows_is_in_no_error_text(tmp_path: Path) -> None:
    store = Store.in_folder(tmp_path)
    with pytest.raises(Exception, match="NOT NULL") as caught, store.quick.begin() as connection:
        connection.execute(
            text("INSERT INTO gong_intent (key, outcome) VALUES (:key, 'x')"), {"key": "rosa@example.com"}
        )
    assert "rosa@example.com" not in str(caught.value)


# Files


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_the_store(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store.in_folder(tmp_path / "gong" / "store")
        for part in (store, store.quick):
            with part.begin() as connection:
                connection.execute(text("CREATE TABLE t (x INTEGER)"))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "gong").rglob("*")}
    assert modes.pop("store") == stat.S_IMODE((tmp_path / "gong").stat().st_mode) == 0o700
    assert {"gong_store.db", "gong_store.db-wal", "gong_store.db-shm", "gong_store_quick.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_store_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    _ = Store.in_folder(tmp_path).id
    (tmp_path / "gong_store.db").chmod(0o644)
    _ = Store.in_folder(tmp_path).id
    assert stat.S_IMODE((tmp_path / "gong_store.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("part", [lambda store: store, lambda store: store.quick], ids=["imports", "coordination"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_was_deleted_is_noticed_and_the_next_one_used(
    tmp_path: Path, part: Callable[[Store], Store], is_replaced: bool
) -> None:
    used = part(Store.in_folder(tmp_path))
    before = used.id
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / f"{path.name}.old")
    new = part(Store.in_folder(tmp_path)).id if is_replaced else None
    with pytest.raises(GongStoreError, match="was deleted or replaced while this process was using it"), used.begin():
        pass
    assert used.id != before
    assert used.id == part(Store.in_folder(tmp_path)).id
    assert new in (None, used.id)


def test_the_lock_of_the_folder_does_not_live_on_in_a_forked_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.0)
    leave = FORK.Event()
    with files.locked(tmp_path):
        forked = FORK.Process(target=leave.wait)
        forked.start()
    try:
        with files.locked(tmp_path):
            pass
    finally:
        leave.set()
        forked.join()


def test_the_lock_of_the_folder_is_not_waited_for_without_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.05)
    with files.locked(tmp_path), pytest.raises(GongStoreError, match=r"has held the lock of .* for more than"):
        _ = Store.in_folder(tmp_path).id
    assert Store.in_folder(tmp_path).id
