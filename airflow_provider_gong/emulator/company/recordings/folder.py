"""Small recordings are kept, so that the page can play them; large ones are only measured."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

KEPT_BYTES = 8 * 1024 * 1024
KEPT_IN_ALL_BYTES = 256 * 1024 * 1024


class RecordingFolder:
    """
    A temporary folder of recordings, one per call, made when first needed; the oldest make room for new ones.

    It goes with the company, which nobody has to close.

    :param limit: the most bytes that are kept in all
    """

    def __init__(self, limit: int = KEPT_IN_ALL_BYTES) -> None:
        self._limit = limit
        self._folder: Path | None = None
        self._sizes: dict[str, int] = {}
        self._total = 0

    def path(self, call_id: str) -> Path | None:
        """Return the file of a call's recording, if it was kept."""
        if self._folder is None or call_id not in self._sizes:
            return None
        return self._folder / call_id

    def draft(self) -> Draft:
        """Return a place for a recording that is arriving."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="gong-emulator-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return Draft(self._folder)

    def keep(self, draft: Draft, call_id: str) -> None:
        """Keep what arrived as the recording of a call, unless it was too large."""
        size = draft.move_to(call_id)
        if size is None:
            return
        self._sizes[call_id] = size
        self._total += size
        while self._total > self._limit:
            self.remove(next(iter(self._sizes)))

    def remove(self, call_id: str) -> None:
        """Remove the recording of a call, if it was kept."""
        path = self.path(call_id)
        if path is not None:
            path.unlink()
            self._total -= self._sizes.pop(call_id)

    def clear(self) -> None:
        """Remove all recordings."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._sizes, self._total = None, {}, 0


class Draft:
    """
    A recording that is arriving; given up as soon as it is larger than what is kept.

    :param folder: where recordings are kept
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, path = tempfile.mkstemp(dir=folder)
        self._file: BinaryIO | None = os.fdopen(descriptor, "wb")
        self._path = Path(path)
        self._size = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._file is None:
            return
        self._size += len(data)
        if self._size > KEPT_BYTES:
            self.discard()
        else:
            self._file.write(data)

    def move_to(self, name: str) -> int | None:
        """Give the recording its name and return its size; ``None`` when it was given up."""
        if self._file is None:
            return None
        self._file.close()
        self._path.rename(self._folder / name)
        self._file = None
        return self._size

    def discard(self) -> None:
        """Forget what arrived."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None
