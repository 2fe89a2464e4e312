"""The folder of an export on any fsspec file system: where its files are, and how they are replaced."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.errors import GongExportError, GongExportStorageError
from airflow_provider_gong.call_export.storage.manifest import DayManifest

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MANIFESTS = "_manifests"
SCHEMAS = "_schema"
# Temporary folders on the local disk.
SCRATCH = "gong-export-"
_NOTES = "_manifests/_notes"
# The names of manifests and notes do not begin with a dot.
_CHECK = "_manifests/.write-check.json"
_DAY = "started_date="
_UNFINISHED = re.compile(r"/\.part-0\.\w+\.[0-9a-f]{32}$")
_LONGEST_WRITE = 3600.0
# Object stores' names for what changes when an object is replaced.
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """
    A file as its store describes it.

    :param size: bytes
    :param version: what changes when it is replaced; empty if the store has nothing of the kind
    """

    size: int
    version: str


def table_path(table: str, day: date, file_format: FileFormat) -> str:
    """Return the path of a table's file for a day, relative to the export's folder."""
    return f"{table}/{_DAY}{day.isoformat()}/part-0.{file_format.value}"


def manifest_path(day: date) -> str:
    """Return the path of a day's manifest, relative to the export's folder."""
    return f"{MANIFESTS}/{_DAY}{day.isoformat()}.json"


class ExportFolder:
    """
    The folder of an export.

    Files are replaced by one request to the store, or by renaming on a local disk: readers never see half of a file.

    :param fs: the file system
    :param root: path of the folder in it
    """

    def __init__(self, fs: AbstractFileSystem, root: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")
        protocols = {fs.protocol} if isinstance(fs.protocol, str) else {*fs.protocol}
        self._is_local = "file" in protocols
        # Only answers that come over a network are worth waiting for at the same time.
        self._readers = 1 if protocols & {"file", "memory"} else 16

    def __str__(self) -> str:
        return shown(self._root)

    def place(self, path: str) -> str:
        """Return the full path of a file."""
        return f"{self._root}/{path}"

    def manifest(self, day: date) -> DayManifest | None:
        """Return the manifest of a day; None if there is none."""
        return self._manifest(manifest_path(day))

    def manifests(self, days: Iterable[date] | None = None) -> Iterator[DayManifest]:
        """Yield the manifests of days, by default of all days, in order."""
        names = self._manifest_names()
        if days is not None:
            wanted = set(map(manifest_path, days))
            names = [name for name in names if name in wanted]
        if self._readers == 1:
            yield from filter(None, map(self._manifest, names))
            return
        with ThreadPoolExecutor(self._readers) as pool:
            yield from filter(None, pool.map(self._manifest, names))

    def first_day(self) -> date | None:
        """Return the first exported day; None if there is none."""
        return next((manifest.day for manifest in filter(None, map(self._manifest, self._manifest_names()))), None)

    def write_manifest(self, manifest: DayManifest) -> None:
        """Write the manifest of a day."""
        self.write_json(manifest_path(manifest.day), manifest.document())

    def notes(self) -> dict[str, dict[str, Any]]:
        """Return the notes of all workers about the days they have read, by worker."""
        found = {name: self.read_json(f"{_NOTES}/{name}") for name in self._names(_NOTES)}
        return {name.removesuffix(".json"): note for name, note in found.items() if note is not None}

    def write_note(self, worker: str, note: Mapping[str, Any]) -> None:
        """Replace the notes of one worker."""
        self.write_json(f"{_NOTES}/{worker}.json", note)

    def read_json(self, path: str) -> dict[str, Any] | None:
        """
        Return the JSON object in a file; None if there is no file.

        :raises GongExportStorageError: if it cannot be read
        """
        with self._failures():
            try:
                content = self._fs.cat_file(self.place(path))
            except FileNotFoundError:
                return None
        try:
            found = json.loads(content)
        except ValueError as error:
            raise self._damaged(path, str(error)) from error
        if not isinstance(found, dict):
            raise self._damaged(path, "it is not an object")
        return found

    def write_json(self, path: str, document: Mapping[str, Any]) -> None:
        """Replace a file with a JSON object."""
        content = f"{json.dumps(document, indent=1)}\n".encode()
        with self._failures():
            if self._is_local:
                self._replace_local(path, lambda target: target.write_bytes(content))
            else:
                self._fs.pipe_file(self.place(path), content)

    def put(self, source: Path, path: str) -> StoredFile:
        """Replace a file with a local one, and return the store's description of it."""
        with self._failures():
            if self._is_local:
                # A rename within the folder is atomic; a copy is not.
                self._replace_local(path, lambda target: shutil.copyfile(source, target))
            else:
                self._fs.put_file(str(source), self.place(path))
        stored = self.stored(path)
        if stored is None or stored.size != source.stat().st_size:
            raise GongExportStorageError(f"{shown(self.place(path))} is not what was written to it.")
        return stored

    def stored(self, path: str) -> StoredFile | None:
        """Return the store's description of a file; None if there is no file."""
        with self._failures():
            try:
                self._fs.invalidate_cache(self._fs._parent(self.place(path)))
                return _stored(self._fs.info(self.place(path)))
            except FileNotFoundError:
                return None

    def files(self, tables: Iterable[str]) -> dict[str, StoredFile]:
        """Return the files of tables, by path relative to the folder."""
        found: dict[str, StoredFile] = {}
        with self._failures():
            self._fs.invalidate_cache()
            for table in tables:
                details = self._fs.find(self.place(table), detail=True)
                found |= {str(name)[len(self._root) + 1 :]: _stored(info) for name, info in details.items()}
                if self._is_local:
                    self._remove_unfinished(details)
        return found

    def require_writable(self) -> None:
        """
        Check that files can be written, so that no requests are wasted on what cannot be kept.

        :raises GongExportStorageError: if they cannot
        """
        self.write_json(_CHECK, {})
        # Credentials may not allow to delete.
        with contextlib.suppress(GongExportStorageError):
            self.delete(_CHECK)

    def delete(self, path: str) -> None:
        """Delete a file if it exists."""
        with self._failures(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self.place(path))

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[IO[bytes]]:
        """Open a file for reading; a ``ValueError`` of its reader means that it is damaged."""
        with self._failures(), self._fs.open(self.place(path), "rb") as file:
            try:
                yield file
            except ValueError as error:
                raise self._damaged(path, str(error)) from error

    def _damaged(self, path: str, why: str) -> GongExportStorageError:
        place = shown(self.place(path))
        return GongExportStorageError(f"{place} is damaged ({why}).", remedy="Delete it, and run the export again.")

    def _manifest(self, name: str) -> DayManifest | None:
        document = self.read_json(name)
        return None if document is None else DayManifest.parsed(document, self.place(name))

    def _manifest_names(self) -> list[str]:
        return [f"{MANIFESTS}/{name}" for name in self._names(MANIFESTS) if name.startswith(_DAY)]

    def _names(self, path: str) -> list[str]:
        """Return the names of the JSON files in a folder."""
        with self._failures():
            self._fs.invalidate_cache()
            try:
                found = self._fs.ls(self.place(path), detail=False)
            except FileNotFoundError:
                return []
        names = sorted(str(name).rpartition("/")[2] for name in found)
        return [name for name in names if name.endswith(".json") and not name.startswith(".")]

    def _replace_local(self, path: str, write: Callable[[Path], Any]) -> None:
        target = Path(self.place(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        # _UNFINISHED matches these names.
        unfinished = target.parent / f".{target.name}.{uuid.uuid4().hex}"
        try:
            write(unfinished)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)

    def _remove_unfinished(self, details: Mapping[str, Mapping[str, Any]]) -> None:
        """Remove what killed processes have left: it may hold calls that are deleted by now."""
        for name, info in details.items():
            if _UNFINISHED.search(name) and time.time() - info["mtime"] > _LONGEST_WRITE:
                self._fs.rm_file(name)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except GongExportError:
            raise
        except Exception as error:
            # Each object store has its own errors.
            raise GongExportStorageError(f"{self} failed: {type(error).__name__}: {shown(str(error))}") from error


def _stored(info: Mapping[str, Any]) -> StoredFile:
    version = next((str(info[name]) for name in _VERSIONS if info.get(name)), "")
    if not version and "mtime" in info:
        version = f"{info['mtime']!r}"
    return StoredFile(int(info["size"]), version.strip('"'))
