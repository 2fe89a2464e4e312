"""Ground floor: temporary folders that do not outlive the processes that made them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """
    Yield a temporary folder that only this user can read and that is gone afterwards.

    :param prefix: beginning of the names of such folders; those of processes that were killed are removed first
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_abandoned(left)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, _locked(name):
        # What is in it may lock its own folder.
        (Path(name) / "content").mkdir()
        yield Path(name) / "content"


@contextlib.contextmanager
def _locked(folder: str | Path) -> Iterator[None]:
    """
    Hold the lock of a folder, which ends with the process, whatever ends it.

    :raises BlockingIOError: if another process holds it
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _remove_if_abandoned(folder: Path) -> None:
    # Somebody else's, in use, or gone meanwhile. One without content is just being made.
    with contextlib.suppress(OSError):
        is_ours = folder.stat(follow_symlinks=False).st_uid == os.getuid()
        if is_ours and (folder / "content").is_dir():
            with _locked(folder):
                shutil.rmtree(folder)
