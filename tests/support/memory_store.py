"""An object store in memory, which can end the process that writes to it at any request."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from fsspec.implementations.memory import MemoryFileSystem


class Killed(BaseException):
    """The process is gone: no code of its own runs any more, as far as that can be shown within one process."""


class ObjectStore(MemoryFileSystem):
    """
    A store of its own: objects have tags that change whenever they are replaced.

    :ivar dies_at: number of the write at which the process ends, counted from the next one; None for never
    :ivar dies_before: whether it ends before that write takes effect, or after it
    :ivar writes: number of writes so far
    """

    cachable = False
    protocol = ("objects", "memory")

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[str, Any] = {}
        self.pseudo_dirs = [""]
        self.dies_at: int | None = None
        self.dies_before = True
        self.writes = 0
        self._tags: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        path = self._strip_protocol(path)
        file = self.store.get(path)
        if file is None:
            # Its own way looks through all objects for a folder of this name.
            raise FileNotFoundError(path)
        return {"name": path, "size": file.size, "type": "file", "ETag": self._tags.get(path, "")}

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self._write(path, lambda: super(ObjectStore, self).pipe_file(path, value, **options))

    def put_file(self, lpath: str, rpath: str, **options: Any) -> None:
        self._write(rpath, lambda: super(ObjectStore, self).put_file(lpath, rpath, **options))

    def rm_file(self, path: str) -> None:
        self._write(path, lambda: super(ObjectStore, self).rm_file(path))

    def tags(self, prefix: str) -> list[tuple[str, str]]:
        """Return the objects whose paths begin with a prefix, with their tags."""
        return sorted((path, self._tags[path]) for path in self.store if path.startswith(prefix))

    def content(self) -> dict[str, bytes]:
        """Return all objects, by path."""
        return {path: file.getvalue() for path, file in self.store.items()}

    def _write(self, path: str, write: Any) -> None:
        with self._lock:
            self.writes += 1
            is_last = self.dies_at is not None and self.dies_at <= 0
            if self.dies_at is not None:
                self.dies_at -= 1
            if is_last and self.dies_before:
                raise Killed
            write()
            self._tags[self._strip_protocol(path)] = str(next(self._numbers))
            if is_last:
                raise Killed
