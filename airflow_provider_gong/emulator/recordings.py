"""Small recordings are kept, so that the page can play them; large ones are only measured."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

KEPT_BYTES = 8 * 1024 * 1024


class RecordingFolder:
    """A temporary folder of recordings, one per call, made when first needed."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def path(self, call_id: str) -> Path | None:
        """Return the file of a call's recording, if it was kept."""
        if self._folder is None:
            return None
        path = Path(self._folder.name, call_id)
        return path if path.is_file() else None

    def draft(self) -> Draft:
        """Return a place for a recording that is arriving."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="gong-emulator-")
        return Draft(Path(self._folder.name))

    def remove(self, call_id: str) -> None:
        """Remove the recording of a call, if it was kept."""
        path = self.path(call_id)
        if path is not None:
            path.unlink()

    def clear(self) -> None:
        """Remove all recordings."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class Draft:
    """A recording that is arriving; given up as soon as it is larger than what is kept.

    :param folder: where recordings are kept.
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

    def keep(self, call_id: str) -> None:
        """Keep what arrived as the recording of a call, unless it was too large."""
        if self._file is not None:
            self._file.close()
            self._path.rename(self._folder / call_id)
            self._file = None

    def discard(self) -> None:
        """Forget what arrived."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None
