"""Ensures that a recording is still the checked one, before its call is created and whenever it is opened."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, Any, Literal

from airflow_provider_gong.call_import.media import ObjectDetails, is_inside
from airflow_provider_gong.call_import.recordings.check import check_recording
from airflow_provider_gong.call_import.recordings.marks import Mark
from airflow_provider_gong.client.media import MediaChangedError, MediaPath
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
        self.name = path.name

    def stat(self) -> Any:
        """
        Return the recording's current details.

        :raises FileNotFoundError: if it is gone
        :raises MediaChangedError: if it is not the planned recording
        """
        path = self._resolved()
        _forget_listing(path)
        found = path.stat()
        self._check(path, found)
        return found

    def open(self, mode: Literal["rb"] = "rb", /) -> IO[Any]:
        """
        Open the recording.

        :raises FileNotFoundError: if it is gone
        :raises MediaChangedError: if it is not the planned recording
        """
        path = self._resolved()
        file: IO[Any] = path.open(mode)
        with contextlib.ExitStack() as opened:
            opened.callback(file.close)
            found = _stat_of(file)
            if found is not None:
                self._check(path, found)
            opened.pop_all()
        return file

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


def _stat_of(file: Any) -> Any:
    """Return the details of an open file that are known without a request; None if there are none."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        return os.fstat(file.fileno())
    details = getattr(file, "details", None)
    return ObjectDetails(details) if isinstance(details, dict) and "size" in details else None


def _forget_listing(path: Any) -> None:
    """Discard cached listings, so the object store is asked again."""
    store = getattr(path, "fs", None)
    if store is not None:
        store.invalidate_cache(getattr(path, "path", None))
