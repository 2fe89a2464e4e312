"""Ensures that a recording is still the checked one, before its call is created and whenever it is opened."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

from airflow_provider_gong.call_import.media import ObjectDetails, is_inside
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.call_import.recordings.marks import Mark
from airflow_provider_gong.client.media import MediaChangedError, MediaPath, open_to_send
from airflow_provider_gong.ledger.rows import Problem


class PlannedRecording:
    """
    A planned recording to read from.

    :param path: its path
    :param size: its size in bytes
    :param mark: mark by which changes are detected; None if unknown
    """

    def __init__(self, path: MediaPath, size: int | None, mark: Mark | None) -> None:
        self._path: Any = path
        self._size = size
        self._mark = mark
        self._checked: IO[Any] | None = None
        self.name = path.name

    def stat(self) -> Any:
        """
        Return the recording's current details.

        :raises FileNotFoundError: if it is gone
        :raises MediaChangedError: if it is not the planned recording
        """
        path = self._resolved()
        if not hasattr(path, "fs"):
            found = path.stat()
            self._check(path, found)
            return found
        file, found = self._opened(path)
        if _reads_nothing_else(file):
            # A store is asked once: what is open now is read later.
            self._checked = file
        else:
            file.close()
        return found

    def open(self, mode: Literal["rb"] = "rb", /) -> IO[Any]:
        """
        Open the recording. Reading its end checks it once more, unless it can only be what was opened.

        :raises FileNotFoundError: if it is gone
        :raises MediaChangedError: if it is not the planned recording; also while it is read
        """
        file, self._checked = self._checked, None
        if file is not None:
            return file
        path = self._resolved()
        file, _ = self._opened(path)
        if _reads_nothing_else(file):
            return file
        watched: Any = _Watched(file, lambda: self._check(path, _now(path, file)))
        return watched  # type: ignore[no-any-return]

    def _opened(self, path: Any) -> tuple[IO[Any], Any]:
        """Return the recording and what is known of it, without asking for that again."""
        if hasattr(path, "fs"):
            _forget(path)
        file = open_to_send(path)
        with contextlib.ExitStack() as opened:
            opened.callback(file.close)
            found = _stat_of(file) or path.stat()
            self._check(path, found)
            opened.pop_all()
        return file, found

    def _resolved(self) -> Any:
        """Return the path with links resolved, so a link that changes meanwhile cannot lead elsewhere."""
        root = self._mark.root if self._mark is not None else ""
        if not root or not isinstance(self._path, Path) or hasattr(self._path, "fs"):
            return self._path
        place = os.path.realpath(self._path)
        if not is_inside(place, root):
            raise MediaChangedError(f"it is now outside of {root}, which this import reads recordings from")
        return type(self._path)(place)

    def _check(self, path: Any, found: Any) -> None:
        if self._size is not None and found.st_size != self._size:
            raise MediaChangedError(f"it has {found.st_size} bytes, but had {self._size} when it was planned")
        if self._mark is None or self._mark.is_untouched(found) or self._is_same_content(path, found):
            return
        raise MediaChangedError("its content has changed since it was planned")

    def _is_same_content(self, path: Any, found: Any) -> bool:
        """Return whether a copy with other times or another ETag has the content that was checked."""
        if self._mark is None or (proved := self._mark.proves(path, found)) is False:
            return False
        if proved:
            return True
        checked = check_recording(str(path), lambda _: path)
        return not isinstance(checked, Problem) and checked.mark.digest == self._mark.digest


class _Watched(contextlib.AbstractContextManager["_Watched"]):
    """
    An open recording that is checked when its end was read.

    :param file: the recording
    :param check: raises if it has changed
    """

    def __init__(self, file: IO[Any], check: Callable[[], None]) -> None:
        self._file = file
        self._check = check
        self.close = file.close

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, length: int = -1) -> bytes:
        data: bytes = self._file.read(length)
        if not data or length < 0:
            self._check()
        return data


def _now(path: Any, file: Any) -> Any:
    """Return what is known now of a recording that is open."""
    if not hasattr(path, "fs"):
        return os.fstat(file.fileno())
    _forget(path)
    return path.stat()


def _forget(path: Any) -> None:
    """Let a store be asked, and not what it has listed before, which adlfs keeps by folder."""
    path.fs.invalidate_cache(path.path)
    path.fs.invalidate_cache(path.path.rpartition("/")[0])


def _stat_of(file: Any) -> Any:
    """Return the details of an open file that are known without a request; None if there are none."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        return os.fstat(file.fileno())
    details = getattr(file, "details", None)
    return ObjectDetails(details) if isinstance(details, dict) and "size" in details else None


def _reads_nothing_else(file: Any) -> bool:
    """Tell whether a file fails rather than read another object than the one it was opened for, as those of s3fs do."""
    conditions = getattr(file, "read_kw", None)
    return isinstance(conditions, dict) and bool(conditions.get("IfMatch"))
