"""Recordings in a listed folder: each is a row, described by its name and its sidecar file."""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from airflow_provider_gong._text import batches, shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap, Columns
from airflow_provider_gong.call_import.manifest.folders.listing import ListedRecordings
from airflow_provider_gong.call_import.manifest.folders.names import NameMisfitError, NameTemplate, composed
from airflow_provider_gong.call_import.manifest.folders.sidecars import SidecarError, Sidecars
from airflow_provider_gong.call_import.manifest.manifest import Record, SparseRecord, Table, UnreadRecord
from airflow_provider_gong.call_import.manifest.patterns import FilePattern
from airflow_provider_gong.call_import.media import is_web, reading_error
from airflow_provider_gong.ledger.rows import Actor, Problem

_AT_A_TIME = 32
_BATCH = 500
_CORRECT_NAME = "Correct the name, name_template, or the pattern for the recordings."
_CORRECT_SIDECAR = "Correct the sidecar file, or the parameter sidecar."
_WITHOUT_RECORDING = "is a sidecar file without a recording"
_ADD_RECORDING = "Add the recording, or use a pattern that matches only recordings."


class RecordingFolder:
    """
    Reads rows from recordings that no manifest lists.

    :param storage: storage of the recordings; it keeps the details from the listings
    :param columns: mapping of fields in names and sidecar files to fields of the call, as for ``ColumnMap``
    :param name_template: template for reading names, as for ``NameTemplate``; None if names are not read
    :param sidecar: template for the paths of sidecar files, as for ``Sidecars``; None if there are none
    :raises GongManifestError: if one of them is wrong
    """

    def __init__(
        self,
        storage: ListedRecordings,
        columns: Columns | None = None,
        name_template: str | None = None,
        sidecar: str | None = None,
    ) -> None:
        self._storage = storage
        self._template = NameTemplate(name_template) if name_template else None
        self._named = self._template.columns if self._template else []
        self.columns = ColumnMap(columns, self._named)
        """The mapping, including all fields that the template names."""
        self._sidecars = Sidecars(sidecar, storage.path) if sidecar else None
        self._patterns: list[FilePattern] = []
        # Read only if columns names them.
        self._own = [column for column in ("file_name", "file_stem") if self.columns.uses(column)]

    def tables(self, names: Sequence[str]) -> Generator[Table, None, None]:
        """
        Yield the recordings of each folder or pattern as a table.

        :param names: paths or URLs of folders, patterns or recordings
        :raises GongManifestError: if one of them cannot be listed, or there are no recordings
        """
        # Sidecar files, and what an overlapping pattern has listed.
        skipped: set[str] = set()
        for name in names:
            folder, found = self._list(name)
            if self._sidecars is not None:
                skipped |= self._sidecars.places(found)
            places = [place for place in found if place not in skipped]
            skipped.update(found)
            header = None
            if self._sidecars is None:
                header = (*self._named, *self._own, "media")
            yield Table(
                name, header, self._records(places), folder, "Add what is missing to name_template or a sidecar"
            )

    def forget(self) -> None:
        """Clear the stores' cached listings, which gave the sizes of all recordings without a request for each."""
        for pattern in self._patterns:
            pattern.forget()

    def _list(self, name: str) -> tuple[str, list[str]]:
        """Return a folder and its recordings, sorted by name."""
        if is_web(name):
            remedy = "List them in a CSV file."
            raise GongManifestError(f"Recordings {shown(name)} are on the web, where files cannot be listed. {remedy}")
        try:
            folder, places = self._found(name)
        except Exception as error:
            raise reading_error(f"Recordings {shown(name)} cannot be listed", error) from error
        if not places:
            remedy = "Correct the pattern, or wait for the files."
            raise GongManifestError(f"There are no recordings {shown(name)}. {remedy}")
        return f"{folder}/", sorted(places)

    def _found(self, name: str) -> tuple[str, list[str]]:
        pattern = FilePattern(name, self._storage.path)
        found = pattern.files()
        self._patterns.append(pattern)
        if pattern.store is not None:
            self._storage.remember(found)
            if self._sidecars is not None:
                self._sidecars.sizes |= pattern.sizes(map(self._sidecars.place, found))
        return pattern.folder, list(found)

    def _records(self, places: Sequence[str]) -> Iterator[Record]:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            for batch in batches(places, _BATCH):
                found = pool.map(self._record, batch) if self._sidecars else map(self._record, batch)
                yield from ((None, record) for record in found)

    def _record(self, place: str) -> dict[str, str]:
        name = composed(place.rpartition("/")[2])
        own = {"file_name": name.strip(), "file_stem": posixpath.splitext(name)[0].strip()}
        record = {column: own[column] for column in self._own} | {"media": place}
        if self._sidecars is not None and self._sidecars.place(place) == place:
            problem = Problem("media", place, _WITHOUT_RECORDING, _ADD_RECORDING, Actor.RECORDING)
            return UnreadRecord(record, problem)
        try:
            beside = self._sidecars.read(place) if self._sidecars else {}
            found = self._template.read(place) if self._template else {}
        except SidecarError as error:
            return UnreadRecord(record, Problem("media", place, str(error), _CORRECT_SIDECAR, Actor.MANIFEST))
        except NameMisfitError as misfit:
            template = shown(self._template.text if self._template else "")
            rule = f"does not fit name_template {template!r}: {misfit}"
            return UnreadRecord(record, Problem("media", place, rule, _CORRECT_NAME, Actor.MANIFEST))
        named = {column: text for column in self._named if (text := found[column].strip())}
        cells = {**beside, **named, **record}
        return SparseRecord(cells, beside.empty) if isinstance(beside, SparseRecord) else cells
