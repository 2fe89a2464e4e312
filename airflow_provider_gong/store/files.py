"""The files of an SQLite store: on a local disk, private whatever the umask, and used by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_gong.store.errors import GongStoreError

MOUNTS = Path("/proc/self/mounts")
# SQLite's locks do not work reliably over these (SQLite documentation, "How to corrupt an SQLite database file").
_NETWORK_FILE_SYSTEMS = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "9p",
    "lustre",
    "ceph",
    "gpfs",
    "beegfs",
    "fuse.blobfuse",
    "fuse.ceph",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.goofys",
    "fuse.juicefs",
    "fuse.mountpoint-s3",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
)
_PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
_NOT_PRIVATE = 0o077
# SQLite keeps data that is not yet in the file itself in files next to it.
_SUFFIXES = ("", "-wal", "-shm")
_LOCK_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.02

FileId = tuple[int, int]


def check_folder(folder: Path, mounts: Path) -> None:
    """
    Create the folder of a store if there is none, and check that SQLite is safe in it.

    :param mounts: the host's table of mounted file systems
    :raises GongStoreError: if it is not writable, or is on a network file system
    """
    if not _is_writable(folder):
        raise GongStoreError(
            f"The store's folder {folder} is not writable: set store_conn_id in the Gong connection's extra to a "
            "PostgreSQL database."
        )
    kind = _file_system(folder, mounts)
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        raise GongStoreError(
            f"The store's folder {folder} is on a network file system ({kind}), where SQLite is not safe: set "
            "store_conn_id in the Gong connection's extra to a PostgreSQL database."
        )


def make_private(file: Path) -> None:
    """Create the file of a store if there is none, and make it and the files next to it private."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    for suffix in _SUFFIXES:
        # It belongs to someone else, or no longer exists.
        with contextlib.suppress(OSError):
            place = Path(f"{file}{suffix}")
            if place.stat().st_mode & _NOT_PRIVATE:
                place.chmod(PRIVATE_FILE)


def make_private_folder(folder: Path) -> None:
    """Create a folder, and those that it is in, where there is none, for nobody else to look into."""
    for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
        missing.mkdir(_PRIVATE_FOLDER, exist_ok=True)


def file_id(file: Path) -> FileId | None:
    """Return what identifies the file at a path; None if there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """
    Hold the lock of a folder, which is released when the process ends, however it ends.

    :raises GongStoreError: if another process holds it for too long
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        # A process that was forked meanwhile would keep the lock.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    give_up_at = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                raise GongStoreError(
                    f"Another process has held the lock of {folder} for more than {_LOCK_SECONDS:.0f} s. Find it with "
                    f"'fuser {folder}' and stop it."
                ) from None
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _is_writable(folder: Path) -> bool:
    try:
        make_private_folder(folder)
    except OSError:
        return False
    return folder.is_dir() and os.access(folder, os.W_OK)


def _file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the folder's file system, or an empty string if the platform does not provide it."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    entries = [line.split(" ") for line in lines if line.count(" ") >= 2]
    places = [(place.replace("\\040", " "), kind) for _, place, kind, *_ in entries]
    holding = [(place, kind) for place, kind in places if folder.resolve().is_relative_to(place)]
    # Of several mounts at the same path, such as an automounter's and the real one, the last is visible.
    return max(reversed(holding), key=lambda found: len(found[0]), default=("", ""))[1]
