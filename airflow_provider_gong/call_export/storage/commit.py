"""Replaces a day's files: table by table, and the manifest last."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Mapping
from datetime import date

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_export.choices import FileFormat
from airflow_provider_gong.call_export.reading.draft import TableDraft
from airflow_provider_gong.call_export.settings import ExportSettings
from airflow_provider_gong.call_export.storage.files import sha256_of
from airflow_provider_gong.call_export.storage.folder import ExportFolder, table_path
from airflow_provider_gong.call_export.storage.manifest import DayManifest, TableFile
from airflow_provider_gong.call_export.tables.catalogue import TABLES

log = logging.getLogger(__name__)


class WrittenMeanwhileError(Exception):
    """Another run has written the day since this one read it."""


def commit(
    folder: ExportFolder,
    old: DayManifest | None,
    new: DayManifest,
    drafts: Mapping[str, TableDraft],
    settings: ExportSettings,
) -> list[str]:
    """
    Replace the files of a day that differ, and return the names of the replaced tables.

    The manifest says so while files are replaced. It stays like that if the run is interrupted or another run writes
    the same day, and the next run reads the day again.

    :param old: the manifest from before the day was read
    :param new: the new manifest without its files
    :param drafts: the new files
    :raises WrittenMeanwhileError: if another run has written the day since then, so it has to be read again
    """
    is_comparable = old is not None and old.is_complete and old.settings == settings.fingerprint
    known = old.tables if old is not None and is_comparable else {}
    kept = _kept(folder, known, drafts, new.day, settings)
    changed = [name for name in drafts if name not in kept]
    if old is not None and not changed and _says_the_same(old, new, kept):
        return []
    if folder.manifest(new.day) != old:
        raise WrittenMeanwhileError
    writer = uuid.uuid4().hex
    folder.write_manifest((old or DayManifest(new.day)).being_written(writer))
    files = {
        name: kept[name] if name in kept else _put(folder, name, draft, new.day, settings)
        for name, draft in drafts.items()
    }
    if not is_comparable:
        _delete_others(folder, new.day, settings)
    if _is_taken_over(folder, new.day, writer):
        raise WrittenMeanwhileError
    changed_at = new.read_at if changed or old is None else old.changed_at
    written = dataclasses.replace(_with_files(new, files), changed_at=changed_at)
    folder.write_manifest(written)
    # Another run may have written the whole day before the last line.
    if not all(_is_ours(folder, files[name]) for name in changed):
        folder.write_manifest(written.being_written(writer))
        raise WrittenMeanwhileError
    return changed


def _is_ours(folder: ExportFolder, file: TableFile) -> bool:
    stored = folder.stored(file.path)
    return stored is not None and (stored.size, stored.version) == (file.size, file.version)


def is_stored(folder: ExportFolder, file: TableFile) -> bool:
    """Return whether the folder still contains the same file as a manifest."""
    stored = folder.stored(file.path)
    if stored is None or stored.size != file.size:
        return False
    # In a copied or restored folder, the same files have other versions.
    if stored.version == file.version:
        return True
    with folder.opened(file.path) as content:
        return sha256_of(content) == file.sha256


def _kept(
    folder: ExportFolder,
    known: Mapping[str, TableFile],
    drafts: Mapping[str, TableDraft],
    day: date,
    settings: ExportSettings,
) -> dict[str, TableFile]:
    """Return the files that do not need to be replaced."""
    kept = {}
    for name, draft in drafts.items():
        file = known.get(name)
        path = table_path(name, day, settings.file_format)
        if file is not None and file.path == path and file.digest == draft.digest and is_stored(folder, file):
            kept[name] = file
    return kept


def _says_the_same(old: DayManifest, new: DayManifest, kept: Mapping[str, TableFile]) -> bool:
    """Return whether two manifests differ only in the time when their day was read."""
    before, after = old.document(), _with_files(new, kept).document()
    for document in (before, after):
        for moving in ("read_at", "changed_at", "requests"):
            document.pop(moving, None)
    return before == after


def _with_files(manifest: DayManifest, files: Mapping[str, TableFile]) -> DayManifest:
    return dataclasses.replace(manifest, tables=dict(files))


def _put(folder: ExportFolder, name: str, draft: TableDraft, day: date, settings: ExportSettings) -> TableFile:
    path = table_path(name, day, settings.file_format)
    stored = folder.put(draft.path, path)
    return TableFile(path, draft.rows, draft.calls, draft.digest, stored.size, draft.sha256(), stored.version)


def _delete_others(folder: ExportFolder, day: date, settings: ExportSettings) -> None:
    """Delete files of the day that were written with other tables or in another format."""
    ours = {table_path(name, day, settings.file_format) for name in settings.tables}
    for path in (table_path(name, day, file_format) for name in TABLES for file_format in FileFormat):
        if path not in ours and folder.stored(path) is not None:
            folder.delete(path)
            log.info("Deleted %s, which the export's settings no longer include.", shown(path))


def _is_taken_over(folder: ExportFolder, day: date, writer: str) -> bool:
    now = folder.manifest(day)
    if now is not None and now.writer == writer:
        return False
    if now is not None and now.is_complete:
        # Its files may be ours now.
        folder.write_manifest(now.being_written(writer))
    return True
